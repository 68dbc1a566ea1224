package issuer

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A tokenRequest is what a client asks of the token endpoint.
type tokenRequest struct {
	form       url.Values
	client     Client
	thumbprint string // of the client's DPoP key, empty without a proof
}

// A tokenResponse is RFC 6749 section 5.1 with the members of OpenID Connect and RFC 8693.
type tokenResponse struct {
	AccessToken     string `json:"access_token"`
	TokenType       string `json:"token_type"`
	ExpiresIn       int    `json:"expires_in"`
	Scope           string `json:"scope,omitempty"`
	RefreshToken    string `json:"refresh_token,omitempty"`
	IDToken         string `json:"id_token,omitempty"`
	IssuedTokenType string `json:"issued_token_type,omitempty"`
}

// A refusal is an error of RFC 6749 sections 4.1.2.1 and 5.2.
type refusal struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`

	challenge string // of a WWW-Authenticate field, if there is to be one
	wantNonce bool   // of DPoP
}

// The error codes that more than one rule has.
const (
	invalidRequest = "invalid_request"
	invalidClient  = "invalid_client"
	invalidGrant   = "invalid_grant"
	invalidScope   = "invalid_scope"
	invalidTarget  = "invalid_target" // RFC 8707 section 2
	serverError    = "server_error"
)

func refuse(code, description string) *refusal { return &refusal{Code: code, Description: description} }

// accessTokenLife is how long tokens live: what [verifiertest.Issuer.Token] gives them.
const accessTokenLife = 5 * time.Minute

const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"

var grantTypes = map[string]func(*Server, tokenRequest) (tokenResponse, *refusal){
	"authorization_code": (*Server).redeemCode,
	"client_credentials": (*Server).credentialsGrant,
	"refresh_token":      (*Server).redeemRefreshToken,
	exchangeGrant:        (*Server).exchange,
}

// token is the token endpoint (RFC 6749 section 3.2).
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	response, refused := s.answerTokenRequest(w, r)
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Type", "application/json")
	if refused == nil {
		_ = json.NewEncoder(w).Encode(response)
		return
	}
	if refused.challenge != "" {
		header.Set("WWW-Authenticate", refused.challenge)
	}
	if refused.wantNonce {
		header.Set("DPoP-Nonce", s.nonces.Issue())
	}
	w.WriteHeader(refused.status())
	_ = json.NewEncoder(w).Encode(refused)
}

func (e *refusal) status() int {
	switch e.Code {
	case invalidClient:
		return http.StatusUnauthorized
	case serverError:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

func (s *Server) answerTokenRequest(w http.ResponseWriter, r *http.Request) (tokenResponse, *refusal) {
	if !parseForm(w, r) {
		return tokenResponse{}, refuse(invalidRequest, "the form can't be read")
	}
	form := r.PostForm
	if repeated(form, "resource", "audience") {
		return tokenResponse{}, refuse(invalidRequest, "a parameter is repeated")
	}
	client, refused := s.authenticate(r, form)
	if refused != nil {
		return tokenResponse{}, refused
	}
	thumbprint, refused := s.proofKey(r, client)
	if refused != nil {
		return tokenResponse{}, refused
	}
	answer, supported := grantTypes[form.Get("grant_type")]
	if !supported {
		return tokenResponse{}, refuse("unsupported_grant_type", "grant_type is not supported")
	}
	return answer(s, tokenRequest{form, client, thumbprint})
}

// proofKey returns the thumbprint of the key that a DPoP proof binds the tokens to (RFC 9449 section 5), empty without
// a proof.
func (s *Server) proofKey(r *http.Request, client Client) (string, *refusal) {
	const invalidProof = "invalid_dpop_proof"
	fields := r.Header.Values("DPoP")
	switch {
	case len(fields) == 0 && client.RequireDPoP:
		return "", refuse(invalidProof, "the client has to send a DPoP proof")
	case len(fields) == 0:
		return "", nil
	case len(fields) > 1:
		return "", refuse(invalidProof, "several DPoP proofs")
	}
	proof, err := s.proofs.Check(fields[0], dpop.Request{Method: r.Method, URL: s.endpoint(tokenPath)})
	if err != nil {
		return "", refuse(invalidProof, "the DPoP proof is not good for this request")
	}
	if client.RequireDPoPNonce {
		if _, err := s.nonces.Check(proof); err != nil {
			wanted := refuse("use_dpop_nonce", "the DPoP proof needs the nonce of this answer")
			wanted.wantNonce = true
			return "", wanted
		}
	}
	if first, err := s.replay.FirstUse(r.Context(), proof.ReplayKey(), proof.Window); err != nil || !first {
		return "", refuse(invalidProof, "the DPoP proof was used before")
	}
	return proof.Thumbprint, nil
}

// A grant is what a user permitted a client. All tokens that come of it share it.
type grant struct {
	client       string
	claims       verifiertest.Claims // of the user
	scope        string
	audiences    []string
	organization string
	authTime     time.Time
	thumbprint   string // of the DPoP key that a public client's refresh tokens are bound to
	revoked      bool
}

// renewableBy reports whether the sender of a request may have new tokens by the grant.
func (g *grant) renewableBy(request tokenRequest) bool {
	return !g.revoked && g.client == request.client.ID && (g.thumbprint == "" || g.thumbprint == request.thumbprint)
}

// A code stands for a grant until it is redeemed.
type code struct {
	grant       *grant
	redirectURI string
	challenge   string
	nonce       string
	redeemed    bool
}

// redeemCode answers the grant of RFC 6749 section 4.1.3. A code is good once; when it comes again, the tokens it was
// redeemed for must not be renewed, since one of the two who know it is not the client.
func (s *Server) redeemCode(request tokenRequest) (tokenResponse, *refusal) {
	s.mu.Lock()
	redeemed, known := s.codes.get(request.form.Get("code"), s.now())
	replayed := known && redeemed.redeemed
	if known {
		redeemed.redeemed = true
		redeemed.grant.revoked = redeemed.grant.revoked || replayed
	}
	s.mu.Unlock()
	switch {
	case !known || replayed || redeemed.grant.client != request.client.ID:
		return tokenResponse{}, refuse(invalidGrant, "the code is unknown, too old, used, or another client's")
	case redeemed.redirectURI != request.form.Get("redirect_uri"):
		return tokenResponse{}, refuse(invalidGrant, "redirect_uri is not that of the authorization request")
	case !proves(request.form.Get("code_verifier"), redeemed.challenge):
		return tokenResponse{}, refuse(invalidGrant, "code_verifier does not fit the code_challenge")
	}
	permitted := redeemed.grant
	if request.client.public() {
		permitted.thumbprint = request.thumbprint // RFC 9449 section 5
	}
	response, refused := s.userTokens(request, permitted, permitted.scope)
	if refused != nil || !hasScope(permitted.scope, "openid") {
		return response, refused
	}
	var err error
	if response.IDToken, err = s.idToken(permitted, redeemed.nonce, response.AccessToken); err != nil {
		return tokenResponse{}, refuse(serverError, "the ID token can't be signed")
	}
	return response, nil
}

// proves checks PKCE by S256 (RFC 7636 section 4.6). A verifier without a challenge is refused as well: it may be an
// attacker who took the challenge away (RFC 9700 section 2.1.1).
func proves(verifier, challenge string) bool {
	if challenge == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// redeemRefreshToken answers the grant of RFC 6749 section 6. Refresh tokens rotate (RFC 9700 section 4.14.2).
func (s *Server) redeemRefreshToken(request tokenRequest) (tokenResponse, *refusal) {
	handle := request.form.Get("refresh_token")
	s.mu.Lock()
	permitted, known := s.refresh.get(handle, s.now())
	usable := known && permitted.renewableBy(request)
	if usable {
		delete(s.refresh, handle)
	}
	s.mu.Unlock()
	if !usable {
		return tokenResponse{}, refuse(invalidGrant, "the refresh token is unknown, used, revoked, or another's")
	}
	scope := permitted.scope
	if request.form.Has("scope") {
		scope = request.form.Get("scope")
	}
	for asked := range strings.FieldsSeq(scope) {
		if !hasScope(permitted.scope, asked) {
			return tokenResponse{}, refuse(invalidScope, "scope is more than the user permitted")
		}
	}
	return s.userTokens(request, permitted, scope)
}

// credentialsGrant answers the grant of RFC 6749 section 4.4, which is for confidential clients only.
func (s *Server) credentialsGrant(request tokenRequest) (tokenResponse, *refusal) {
	if request.client.public() {
		return tokenResponse{}, refuse("unauthorized_client", "the client is public")
	}
	claims := verifiertest.Claims{"sub": request.client.ID}
	nameOrganization(claims, request.form.Get("organization"))
	return s.accessToken(request, claims, request.form.Get("scope"), audiences(request.form))
}

// refreshLife is how long a refresh token lives.
const refreshLife = time.Hour

// userTokens returns an access token, and a refresh token if the user permitted offline access (OpenID Connect Core
// section 11).
func (s *Server) userTokens(request tokenRequest, permitted *grant, scope string) (tokenResponse, *refusal) {
	claims := verifiertest.Claims{"sub": permitted.claims["sub"]}
	nameOrganization(claims, permitted.organization)
	response, refused := s.accessToken(request, claims, scope, permitted.audiences)
	if refused != nil || !hasScope(permitted.scope, "offline_access") {
		return response, refused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	response.RefreshToken = s.refresh.add(permitted, s.now().Add(refreshLife))
	return response, nil
}

// accessToken returns an access token for those APIs, or for the issuer itself if none is named (RFC 9068 section 3),
// bound to the key of the request's proof.
func (s *Server) accessToken(
	request tokenRequest, claims verifiertest.Claims, scope string, audiences []string,
) (tokenResponse, *refusal) {
	claims["client_id"] = request.client.ID
	claims["aud"] = s.URL
	switch len(audiences) {
	case 0:
	case 1:
		claims["aud"] = audiences[0]
	default:
		claims["aud"] = audiences
	}
	if scope != "" {
		claims["scope"] = scope
	}
	response := tokenResponse{TokenType: "Bearer", ExpiresIn: int(accessTokenLife / time.Second), Scope: scope}
	if request.thumbprint != "" {
		claims["cnf"] = verifiertest.Claims{"jkt": request.thumbprint}
		response.TokenType = "DPoP"
	}
	var err error
	if response.AccessToken, err = s.Token(claims); err != nil {
		return tokenResponse{}, refuse(serverError, "the access token can't be signed")
	}
	return response, nil
}

// idToken returns an ID token for the client of a grant (OpenID Connect Core section 2).
func (s *Server) idToken(permitted *grant, nonce, accessToken string) (string, error) {
	claims := maps.Clone(permitted.claims)
	claims["aud"] = permitted.client
	claims["auth_time"] = permitted.authTime.Unix()
	claims["at_hash"] = s.Keys()[0].TokenHash(accessToken)
	if nonce != "" {
		claims["nonce"] = nonce
	}
	nameOrganization(claims, permitted.organization)
	return s.IDToken(claims)
}

func hasScope(scope, name string) bool { return slices.Contains(strings.Fields(scope), name) }
