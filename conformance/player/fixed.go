package player

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// The issuers of a fixed environment.
const (
	fixedIssuer = "https://issuer.example/"
	fixedOther  = "https://other.example/"
)

//go:embed keys.pem
var fixedPEM []byte

// fixedKeys are the keys of a fixed environment, by name.
var fixedKeys = sync.OnceValues(func() (map[string]crypto.Signer, error) {
	keys := make(map[string]crypto.Signer)
	for block, rest := pem.Decode(fixedPEM); block != nil; block, rest = pem.Decode(rest) {
		private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("player: read keys.pem: %w", err)
		}
		keys[block.Headers["Name"]] = private.(crypto.Signer)
	}
	return keys, nil
})

func fixedKey(name string) func(algorithm, id string) (*verifiertest.Key, error) {
	return func(algorithm, id string) (*verifiertest.Key, error) {
		keys, err := fixedKeys()
		if err != nil {
			return nil, err
		}
		private, known := keys[name]
		if !known {
			return nil, fmt.Errorf("player: keys.pem has no key %q", name)
		}
		return verifiertest.KeyFrom(fixedSigner{private}, algorithm, id)
	}
}

func fixedRSAKey(name string) func() (*rsa.PrivateKey, error) {
	return func() (*rsa.PrivateKey, error) {
		keys, err := fixedKeys()
		if err != nil {
			return nil, err
		}
		return keys[name].(*rsa.PrivateKey), nil
	}
}

// A fixedSigner makes the same signature of the same bytes: an ECDSA one by RFC 6979, and a PSS one with the digest as
// the salt.
type fixedSigner struct{ crypto.Signer }

func (s fixedSigner) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if _, isECDSA := s.Signer.(*ecdsa.PrivateKey); isECDSA {
		return s.Signer.Sign(nil, digest, opts)
	}
	return s.Signer.Sign(bytes.NewReader(digest), digest, opts)
}

// fetchFixed asks an issuer without a network.
func (e *Environment) fetchFixed(ctx context.Context, url string) (ports.Document, error) {
	for _, issuer := range []*Issuer{e.Issuer, e.Other} {
		if path, found := strings.CutPrefix(url, issuer.URL); found {
			answer := httptest.NewRecorder()
			issuer.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, "/"+path, nil))
			if answer.Code == http.StatusOK && ctx.Err() == nil {
				return ports.Document{Body: withoutAbilities(answer.Body.Bytes())}, nil
			}
		}
	}
	return ports.Document{}, fmt.Errorf("player: nothing is published at %s", url)
}

// withoutAbilities leaves out of metadata what no verifier reads, and what differs by Go release.
func withoutAbilities(document []byte) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(document, &members) != nil || members["jwks_uri"] == nil && members["issuer"] == nil {
		return document
	}
	maps.DeleteFunc(members, func(name string, _ json.RawMessage) bool { return strings.HasSuffix(name, "_supported") })
	written, err := json.Marshal(members)
	if err != nil {
		return document
	}
	return written
}

// Documents returns what the issuers of a fixed environment publish, by URL.
func (e *Environment) Documents(ctx context.Context) map[string][]byte {
	published := make(map[string][]byte)
	for _, issuer := range []*Issuer{e.Issuer, e.Other} {
		for _, path := range []string{".well-known/openid-configuration", "jwks"} {
			if document, err := e.fetchFixed(ctx, issuer.URL+path); err == nil {
				published[issuer.URL+path] = document.Body
			}
			issuer.uncount()
		}
	}
	return published
}
