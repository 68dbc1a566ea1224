//go:build go1.27

package jwk

import (
	"crypto/mldsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
)

// The keys of RFC 9964 appendix A.1, whose seed is zeros, and what it prints of them: the thumbprint, which is their kid,
// and how the signature begins and ends.
func TestMLDSAExamplesOfTheRFC(t *testing.T) {
	for _, c := range []struct {
		parameters               mldsa.Parameters
		thumbprint, begins, ends string
	}{
		{mldsa.MLDSA44(), "T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o", "knI1Q_9CIzLH5Xy94Kkc7WVKqZcAgtJ3mNf0GUj1uLA6YXAWFJfXkh-zQxUt", "AAAAABIfMEQ"},
		{mldsa.MLDSA65(), "Suiu29qbfuaBaR4Ats-c6XQBePB_OpAxAwcTR_0KXVM", "", "VHCUv"},
		{mldsa.MLDSA87(), "tRn1JNIkgMsABVQBlXeDHxAIcclh-2IX0UdDEzPt5XU", "", ""},
	} {
		t.Run(c.parameters.String(), func(t *testing.T) {
			private := must(mldsa.NewPrivateKey(c.parameters, make([]byte, mldsa.PrivateKeySize)))
			key := must(Parse(string(must(New(private.Public())).Members())))
			if got := key.Thumbprint(); got != c.thumbprint {
				t.Errorf("DPOP-BIND-01: the thumbprint is %s, want %s", got, c.thumbprint)
			}
			header := must(json.Marshal(struct {
				Algorithm string `json:"alg"`
				KeyID     string `json:"kid"`
			}{c.parameters.String(), c.thumbprint}))
			signed := []byte(encode(header) + "." + encode([]byte("It’s a dangerous business, Frodo, going out your door.")))
			signature := must(private.SignDeterministic(signed, nil))
			if !key.Verify(c.parameters.String(), signed, signature) {
				t.Error("JWS-16: the signature does not verify")
			}
			if got := encode(signature); !strings.HasPrefix(got, c.begins) || !strings.HasSuffix(got, c.ends) {
				t.Errorf("JWS-16: the signature is %s...%s", got[:60], got[len(got)-11:])
			}
			other := must(private.SignDeterministic(signed, &mldsa.Options{Context: "x"}))
			if key.Verify(c.parameters.String(), signed, other) {
				t.Error("JWS-16: a signature under a context verifies, which RFC 9964 section 5 forbids")
			}
		})
	}
}

func TestMLDSAKeys(t *testing.T) {
	private := must(mldsa.GenerateKey(mldsa.MLDSA44()))
	pub := private.PublicKey().Bytes()
	key := document{"kty": "AKP", "alg": "ML-DSA-44", "kid": "k", "pub": encode(pub)}
	for _, c := range []struct {
		name string
		key  document
		want error
	}{
		{"KEYS-06 AKP", key, nil},
		{"KEYS-06 AKP without alg", key.with(document{"alg": nil}), ErrKeyType},
		{"KEYS-06 AKP whose alg is not a string", key.with(document{"alg": []string{"ML-DSA-44"}}), ErrKeyType},
		{"KEYS-06 AKP of another alg", key.with(document{"alg": "ML-DSA-65"}), ErrMalformed},
		{"KEYS-06 AKP for RS256", key.with(document{"alg": "RS256"}), ErrKeyType},
		{"KEYS-06 AKP without pub", key.with(document{"pub": nil}), ErrMalformed},
		{"KEYS-06 AKP a byte short", key.with(document{"pub": encode(pub[1:])}), ErrMalformed},
		{"KEYS-06 AKP a byte long", key.with(document{"pub": encode(append(pub, 0))}), ErrMalformed},
		{"KEYS-06 AKP with padding", key.with(document{"pub": base64.URLEncoding.EncodeToString(pub)}), ErrMalformed},
		{"KEYS-07 AKP with its seed", key.with(document{"priv": encode(private.Bytes())}), ErrPrivate},
		{"KEYS-07 AKP with an empty seed", key.with(document{"priv": ""}), ErrPrivate},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := ParseEmbedded(string(c.key.json(t))); !errors.Is(err, c.want) {
				t.Errorf("Parse = %v, want %v", err, c.want)
			}
		})
	}
	block := &pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(private.Public()))}
	set, err := ParseStatic(pem.EncodeToMemory(block), Signatures)
	if err != nil || !set.WithoutID()[0].Fits("ML-DSA-44") || set.WithoutID()[0].Fits("ML-DSA-65") {
		t.Errorf("KEYS-11: an ML-DSA key in PEM: %v, %v", set, err)
	}
	if _, err := New((*mldsa.PublicKey)(nil)); err == nil {
		t.Error("XCHG-02: a nil key is taken")
	}
}

// What node:crypto makes of it, at the 64 bytes that npm oauth4webapi takes.
func TestMLDSATokenHash(t *testing.T) {
	if got := TokenHash("ML-DSA-44", "abc"); got != "SDNmYBNgqHccaGMIDMQRTY20RTD48eHuT5TqN-eLVzk" {
		t.Errorf("IDTOK-09: the hash is %s", got)
	}
}
