package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// logout ends the session here, and then the one at the issuer: without that, the next login would ask nothing.
func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	known, _ := a.user(r.Context())
	if err := a.sessions.Destroy(r.Context()); err != nil {
		a.fail(w, r, broken, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, a.logoutURL(r.Context(), known.IDToken), http.StatusSeeOther)
}

// logoutURL is where a browser is logged out at the issuer, and sent back from (OpenID Connect RP-Initiated Logout
// section 2). It is the start page where the issuer has no such endpoint, or is away.
func (a *app) logoutURL(ctx context.Context, idToken string) string {
	home := a.baseURL + "/"
	metadata, err := a.verifier.Metadata(ctx)
	if err != nil {
		a.logger.WarnContext(ctx, "logged out here, but not at the issuer", "err", err)
		return home
	}
	endpoint, parameters := metadata.EndSessionEndpoint, url.Values{
		"client_id": {a.clientID}, "post_logout_redirect_uri": {home},
	}
	if idToken != "" {
		parameters.Set("id_token_hint", idToken)
	}
	if endpoint == "" {
		if !strings.HasSuffix(metadata.Issuer, ".auth0.com/") {
			return home
		}
		// Auth0's own endpoint, of tenants that do not publish the standard's.
		endpoint, parameters = metadata.Issuer+"v2/logout", url.Values{"client_id": {a.clientID}, "returnTo": {home}}
	}
	target, err := url.Parse(endpoint)
	if err != nil {
		return home
	}
	query := target.Query()
	for name, values := range parameters {
		query[name] = values
	}
	target.RawQuery = query.Encode()
	return target.String()
}

// logoutOrigins are the origins that a page with the logout button may send its form to, redirects included.
func (a *app) logoutOrigins(ctx context.Context) string {
	target, err := url.Parse(a.logoutURL(ctx, ""))
	if err != nil {
		return "'self'"
	}
	return "'self' " + target.Scheme + "://" + target.Host
}
