package exchange

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
)

// A SigningKey signs for the client.
type SigningKey struct {
	// Signer is the private key: RSA of at least 2048 bits, ECDSA on P-256, P-384 or P-521, Ed25519, or, in programs
	// built with Go 1.27 or newer, ML-DSA. It may be in a key management system; it must be safe for concurrent use.
	Signer crypto.Signer
	// Algorithm is the signature algorithm, of those that [verifier.Algorithms] returns. Empty means the first of them
	// that fits the key: RS256, EdDSA, or the one of its curve or parameters.
	Algorithm string
	// KeyID is the kid by which the issuer knows the key. Empty means that it has to find the key without.
	KeyID string
}

// A signer asks a SigningKey. A key in a key management system may fail, or panic, like a port. It needs no bound of
// its own: a request for a token has one.
type signer struct {
	SigningKey
	public *jwk.Key // its public half
	calls  *outbound.Port
}

var errKey = errors.New("is not of a kind and size that is supported")

// newSigner holds the key to what verifiers hold keys to (rules KEYS-05, KEYS-06 and JWS-11).
func newSigner(key SigningKey, logger *slog.Logger) (signer, error) {
	k := signer{SigningKey: key, calls: &outbound.Port{Name: "signing key", Logger: logger}}
	var err error
	k.public, err = outbound.Call(context.Background(), k.calls, func(context.Context) (*jwk.Key, error) {
		return jwk.New(key.Signer.Public())
	})
	if err != nil {
		return k, errKey
	}
	if k.Algorithm == "" {
		k.Algorithm = k.public.DefaultAlgorithm()
	}
	if !k.public.Fits(k.Algorithm) {
		return k, errors.New("does not fit its Algorithm")
	}
	return k, nil
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

func (k signer) compact(claims any, typ string, embed bool) (string, error) {
	header := map[string]any{"alg": k.Algorithm}
	if typ != "" {
		header["typ"] = typ
	}
	switch {
	case embed:
		header["jwk"] = json.RawMessage(k.public.Members())
	case k.KeyID != "":
		header["kid"] = k.KeyID
	}
	signed, err := segment(nil, header)
	if err != nil {
		return "", fmt.Errorf("write the header: %w", err)
	}
	if signed, err = segment(append(signed, '.'), claims); err != nil {
		return "", fmt.Errorf("write claims: %w", err)
	}
	signature, err := k.public.Sign(k.Algorithm, k.Signer, signed)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return string(base64.RawURLEncoding.AppendEncode(append(signed, '.'), signature)), nil
}

// segment appends value in JSON and base64url.
func segment(to []byte, value any) ([]byte, error) {
	written, err := json.Marshal(value)
	return base64.RawURLEncoding.AppendEncode(to, written), err
}
