// Command quickstart shows Holdfast's main job in one go: it starts an issuer (over TLS) and an API that Holdfast
// protects, both on this machine, sends the API good and bad requests, and prints what was expected and what came. It
// exits 0 only if all is as expected.
package main

import (
	"fmt"
	"io"
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

	requests, err := prepare(tenant, stranger)
	if err != nil {
		return err
	}
	return send(out, api.URL, requests)
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
	authorization      string
	status             int    // expected
	code               string // expected error of the challenge
}

// prepare mints a token for each request. The last one is signed by a key that the issuer has just rotated to.
func prepare(tenant, stranger *issuer.Server) ([]request, error) {
	var failed error
	bearer := func(by *issuer.Server, claims verifiertest.Claims) string {
		all := verifiertest.Claims{"aud": audience, "scope": "read:orders"}
		for name, value := range claims {
			all[name] = value
		}
		token, err := by.Token(all)
		if err != nil {
			failed = err
		}
		return "Bearer " + token
	}
	expired := time.Now().Add(-time.Minute).Unix()
	good := bearer(tenant, nil)
	requests := []request{
		{"no token", "GET", "/hello", "", 401, ""},
		{"good token", "GET", "/hello", good, 200, ""},
		{"expired token", "GET", "/hello", bearer(tenant, verifiertest.Claims{"exp": expired}), 401, "invalid_token"},
		{"tampered token", "GET", "/hello", tamper(good), 401, "invalid_token"},
		{"token for another audience", "GET", "/hello", bearer(tenant, verifiertest.Claims{"aud": "https://other.example"}), 401, "invalid_token"},
		{"token of a foreign issuer", "GET", "/hello", bearer(stranger, nil), 401, "invalid_token"},
		{"garbage", "GET", "/hello", "Bearer garbage", 401, "invalid_token"},
		{"token without the scope", "POST", "/orders", good, 403, "insufficient_scope"},
		{"token with the scope", "POST", "/orders", bearer(tenant, verifiertest.Claims{"scope": "read:orders write:orders"}), 200, ""},
	}
	rotated, err := verifiertest.NewKey("RS256", "key-2")
	if err != nil {
		return nil, err
	}
	tenant.SetKeys(rotated)
	requests = append(requests, request{"token by a rotated key", "GET", "/hello", bearer(tenant, nil), 200, ""})
	return requests, failed
}

// tamper changes one character in the middle of the payload.
func tamper(token string) string {
	middle := len(token) / 2
	replacement := "A"
	if token[middle] == 'A' {
		replacement = "B"
	}
	return token[:middle] + replacement + token[middle+1:]
}

func send(out io.Writer, api string, requests []request) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "REQUEST\tEXPECTED\tACTUAL\tCHALLENGE")
	wrong := 0
	for _, r := range requests {
		status, challenge, err := r.send(api)
		if err != nil {
			return err
		}
		verdict := ""
		if status != r.status || !strings.Contains(challenge, r.code) {
			verdict = "  <-- not as expected"
			wrong++
		}
		fmt.Fprintf(table, "%s\t%s\t%d%s\t%s\n", r.name, strings.TrimSpace(fmt.Sprint(r.status, " ", r.code)), status, verdict, challenge)
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
	if r.authorization != "" {
		sent.Header.Set("Authorization", r.authorization)
	}
	answer, err := http.DefaultClient.Do(sent)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return 0, "", err
	}
	return answer.StatusCode, strings.Join(answer.Header.Values("WWW-Authenticate"), " | "), nil
}
