package exchange_test

import (
	"context"
	"crypto"
	"crypto/elliptic"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
)

func down(context.Context, string) (ports.Document, error) {
	return ports.Document{}, errors.New("no route to host")
}

// deaf is a token endpoint that ignores its context until the gate is closed.
func deaf(gate <-chan struct{}) ports.TokenEndpointFunc {
	return func(context.Context, ports.TokenRequest) (ports.TokenResponse, error) {
		<-gate
		return ports.TokenResponse{}, errors.New("too late")
	}
}

func TestFaultXCHG11EndpointIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		client, _ := newClient(t, func(c *exchange.Config) { c.Endpoint = deaf(gate) })
		begun := time.Now()
		_, err := client.Exchange(t.Context(), profile)
		checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeTimeout, Rule: "XCHG-11", Status: 504})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error %v does not wrap the deadline's", err)
		}
		if waited := time.Since(begun); waited != 10*time.Second {
			t.Errorf("the caller waited for %v, want 10 s", waited)
		}
		close(gate)
	})
}

func TestFaultXCHG11CallerLeavesAnEndpointThatIgnoresIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		client, _ := newClient(t, func(c *exchange.Config) { c.Endpoint = deaf(gate) })
		ctx, leave := context.WithCancel(t.Context())
		begun := time.Now()
		time.AfterFunc(time.Second, leave)
		_, err := client.Exchange(ctx, profile)
		checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeCanceled, Status: 503})
		if waited := time.Since(begun); !errors.Is(err, context.Canceled) || waited != time.Second {
			t.Errorf("after %v: %v", waited, err)
		}
		close(gate)
	})
}

// After five time-outs in a row one request at a time finds out whether the endpoint is back. The others fail at once.
func TestFaultXCHG11EndpointThatHangsIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		client, _ := newClient(t, func(c *exchange.Config) { c.Endpoint = deaf(gate) })
		for range 5 {
			_, err := client.Exchange(t.Context(), profile)
			checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeTimeout, Rule: "XCHG-11", Status: 504})
		}
		go func() { _, _ = client.Exchange(t.Context(), profile) }()
		synctest.Wait()
		begun := time.Now()
		_, err := client.Exchange(t.Context(), profile)
		checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeNetwork, Rule: "XCHG-11", Status: 502})
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("the caller waited for %v", waited)
		}
		close(gate)
	})
}

func TestFaultXCHG11EndpointPanics(t *testing.T) {
	for name, post := range map[string]ports.TokenEndpointFunc{
		"panic":      func(context.Context, ports.TokenRequest) (ports.TokenResponse, error) { panic("out of cheese") },
		"panic(err)": func(context.Context, ports.TokenRequest) (ports.TokenResponse, error) { panic(io.EOF) },
		"a secret is in it": func(_ context.Context, r ports.TokenRequest) (ports.TokenResponse, error) {
			panic("can't send " + r.Form["subject_token"][0])
		},
		"Goexit": func(context.Context, ports.TokenRequest) (ports.TokenResponse, error) {
			runtime.Goexit()
			return ports.TokenResponse{}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				client, _ := newClient(t, func(c *exchange.Config) {
					c.Endpoint, c.Logger = post, slog.New(slog.NewTextHandler(&log, nil))
				})
				_, err := client.Exchange(t.Context(), profile)
				checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeNetwork, Rule: "XCHG-11", Status: 502})
				synctest.Wait() // the log is written after the caller has its answer
				if name != "Goexit" && !strings.Contains(log.String(), "TestFaultXCHG11EndpointPanics.func") {
					t.Errorf("the log has no stack: %s", &log)
				}
				if strings.Contains(log.String(), userToken) || strings.Contains(err.Error(), userToken) {
					t.Errorf("XCHG-15 the token is in the error or the log: %v, %s", err, &log)
				}
			})
		})
	}
}

// A panic inside a source is on a goroutine that no HTTP server recovers.
func TestFaultXCHG11EndpointPanicsBelowASource(t *testing.T) {
	client, _ := newClient(t, func(c *exchange.Config) {
		c.Endpoint = ports.TokenEndpointFunc(func(context.Context, ports.TokenRequest) (ports.TokenResponse, error) { panic("out of cheese") })
	})
	source, err := exchange.NewSource(func(ctx context.Context) (*exchange.Token, error) {
		return client.ClientCredentials(ctx, exchange.ClientCredentialsRequest{})
	}, exchange.SourceConfig{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = source.Token(t.Context())
	checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeNetwork, Rule: "XCHG-11", Status: 502})
}

// A panickySigner is well when New looks at it, and panics when it signs.
type panickySigner struct{ crypto.Signer }

func (panickySigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	panic("session lost")
}

func TestFaultSignerPanics(t *testing.T) {
	key := exchange.SigningKey{Signer: panickySigner{ecKey(elliptic.P256())}}
	for name, edit := range map[string]func(*exchange.Config){
		"assertion": func(c *exchange.Config) {
			c.ClientSecret, c.ClientAuth, c.AssertionKey = "", exchange.PrivateKeyJWT, key
		},
		"DPoP proof": func(c *exchange.Config) { c.DPoPKey = key },
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			client, endpoint := newClient(t, func(c *exchange.Config) {
				c.Logger = slog.New(slog.NewTextHandler(&log, nil))
				edit(c)
			})
			_, err := client.ClientCredentials(t.Context(), exchange.ClientCredentialsRequest{})
			checkError(t, err, exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeSigning, Status: 503})
			if len(endpoint.requests()) != 0 || !strings.Contains(log.String(), "panickySigner") {
				t.Errorf("%d requests were sent; the log is %s", len(endpoint.requests()), &log)
			}
		})
	}
}
