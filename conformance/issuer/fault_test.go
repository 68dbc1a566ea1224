package issuer_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/conformance/fault"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// Whatever an issuer does, a verifier that has no keys yet accepts nothing: it can't decide. What it must put up with are
// the exceptions.
func TestFaults(t *testing.T) {
	exceptions := map[string]verifier.Code{
		"UnknownKeys": "", "KeysWithoutID": verifier.CodeKeyUnknown, // the token names a kid
		"Slow(1ms)": "", "Header(X-Field: x)": "", "Oversized(1048576)": "", "ManyKeys(100)": "", "SharedKeyID(4)": "",
	}
	for _, f := range append(fault.List(),
		fault.Slow(time.Millisecond), fault.Slow(time.Hour), fault.Status(http.StatusTooManyRequests), fault.Header("X-Field", "x"),
		fault.Redirect("/jwks"), fault.Redirects(1), fault.Oversized(1<<20), fault.Oversized(1<<20+1), fault.Compressed(1<<20+1),
		fault.Flood(5<<20, nil), fault.Raw("SSH-2.0-OpenSSH_9.2\r\n"), fault.WrongIssuer("https://other.example/"),
		fault.OtherMetadata(map[string]any{"jwks_uri": 7}), fault.ManyKeys(100), fault.ManyKeys(101), fault.SharedKeyID(4),
	) {
		t.Run(f.Name, func(t *testing.T) {
			server, _ := start(t)
			config := verifier.Config{
				Audiences: []string{api}, Algorithms: []string{"ES256"},
				Keys: verifier.KeyPolicy{FetchTimeout: 500 * time.Millisecond},
			}
			want, excepted := exceptions[f.Name]
			if excepted {
				config.Keys.FetchTimeout = time.Minute
			} else {
				want = verifier.CodeIssuerUnavailable
			}
			v := server.Verifier(t, config)
			token := server.MustToken(t, verifiertest.Claims{"aud": api})
			server.Fail(f)
			_, err := v.VerifyAccessToken(t.Context(), token)
			if want == "" && err != nil || want != "" && !errors.Is(err, want) {
				t.Errorf("it %s: %v, want %q", f.Does, err, want)
			}
			if server.Requests() == 0 {
				t.Error("the server was not asked")
			}

			server.Fail()
			config.Keys.FetchTimeout = time.Minute
			healthy := server.Verifier(t, config)
			if _, err := healthy.VerifyAccessToken(t.Context(), token); err != nil {
				t.Errorf("when it is healthy again: %v", err)
			}
		})
	}
}

// A fault is at its endpoint only, and faults stand over one another.
func TestFaultsOfOneEndpoint(t *testing.T) {
	server, _ := start(t, confidential)
	get := func(path string) string {
		t.Helper()
		answer, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.Status + " " + string(body)
	}
	const metadata = ".well-known/openid-configuration"
	server.Fail(fault.Outage.At(fault.Keys), fault.NoIssuer, fault.Garbage.At(fault.Token), fault.NotJSON.At(fault.Authorization))
	if got := get("jwks"); !strings.HasPrefix(got, "503") {
		t.Errorf("the keys: %s", got)
	}
	if got := get(metadata); !strings.HasPrefix(got, "200") || strings.Contains(got, `"issuer"`) {
		t.Errorf("the metadata: %s", got)
	}
	if got := get("token"); !strings.Contains(got, "<!doctype html>") {
		t.Errorf("the token endpoint: %s", got)
	}
	if got := get("authorize"); !strings.Contains(got, "\xff") {
		t.Errorf("the authorization endpoint: %s", got)
	}
	server.Fail(fault.UnknownKeys)
	if got := get("jwks"); !strings.Contains(got, "secp256k1") || !strings.Contains(got, `"key-1"`) {
		t.Errorf("the keys, unknown ones among them: %s", got)
	}
	server.Fail()
	if got := get(metadata); !strings.Contains(got, `"issuer"`) {
		t.Errorf("the metadata of a healthy issuer: %s", got)
	}
	if got := get("jwks"); !strings.HasPrefix(got, "200") {
		t.Errorf("the keys of a healthy issuer: %s", got)
	}
	if server.Requests() != 7 {
		t.Errorf("%d requests, want 7", server.Requests())
	}
}

func TestHold(t *testing.T) {
	server, _ := start(t)
	held, requested, release := fault.Hold()
	server.Fail(held)
	answered := make(chan error, 1)
	go func() {
		_, err := server.Get(t.Context(), server.URL+"jwks")
		answered <- err
	}()
	<-requested
	select {
	case err := <-answered:
		t.Fatalf("answered before the release: %v", err)
	default:
	}
	release()
	release()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// A client that leaves ends the handlers that wait for it, also where it sent a body.
func TestClientsThatLeave(t *testing.T) {
	server, _ := start(t)
	for _, f := range []fault.Fault{fault.Hang, fault.Stall, fault.Drip, fault.Slow(time.Hour)} {
		server.Fail(f)
		ctx, leave := context.WithTimeout(t.Context(), 10*time.Millisecond)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"token", strings.NewReader("a=b"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(request)
		if err == nil {
			_, err = io.ReadAll(answer.Body)
			answer.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", f.Name, err)
		}
		leave()
	}
}

func TestFreshness(t *testing.T) {
	server, _ := start(t)
	server.Fresh = time.Hour
	for value, want := range map[string]time.Duration{"": time.Hour, "max-age=15": 15 * time.Second, "no-store": -1, "max-age=soon": 0} {
		server.Fail()
		if value != "" {
			server.Fail(fault.Header("Cache-Control", value))
		}
		document, err := ports.FetcherFunc(server.Get).Fetch(t.Context(), server.URL+"jwks")
		if err != nil || document.Fresh != want {
			t.Errorf("%q: fresh for %v, %v, want %v", value, document.Fresh, err, want)
		}
	}
}
