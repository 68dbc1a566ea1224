package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A bareSignature is all that is left of a JWS when everything but the cryptography is done ahead: the floor, beneath
// which no verifier gets that does not remember.
type bareSignature struct {
	signed    []byte
	signature []byte // for ECDSA in ASN.1, as crypto/ecdsa wants it
	key       crypto.PublicKey
}

// bare takes a compact JWS apart.
func bare(compact string, key crypto.PublicKey) (bareSignature, error) {
	dot := strings.LastIndexByte(compact, '.')
	if dot < 0 {
		return bareSignature{}, errors.New("no compact JWS")
	}
	signature, err := base64.RawURLEncoding.DecodeString(compact[dot+1:])
	if err != nil {
		return bareSignature{}, err
	}
	if _, isECDSA := key.(*ecdsa.PublicKey); isECDSA {
		if signature, err = ecdsaASN1(signature); err != nil {
			return bareSignature{}, err
		}
	}
	return bareSignature{signed: []byte(compact[:dot]), signature: signature, key: key}, nil
}

// bareAll takes many apart.
func bareAll(compact []string, key func(i int) crypto.PublicKey) ([]bareSignature, error) {
	all := make([]bareSignature, len(compact))
	for i, one := range compact {
		var err error
		if all[i], err = bare(one, key(i)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// ecdsaASN1 writes r and s, side by side in a JWS (RFC 7518 section 3.4), as an ASN.1 sequence.
func ecdsaASN1(signature []byte) ([]byte, error) {
	half := len(signature) / 2
	return asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]),
	})
}

// verify is SHA-256 and one signature; Ed25519 has a hash of its own.
func (s *bareSignature) verify() error {
	switch key := s.key.(type) {
	case *rsa.PublicKey:
		digest := sha256.Sum256(s.signed)
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], s.signature)
	case *ecdsa.PublicKey:
		digest := sha256.Sum256(s.signed)
		if ecdsa.VerifyASN1(key, digest[:], s.signature) {
			return nil
		}
		return errors.New("the signature is wrong")
	case ed25519.PublicKey:
		if ed25519.Verify(key, s.signed, s.signature) {
			return nil
		}
		return errors.New("the signature is wrong")
	}
	return fmt.Errorf("no signature by a %T is measured", s.key)
}

// publicKey is what the floor verifies a key's signatures with.
func publicKey(key *verifiertest.Key) (crypto.PublicKey, error) {
	encoded, err := key.JWK()
	if err != nil {
		return nil, err
	}
	var public jose.JSONWebKey
	err = public.UnmarshalJSON(encoded)
	return public.Key, err
}

const floorName = "bare cryptography"

// floor does the bare cryptography of some JWSs in each job.
func floor(signatures ...[]bareSignature) *contender {
	return &contender{name: floorName, do: func(i int) error {
		for _, s := range signatures {
			if err := s[i%len(s)].verify(); err != nil {
				return err
			}
		}
		return nil
	}}
}
