package issuer_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier"
)

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
