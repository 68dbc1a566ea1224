package contract

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"math/big"
)

// A signer is a public key and one algorithm that fits it, as both cross the port.
type signer struct {
	algorithm string // by RFC 7518 section 3.1 and RFC 9864 section 2.2
	key       crypto.PublicKey
	opts      crypto.SignerOpts
	length    int // of its signatures
	// standard is the answer of the standard library.
	standard func(digest, signature []byte) bool
}

// A signature is what a verifier is asked about.
type signature struct {
	*signer
	digest, value []byte
}

func (s signature) String() string {
	return fmt.Sprintf("%s of %x by %v, signature %x", s.algorithm, s.digest, s.key, s.value)
}

// clone returns a signature whose bytes are its own.
func (s signature) clone() signature {
	return signature{s.signer, bytes.Clone(s.digest), bytes.Clone(s.value)}
}

// signature returns that of a message.
func (s *signer) signature(message, value []byte) signature {
	return signature{s, s.digest(message), value}
}

// digest returns the message itself for an algorithm that hashes by itself.
func (s *signer) digest(message []byte) []byte {
	if s.opts.HashFunc() == 0 {
		return message
	}
	h := s.opts.HashFunc().New()
	h.Write(message)
	return h.Sum(nil)
}

func rsaSigner(key *rsa.PublicKey, hash crypto.Hash, pss bool) *signer {
	s := &signer{algorithm: fmt.Sprint("RS", hash.Size()*8), key: key, opts: hash, length: key.Size()}
	s.standard = func(digest, value []byte) bool { return rsa.VerifyPKCS1v15(key, hash, digest, value) == nil }
	if pss {
		options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
		s.algorithm, s.opts = fmt.Sprint("PS", hash.Size()*8), options
		s.standard = func(digest, value []byte) bool { return rsa.VerifyPSS(key, hash, digest, value, options) == nil }
	}
	return s
}

func ecdsaSigner(key *ecdsa.PublicKey, hash crypto.Hash) *signer {
	size := (key.Curve.Params().N.BitLen() + 7) / 8
	return &signer{
		algorithm: fmt.Sprint("ES", hash.Size()*8), key: key, opts: hash, length: 2 * size,
		standard: func(digest, value []byte) bool {
			return ecdsa.Verify(key, digest, new(big.Int).SetBytes(value[:size]), new(big.Int).SetBytes(value[size:]))
		},
	}
}

func ed25519Signer(key ed25519.PublicKey) *signer {
	return &signer{
		algorithm: "Ed25519", key: key, opts: crypto.Hash(0), length: ed25519.SignatureSize,
		standard: func(message, value []byte) bool { return ed25519.Verify(key, message, value) },
	}
}
