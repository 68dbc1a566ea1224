package issuer

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/go-jose/go-jose/v4/jwt"
)

// logout ends the browser's session (OpenID Connect RP-Initiated Logout 1.0, section 2). Without an ID token that says
// which client asks, the user is asked first, since any page can send a browser here.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	parameters := r.URL.Query()
	if r.Method == http.MethodPost {
		if !parseForm(w, r) {
			showError(w, "The request's form can't be read.")
			return
		}
		parameters = r.PostForm
	}
	clientID, hinted := s.hintedClient(parameters.Get("id_token_hint"))
	switch {
	case parameters.Has("id_token_hint") && !hinted,
		hinted && parameters.Has("client_id") && parameters.Get("client_id") != clientID:
		showError(w, "The id_token_hint is not one of this issuer for the client.")
		return
	case !hinted && !parameters.Has("confirmed"):
		show(w, http.StatusOK, "logout.html", logoutPage{Parameters: parameters})
		return
	case !hinted:
		clientID = parameters.Get("client_id")
	}
	client, _ := s.client(clientID)
	to := parameters.Get("post_logout_redirect_uri")
	if to != "" && !slices.Contains(client.PostLogoutRedirectURIs, to) {
		showError(w, "This post_logout_redirect_uri is not registered for the client.")
		return
	}
	s.endSession(w, r)
	if to == "" {
		show(w, http.StatusOK, "message.html", messagePage{"Logged out", "You are logged out at the test issuer."})
		return
	}
	answer := url.Values{}
	if state := parameters.Get("state"); state != "" {
		answer.Set("state", state)
	}
	redirect(w, r, to, answer)
}

// hintedClient returns the client that an ID token of this issuer is for. The token may have expired.
func (s *Server) hintedClient(idToken string) (clientID string, ok bool) {
	var claims jwt.Claims
	if s.readToken(idToken, &claims) != nil || claims.Issuer != s.URL || len(claims.Audience) != 1 {
		return "", false
	}
	return claims.Audience[0], true
}
