package jwk

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
)

// A part of the application's for signatures, which remembers what it was asked.
type part struct {
	answer func() (bool, error)

	asked             int
	key               crypto.PublicKey
	digest, signature []byte
	opts              crypto.SignerOpts
}

func (p *part) VerifySignature(key crypto.PublicKey, digest, signature []byte, opts crypto.SignerOpts) (bool, error) {
	p.asked++
	p.key, p.digest, p.signature, p.opts = key, bytes.Clone(digest), bytes.Clone(signature), opts
	return p.answer()
}

func answering(valid bool, err error) func() (bool, error) {
	return func() (bool, error) { return valid, err }
}

// Each algorithm crosses the port as crypto.Signer has it. What the domain decides by itself is not asked.
func TestVerifierAsksThePart(t *testing.T) {
	signed := []byte("header.payload")
	for _, a := range algorithms {
		if !a.built() {
			continue
		}
		t.Run("JWS-16 "+a.name, func(t *testing.T) {
			private := must(Generate(a.name))
			key := must(New(private.Public()))
			signature := must(key.Sign(a.name, private, signed))
			p := &part{answer: answering(true, nil)}
			v := NewVerifier(p, nil)
			if !v.Verify(key, a.name, signed, signature) || p.asked != 1 {
				t.Fatalf("asked %d times", p.asked)
			}
			digest := signed
			if a.hash != 0 {
				h := a.hash.New()
				h.Write(signed)
				digest = h.Sum(nil)
			}
			var opts crypto.SignerOpts = a.hash
			if a.pss {
				opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: a.hash}
			}
			if !reflect.DeepEqual(p.key, private.Public()) || !bytes.Equal(p.digest, digest) || !bytes.Equal(p.signature, signature) || !reflect.DeepEqual(p.opts, opts) {
				t.Errorf("JWS-16: asked about %x of %x by %v with %#v", p.signature, p.digest, p.key, p.opts)
			}
			for _, length := range []int{0, len(signature) - 1, len(signature) + 1} {
				if v.Verify(key, a.name, signed, append(bytes.Clone(signature), 0)[:length]) || p.asked != 1 {
					t.Errorf("JWS-16: a signature of %d bytes is asked about, or good", length)
				}
			}
			for _, other := range algorithms {
				if !key.Fits(other.name) && v.Verify(key, other.name, signed, signature) || p.asked != 1 {
					t.Errorf("JWS-11: %s is asked about, or good", other.name)
				}
			}
		})
	}
}

// The part's answer counts. Where it has none, the standard library's does, both ways.
func TestVerifierTakesTheAnswer(t *testing.T) {
	signed := []byte("header.payload")
	key := must(New(&p256.PublicKey))
	good := must(key.Sign("ES256", p256, signed))
	bad := bytes.Clone(good)
	bad[0] ^= 1
	for name, c := range map[string]struct {
		answer     func() (bool, error)
		ofGood, of bool // the answers on a good and a bad signature
	}{
		"yes":    {answering(true, nil), true, true},
		"no":     {answering(false, nil), false, false},
		"error":  {answering(true, errors.New("not prepared")), true, false},
		"panics": {func() (bool, error) { panic("index out of range") }, true, false},
	} {
		t.Run("JWS-16 "+name, func(t *testing.T) {
			var log strings.Builder
			v := NewVerifier(&part{answer: c.answer}, slog.New(slog.NewTextHandler(&log, nil)))
			if got := v.Verify(key, "ES256", signed, good); got != c.ofGood {
				t.Errorf("a good signature: %v", got)
			}
			if got := v.Verify(key, "ES256", signed, bad); got != c.of {
				t.Errorf("a bad signature: %v", got)
			}
			if logged := strings.Count(log.String(), `msg=port_panicked port="signature verifier" panic="index out of range"`); logged != 2 && name == "panics" || logged != 0 && name != "panics" {
				t.Errorf("logged %d times: %s", logged, log.String())
			}
		})
	}
	var none *Verifier
	if !none.Verify(key, "ES256", signed, good) || none.Verify(key, "ES256", signed, bad) {
		t.Error("JWS-16: without a part")
	}
	if NewVerifier(nil, nil) != nil || NewVerifier((*part)(nil), nil) != nil {
		t.Error("a verifier of no part")
	}
	if v := NewVerifier(&part{}, nil); NewVerifier(v, nil) != v {
		t.Error("a verifier of a verifier is another")
	}
}
