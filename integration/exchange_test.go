package integration

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/conformance/fault"
	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// newTokenClient starts an issuer and returns it with a client of its token endpoint, which has read its metadata. A call
// of the client has two seconds.
func newTokenClient(t *testing.T) (*issuer.Server, *exchange.Client) {
	t.Helper()
	key := verifiertest.MustKey(t, "ES256", "key-1")
	server := issuer.StartTest(t, key)
	fetcher, err := httpfetch.New(httpfetch.Config{Client: server.Client()})
	if err != nil {
		t.Fatal(err)
	}
	v := server.Verifier(t, verifier.Config{Audiences: []string{"https://api.example"}, Fetcher: fetcher})
	if err := v.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	client, err := exchange.New(v, exchange.Config{
		Endpoint: fetcher, ClientID: "client-1", ClientSecret: "s3cr3t", Timeout: 2 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return server, client
}

// A token endpoint that answers nonsense, or nothing, costs an error of a known code within the timeout. A source asks
// again when it says so, and not before, and takes a good answer.
func TestFaultTokenEndpoint(t *testing.T) {
	write := func(status int, body string) []fault.Fault {
		return []fault.Fault{fault.Status(status), fault.Body(body)}
	}
	tests := []struct {
		name   string
		faults []fault.Fault
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
		{"XCHG-16 a redirect", []fault.Fault{fault.Status(http.StatusTemporaryRedirect), fault.Redirect("/other")}, exchange.CodeUnexpected, 502, 0},
		{"XCHG-09 soon", write(200, `{"access_token":"a","expires_in":"soon"}`), exchange.CodeInvalidResponse, 502, 0},
		{"XCHG-11 hanging", []fault.Fault{fault.Hang}, exchange.CodeTimeout, 504, 0},
		{"XCHG-11 hanging in the body", []fault.Fault{fault.Stall}, exchange.CodeTimeout, 504, 0},
		{"XCHG-11 a broken connection", []fault.Fault{fault.HangUp}, exchange.CodeNetwork, 502, 0},
		{"XCHG-17 an error that says when to ask again", []fault.Fault{fault.Header("Retry-After", "30"), fault.Status(http.StatusTooManyRequests), fault.Body("")}, exchange.CodeTokenEndpoint, 429, 30 * time.Second},
		{"XCHG-10 an error", write(403, `{"error":"access_denied","error_description":"s3cr3t is not the secret"}`), "access_denied", 403, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, client := newTokenClient(t)
			for i := range tt.faults {
				tt.faults[i].Endpoint = fault.Token
			}
			server.Fail(tt.faults...)
			warmed := server.Requests()
			asked := func() int { return server.Requests() - warmed }
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
			server.Fail(fault.Body(`{"access_token":"good","token_type":"Bearer","expires_in":300}`).At(fault.Token))
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
