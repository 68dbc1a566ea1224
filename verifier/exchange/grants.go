package exchange

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/internal/settings"
)

// The grants. The last one is Auth0's, for what its Token Vault keeps.
const (
	grantClientCredentials = "client_credentials"
	grantExchange          = "urn:ietf:params:oauth:grant-type:token-exchange"
	grantRefresh           = "refresh_token"
	grantCode              = "authorization_code"
	grantConnection        = "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token"
)

// The token types of RFC 8693 section 3, for requests that need to name one.
const (
	TypeAccessToken  = "urn:ietf:params:oauth:token-type:access_token"
	TypeRefreshToken = "urn:ietf:params:oauth:token-type:refresh_token"
	TypeIDToken      = "urn:ietf:params:oauth:token-type:id_token"
	TypeJWT          = "urn:ietf:params:oauth:token-type:jwt"
	TypeSAML2        = "urn:ietf:params:oauth:token-type:saml2"
)

// typeConnectionAccessToken is Auth0's name for the access token of an upstream provider.
const typeConnectionAccessToken = "http://auth0.com/oauth/token-type/federated-connection-access-token"

// A ClientCredentialsRequest is for a token of the client's own (RFC 6749 section 4.4). Every field may be empty.
type ClientCredentialsRequest struct {
	// Audience is the API that the token is for, as Auth0 wants it named.
	Audience string
	// Resources are the APIs that the token is for, by RFC 8707.
	Resources []string
	// Scope holds the scopes, separated by spaces.
	Scope string
	// Organization is the Auth0 organization, by ID or name.
	Organization string
	// Extra holds other parameters: see [ExchangeRequest.Extra].
	Extra map[string][]string
}

// ClientCredentials gets a token of the client's own.
func (c *Client) ClientCredentials(ctx context.Context, r ClientCredentialsRequest) (*Token, error) {
	p := parameters{}
	p.set("grant_type", grantClientCredentials)
	p.set("audience", r.Audience)
	p.add("resource", r.Resources)
	p.set("scope", r.Scope)
	p.set("organization", r.Organization)
	p.extra(r.Extra)
	return c.token(ctx, p)
}

// An ExchangeRequest is for a token in exchange for another (RFC 8693 section 2.1).
type ExchangeRequest struct {
	// SubjectToken is the token of the party on whose behalf the request is made, without the word Bearer. It is
	// required.
	SubjectToken string
	// SubjectTokenType is what it is: a URI that the issuer knows. It is required. At Auth0 it chooses the token
	// exchange profile. Which URIs are reserved, the issuer says.
	SubjectTokenType string
	// ActorToken is the token of the party that is to act; ActorTokenType says what it is. Both or neither is there.
	ActorToken     string
	ActorTokenType string
	// RequestedTokenType is what is wanted; empty leaves it to the issuer.
	RequestedTokenType string
	// Audience is the API that the token is for, Resources are its URIs (RFC 8707). Either may be empty.
	Audience  string
	Resources []string
	// Scope holds the scopes, separated by spaces.
	Scope string
	// Organization is the Auth0 organization, by ID or name.
	Organization string
	// Extra holds other parameters, of at most 20 values each. Names of parameters that the fields above or the
	// client's authentication set are refused, in whatever case.
	Extra map[string][]string
}

// Exchange gets a token in exchange for another. An error about the request itself has the code [CodeArgument], and is
// returned before anything is sent.
func (c *Client) Exchange(ctx context.Context, r ExchangeRequest) (*Token, error) {
	p := parameters{}
	p.set("grant_type", grantExchange)
	p.token("SubjectToken", "subject_token", r.SubjectToken)
	p.require("XCHG-04", "SubjectTokenType", "subject_token_type", r.SubjectTokenType)
	if r.ActorToken != "" || r.ActorTokenType != "" { // RFC 8693 section 2.1: both or neither
		p.token("ActorToken", "actor_token", r.ActorToken)
		p.require("XCHG-04", "ActorTokenType", "actor_token_type", r.ActorTokenType)
	}
	p.set("requested_token_type", r.RequestedTokenType)
	p.set("audience", r.Audience)
	p.add("resource", r.Resources)
	p.set("scope", r.Scope)
	p.set("organization", r.Organization)
	p.extra(r.Extra)
	return c.token(ctx, p)
}

// An OnBehalfOfRequest is for an access token with which an API calls the next one as the user who called it.
type OnBehalfOfRequest struct {
	// AccessToken is the token that the API was called with, verified, without the word Bearer. It is required.
	AccessToken string
	// Audience is the next API. It is required.
	Audience string
	// Scope holds the scopes, separated by spaces; it may be empty.
	Scope string
	// Organization is the Auth0 organization, by ID or name; it may be empty.
	Organization string
}

// OnBehalfOf exchanges the access token of a call for one to call the next API with (RFC 8693). An answer whose
// issued_token_type is not that of an access token is an error. The result has neither ID token nor refresh token,
// whatever the issuer sends. Who acts for whom is in its act claim: see
// verifier.Verified.Actor.
func (c *Client) OnBehalfOf(ctx context.Context, r OnBehalfOfRequest) (*Token, error) {
	token, err := c.token(ctx, r.parameters())
	if err != nil {
		return nil, err
	}
	if failed := checkAccessToken(token); failed != nil {
		return nil, failed
	}
	return token.accessOnly(), nil
}

func (r OnBehalfOfRequest) parameters() parameters {
	p := parameters{}
	p.set("grant_type", grantExchange)
	p.token("AccessToken", "subject_token", r.AccessToken)
	p.set("subject_token_type", TypeAccessToken)
	p.set("requested_token_type", TypeAccessToken)
	p.require("XCHG-12", "Audience", "audience", r.Audience)
	p.set("scope", r.Scope)
	p.set("organization", r.Organization)
	return p
}

// checkAccessToken refuses a token of another kind than the access token that was asked for (RFC 8693 section 2.2.1):
// the next API must not be sent the user's ID token or refresh token as a Bearer token.
func checkAccessToken(token *Token) *Error {
	switch {
	case token.IssuedTokenType != TypeAccessToken:
		return unusable(CodeInvalidResponse, "XCHG-12", "issued_token_type is not "+TypeAccessToken+", which was asked for")
	case strings.EqualFold(token.TokenType, "N_A"):
		return unusable(CodeInvalidResponse, "XCHG-12", "token_type is N_A, which is not that of an access token")
	}
	return nil
}

// A ConnectionTokenRequest is for an access token of an upstream provider that Auth0's Token Vault keeps for a user.
type ConnectionTokenRequest struct {
	// Connection is the name of the connection, for example google-oauth2. It is required.
	Connection string
	// AccessToken is the user's access token for this API, without the word Bearer. It is required.
	AccessToken string
	// LoginHint says which of a user's accounts at the provider is meant; it may be empty.
	LoginHint string
}

// ConnectionToken gets the access token of an upstream provider for the user of an access token. It is a grant of
// Auth0's own.
func (c *Client) ConnectionToken(ctx context.Context, r ConnectionTokenRequest) (*Token, error) {
	p := parameters{}
	p.set("grant_type", grantConnection)
	p.require("XCHG-13", "Connection", "connection", r.Connection)
	p.token("AccessToken", "subject_token", r.AccessToken)
	p.set("subject_token_type", TypeAccessToken)
	p.set("requested_token_type", typeConnectionAccessToken)
	p.set("login_hint", r.LoginHint)
	p.set("client_id", c.clientID) // the grant wants it in the body, however the client authenticates
	return c.token(ctx, p)
}

// A RefreshRequest is for the next token (RFC 6749 section 6).
type RefreshRequest struct {
	// RefreshToken is required. An issuer that rotates refresh tokens accepts each of them once.
	RefreshToken string
	// Audience is another API than the first one, where Auth0 allows it; it may be empty.
	Audience string
	// Resources are the APIs that the token is for, by RFC 8707; there may be none.
	Resources []string
	// Scope narrows the scopes, separated by spaces; empty means those of the first token.
	Scope string
}

// Refresh gets the next token for a refresh token.
func (c *Client) Refresh(ctx context.Context, r RefreshRequest) (*Token, error) {
	p := parameters{}
	p.set("grant_type", grantRefresh)
	p.token("RefreshToken", "refresh_token", r.RefreshToken)
	p.set("audience", r.Audience)
	p.add("resource", r.Resources)
	p.set("scope", r.Scope)
	return c.token(ctx, p)
}

// An AuthorizationCodeRequest is for the tokens of a login (RFC 6749 section 4.1.3).
type AuthorizationCodeRequest struct {
	// Code is what the callback was given. It is required, and good for one use.
	Code string
	// RedirectURI is the one of the authorization request; empty if that had none.
	RedirectURI string
	// CodeVerifier is the secret behind the code_challenge (RFC 7636 section 4.5); empty if there was none.
	CodeVerifier string
}

// AuthorizationCode gets the tokens of a login. Whether the callback belongs to the browser's session (its state) is
// for the caller to check; package idtoken verifies the ID token.
func (c *Client) AuthorizationCode(ctx context.Context, r AuthorizationCodeRequest) (*Token, error) {
	p := parameters{}
	p.set("grant_type", grantCode)
	p.token("Code", "code", r.Code)
	p.set("redirect_uri", r.RedirectURI)
	p.set("code_verifier", r.CodeVerifier)
	return c.token(ctx, p)
}

// token asks for what p describes, if nothing is wrong with it.
func (c *Client) token(ctx context.Context, p parameters) (*Token, error) {
	if p.fault != nil {
		return nil, p.fault
	}
	return ask(ctx, c, tokenEndpoint,
		func(url string) (*request, *Error) { return c.prepare(url, p.form, c.dpop) },
		func(_ context.Context, came response) (*Token, *Error) {
			token, failed := came.token()
			if failed == nil && c.dpop != nil {
				failed = checkBound(p.form, token)
			}
			return token, failed
		})
}

// secretParameters hold tokens, or what is as good as one. A refusal that quotes one is not told.
var secretParameters = []string{"subject_token", "actor_token", "refresh_token", "code", "code_verifier", "token"}

// prepare returns a request of the client's, which says who it is.
func (c *Client) prepare(url string, form url.Values, proves *prover) (*request, *Error) {
	r := &request{form: maps.Clone(form), header: make(map[string][]string), dpop: proves}
	for _, name := range secretParameters {
		r.secrets = append(r.secrets, form[name]...)
	}
	return r, c.authenticate(r, url)
}

// checkBound refuses a token that anyone can use where one was asked for that is bound to the client's key (RFC 9449
// section 5). A token that is not an access token has the type N_A (RFC 8693 section 2.2.1).
func checkBound(form url.Values, token *Token) *Error {
	bound := strings.EqualFold(token.TokenType, "DPoP") || strings.EqualFold(token.TokenType, "N_A")
	if bound || form.Get("grant_type") == grantConnection {
		return nil
	}
	return unusable(CodeInvalidResponse, "", "the token is not bound to the client's DPoP key")
}

// parameters are the form of a request in the making. The first fault is kept.
type parameters struct {
	form  url.Values
	fault *Error
}

func (p *parameters) refuse(rule, field string, err error) {
	if p.fault == nil {
		p.fault = badArgument(rule, field, err)
	}
}

// set adds a parameter, unless its value is empty (RFC 6749 section 3.2: sent without a value, it would count as left
// out).
func (p *parameters) set(name, value string) {
	if value != "" {
		p.add(name, []string{value})
	}
}

func (p *parameters) add(name string, values []string) {
	if p.form == nil {
		p.form = make(url.Values)
	}
	for _, value := range values {
		p.form.Add(name, value)
	}
}

// require adds a parameter that must not be blank.
func (p *parameters) require(rule, field, name, value string) {
	if strings.TrimSpace(value) == "" {
		p.refuse(rule, field, settings.ErrRequired)
	}
	p.set(name, value)
}

// token adds a parameter that is a token as it is, and not as a header field or a file had it (rule XCHG-03).
func (p *parameters) token(field, name, value string) {
	const rule = "XCHG-03"
	p.require(rule, field, name, value)
	if value != strings.TrimSpace(value) {
		p.refuse(rule, field, errors.New("has white space around it"))
	}
	if words := strings.Fields(value); len(words) > 1 && strings.EqualFold(words[0], "Bearer") {
		p.refuse(rule, field, errors.New("begins with the word Bearer"))
	}
}

// maxExtraValues is how many values one extra parameter may have.
const maxExtraValues = 20

// reserved are the parameters that no extra one may be.
var reserved = map[string]bool{
	"grant_type": true, "client_id": true, "client_secret": true, "client_assertion": true,
	"client_assertion_type": true, "subject_token": true, "subject_token_type": true, "requested_token_type": true,
	"actor_token": true, "actor_token_type": true, "subject_issuer": true, "audience": true, "aud": true,
	"resource": true, "resources": true, "resource_indicator": true, "scope": true, "connection": true,
	"login_hint": true, "organization": true, "assertion": true, "code": true, "code_verifier": true,
	"redirect_uri": true, "refresh_token": true,
}

// extra adds parameters that the package does not know (rule XCHG-05).
func (p *parameters) extra(more map[string][]string) {
	const rule, field = "XCHG-05", "Extra"
	for name, values := range more {
		switch lower := strings.ToLower(name); {
		case reserved[lower]:
			p.refuse(rule, field, fmt.Errorf("has the reserved parameter %s", lower))
		case name == "" || strings.ContainsFunc(name, func(r rune) bool { return notPrintableASCII(r) || r == ' ' }):
			p.refuse(rule, field, errors.New("has a name that is empty or not of printable ASCII without spaces"))
		case len(values) > maxExtraValues:
			p.refuse(rule, field, errors.New("has a parameter of over 20 values"))
		}
		p.add(name, values)
	}
}
