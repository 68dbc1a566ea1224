package contract

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// verifySignatureFunc is a signature verifier.
type verifySignatureFunc func(key crypto.PublicKey, digest, value []byte, opts crypto.SignerOpts) (bool, error)

func (verify verifySignatureFunc) VerifySignature(key crypto.PublicKey, digest, value []byte, opts crypto.SignerOpts) (bool, error) {
	return verify(key, digest, value, opts)
}

// standardVerifier keeps the contract by asking the standard library.
func standardVerifier(key crypto.PublicKey, digest, value []byte, opts crypto.SignerOpts) (bool, error) {
	hash, isHash := opts.(crypto.Hash)
	pss, isPSS := opts.(*rsa.PSSOptions)
	if isPSS {
		hash = pss.Hash
	}
	_, isEd25519 := key.(ed25519.PublicKey)
	_, isRSA := key.(*rsa.PublicKey)
	known := slices.Contains(rsaHashes, hash) && !isEd25519 || isEd25519 && hash == 0
	if !known || !isHash && !isPSS || isPSS && (!isRSA || pss.SaltLength != rsa.PSSSaltLengthEqualsHash) {
		return false, errors.ErrUnsupported
	}
	by := signedBy(key, hash, isPSS)
	if by == nil || len(value) != by.length {
		return false, errors.ErrUnsupported
	}
	return by.standard(digest, value), nil
}

// allAlgorithms are those of the sample.
func allAlgorithms() []string {
	var all []string
	for _, s := range sample() {
		all = append(all, s.algorithm)
	}
	return all
}

func TestAnHonestSignatureVerifierKeepsTheContract(t *testing.T) {
	TestSignatureVerifier(t, func(*testing.T) ports.SignatureVerifier { return verifySignatureFunc(standardVerifier) },
		SignatureTraits{Algorithms: allAlgorithms(), Runs: 500})
	t.Run("of nothing", func(t *testing.T) {
		TestSignatureVerifier(t, func(*testing.T) ports.SignatureVerifier {
			return verifySignatureFunc(func(crypto.PublicKey, []byte, []byte, crypto.SignerOpts) (bool, error) { return false, errOther })
		}, SignatureTraits{Uses: 3, Runs: 10})
	})
}

// onVerify breaks a signature verifier.
type onVerify func(v ports.SignatureVerifier, s signature) (bool, error)

func (verify onVerify) wrap(v ports.SignatureVerifier) ports.SignatureVerifier {
	return verifySignatureFunc(func(key crypto.PublicKey, digest, value []byte, opts crypto.SignerOpts) (bool, error) {
		return verify(v, signature{&signer{key: key, opts: opts}, digest, value})
	})
}

func (s signature) by(v ports.SignatureVerifier) (bool, error) {
	return v.VerifySignature(s.key, s.digest, s.value, s.opts)
}

// wrongWhere has the wrong answer.
func wrongWhere(where func(signature) bool) func(ports.SignatureVerifier) ports.SignatureVerifier {
	return onVerify(func(v ports.SignatureVerifier, s signature) (bool, error) {
		valid, err := s.by(v)
		return valid != (err == nil && where(s)), err
	}).wrap
}

// large is the exponent of a key that no vector has.
func large(s signature) bool {
	key, isRSA := s.key.(*rsa.PublicKey)
	return isRSA && key.E == 1<<31-1
}

var ofVectors, ofSample = sha256.Sum256([]byte("123400")), sha256.Sum256([]byte("header.payload"))

var brokenSignatureVerifiers = []broken[ports.SignatureVerifier]{
	{"SignatureVerifier.VerifySignature/vectors", "is wrong on one digest", wrongWhere(func(s signature) bool {
		return string(s.digest) == string(ofVectors[:])
	})},
	{"SignatureVerifier.VerifySignature/pkcs1", "is wrong on a large exponent", wrongWhere(func(s signature) bool {
		_, isHash := s.opts.(crypto.Hash)
		return isHash && large(s)
	})},
	{"SignatureVerifier.VerifySignature/pss", "is wrong on a large exponent", wrongWhere(func(s signature) bool {
		_, isHash := s.opts.(crypto.Hash)
		return !isHash && large(s)
	})},
	{"SignatureVerifier.VerifySignature/ecdsa", "is wrong on a digest of zeros", wrongWhere(func(s signature) bool {
		return string(s.digest) == string(make([]byte, len(s.digest))) && len(s.digest) == 32 && len(s.value) == 64
	})},
	{"SignatureVerifier.VerifySignature/ed25519", "is wrong on a key of low order", wrongWhere(func(s signature) bool {
		key, isEd25519 := s.key.(ed25519.PublicKey)
		return isEd25519 && key[0] == 0xec
	})},
	{"SignatureVerifier.VerifySignature/standard", "takes PSS for PKCS #1 v1.5", onVerify(func(v ports.SignatureVerifier, s signature) (bool, error) {
		valid, err := s.by(v)
		if hash, isHash := s.opts.(crypto.Hash); err == nil && !valid && isHash {
			if key, isRSA := s.key.(*rsa.PublicKey); isRSA && string(s.digest) == string(ofSample[:]) && rsaSigner(key, hash, true).standard(s.digest, s.value) {
				return true, nil
			}
		}
		return valid, err
	}).wrap},
	{"SignatureVerifier.VerifySignature/unknown", "refuses what it does not know", onVerify(func(v ports.SignatureVerifier, s signature) (bool, error) {
		if s.key == nil {
			return false, nil
		}
		return s.by(v)
	}).wrap},
	{"SignatureVerifier.VerifySignature/unknown", "accepts another salt", onVerify(func(v ports.SignatureVerifier, s signature) (bool, error) {
		if pss, isPSS := s.opts.(*rsa.PSSOptions); isPSS && pss.SaltLength == 8 {
			return true, nil
		}
		return s.by(v)
	}).wrap},
	{"SignatureVerifier.VerifySignature/keeps", "writes to the signature", onVerify(func(v ports.SignatureVerifier, s signature) (bool, error) {
		valid, err := s.by(v)
		if valid && len(s.value) == 256 && len(s.digest) == 48 {
			s.value[0]++
		}
		return valid, err
	}).wrap},
	{"SignatureVerifier.VerifySignature/keeps", "keeps the digest", func(v ports.SignatureVerifier) ports.SignatureVerifier {
		var kept atomic.Pointer[[]byte]
		return onVerify(func(v ports.SignatureVerifier, s signature) (bool, error) {
			valid, err := s.by(v)
			_, isRSA := s.key.(*rsa.PublicKey)
			if before := kept.Load(); before != nil && valid && isRSA && len(*before) == len(s.digest) && string(*before) == string(make([]byte, len(s.digest))) {
				return false, nil
			}
			if valid && isRSA {
				kept.Store(&s.digest)
			}
			return valid, err
		}).wrap(v)
	}},
	{"SignatureVerifier/blocks", "asks a slow server", func(v ports.SignatureVerifier) ports.SignatureVerifier {
		var asked atomic.Bool
		return onVerify(func(v ports.SignatureVerifier, s signature) (bool, error) {
			if !asked.Swap(true) {
				time.Sleep(6 * time.Second)
			}
			return s.by(v)
		}).wrap(v)
	}},
	{"SignatureVerifier/concurrency", "tears", func(v ports.SignatureVerifier) ports.SignatureVerifier {
		var underWay atomic.Int32
		return onVerify(func(v ports.SignatureVerifier, s signature) (bool, error) {
			defer underWay.Add(-1)
			if underWay.Add(1) > 1 {
				return false, nil
			}
			return s.by(v)
		}).wrap(v)
	}},
	{"SignatureVerifier/panics", "panics at a signature that is cut off", onVerify(func(v ports.SignatureVerifier, s signature) (bool, error) {
		if len(s.value) == 0 {
			panic("index out of range")
		}
		return s.by(v)
	}).wrap},
}

func TestSignatureVerifierCasesFail(t *testing.T) {
	algorithms := allAlgorithms()
	runBroken(t, signatureContract(), brokenSignatureVerifiers, func(t *testing.T, trial trial, wrap func(ports.SignatureVerifier) ports.SignatureVerifier) *signatureTrial {
		made := newSignatureTrial(t, trial, func(*testing.T) ports.SignatureVerifier { return wrap(verifySignatureFunc(standardVerifier)) },
			SignatureTraits{Algorithms: algorithms, Runs: 150})
		made.vectors = quickVectors
		return made
	})
}

// quickVectors are some of each kind.
func quickVectors() ([]vector, error) {
	all, err := wycheproofVectors()
	return slices.DeleteFunc(slices.Clone(all), func(v vector) bool { return v.length > 64 && !strings.HasPrefix(v.name, "rsa_signature_2048_sha256 ") }), err
}
