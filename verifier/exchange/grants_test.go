package exchange_test

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
)

const (
	accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
	exchangeGrant   = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// A call is one of the methods that get a token.
type call func(context.Context, *exchange.Client) (*exchange.Token, error)

func clientCredentials(r exchange.ClientCredentialsRequest) call {
	return func(ctx context.Context, c *exchange.Client) (*exchange.Token, error) {
		return c.ClientCredentials(ctx, r)
	}
}

func tokenExchange(r exchange.ExchangeRequest) call {
	return func(ctx context.Context, c *exchange.Client) (*exchange.Token, error) { return c.Exchange(ctx, r) }
}

func onBehalfOf(r exchange.OnBehalfOfRequest) call {
	return func(ctx context.Context, c *exchange.Client) (*exchange.Token, error) { return c.OnBehalfOf(ctx, r) }
}

func connectionToken(r exchange.ConnectionTokenRequest) call {
	return func(ctx context.Context, c *exchange.Client) (*exchange.Token, error) {
		return c.ConnectionToken(ctx, r)
	}
}

func refresh(r exchange.RefreshRequest) call {
	return func(ctx context.Context, c *exchange.Client) (*exchange.Token, error) { return c.Refresh(ctx, r) }
}

func authorizationCode(r exchange.AuthorizationCodeRequest) call {
	return func(ctx context.Context, c *exchange.Client) (*exchange.Token, error) {
		return c.AuthorizationCode(ctx, r)
	}
}

// profile is the smallest exchange that is sent.
var profile = exchange.ExchangeRequest{SubjectToken: userToken, SubjectTokenType: "urn:example:type"}

func TestForm(t *testing.T) {
	tests := []struct {
		name string
		call call
		want url.Values
	}{
		{
			name: "client credentials, the least",
			call: clientCredentials(exchange.ClientCredentialsRequest{}),
			want: url.Values{"grant_type": {"client_credentials"}},
		},
		{
			name: "client credentials, the most",
			call: clientCredentials(exchange.ClientCredentialsRequest{
				Audience: "https://next.example", Resources: []string{"https://a.example", "https://b.example"},
				Scope: "a b", Organization: "org_1", Extra: map[string][]string{"custom": {"1", "2"}},
			}),
			want: url.Values{
				"grant_type": {"client_credentials"}, "audience": {"https://next.example"},
				"resource": {"https://a.example", "https://b.example"}, "scope": {"a b"}, "organization": {"org_1"},
				"custom": {"1", "2"},
			},
		},
		{
			name: "XCHG-04 exchange, the least",
			call: tokenExchange(profile),
			want: url.Values{
				"grant_type": {exchangeGrant}, "subject_token": {userToken}, "subject_token_type": {"urn:example:type"},
			},
		},
		{
			name: "XCHG-04 exchange of a type in a reserved namespace",
			call: tokenExchange(exchange.ExchangeRequest{SubjectToken: userToken, SubjectTokenType: "urn:auth0:type"}),
			want: url.Values{
				"grant_type": {exchangeGrant}, "subject_token": {userToken}, "subject_token_type": {"urn:auth0:type"},
			},
		},
		{
			name: "exchange, the most",
			call: tokenExchange(exchange.ExchangeRequest{
				SubjectToken: userToken, SubjectTokenType: exchange.TypeJWT, ActorToken: "actor", ActorTokenType: exchange.TypeAccessToken,
				RequestedTokenType: exchange.TypeRefreshToken, Audience: "https://next.example", Resources: []string{"https://a.example"},
				Scope: "a", Organization: "acme", Extra: map[string][]string{"device": {"d"}},
			}),
			want: url.Values{
				"grant_type": {exchangeGrant}, "subject_token": {userToken}, "subject_token_type": {"urn:ietf:params:oauth:token-type:jwt"},
				"actor_token": {"actor"}, "actor_token_type": {accessTokenType},
				"requested_token_type": {"urn:ietf:params:oauth:token-type:refresh_token"}, "audience": {"https://next.example"},
				"resource": {"https://a.example"}, "scope": {"a"}, "organization": {"acme"}, "device": {"d"},
			},
		},
		{
			name: "XCHG-12 on behalf of",
			call: onBehalfOf(exchange.OnBehalfOfRequest{AccessToken: userToken, Audience: "https://next.example", Scope: "a", Organization: "org_1"}),
			want: url.Values{
				"grant_type": {exchangeGrant}, "subject_token": {userToken}, "subject_token_type": {accessTokenType},
				"requested_token_type": {accessTokenType}, "audience": {"https://next.example"}, "scope": {"a"}, "organization": {"org_1"},
			},
		},
		{
			name: "XCHG-13 connection token",
			call: connectionToken(exchange.ConnectionTokenRequest{Connection: "google-oauth2", AccessToken: userToken, LoginHint: "google|1"}),
			want: url.Values{
				"grant_type":           {"urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token"},
				"requested_token_type": {"http://auth0.com/oauth/token-type/federated-connection-access-token"},
				"connection":           {"google-oauth2"}, "subject_token": {userToken}, "subject_token_type": {accessTokenType},
				"login_hint": {"google|1"}, "client_id": {"client:1"},
			},
		},
		{
			name: "XCHG-13 connection token without login_hint",
			call: connectionToken(exchange.ConnectionTokenRequest{Connection: "google-oauth2", AccessToken: userToken}),
			want: url.Values{
				"grant_type":           {"urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token"},
				"requested_token_type": {"http://auth0.com/oauth/token-type/federated-connection-access-token"},
				"connection":           {"google-oauth2"}, "subject_token": {userToken}, "subject_token_type": {accessTokenType},
				"client_id": {"client:1"},
			},
		},
		{
			name: "refresh",
			call: refresh(exchange.RefreshRequest{RefreshToken: "r1", Audience: "https://next.example", Resources: []string{"https://a.example"}, Scope: "a"}),
			want: url.Values{
				"grant_type": {"refresh_token"}, "refresh_token": {"r1"}, "audience": {"https://next.example"},
				"resource": {"https://a.example"}, "scope": {"a"},
			},
		},
		{
			name: "authorization code",
			call: authorizationCode(exchange.AuthorizationCodeRequest{Code: "c1", RedirectURI: "https://app.example/callback", CodeVerifier: "v1"}),
			want: url.Values{
				"grant_type": {"authorization_code"}, "code": {"c1"}, "redirect_uri": {"https://app.example/callback"}, "code_verifier": {"v1"},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, endpoint := newClient(t, nil)
			token, err := tt.call(t.Context(), client)
			if err != nil || token.AccessToken != issued {
				t.Fatalf("got %v, %v", token, err)
			}
			sent := endpoint.requests()
			if len(sent) != 1 || sent[0].URL != tokenURL {
				t.Fatalf("%d requests were sent, want 1 to %s", len(sent), tokenURL)
			}
			if diff := cmp.Diff(tt.want, url.Values(sent[0].Form)); diff != "" {
				t.Errorf("form (-want +got):\n%s", diff)
			}
		})
	}
}

// withSubject is profile with another subject token.
func withSubject(token string) call {
	return tokenExchange(exchange.ExchangeRequest{SubjectToken: token, SubjectTokenType: "urn:example:type"})
}

// withExtra is profile with more parameters.
func withExtra(extra map[string][]string) call {
	r := profile
	r.Extra = extra
	return tokenExchange(r)
}

func values(n int) []string { return make([]string, n) }

func TestArguments(t *testing.T) {
	onTo := func(token, audience string) call {
		return onBehalfOf(exchange.OnBehalfOfRequest{AccessToken: token, Audience: audience})
	}
	connection := func(name, token string) call {
		return connectionToken(exchange.ConnectionTokenRequest{Connection: name, AccessToken: token})
	}
	actor := func(token, kind string) call {
		r := profile
		r.ActorToken, r.ActorTokenType = token, kind
		return tokenExchange(r)
	}
	tests := []struct {
		name string
		call call
		rule string // empty where the request is sent
		want string
	}{
		{name: "XCHG-03 good subject token", call: withSubject(userToken)},
		{name: "XCHG-03 no subject token", call: withSubject(""), rule: "XCHG-03", want: "SubjectToken is required"},
		{name: "XCHG-03 blank subject token", call: withSubject(" \t\n"), rule: "XCHG-03", want: "SubjectToken is required"},
		{name: "XCHG-03 space before", call: withSubject(" " + userToken), rule: "XCHG-03", want: "SubjectToken has white space around it"},
		{name: "XCHG-03 line break behind", call: withSubject(userToken + "\n"), rule: "XCHG-03", want: "SubjectToken has white space around it"},
		{name: "XCHG-03 no-break space behind", call: withSubject(userToken + "\u00a0"), rule: "XCHG-03", want: "SubjectToken has white space around it"},
		{name: "XCHG-03 Bearer", call: withSubject("Bearer " + userToken), rule: "XCHG-03", want: "SubjectToken begins with the word Bearer"},
		{name: "XCHG-03 bEARER and a tab", call: withSubject("bEARER\t" + userToken), rule: "XCHG-03", want: "SubjectToken begins with the word Bearer"},
		{name: "XCHG-03 a token that begins with bearer", call: withSubject("bearertoken")},
		{name: "XCHG-03 on behalf of Bearer", call: onTo("bearer "+userToken, "a"), rule: "XCHG-03", want: "AccessToken begins with the word Bearer"},
		{name: "XCHG-03 on behalf of nothing", call: onTo("", "a"), rule: "XCHG-03", want: "AccessToken is required"},
		{name: "XCHG-03 refresh without token", call: refresh(exchange.RefreshRequest{}), rule: "XCHG-03", want: "RefreshToken is required"},
		{name: "XCHG-03 code without code", call: authorizationCode(exchange.AuthorizationCodeRequest{}), rule: "XCHG-03", want: "Code is required"},

		{
			name: "XCHG-04 no subject token type", call: tokenExchange(exchange.ExchangeRequest{SubjectToken: userToken}),
			rule: "XCHG-04", want: "SubjectTokenType is required",
		},
		{
			name: "XCHG-04 blank subject token type", call: tokenExchange(exchange.ExchangeRequest{SubjectToken: userToken, SubjectTokenType: " "}),
			rule: "XCHG-04", want: "SubjectTokenType is required",
		},
		{name: "XCHG-04 actor token with its type", call: actor("actor", exchange.TypeJWT)},
		{name: "XCHG-04 actor token without type", call: actor("actor", ""), rule: "XCHG-04", want: "ActorTokenType is required"},
		{name: "XCHG-03 actor token type without token", call: actor("", exchange.TypeJWT), rule: "XCHG-03", want: "ActorToken is required"},

		{name: "XCHG-05 an unknown parameter", call: withExtra(map[string][]string{"custom": {"1"}})},
		{name: "XCHG-05 20 values", call: withExtra(map[string][]string{"custom": values(20)})},
		{name: "XCHG-05 21 values", call: withExtra(map[string][]string{"custom": values(21)}), rule: "XCHG-05", want: "Extra has a parameter of over 20 values"},
		{name: "XCHG-05 no name", call: withExtra(map[string][]string{"": {"1"}}), rule: "XCHG-05", want: "Extra has a name that is empty or not of printable ASCII without spaces"},
		{name: "XCHG-05 a space in the name", call: withExtra(map[string][]string{"client_id ": {"1"}}), rule: "XCHG-05", want: "Extra has a name that is empty or not of printable ASCII without spaces"},
		{name: "XCHG-05 another script in the name", call: withExtra(map[string][]string{"сustom": {"1"}}), rule: "XCHG-05", want: "Extra has a name that is empty or not of printable ASCII without spaces"},
		{
			name: "XCHG-05 client credentials", call: clientCredentials(exchange.ClientCredentialsRequest{Extra: map[string][]string{"SCOPE": {"all"}}}),
			rule: "XCHG-05", want: "Extra has the reserved parameter scope",
		},

		{name: "XCHG-12 audience", call: onTo(userToken, "a")},
		{name: "XCHG-12 no audience", call: onTo(userToken, ""), rule: "XCHG-12", want: "Audience is required"},
		{name: "XCHG-12 blank audience", call: onTo(userToken, " "), rule: "XCHG-12", want: "Audience is required"},

		{name: "XCHG-13 connection and token", call: connection("google-oauth2", userToken)},
		{name: "XCHG-13 no connection", call: connection("", userToken), rule: "XCHG-13", want: "Connection is required"},
		{name: "XCHG-13 no token", call: connection("google-oauth2", ""), rule: "XCHG-03", want: "AccessToken is required"},
	}
	for _, name := range []string{
		"grant_type", "Client_ID", "client_SECRET", "client_assertion", "client_assertion_type", "SUBJECT_TOKEN",
		"subject_token_type", "requested_token_type", "actor_token", "actor_token_type", "subject_issuer", "audience", "Aud",
		"resource", "resources", "resource_indicator", "scope", "connection", "login_hint", "organization", "assertion",
		"code", "code_verifier", "redirect_uri", "refresh_token",
	} {
		tests = append(tests, struct {
			name string
			call call
			rule string
			want string
		}{
			name: "XCHG-05 " + name, call: withExtra(map[string][]string{name: {"1"}}), rule: "XCHG-05",
			want: "Extra has the reserved parameter " + strings.ToLower(name),
		})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, endpoint := newClient(t, nil)
			_, err := tt.call(t.Context(), client)
			if tt.rule == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			checkError(t, err, exchange.Error{Class: verifier.Rejected, Code: exchange.CodeArgument, Rule: tt.rule, Status: 400})
			if want := fmt.Sprintf("holdfast: invalid_argument (%s): %s", tt.rule, tt.want); err.Error() != want {
				t.Errorf("the error is %q, want %q", err, want)
			}
			if sent := len(endpoint.requests()); sent != 0 {
				t.Errorf("%d requests were sent, want none", sent)
			}
		})
	}
}

// What the caller passed is the caller's.
func TestRequestIsNotKept(t *testing.T) {
	client, endpoint := newClient(t, nil)
	extra := map[string][]string{"custom": {"1"}}
	before := maps.Clone(extra)
	if _, err := withExtra(extra)(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	endpoint.requests()[0].Form["custom"][0] = "changed"
	if diff := cmp.Diff(before, extra); diff != "" {
		t.Errorf("the caller's parameters changed: %s", diff)
	}
}

// XCHG-12: the result says nothing of the user's login, whatever the issuer sends.
func TestOnBehalfOfHasAccessTokenAlone(t *testing.T) {
	answer := ok(`{"access_token":"` + issued + `","token_type":"Bearer","issued_token_type":"` + accessTokenType + `","scope":"a",
		"id_token":"i","refresh_token":"r"}`)
	client, _ := newClient(t, nil, answer)
	token, err := client.OnBehalfOf(t.Context(), exchange.OnBehalfOfRequest{AccessToken: userToken, Audience: "https://next.example"})
	if err != nil {
		t.Fatal(err)
	}
	if token.AccessToken != issued || token.Scope != "a" || token.IssuedTokenType != accessTokenType || !token.Has("issued_token_type") {
		t.Errorf("XCHG-12 the token is %v", token)
	}
	if token.IDToken != "" || token.RefreshToken != "" || token.Has("id_token") || token.Has("refresh_token") {
		t.Error("XCHG-12 the token has an ID token or a refresh token")
	}
	other, err := client.Exchange(t.Context(), profile)
	if err != nil {
		t.Fatal(err)
	}
	if other.IDToken != "i" || other.RefreshToken != "r" || !other.Has("id_token") || !other.Has("refresh_token") {
		t.Error("XCHG-14 the token of an exchange lacks its ID token or refresh token")
	}
}

// What was issued must be the access token that was asked for (RFC 8693 section 2.2.1).
func TestFaultXCHG12IssuerSendsAnotherKindOfToken(t *testing.T) {
	for _, c := range []struct{ name, members string }{
		{"an access token", `"issued_token_type":"` + accessTokenType + `","token_type":"Bearer"`},
		{"one that is bound to a key", `"issued_token_type":"` + accessTokenType + `","token_type":"DPoP"`},
		{"nothing is said", `"token_type":"Bearer"`},
		{"null", `"issued_token_type":null,"token_type":"Bearer"`},
		{"empty", `"issued_token_type":"","token_type":"Bearer"`},
		{"in other case", `"issued_token_type":"` + strings.ToUpper(accessTokenType) + `","token_type":"Bearer"`},
		{"a refresh token", `"issued_token_type":"` + exchange.TypeRefreshToken + `","token_type":"Bearer"`},
		{"an ID token", `"issued_token_type":"` + exchange.TypeIDToken + `","token_type":"Bearer"`},
		{"no access token by its type", `"issued_token_type":"` + accessTokenType + `","token_type":"n_a"`},
	} {
		t.Run("XCHG-12 "+c.name, func(t *testing.T) {
			client, _ := newClient(t, nil, ok(`{"access_token":"`+issued+`",`+c.members+`}`))
			request := exchange.OnBehalfOfRequest{AccessToken: userToken, Audience: "https://next.example"}
			token, err := client.OnBehalfOf(t.Context(), request)
			if c.name == "an access token" || c.name == "one that is bound to a key" {
				if err != nil || token.AccessToken != issued {
					t.Errorf("got %v, %v", token, err)
				}
				return
			}
			checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeInvalidResponse, Rule: "XCHG-12", Status: 502})
			if token != nil {
				t.Errorf("got %v", token)
			}
			// Exchange leaves it to the caller, who may have asked for another kind.
			if other, err := client.Exchange(t.Context(), profile); err != nil || other.AccessToken != issued {
				t.Errorf("Exchange: got %v, %v", other, err)
			}
		})
	}
}
