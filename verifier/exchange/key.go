package exchange

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
)

// A SigningKey signs for the client.
type SigningKey struct {
	// Signer is the private key: RSA of at least 2048 bits, ECDSA on P-256, P-384 or P-521, or Ed25519. It may be in a
	// key management system; it must be safe for concurrent use.
	Signer crypto.Signer
	// Algorithm is the signature algorithm, of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 and EdDSA.
	// Empty means RS256, ES256, ES384, ES512 or EdDSA, as the key is.
	Algorithm string
	// KeyID is the kid by which the issuer knows the key. Empty means that it has to find the key without.
	KeyID string
}

// A signer asks a SigningKey. A key in a key management system may fail, or panic, like a port. It needs no bound of
// its own: a request for a token has one.
type signer struct {
	SigningKey
	calls *outbound.Port
}

func newSigner(key SigningKey, logger *slog.Logger) signer {
	return signer{key, &outbound.Port{Name: "signing key", Logger: logger}}
}

// algorithm is the signature algorithm, by the key where none is named.
func (k SigningKey) algorithm() string {
	if k.Algorithm != "" {
		return k.Algorithm
	}
	switch public := k.Signer.Public().(type) {
	case *rsa.PublicKey:
		return "RS256"
	case *ecdsa.PublicKey:
		switch public.Curve {
		case elliptic.P256():
			return "ES256"
		case elliptic.P384():
			return "ES384"
		case elliptic.P521():
			return "ES512"
		}
	case ed25519.PublicKey:
		return "EdDSA"
	}
	return ""
}

var errKey = errors.New("is not of a kind and size that is supported")

// check holds the key to what verifiers hold keys to (rules KEYS-05, KEYS-06 and JWS-11).
func (k signer) check() error {
	fits, err := outbound.Call(context.Background(), k.calls, func(context.Context) (bool, error) {
		public, err := jose.JSONWebKey{Key: k.Signer.Public()}.MarshalJSON()
		if err != nil {
			return false, err
		}
		key, err := jwk.Parse(string(public))
		return err == nil && key.Fits(k.algorithm()), err
	})
	switch {
	case err != nil:
		return errKey
	case !fits:
		return errors.New("does not fit its Algorithm")
	}
	return nil
}

// sign returns claims as a compact JWS with the typ, if any, and the public key in its header where embed says so.
func (k signer) sign(claims any, typ string, embed bool) (string, *Error) {
	signed, err := outbound.Call(context.Background(), k.calls, func(context.Context) (string, error) {
		return k.compact(claims, typ, embed)
	})
	if err != nil {
		return "", &Error{Class: verifier.Undecidable, Code: CodeSigning, Status: 503, Err: err}
	}
	return signed, nil
}

func (k SigningKey) compact(claims any, typ string, embed bool) (string, error) {
	options := &jose.SignerOptions{EmbedJWK: embed}
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	if k.KeyID != "" && !embed {
		options = options.WithHeader("kid", k.KeyID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.SignatureAlgorithm(k.algorithm()),
		Key:       cryptosigner.Opaque(k.Signer),
	}, options)
	if err != nil {
		return "", fmt.Errorf("prepare a signature: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("write claims: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return signed.CompactSerialize()
}
