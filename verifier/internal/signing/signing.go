// Package signing writes JWTs by a private key that may be in a key management system.
package signing

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
)

// A Key is a verifier.SigningKey.
type Key struct {
	Signer    crypto.Signer
	Algorithm string
	KeyID     string
}

// A Signer asks a Key, which may fail, or panic, like a port.
type Signer struct {
	key    Key
	public *jwk.Key // its public half
	calls  *outbound.Port
}

var (
	errKey = errors.New("is not of a kind and size that is supported")
	errFit = errors.New("does not fit its Algorithm")
)

// New holds the key to what verifiers hold keys to (rules KEYS-05, KEYS-06 and JWS-11). Its Signer must not be nil.
func New(key Key, logger *slog.Logger) (Signer, error) {
	k := Signer{key: key, calls: &outbound.Port{Name: "signing key", Logger: logger}}
	var err error
	k.public, err = outbound.Call(context.Background(), k.calls, func(context.Context) (*jwk.Key, error) {
		return jwk.New(key.Signer.Public())
	})
	if err != nil {
		return k, errKey
	}
	if key.Algorithm == "" {
		k.key.Algorithm = k.public.DefaultAlgorithm()
	}
	if !k.public.Fits(k.key.Algorithm) {
		return k, errFit
	}
	return k, nil
}

// Sign returns claims as a compact JWS with the typ, if any, and the public key in its header where embed says so.
func (k Signer) Sign(claims any, typ string, embed bool) (string, error) {
	return outbound.Call(context.Background(), k.calls, func(context.Context) (string, error) {
		return k.compact(claims, typ, embed)
	})
}

func (k Signer) compact(claims any, typ string, embed bool) (string, error) {
	header := map[string]any{"alg": k.key.Algorithm}
	if typ != "" {
		header["typ"] = typ
	}
	switch {
	case embed:
		header["jwk"] = json.RawMessage(k.public.Members())
	case k.key.KeyID != "":
		header["kid"] = k.key.KeyID
	}
	signed, err := segment(nil, header)
	if err != nil {
		return "", fmt.Errorf("write the header: %w", err)
	}
	if signed, err = segment(append(signed, '.'), claims); err != nil {
		return "", fmt.Errorf("write claims: %w", err)
	}
	signature, err := k.public.Sign(k.key.Algorithm, k.key.Signer, signed)
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

// Thumbprint is the JWK thumbprint of the public key (RFC 7638, SHA-256).
func (s Signer) Thumbprint() string { return s.public.Thumbprint() }
