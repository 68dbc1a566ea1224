package httpguard_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const audience = "https://api.example"

// newIssuer returns an issuer with a small key.
func newIssuer(t testing.TB) *verifiertest.Issuer {
	t.Helper()
	key := verifiertest.MustKey(t, "ES256", "key-1")
	issuer := verifiertest.MustIssuer(t, "https://issuer.example/", key)
	return issuer
}

func newVerifier(t testing.TB, fetcher ports.Fetcher) *verifier.Verifier {
	t.Helper()
	v, err := verifier.New(verifier.Config{
		Domain: "issuer.example", Audiences: []string{audience}, Fetcher: fetcher, Algorithms: []string{"ES256"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func mint(t testing.TB, issuer *verifiertest.Issuer, claims verifiertest.Claims) string {
	t.Helper()
	all := verifiertest.Claims{"aud": audience}
	for name, value := range claims {
		all[name] = value
	}
	token := issuer.MustToken(t, all)
	return token
}

// greet says whom the guard let pass.
var greet = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if token, ok := httpguard.From(r.Context()); ok {
		fmt.Fprint(w, "hello, "+token.Subject)
		return
	}
	fmt.Fprint(w, "hello, stranger")
})

func TestHandler(t *testing.T) {
	issuer := newIssuer(t)
	up := newVerifier(t, issuer)
	down := newVerifier(t, ports.FetcherFunc(func(context.Context, string) (ports.Document, error) {
		return ports.Document{}, errors.New("connection refused")
	}))
	good := "Bearer " + mint(t, issuer, verifiertest.Claims{"scope": "read:orders"})
	expired := "Bearer " + mint(t, issuer, verifiertest.Claims{"exp": time.Now().Add(-time.Minute).Unix()})

	for _, c := range []struct {
		name          string
		verifier      *verifier.Verifier
		optional      bool
		scopes        []string
		target        string
		authorization []string

		status     int
		challenge  string
		retryAfter string
		body       string
	}{
		{name: "good token", authorization: []string{good}, status: 200, body: "hello, user-1"},
		{name: "good token with the scope", authorization: []string{good}, scopes: []string{"read:orders"}, status: 200, body: "hello, user-1"},
		{name: "CRED-01 no token", status: 401, challenge: `Bearer realm="api"`, body: `{"error_description":"An access token is needed"}`},
		{name: "CRED-03 two fields", authorization: []string{good, good}, status: 400,
			challenge: `Bearer error="invalid_request", error_description="The request is malformed"`,
			body:      `{"error":"invalid_request","error_description":"The request is malformed"}`},
		{name: "CRED-08 token in the query too", authorization: []string{good}, target: "/?access_token=x", status: 400,
			challenge: `Bearer error="invalid_request", error_description="The request is malformed"`,
			body:      `{"error":"invalid_request","error_description":"The request is malformed"}`},
		{name: "CLAIM-EXP-02 expired", authorization: []string{expired}, status: 401,
			challenge: `Bearer error="invalid_token", error_description="The access token expired"`,
			body:      `{"error":"invalid_token","error_description":"The access token expired"}`},
		{name: "CLAIM-SCP-02 without the scope", authorization: []string{good}, scopes: []string{"write:orders"}, status: 403,
			challenge: `Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="write:orders"`,
			body:      `{"error":"insufficient_scope","error_description":"The access token lacks a needed scope"}`},
		{name: "CHAL-09 issuer down", verifier: down, authorization: []string{good}, status: 503, retryAfter: "1",
			body: `{"error":"temporarily_unavailable","error_description":"The token can't be verified at the moment"}`},
		{name: "CRED-10 optional, no token", optional: true, status: 200, body: "hello, stranger"},
		{name: "CRED-10 optional, good token", optional: true, authorization: []string{good}, status: 200, body: "hello, user-1"},
		{name: "CRED-10 optional, bad token", optional: true, authorization: []string{expired}, status: 401,
			challenge: `Bearer error="invalid_token", error_description="The access token expired"`,
			body:      `{"error":"invalid_token","error_description":"The access token expired"}`},
		{name: "CRED-10 optional, another scheme", optional: true, authorization: []string{"Basic YTpi"}, status: 401,
			challenge: `Bearer realm="api"`, body: `{"error_description":"An access token is needed"}`},
		{name: "CRED-10 CHAL-12 optional, but scopes are needed", optional: true, scopes: []string{"read:orders"}, status: 401,
			challenge: `Bearer realm="api", scope="read:orders"`, body: `{"error_description":"An access token is needed"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.verifier == nil {
				c.verifier = up
			}
			guard, err := httpguard.New(c.verifier, httpguard.Config{Optional: c.optional})
			if err != nil {
				t.Fatal(err)
			}
			if c.target == "" {
				c.target = "/"
			}
			request := httptest.NewRequest("GET", c.target, nil)
			request.Header["Authorization"] = c.authorization
			if c.authorization == nil {
				delete(request.Header, "Authorization")
			}
			recorder := httptest.NewRecorder()
			guard.Handler(greet, c.scopes...).ServeHTTP(recorder, request)

			answer := recorder.Result()
			if answer.StatusCode != c.status || recorder.Body.String() != c.body {
				t.Errorf("answer is %d %s, want %d %s", answer.StatusCode, recorder.Body, c.status, c.body)
			}
			if c.status == 400 || c.status == 401 {
				c.challenge += "|DPoP "
				if len(c.scopes) > 0 {
					c.challenge += fmt.Sprintf("scope=%q, ", strings.Join(c.scopes, " "))
				}
				c.challenge += `algs="ES256"`
			}
			if got := strings.Join(answer.Header.Values("WWW-Authenticate"), "|"); got != c.challenge {
				t.Errorf("challenge is %s, want %s", got, c.challenge)
			}
			if got := answer.Header.Get("Retry-After"); got != c.retryAfter {
				t.Errorf("Retry-After is %q, want %q", got, c.retryAfter)
			}
			if c.status == 200 {
				return
			}
			if got := answer.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("CHAL-11: Cache-Control is %q", got)
			}
			if got := answer.Header.Get("Content-Type"); got != "application/json" || !json.Valid(recorder.Body.Bytes()) {
				t.Errorf("body of type %q: %s", got, recorder.Body)
			}
		})
	}
}

func TestNewWantsAVerifier(t *testing.T) {
	if guard, err := httpguard.New(nil, httpguard.Config{}); err == nil {
		t.Errorf("New = %v without a verifier", guard)
	}
}

// byHost is the resolver of docs/guide/domains.md: what other libraries choose by the Host header field.
func byHost(tenants map[string]ports.Domain) ports.DomainResolver {
	return ports.DomainResolverFunc(func(_ context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
		u, err := url.Parse(q.URL)
		if err != nil {
			return nil, err
		}
		tenant, known := tenants[strings.ToLower(u.Host)]
		if !known {
			return nil, fmt.Errorf("no tenant has the host %q", u.Host)
		}
		return []ports.Domain{tenant}, nil
	})
}

// A resolver by the Host of the request, ported to the URL: each host takes the tokens of its tenant, and of no other.
func TestResolverByHost(t *testing.T) {
	acme, umbrella := newIssuer(t), verifiertest.MustIssuer(t, "https://umbrella.example/", verifiertest.MustKey(t, "ES256", "key-1"))
	v, err := verifier.New(verifier.Config{
		Audiences: []string{audience}, Algorithms: []string{"ES256"},
		Fetcher: ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
			if document, err := umbrella.Fetch(ctx, url); err == nil {
				return document, nil
			}
			return acme.Fetch(ctx, url)
		}),
		Resolver: byHost(map[string]ports.Domain{"acme.brand.example": {Issuer: acme.URL}, "umbrella.brand.example": {Issuer: umbrella.URL}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	guard, err := httpguard.New(v, httpguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(guard.Handler(greet))
	defer server.Close()
	ofAcme := mint(t, acme, nil)
	ofUmbrella := umbrella.MustToken(t, verifiertest.Claims{"aud": audience})
	for _, c := range []struct {
		host, token string
		status      int
	}{
		{"acme.brand.example", ofAcme, 200}, {"ACME.brand.example", ofAcme, 200}, {"umbrella.brand.example", ofUmbrella, 200},
		{"acme.brand.example", ofUmbrella, 401}, {"umbrella.brand.example", ofAcme, 401}, {"other.brand.example", ofAcme, 500},
	} {
		request, err := http.NewRequest("GET", server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = c.host
		request.Header.Set("Authorization", "Bearer "+c.token)
		answer, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if answer.StatusCode != c.status {
			t.Errorf("DISC-10: at %s the status is %d, want %d", c.host, answer.StatusCode, c.status)
		}
	}
}

func TestResolverSeesTheURLOfTheConnection(t *testing.T) {
	issuer := newIssuer(t)
	urls := make(chan string, 1)
	v, err := verifier.New(verifier.Config{
		Audiences: []string{audience}, Fetcher: issuer, Algorithms: []string{"ES256"},
		Resolver: ports.DomainResolverFunc(func(_ context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
			urls <- q.URL
			return []ports.Domain{{Issuer: issuer.URL}}, nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	guard, err := httpguard.New(v, httpguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, start := range []func(http.Handler) *httptest.Server{httptest.NewServer, httptest.NewTLSServer} {
		server := start(guard.Handler(greet))
		request, err := http.NewRequest("GET", server.URL+"/a%2Fb?c=d", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+mint(t, issuer, nil))
		answer, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if got, want := <-urls, server.URL+"/a%2Fb?c=d"; got != want || answer.StatusCode != 200 {
			t.Errorf("PROXY-01: the resolver saw %q, want %q; status %d", got, want, answer.StatusCode)
		}
		server.Close()
	}
}

func TestLogSaysWhyAndHoldsNoToken(t *testing.T) {
	issuer := newIssuer(t)
	var log bytes.Buffer
	guard, err := httpguard.New(newVerifier(t, issuer), httpguard.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	token := mint(t, issuer, verifiertest.Claims{
		"aud": "https://other.example\n", "sub": "secret-subject", "jti": "secret-id", "scope": "secret-scope", "email": "secret@example",
	})
	request := httptest.NewRequest("GET", "/orders/"+strings.Repeat("7", 300)+"?access_key="+token, nil)
	request.Header.Set("Authorization", "Bearer "+token)
	answer := httptest.NewRecorder()
	http.StripPrefix("/orders", guard.Handler(greet)).ServeHTTP(answer, request)

	if strings.Contains(log.String(), token[:20]) || strings.Contains(log.String(), "secret") {
		t.Errorf("the log holds text of the token: %s", &log)
	}
	if told := fmt.Sprint(answer.Header(), answer.Body); strings.Contains(told, "other.example") {
		t.Errorf("CHAL-03: the answer holds text of the token: %s", told)
	}
	var got map[string]any
	if err := json.Unmarshal(log.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "time")
	want := map[string]any{
		"level": "INFO", "msg": "request refused", "method": "GET", "path": "/orders/" + strings.Repeat("7", 248) + "...", "status": 401.0, "class": "rejected", "code": "audience_mismatch", "rule": "CLAIM-AUD-02",
		"err": "holdfast: audience_mismatch (CLAIM-AUD-02): aud is \"https://other.example\\n\", not one of \"https://api.example\"",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCRED08TokenInAParsedForm(t *testing.T) {
	issuer := newIssuer(t)
	guard, err := httpguard.New(newVerifier(t, issuer), httpguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for parsed, want := range map[bool]int{false: http.StatusOK, true: http.StatusBadRequest} {
		r := httptest.NewRequest("POST", "/", strings.NewReader("access_token=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer "+mint(t, issuer, nil))
		if parsed {
			if err := r.ParseForm(); err != nil {
				t.Fatal(err)
			}
		}
		answer := httptest.NewRecorder()
		guard.Handler(greet).ServeHTTP(answer, r)
		if answer.Code != want {
			t.Errorf("the form is parsed: %v: answered %d, want %d", parsed, answer.Code, want)
		}
	}
}
