package jwk

import (
	"context"
	"crypto"
	"crypto/rsa"
	"log/slog"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
)

// A Verifier verifies signatures by the application's part for that. Where that can't tell, fails or panics, the standard
// library verifies, as it does for a nil Verifier. It is safe for concurrent use.
type Verifier struct {
	by   ports.SignatureVerifier
	port *outbound.Port
}

// NewVerifier returns nil if by is nil. The logger, if there is one, is told of panics.
func NewVerifier(by ports.SignatureVerifier, logger *slog.Logger) *Verifier {
	if outbound.IsNil(by) {
		return nil
	}
	if made, isOurs := by.(*Verifier); isOurs {
		return made
	}
	return &Verifier{by, &outbound.Port{Name: "signature verifier", Logger: logger}}
}

// Verify is [Key.Verify]. What a key verifies is decided before anything leaves the domain.
func (v *Verifier) Verify(k *Key, alg string, signed, signature []byte) bool {
	if v == nil {
		return k.Verify(alg, signed, signature)
	}
	a, fits := k.algorithm(alg)
	if !fits {
		return false
	}
	if valid, err := v.outside(k, a, signed, signature); err == nil {
		return valid
	}
	return k.public.verify(a, signed, signature)
}

// outside asks the application's part. A signature of the wrong length is not worth asking.
func (v *Verifier) outside(k *Key, a *algorithm, signed, signature []byte) (bool, error) {
	key, length := k.public.standard()
	if len(signature) != length {
		return false, nil
	}
	if a.hash != 0 {
		signed = a.digest(make([]byte, 0, maxDigest), signed)
	}
	return v.VerifySignature(key, signed, signature, a.options())
}

// VerifySignature asks the application's part. A panic there is an error.
func (v *Verifier) VerifySignature(key crypto.PublicKey, digest, signature []byte, opts crypto.SignerOpts) (bool, error) {
	// It never waits, so no request's context bounds it.
	return outbound.Call(context.Background(), v.port, func(context.Context) (bool, error) {
		return v.by.VerifySignature(key, digest, signature, opts)
	})
}

// options select the algorithm among those of a key, as crypto.Signer has them.
func (a *algorithm) options() crypto.SignerOpts {
	if a.pss {
		return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: a.hash}
	}
	return a.hash
}
