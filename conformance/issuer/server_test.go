package issuer_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// What a verifier makes of an issuer that misbehaves: it can't decide, and never accepts.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault issuer.Fault
		want  verifier.Code
	}{
		{"none", nil, ""},
		{"Outage", issuer.Outage, verifier.CodeIssuerUnavailable},
		{"Slow, but not too slow", issuer.Slow(time.Millisecond), ""},
		{"Slow", issuer.Slow(time.Minute), verifier.CodeIssuerUnavailable},
		{"Garbage", issuer.Garbage, verifier.CodeIssuerUnavailable},
		{"Oversized, but not too large", issuer.Oversized(1 << 10), ""},
		{"Oversized", issuer.Oversized(1 << 20), verifier.CodeIssuerUnavailable},
		{"Redirect", issuer.Redirect("/"), verifier.CodeIssuerUnavailable},
		{"WrongIssuer", issuer.WrongIssuer("https://other.example/"), verifier.CodeIssuerUnavailable},
		{"UnknownKeys", issuer.UnknownKeys, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, _ := start(t)
			v := server.Verifier(t, verifier.Config{
				Audiences: []string{api}, Algorithms: []string{"ES256"},
				Keys: verifier.KeyPolicy{FetchTimeout: 2 * time.Second},
			})
			token, err := server.Token(verifiertest.Claims{"aud": api})
			if err != nil {
				t.Fatal(err)
			}
			server.Fail(c.fault)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err = v.VerifyAccessToken(ctx, token)
			if c.name == "Slow" { // the caller leaves before the fetch ends
				c.want = verifier.CodeCanceled
			}
			if c.want == "" && err != nil || c.want != "" && !errors.Is(err, c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}

			server.Fail(nil)
			well := server.Verifier(t, verifier.Config{Audiences: []string{api}, Algorithms: []string{"ES256"}})
			if _, err := well.VerifyAccessToken(t.Context(), token); err != nil {
				t.Errorf("when it is well again: %v", err)
			}
		})
	}
}

func TestStartInsecureHTTP(t *testing.T) {
	key, err := signingKey()
	if err != nil {
		t.Fatal(err)
	}
	server, err := issuer.StartInsecureHTTP(key)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	v := server.Verifier(t, verifier.Config{Audiences: []string{api}, Algorithms: []string{"ES256"}})
	metadata, err := v.Metadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := verifier.Metadata{
		Issuer: server.URL, AuthorizationEndpoint: server.URL + "authorize", TokenEndpoint: server.URL + "token",
		EndSessionEndpoint: server.URL + "logout", AuthorizationResponseIssParameterSupported: true,
	}
	if diff := cmp.Diff(want, metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

func TestRegister(t *testing.T) {
	server, _ := start(t)
	for name, client := range map[string]issuer.Client{
		"no ID": {Secret: "x"}, "two ways to authenticate": {ID: "x", Secret: "x", PublicKey: "x"},
		"a key of no kind":     {ID: "x", PublicKey: "x"},
		"a nil RSA key":        {ID: "x", PublicKey: (*rsa.PublicKey)(nil)},
		"a nil ECDSA key":      {ID: "x", PublicKey: (*ecdsa.PublicKey)(nil)},
		"an empty Ed25519 key": {ID: "x", PublicKey: ed25519.PublicKey(nil)},
		"a pointer to a key":   {ID: "x", PublicKey: new(ed25519.PublicKey)},
	} {
		if server.Register(client) == nil {
			t.Errorf("a client with %s", name)
		}
	}
}

func TestInterruptByNothing(t *testing.T) {
	server, _ := start(t)
	server.Interrupt(http.NotFoundHandler())
	server.Interrupt(http.HandlerFunc(nil))
	answer, err := server.Client().Get(server.URL + "jwks")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("status %d", answer.StatusCode)
	}
}
