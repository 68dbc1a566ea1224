package issuer_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const accessToken = "urn:ietf:params:oauth:token-type:access_token"

func TestExchange(t *testing.T) {
	orders := issuer.Client{ID: "orders", Secret: "secret", Audience: api}
	elsewhere := issuer.Client{ID: "elsewhere", Secret: "secret", Audience: api + "/v2"}
	server, clock := start(t, confidential, spa, orders, elsewhere)
	subject := func(t *testing.T, changes verifiertest.Claims) string {
		if changes == nil {
			changes = verifiertest.Claims{"sub": "ada"}
		}
		changes["aud"] = api
		return server.MustToken(t, changes)
	}
	request := func(t *testing.T) url.Values {
		return url.Values{
			"grant_type":    {"urn:ietf:params:oauth:grant-type:token-exchange"},
			"subject_token": {subject(t, nil)}, "subject_token_type": {accessToken},
			"audience": {"https://stock.example"}, "scope": {"read:stock"},
		}
	}
	type claimed = map[string]any
	fixed := func(change url.Values) func(*testing.T) url.Values {
		return func(*testing.T) url.Values { return change }
	}
	chain := func(depth int) verifiertest.Claims {
		var act verifiertest.Claims
		for range depth {
			act = verifiertest.Claims{"sub": "api", "act": act}
			if act["act"].(verifiertest.Claims) == nil {
				delete(act, "act")
			}
		}
		return act
	}
	for _, c := range []struct {
		name   string
		change func(t *testing.T) url.Values
		age    time.Duration
		client issuer.Client
		code   string
		act    claimed
	}{
		{name: "RFC 8693 4.1: the client acts", client: orders, act: claimed{"sub": "orders"}},
		{name: "RFC 8693 4.1: the client acts after others", client: orders, change: func(t *testing.T) url.Values {
			return url.Values{"subject_token": {subject(t, verifiertest.Claims{"sub": "ada", "act": verifiertest.Claims{"sub": "api-a"}})}}
		}, act: claimed{"sub": "orders", "act": claimed{"sub": "api-a"}}},
		{name: "RFC 8693 2.1: the actor token's subject acts", client: orders, change: func(t *testing.T) url.Values {
			return url.Values{"actor_token": {subject(t, verifiertest.Claims{"sub": "robot"})}, "actor_token_type": {accessToken}}
		}, act: claimed{"sub": "robot"}},
		{name: "RFC 8693 2.1: actor token without type", client: orders, change: func(t *testing.T) url.Values {
			return url.Values{"actor_token": {subject(t, nil)}}
		}, code: "invalid_request"},
		{name: "RFC 8693 2.1: actor type without token", client: orders, change: fixed(url.Values{"actor_token_type": {accessToken}}), code: "invalid_request"},
		{name: "RFC 8693 2.1: no subject token", client: orders, change: fixed(url.Values{"subject_token": nil}), code: "invalid_request"},
		{name: "RFC 8693 2.1: no subject token type", client: orders, change: fixed(url.Values{"subject_token_type": nil}), code: "invalid_request"},
		{name: "RFC 8693 2.2.2: forged subject token", client: orders, change: func(t *testing.T) url.Values {
			return url.Values{"subject_token": {subject(t, nil) + "x"}}
		}, code: "invalid_request"},
		{name: "RFC 8693 2.2.2: subject token just good", client: orders, age: 5*time.Minute - time.Second, act: claimed{"sub": "orders"}},
		{name: "RFC 8693 2.2.2: expired subject token", client: orders, age: 5*time.Minute + time.Second, code: "invalid_request"},
		{name: "RFC 8693 2.2.2: subject token of another issuer", client: orders, change: func(t *testing.T) url.Values {
			return url.Values{"subject_token": {subject(t, verifiertest.Claims{"iss": "https://other.example/"})}}
		}, code: "invalid_request"},
		{name: "subject token for another API than the client", client: elsewhere, code: "invalid_request"},
		{name: "client that is not an API", client: confidential, act: claimed{"sub": "app"}},
		{name: "RFC 8693 2.1: other requested type", client: orders, change: fixed(url.Values{"requested_token_type": {"urn:ietf:params:oauth:token-type:saml2"}}), code: "invalid_request"},
		{name: "RFC 8693 2.2.2: empty audience", client: orders, change: fixed(url.Values{"audience": {""}}), code: "invalid_target"},
		{name: "31 have acted", client: orders, change: func(t *testing.T) url.Values {
			return url.Values{"subject_token": {subject(t, verifiertest.Claims{"act": chain(31)})}}
		}},
		{name: "32 have acted", client: orders, change: func(t *testing.T) url.Values {
			return url.Values{"subject_token": {subject(t, verifiertest.Claims{"act": chain(32)})}}
		}, code: "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			form := request(t)
			if c.change != nil {
				form = with(form, c.change(t))
			}
			clock.Advance(c.age)
			got := tokens(t, server, form, basic(c.client))
			if c.code != "" {
				check(t, got, c.code)
				return
			}
			check(t, got, "")
			issued := claims(t, got.AccessToken)
			if got.IssuedTokenType != accessToken || got.RefreshToken != "" || got.IDToken != "" {
				t.Errorf("the answer is %+v", got)
			}
			if issued["aud"] != "https://stock.example" || issued["scope"] != "read:stock" {
				t.Errorf("the token is %v", issued)
			}
			if diff := cmp.Diff(any(c.act), issued["act"]); c.act != nil && diff != "" {
				t.Errorf("act (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("a public client", func(t *testing.T) {
		form := request(t)
		form.Set("client_id", spa.ID)
		check(t, tokens(t, server, form, nil), "unauthorized_client")
	})
}
