package integration

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// newTokenClient starts an issuer over TLS whose token endpoint answers by answer, and returns a client that finds it
// by the issuer's metadata, and how many requests the endpoint got. A call of the client has two seconds.
func newTokenClient(t *testing.T, answer http.HandlerFunc) (client *exchange.Client, asked func() int) {
	t.Helper()
	requests := make(chan struct{}, 100)
	mux := http.NewServeMux()
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"issuer":"%[1]s/","jwks_uri":"%[1]s/jwks","token_endpoint":"%[1]s/token"}`, server.URL)
	})
	const keys = `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"key-1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}` // RFC 8037 appendix A.2
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, keys) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		requests <- struct{}{}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		answer(w, r)
	})
	fetcher, err := httpfetch.New(httpfetch.Config{Client: server.Client()})
	if err != nil {
		t.Fatal(err)
	}
	v, err := verifier.New(verifier.Config{Domain: server.URL, Audiences: []string{"https://api.example"}, Fetcher: fetcher})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	client, err = exchange.New(v, exchange.Config{
		Endpoint: fetcher, ClientID: "client-1", ClientSecret: "s3cr3t", Timeout: 2 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client, func() int { return len(requests) }
}

// A token endpoint that answers nonsense, or nothing, costs an error of a known code within the timeout. A source asks
// again when it says so, and not before, and takes a good answer.
func TestFaultTokenEndpoint(t *testing.T) {
	write := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	hang := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	tests := []struct {
		name   string
		answer http.HandlerFunc
		code   verifier.Code
		status int
		wait   time.Duration // that the endpoint asks for
	}{
		{"XCHG-08 HTML", write(200, "<!DOCTYPE html><title>s3cr3t</title>"), exchange.CodeInvalidJSON, 502, 0},
		{"XCHG-10 HTML of an error", write(500, "<!DOCTYPE html><title>s3cr3t</title>"), exchange.CodeTokenEndpoint, 500, 0},
		{"XCHG-08 junk", write(200, "\x00\xff\x1f\x8b{]"), exchange.CodeInvalidJSON, 502, 0},
		{"XCHG-08 nothing", write(200, ""), exchange.CodeInvalidJSON, 502, 0},
		{"XCHG-08 an object without a token", write(200, "{}"), exchange.CodeInvalidResponse, 502, 0},
		{"XCHG-11 5 MB", write(200, `{"access_token":"`+strings.Repeat("a", 5<<20)+`"}`), exchange.CodeNetwork, 502, 0},
		{"XCHG-11 5 MB of an error", write(400, `{"error":"`+strings.Repeat("a", 5<<20)+`"}`), exchange.CodeNetwork, 502, 0},
		{"XCHG-16 a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		}, exchange.CodeUnexpected, 502, 0},
		{"XCHG-09 soon", write(200, `{"access_token":"a","expires_in":"soon"}`), exchange.CodeInvalidResponse, 502, 0},
		{"XCHG-11 hanging", hang, exchange.CodeTimeout, 504, 0},
		{"XCHG-11 hanging in the body", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `{"access_token":"a`)
			w.(http.Flusher).Flush()
			hang(w, r)
		}, exchange.CodeTimeout, 504, 0},
		{"XCHG-11 a broken connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, exchange.CodeNetwork, 502, 0},
		{"XCHG-17 an error that says when to ask again", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
		}, exchange.CodeTokenEndpoint, 429, 30 * time.Second},
		{"XCHG-10 an error", write(403, `{"error":"access_denied","error_description":"s3cr3t is not the secret"}`), "access_denied", 403, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var mended atomic.Bool
			client, asked := newTokenClient(t, func(w http.ResponseWriter, r *http.Request) {
				if !mended.Load() {
					tt.answer(w, r)
					return
				}
				fmt.Fprint(w, `{"access_token":"good","token_type":"Bearer","expires_in":300}`)
			})
			clock := verifiertest.NewClock(time.Now())
			source, err := exchange.NewSource(func(ctx context.Context) (*exchange.Token, error) {
				return client.ClientCredentials(ctx, exchange.ClientCredentialsRequest{})
			}, exchange.SourceConfig{Clock: clock})
			if err != nil {
				t.Fatal(err)
			}

			began := time.Now()
			_, err = source.Token(t.Context())
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("the error took %v, and the timeout is two seconds", took)
			}
			failed, ok := errors.AsType[*exchange.Error](err)
			if !ok || failed.Code != tt.code || failed.Status != tt.status {
				t.Fatalf("the error is %#v, want %s with status %d", err, tt.code, tt.status)
			}
			if strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("XCHG-15 the error tells what the endpoint sent: %v", err)
			}

			if failed.RetryAfter < max(tt.wait, time.Second) {
				t.Errorf("XCHG-19 the source asks again in %v", failed.RetryAfter)
			}
			mended.Store(true)
			clock.Advance(failed.RetryAfter - 1)
			if _, err := source.Token(t.Context()); !errors.Is(err, tt.code) || asked() != 1 {
				t.Errorf("XCHG-19 after %d requests got %v, want the error", asked(), err)
			}
			clock.Advance(1)
			token, err := source.Token(t.Context())
			if err != nil || token.AccessToken != "good" || asked() != 2 {
				t.Errorf("after %d requests got %v, %v", asked(), token, err)
			}
		})
	}
}
