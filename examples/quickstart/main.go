// Command quickstart shows Holdfast's main job in one go: it starts an issuer (over TLS) and an API that Holdfast
// protects, both on this machine, sends the API good and bad requests, and prints what was expected and what came. It
// exits 0 only if all is as expected.
package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const audience = "https://api.example"

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	tenant, err := issuer.Start()
	if err != nil {
		return err
	}
	defer tenant.Close()
	stranger, err := issuer.Start()
	if err != nil {
		return err
	}
	defer stranger.Close()

	v, api, err := protectedAPI(tenant)
	if err != nil {
		return err
	}
	defer v.Close()
	defer api.Close()

	return send(out, api.URL, requests(tenant, stranger))
}

// protectedAPI is what an API's author writes: a fetcher, a verifier, and a guard in front of a handler.
func protectedAPI(tenant *issuer.Server) (*verifier.Verifier, *httptest.Server, error) {
	fetcher, err := httpfetch.New(httpfetch.Config{Client: tenant.Client()}) // the client trusts the test issuer's certificate
	if err != nil {
		return nil, nil, err
	}
	v, err := verifier.New(verifier.Config{Domain: tenant.URL, Audiences: []string{audience}, Fetcher: fetcher})
	if err != nil {
		return nil, nil, err
	}
	guard, err := httpguard.New(v, httpguard.Config{})
	if err != nil {
		return nil, nil, err
	}
	greet := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := httpguard.From(r.Context())
		fmt.Fprintf(w, "hello, %s", token.Subject)
	})
	mux := http.NewServeMux()
	mux.Handle("GET /hello", guard.Handler(greet))
	mux.Handle("POST /orders", guard.Handler(greet, "write:orders"))
	return v, httptest.NewServer(mux), nil
}

// A request is one row of the table.
type request struct {
	name, method, path string
	authorization      func() (string, error) // nil for none
	status             int                    // expected
	oauthError         string                 // expected in the challenge
}

func requests(tenant, stranger *issuer.Server) []request {
	bearer := func(by *issuer.Server, claims verifiertest.Claims) func() (string, error) {
		all := verifiertest.Claims{"aud": audience, "scope": "read:orders"}
		maps.Copy(all, claims)
		return func() (string, error) {
			token, err := by.Token(all)
			return "Bearer " + token, err
		}
	}
	expired := verifiertest.Claims{"exp": time.Now().Add(-time.Minute).Unix()}
	otherAudience := verifiertest.Claims{"aud": "https://other.example"}
	moreScope := verifiertest.Claims{"scope": "read:orders write:orders"}
	return []request{
		{"no token", "GET", "/hello", nil, 401, ""},
		{"good token", "GET", "/hello", bearer(tenant, nil), 200, ""},
		{"expired token", "GET", "/hello", bearer(tenant, expired), 401, "invalid_token"},
		{"tampered token", "GET", "/hello", tampered(bearer(tenant, nil)), 401, "invalid_token"},
		{"token for another audience", "GET", "/hello", bearer(tenant, otherAudience), 401, "invalid_token"},
		{"token of a foreign issuer", "GET", "/hello", bearer(stranger, nil), 401, "invalid_token"},
		{"garbage", "GET", "/hello", func() (string, error) { return "Bearer garbage", nil }, 401, "invalid_token"},
		{"token without the scope", "POST", "/orders", bearer(tenant, nil), 403, "insufficient_scope"},
		{"token with the scope", "POST", "/orders", bearer(tenant, moreScope), 200, ""},
		{"token of a rotated key", "GET", "/hello", rotated(tenant, bearer(tenant, nil)), 200, ""},
	}
}

// rotated has the issuer sign with a new key, which the API has never seen.
func rotated(tenant *issuer.Server, bearer func() (string, error)) func() (string, error) {
	return func() (string, error) {
		key, err := verifiertest.NewKey("RS256", "key-2")
		if err != nil {
			return "", err
		}
		tenant.SetKeys(key)
		return bearer()
	}
}

// tampered changes one character in the middle of the token.
func tampered(bearer func() (string, error)) func() (string, error) {
	return func() (string, error) {
		token, err := bearer()
		middle := len(token) / 2
		replacement := "A"
		if token[middle] == 'A' {
			replacement = "B"
		}
		return token[:middle] + replacement + token[middle+1:], err
	}
}

func send(out io.Writer, api string, requests []request) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "REQUEST\tEXPECTED\tACTUAL\t\tCHALLENGE")
	wrong := 0
	for _, r := range requests {
		status, challenge, err := r.send(api)
		if err != nil {
			return err
		}
		verdict := "ok"
		if status != r.status || !strings.Contains(challenge, r.oauthError) {
			verdict = "WRONG"
			wrong++
		}
		expected := strings.TrimSpace(fmt.Sprint(r.status, " ", r.oauthError))
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\n", r.name, expected, status, verdict, challenge)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d answers were not as expected", wrong, len(requests))
	}
	fmt.Fprintf(out, "\nall %d answers as expected\n", len(requests))
	return nil
}

func (r request) send(api string) (status int, challenge string, err error) {
	sent, err := http.NewRequest(r.method, api+r.path, nil)
	if err != nil {
		return 0, "", err
	}
	if r.authorization != nil {
		value, err := r.authorization()
		if err != nil {
			return 0, "", err
		}
		sent.Header.Set("Authorization", value)
	}
	answer, err := http.DefaultClient.Do(sent)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return 0, "", err
	}
	return answer.StatusCode, strings.Join(answer.Header.Values("WWW-Authenticate"), " and "), nil
}
