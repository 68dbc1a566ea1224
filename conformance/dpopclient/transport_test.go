package dpopclient_test

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/conformance/dpopclient"
	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const audience = "https://api.example"

func newProver(t *testing.T) *verifiertest.Prover {
	t.Helper()
	key := verifiertest.MustKey(t, "ES256", "client")
	return &verifiertest.Prover{Key: key}
}

// An api verifies each request, echoes its body, and counts what it was sent.
type api struct {
	*httptest.Server
	verifier *verifier.Verifier
	requests int
	forget   bool // answer 401 with a nonce whatever the proof has
}

func newAPI(t *testing.T, mode verifier.NonceMode) (*api, *issuer.Server) {
	t.Helper()
	key := verifiertest.MustKey(t, "ES256", "key-1")
	tenant := issuer.StartTest(t, key)
	a := &api{verifier: tenant.Verifier(t, verifier.Config{
		Audiences: []string{audience}, Algorithms: []string{"ES256"},
		DPoP: verifier.DPoP{Mode: verifier.DPoPRequired, Nonce: mode},
	})}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a, tenant
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.requests++
	verified, err := a.verifier.VerifyRequest(r.Context(), verifier.Request{
		Method: r.Method, URL: "http://" + r.Host + r.URL.String(), Header: r.Header,
	})
	var (
		status  = http.StatusOK
		header  map[string][]string
		refusal *verifier.Error
	)
	switch {
	case errors.As(err, &refusal):
		status, header = refusal.Status, refusal.Header
	default:
		header = verified.Header
	}
	if a.forget {
		status = http.StatusUnauthorized
		header = http.Header{"Www-Authenticate": {`DPoP error="use_dpop_nonce"`}, "Dpop-Nonce": {"another"}}
	}
	for name, values := range header {
		w.Header()[name] = values
	}
	w.WriteHeader(status)
	_, _ = io.Copy(w, r.Body)
}

func client(t *testing.T, tenant *issuer.Server, prover *verifiertest.Prover) *http.Client {
	t.Helper()
	thumbprint := prover.MustThumbprint(t)
	token := tenant.MustToken(t, verifiertest.Claims{"aud": audience, "cnf": verifiertest.Claims{"jkt": thumbprint}})
	return &http.Client{Transport: &dpopclient.Transport{Prover: prover, AccessToken: token}}
}

func read(t *testing.T, answer *http.Response, err error) (status int, body string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(content)
}

func TestRequestsToAnAPI(t *testing.T) {
	for _, c := range []struct {
		name     string
		mode     verifier.NonceMode
		requests int // that two calls cost
	}{
		{"no nonces", verifier.NonceOff, 2},
		{"RFC 9449 9: nonces required: asked once, kept for the next", verifier.NonceRequired, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, tenant := newAPI(t, c.mode)
			client := client(t, tenant, newProver(t))
			for range 2 {
				answer, err := client.Post(a.URL+"/orders?page=1#end", "text/plain", strings.NewReader("an order"))
				if status, body := read(t, answer, err); status != http.StatusOK || body != "an order" {
					t.Errorf("%d %q", status, body)
				}
			}
			if a.requests != c.requests {
				t.Errorf("%d requests, want %d", a.requests, c.requests)
			}
		})
	}
}

func TestRetries(t *testing.T) {
	for _, c := range []struct {
		name     string
		forget   bool
		body     io.Reader
		status   int
		requests int
	}{
		{"one retry is enough", false, strings.NewReader("again"), 200, 2},
		{"a body that can't be had again", false, io.NopCloser(strings.NewReader("once")), 401, 1},
		{"a server that is never content is asked twice", true, nil, 401, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, tenant := newAPI(t, verifier.NonceRequired)
			a.forget = c.forget
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL, c.body)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := client(t, tenant, newProver(t)).Do(request)
			if status, _ := read(t, answer, err); status != c.status || a.requests != c.requests {
				t.Errorf("status %d by %d requests, want %d by %d", status, a.requests, c.status, c.requests)
			}
			if request.Header.Get("DPoP") != "" || request.Header.Get("Authorization") != "" {
				t.Error("http.RoundTripper: the request was changed")
			}
		})
	}
}

func TestNoncesOfATokenEndpoint(t *testing.T) {
	_, tenant := newAPI(t, verifier.NonceOff)
	app := issuer.Client{ID: "app", Secret: "secret", RequireDPoP: true, RequireDPoPNonce: true}
	if err := tenant.Register(app); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &dpopclient.Transport{Prover: newProver(t), Base: tenant.Client().Transport}}
	for _, c := range []struct {
		name, form string
		status     int
		want       string
	}{
		{"RFC 9449 8: the nonce is asked for and given", "grant_type=client_credentials", 200, `"token_type":"DPoP"`},
		{"another error is passed on whole", "grant_type=other", 400, `"error":"unsupported_grant_type"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tenant.URL+"token", strings.NewReader(c.form))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.SetBasicAuth("app", "secret")
			answer, err := client.Do(request)
			if status, body := read(t, answer, err); status != c.status || !strings.Contains(body, c.want) {
				t.Errorf("%d %s", status, body)
			}
		})
	}
}

// A roundTripper is a Base that sends nothing.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTargetOfProofs(t *testing.T) {
	for _, c := range []struct{ name, url, host, htu string }{
		{"RFC 9449 4.2: without query and fragment", "https://api.example/orders?page=1#end", "", "https://api.example/orders"},
		{"RFC 9110 4.2.3: a slash for an empty path", "https://api.example?page=1", "", "https://api.example/"},
		{"RFC 9449 4.2: without an empty query", "https://api.example/orders?", "", "https://api.example/orders"},
		{"RFC 9110 4.2.3: with / for an empty path", "https://api.example", "", "https://api.example/"},
		{"RFC 9110 4.2.3: with / for an empty path before a query", "https://api.example?page=1", "", "https://api.example/"},
		{"RFC 9449 4.2: with the path as it is escaped", "https://api.example/a%2Fb/", "", "https://api.example/a%2Fb/"},
		{"RFC 9449 4.2: without a user", "https://user:password@api.example/orders", "", "https://api.example/orders"},
		{"RFC 9449 4.2: of the host that the request is for", "https://10.0.0.1/orders", "api.example", "https://api.example/orders"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var proof string
			transport := &dpopclient.Transport{Prover: newProver(t), Base: roundTripper(func(r *http.Request) (*http.Response, error) {
				proof = r.Header.Get("DPoP")
				return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
			})}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Host = c.host
			answer, err := transport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			payload, err := base64.RawURLEncoding.DecodeString(strings.Split(proof, ".")[1])
			if err != nil || !strings.Contains(string(payload), `"htu":"`+c.htu+`"`) {
				t.Errorf("the proof says %s, %v", payload, err)
			}
		})
	}
}

func TestWithoutProver(t *testing.T) {
	for _, prover := range []*verifiertest.Prover{nil, {}} {
		client := &http.Client{Transport: &dpopclient.Transport{Prover: prover}}
		if _, err := client.Get("http://127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "Prover with a Key is required") {
			t.Errorf("error is %v", err)
		}
	}
}
