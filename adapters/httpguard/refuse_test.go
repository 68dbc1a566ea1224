package httpguard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// Whatever the hook does, the answer is a refusal, with the header fields that it needs.
func TestConfigRefuse(t *testing.T) {
	issuer := newIssuer(t)
	up := newVerifier(t, issuer)
	down := newVerifier(t, ports.FetcherFunc(func(context.Context, string) (ports.Document, error) {
		return ports.Document{}, errors.New("connection refused by 10.1.2.3")
	}))
	good := "Bearer " + mint(t, issuer, nil)

	for _, c := range []struct {
		name          string
		verifier      *verifier.Verifier
		authorization string
		refuse        func(http.ResponseWriter, *http.Request, httpguard.Refusal)

		status             int
		challenge, content string
		body               string
	}{
		{
			name: "problem details", verifier: up, authorization: "Bearer x",
			refuse: func(w http.ResponseWriter, _ *http.Request, refusal httpguard.Refusal) {
				w.Header().Set("Content-Type", "application/problem+json")
				fmt.Fprintf(w, `{"status":%d,"title":%q,"type":%q,"class":%q}`, refusal.Status, refusal.Description, refusal.OAuthError, refusal.Class)
			},
			status: 401, challenge: `Bearer error="invalid_token", error_description="The access token is malformed"`, content: "application/problem+json",
			body: `{"status":401,"title":"The access token is malformed","type":"invalid_token","class":"rejected"}`,
		},
		{
			name: "a redirect to log in", verifier: up,
			refuse: func(w http.ResponseWriter, r *http.Request, refusal httpguard.Refusal) {
				if refusal.Status == http.StatusUnauthorized {
					http.Redirect(w, r, "/login", http.StatusSeeOther)
				}
			},
			status: 303, challenge: `Bearer realm="api"`, content: "text/html; charset=utf-8", body: "<a href=\"/login\">See Other</a>.\n\n",
		},
		{
			name: "the same in an outage", verifier: down, authorization: good,
			refuse: func(w http.ResponseWriter, r *http.Request, refusal httpguard.Refusal) {
				if refusal.Status == http.StatusUnauthorized {
					http.Redirect(w, r, "/login", http.StatusSeeOther)
				}
			},
			status: 503,
		},
		{
			name: "success is not an answer", verifier: up,
			refuse: func(w http.ResponseWriter, _ *http.Request, _ httpguard.Refusal) {
				w.WriteHeader(http.StatusOK)
				fmt.Fprint(w, "please log in")
			},
			status: 401, challenge: `Bearer realm="api"`, body: "please log in",
		},
		{
			name: "a flush is not an answer", verifier: up,
			refuse: func(w http.ResponseWriter, _ *http.Request, _ httpguard.Refusal) {
				_ = http.NewResponseController(w).Flush()
				fmt.Fprint(w, "please log in")
			},
			status: 401, challenge: `Bearer realm="api"`, body: "please log in",
		},
		{
			name: "what the client has already is not an answer", verifier: up,
			refuse: func(w http.ResponseWriter, _ *http.Request, _ httpguard.Refusal) {
				w.WriteHeader(http.StatusNotModified)
			},
			status: 401, challenge: `Bearer realm="api"`,
		},
		{
			name: "nothing written", verifier: up,
			refuse: func(http.ResponseWriter, *http.Request, httpguard.Refusal) {},
			status: 401, challenge: `Bearer realm="api"`,
		},
		{
			name: "another status", verifier: up,
			refuse: func(w http.ResponseWriter, _ *http.Request, _ httpguard.Refusal) {
				http.Error(w, "no such page", http.StatusNotFound)
			},
			status: 404, challenge: `Bearer realm="api"`, content: "text/plain; charset=utf-8", body: "no such page\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			guard, err := httpguard.New(c.verifier, httpguard.Config{Refuse: c.refuse})
			if err != nil {
				t.Fatal(err)
			}
			request := httptest.NewRequest("GET", "/", nil)
			if c.authorization != "" {
				request.Header.Set("Authorization", c.authorization)
			}
			recorder := httptest.NewRecorder()
			guard.Handler(greet).ServeHTTP(recorder, request)
			answer := recorder.Result()
			if answer.StatusCode != c.status || recorder.Body.String() != c.body {
				t.Errorf("the answer is %d %q, want %d %q", answer.StatusCode, recorder.Body, c.status, c.body)
			}
			header := answer.Header
			if got := header.Get("WWW-Authenticate"); got != c.challenge {
				t.Errorf("the challenge is %s, want %s", got, c.challenge)
			}
			if got := header.Get("Content-Type"); got != c.content {
				t.Errorf("Content-Type is %q, want %q", got, c.content)
			}
			if header.Get("Cache-Control") != "no-store" || (header.Get("Retry-After") != "") != (c.status == 503) {
				t.Errorf("the header is %v", header)
			}
		})
	}
}

// Middleware of other shapes is made of Verify, NewContext and Refuse, and answers as Handler does.
func TestVerifyNewContextAndRefuse(t *testing.T) {
	issuer := newIssuer(t)
	guard, err := httpguard.New(newVerifier(t, issuer), httpguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	own := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, err := guard.Verify(r)
		if err != nil {
			guard.Refuse(w, r, err)
			return
		}
		greet(w, r.WithContext(httpguard.NewContext(r.Context(), token)))
	})
	type answer struct {
		Status int
		Header http.Header
		Body   string
	}
	for _, authorization := range []string{"Bearer " + mint(t, issuer, nil), "Bearer x", "Basic YTpi", ""} {
		var answers []answer
		for _, handler := range []http.Handler{own, guard.Require()(greet)} {
			request := httptest.NewRequest("GET", "/", nil)
			request.Header.Set("Authorization", authorization)
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, request)
			answers = append(answers, answer{recorder.Code, recorder.Result().Header, recorder.Body.String()})
		}
		if diff := cmp.Diff(answers[1], answers[0]); diff != "" {
			t.Errorf("%q is answered otherwise than by Handler: %s", authorization, diff)
		}
	}
}

func TestFromWithoutAToken(t *testing.T) {
	for name, ctx := range map[string]context.Context{
		"nothing":     t.Context(),
		"a nil token": httpguard.NewContext(t.Context(), nil),
	} {
		if token, ok := httpguard.From(ctx); ok || token != nil {
			t.Errorf("%s: From = %v, %v", name, token, ok)
		}
	}
}

func TestRefuseAnErrorThatIsNotAVerifiers(t *testing.T) {
	guard, err := httpguard.New(newVerifier(t, newIssuer(t)), httpguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	guard.Refuse(recorder, httptest.NewRequest("GET", "/", nil), errors.New("password wrong"))
	if recorder.Code != 500 || recorder.Body.String() != `{"error":"server_error"}` {
		t.Errorf("the answer is %d %s", recorder.Code, recorder.Body)
	}
}

// A guard inside itself asks for more scopes, and does not use a proof twice. Another guard, and other credentials, are
// verified again.
func TestHandlerInAHandler(t *testing.T) {
	issuer := newIssuer(t)
	v := newVerifier(t, issuer)
	guard, err := httpguard.New(v, httpguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := httpguard.New(v, httpguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	key := verifiertest.MustKey(t, "ES256", "client")
	client := &verifiertest.Prover{Key: key}
	thumbprint := client.MustThumbprint(t)
	token := mint(t, issuer, verifiertest.Claims{"scope": "read:orders", "cnf": verifiertest.Claims{"jkt": thumbprint}})
	overwrite := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header["Authorization"][0] = "DPoP x"
			next.ServeHTTP(w, r)
		})
	}
	swap := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set("Authorization", "DPoP x")
			next.ServeHTTP(w, r)
		})
	}
	for name, c := range map[string]struct {
		handler http.Handler
		status  int
	}{
		"with its scope":            {guard.Require()(guard.Handler(greet, "read:orders")), 200},
		"without its scope":         {guard.Require()(guard.Handler(greet, "write:orders")), 403},
		"of another guard":          {guard.Require()(other.Handler(greet)), 401},
		"with another token inside": {guard.Require()(swap(guard.Handler(greet))), 401},
		"with a token overwritten":  {guard.Require()(overwrite(guard.Handler(greet))), 401},
	} {
		proof := client.MustProof(t, "GET", "http://api.example/orders", token, nil, nil)
		request := httptest.NewRequest("GET", "/orders", nil)
		request.Host = "api.example"
		request.Header.Set("Authorization", "DPoP "+token)
		request.Header.Set("DPoP", proof)
		recorder := httptest.NewRecorder()
		c.handler.ServeHTTP(recorder, request)
		if recorder.Code != c.status {
			t.Errorf("%s: answered %d %s, want %d", name, recorder.Code, recorder.Body, c.status)
		}
	}
}

func TestLogHasNoPasswordOfATarget(t *testing.T) {
	var log bytes.Buffer
	guard, err := httpguard.New(newVerifier(t, newIssuer(t)), httpguard.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest("GET", "http://ada:secret@api.example/a://b?c", nil)
	guard.Handler(greet).ServeHTTP(httptest.NewRecorder(), request)
	if strings.Contains(log.String(), "secret") || !strings.Contains(log.String(), "path=/a://b ") {
		t.Errorf("the log is %s", &log)
	}
}
