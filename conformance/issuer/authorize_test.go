package issuer_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestLogin(t *testing.T) {
	server, _ := start(t, confidential)
	server.SetUser("ada", verifiertest.Claims{"sub": "auth0|1", "name": "Ada Lovelace"})
	b := newBrowser(t, server)

	request := with(authorization(confidential), url.Values{"organization": {"Acme"}, "invitation": {"inv"}})
	sent := b.login(request, url.Values{"login": {"ada"}})
	if sent.status != http.StatusSeeOther || !strings.HasPrefix(sent.target.String(), callback+"?") {
		t.Fatalf("sent to %v by %d", sent.target, sent.status)
	}
	if q := sent.target.Query(); q.Get("state") != "the state" || q.Get("iss") != server.URL {
		t.Errorf("the answer is %v", q)
	}
	got := tokens(t, server, redemption(sent.target.Query().Get("code")), basic(confidential))
	check(t, got, "")
	if got.TokenType != "Bearer" || got.ExpiresIn != 300 || got.Scope != "openid offline_access" || got.RefreshToken == "" {
		t.Errorf("the answer is %+v", got)
	}

	v := server.Verifier(t, verifier.Config{
		Audiences: []string{api}, Algorithms: []string{"ES256"}, RequireProfile: true, Organization: "acme",
	})
	verified, err := v.VerifyAccessToken(t.Context(), got.AccessToken)
	if err != nil || verified.Subject != "auth0|1" || verified.ClientID != confidential.ID {
		t.Errorf("the access token: %+v, %v", verified, err)
	}
	id := claims(t, got.IDToken)
	for name, want := range map[string]any{
		"iss": server.URL, "sub": "auth0|1", "aud": confidential.ID, "nonce": "the nonce",
		"name": "Ada Lovelace", "org_name": "acme",
	} {
		if id[name] != want {
			t.Errorf("the ID token's %s is %v, want %v", name, id[name], want)
		}
	}
	for _, name := range []string{"exp", "iat", "auth_time", "at_hash"} {
		if id[name] == nil {
			t.Errorf("the ID token has no %s", name)
		}
	}
}

func TestAuthorizationRequests(t *testing.T) {
	server, _ := start(t, confidential, spa)
	for _, c := range []struct {
		name   string
		client issuer.Client
		change url.Values
		want   string // error code sent to the client; "page" for one shown to the user, "login" for the login page
	}{
		{"a good one", confidential, nil, "login"},
		{"a good one of a public client", spa, nil, "login"},
		{"RFC 6749 4.1.2.1: unknown client", confidential, url.Values{"client_id": {"other"}}, "page"},
		{"RFC 6749 4.1.2.1: unregistered redirect_uri", confidential, url.Values{"redirect_uri": {callback + "/"}}, "page"},
		{"RFC 6749 4.1.2.1: no redirect_uri", confidential, url.Values{"redirect_uri": nil}, "page"},
		{"RFC 6749 3.1: client_id twice", confidential, url.Values{"client_id": {"app", "app"}}, "page"},
		{"RFC 6749 3.1: redirect_uri twice", confidential, url.Values{"redirect_uri": {callback, callback}}, "page"},
		{"RFC 6749 3.1: state twice", confidential, url.Values{"state": {"a", "b"}}, "invalid_request"},
		{"RFC 8707 2: two resources", confidential, url.Values{"resource": {api, api + "/b"}}, "login"},
		{"RFC 6749 3.1.1: implicit grant", confidential, url.Values{"response_type": {"token"}}, "unsupported_response_type"},
		{"RFC 9700 2.1.1: public client without PKCE", spa, noPKCE, "invalid_request"},
		{"RFC 9700 2.1.1: confidential client without PKCE", confidential, noPKCE, "login"},
		{"RFC 7636 4.4.1: plain", confidential, url.Values{"code_challenge_method": {"plain"}}, "invalid_request"},
		{"RFC 7636 4.3: no method means plain", confidential, url.Values{"code_challenge_method": nil}, "invalid_request"},
		{"RFC 7636 4.2: challenge too short", confidential, url.Values{"code_challenge": {"short"}}, "invalid_request"},
		{"OIDC Core 6.1: request object", confidential, url.Values{"request": {"e30.e30."}}, "request_not_supported"},
		{"OIDC Core 6.2: request object by reference", confidential, url.Values{"request_uri": {"https://app.example/r"}}, "request_uri_not_supported"},
		{"OIDC Core 3.1.2.1: prompt none, not logged in", confidential, url.Values{"prompt": {"none"}}, "login_required"},
		{"OIDC Core 3.1.2.1: prompt none and more", confidential, url.Values{"prompt": {"none login"}}, "invalid_request"},
		{"OIDC Core 3.1.2.1: max_age no number", confidential, url.Values{"max_age": {"-1"}}, "invalid_request"},
		{"response_mode query", confidential, url.Values{"response_mode": {"query"}}, "login"},
		{"response_mode fragment", confidential, url.Values{"response_mode": {"fragment"}}, "invalid_request"},
		{"invitation without organization", confidential, url.Values{"invitation": {"inv"}}, "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBrowser(t, server)
			request := with(authorization(c.client), c.change)
			for method, got := range map[string]page{
				"GET": b.get("authorize", request), "POST": b.post("authorize", request),
			} {
				switch c.want {
				case "login":
					if got.status != http.StatusOK || !handle.MatchString(got.body) {
						t.Errorf("%s: %d %v, want the login page", method, got.status, got.target)
					}
				case "page":
					if got.status != http.StatusBadRequest || got.target != nil {
						t.Errorf("%s: %d %v, want an error page", method, got.status, got.target)
					}
				default:
					if got.parameter("error") != c.want || got.parameter("iss") != server.URL {
						t.Errorf("%s: %d %v, want error %s", method, got.status, got.target, c.want)
					}
				}
			}
		})
	}
}

func TestLoginPage(t *testing.T) {
	server, clock := start(t, confidential)
	t.Run("a user who denies", func(t *testing.T) {
		sent := newBrowser(t, server).login(authorization(confidential), url.Values{"login": {"ada"}, "deny": {"yes"}})
		if q := sent.target.Query(); q.Get("error") != "access_denied" || q.Get("state") != "the state" || q.Has("code") {
			t.Errorf("the answer is %v", q)
		}
	})
	t.Run("no name, and too long a name", func(t *testing.T) {
		for _, name := range []string{" ", strings.Repeat("x", 101)} {
			again := newBrowser(t, server).login(authorization(confidential), url.Values{"login": {name}})
			if !handle.MatchString(again.body) {
				t.Errorf("a name of %d characters: %d %v", len(name), again.status, again.target)
			}
		}
	})
	t.Run("a login that was not asked for", func(t *testing.T) {
		got := newBrowser(t, server).post("login", url.Values{"login": {"ada"}, "request": {"forged"}})
		if got.status != http.StatusBadRequest {
			t.Errorf("status %d", got.status)
		}
	})
	t.Run("what is passed in is escaped", func(t *testing.T) {
		hostile := `"><script>alert(1)</script>`
		request := with(authorization(confidential), url.Values{"login_hint": {hostile}, "organization": {hostile}})
		got := newBrowser(t, server).get("authorize", request)
		if strings.Contains(got.body, "<script") {
			t.Error(got.body)
		}
	})
	t.Run("who is logged in is not asked again", func(t *testing.T) {
		b := newBrowser(t, server)
		b.code(authorization(confidential))
		clock.Advance(time.Minute)
		for _, c := range []struct {
			name   string
			change url.Values
			asked  bool
		}{
			{"plain", nil, false},
			{"prompt none", url.Values{"prompt": {"none"}}, false},
			{"prompt login", url.Values{"prompt": {"login"}}, true},
			{"max_age that is over", url.Values{"max_age": {"59"}}, true},
			{"max_age that is not over", url.Values{"max_age": {"60"}}, false},
		} {
			got := b.get("authorize", with(authorization(confidential), c.change))
			if asked := handle.MatchString(got.body); asked != c.asked {
				t.Errorf("%s: asked is %t, want %t (%d %v)", c.name, asked, c.asked, got.status, got.target)
			}
		}
	})
}

func TestLogout(t *testing.T) {
	server, _ := start(t, confidential, spa)
	hint := func(t *testing.T, b *browser) string {
		return tokens(t, server, redemption(b.code(authorization(confidential))), basic(confidential)).IDToken
	}
	loggedIn := func(b *browser) bool {
		asked := b.get("authorize", with(authorization(confidential), url.Values{"prompt": {"none"}}))
		return asked.parameter("code") != ""
	}
	noHint := url.Values{"id_token_hint": nil, "client_id": {confidential.ID}}
	for _, c := range []struct {
		name     string
		change   url.Values
		status   int
		loggedIn bool
	}{
		{"RP-Initiated Logout 2: with a hint", nil, 303, false},
		{"RP-Initiated Logout 2: client_id fits the hint", url.Values{"client_id": {confidential.ID}}, 303, false},
		{"RP-Initiated Logout 2: client_id of another", url.Values{"client_id": {spa.ID}}, 400, true},
		{"RP-Initiated Logout 2: forged hint", url.Values{"id_token_hint": {"e30.e30.AAAA"}}, 400, true},
		{"RP-Initiated Logout 2: no hint: the user is asked", noHint, 200, true},
		{"RP-Initiated Logout 2: no hint, the user agreed", with(noHint, url.Values{
			"id_token_hint": nil, "confirmed": {"yes"},
		}), 303, false},
		{"RP-Initiated Logout 3: unregistered address", url.Values{
			"post_logout_redirect_uri": {"https://evil.example/"},
		}, 400, true},
		{"RP-Initiated Logout 3: no address", url.Values{"post_logout_redirect_uri": nil}, 200, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBrowser(t, server)
			good := url.Values{
				"id_token_hint": {hint(t, b)}, "post_logout_redirect_uri": {afterLogout}, "state": {"bye"},
			}
			got := b.post("logout", with(good, c.change))
			if got.status != c.status {
				t.Errorf("status %d, want %d: %s", got.status, c.status, got.body)
			}
			if got.target != nil && got.target.String() != afterLogout+"?state=bye" {
				t.Errorf("sent to %v", got.target)
			}
			if after := loggedIn(b); after != c.loggedIn {
				t.Errorf("logged in is %t, want %t", after, c.loggedIn)
			}
		})
	}
}
