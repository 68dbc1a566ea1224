package jwk

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// A document is a JSON Web Key before it is written.
type document map[string]any

// with returns a copy of d with these members on top; nil removes one.
func (d document) with(members document) document {
	changed := maps.Clone(d)
	for name, value := range members {
		if changed[name] = value; value == nil {
			delete(changed, name)
		}
	}
	return changed
}

func (d document) json(t testing.TB) []byte {
	t.Helper()
	written, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return written
}

func public(t testing.TB, key any) document {
	t.Helper()
	written, err := jose.JSONWebKey{Key: key, KeyID: "k"}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(written, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

var (
	rsa2048 = must(rsa.GenerateKey(rand.Reader, 2048))
	p224    = must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	p256    = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p521    = must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
)

func ed25519Public() (ed25519.PublicKey, error) {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	return public, err
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// modulus returns an odd number of that many bits, which is enough of a key to be measured.
func modulus(bits int) string {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return encode(n.SetBit(n, 0, 1).Bytes())
}

func TestParse(t *testing.T) {
	rs := public(t, &rsa2048.PublicKey)
	es := public(t, &p256.PublicKey)
	edPublic, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed := public(t, edPublic)
	x, y := must(base64.RawURLEncoding.DecodeString(es["x"].(string))), must(base64.RawURLEncoding.DecodeString(es["y"].(string)))
	off := bytes.Clone(y)
	off[31] ^= 1

	for _, c := range []struct {
		name string
		key  document
		want error
	}{
		{name: "KEYS-04 RSA without use", key: rs},
		{name: "KEYS-04 EC without use", key: es},
		{name: "KEYS-04 OKP without use", key: ed},
		{name: "KEYS-04 use sig", key: rs.with(document{"use": "sig"})},
		{name: "KEYS-04 use enc", key: rs.with(document{"use": "enc"}), want: ErrUse},
		{name: "KEYS-04 use of another type", key: rs.with(document{"use": []string{"sig"}}), want: ErrUse},
		{name: "KEYS-04 key_ops with verify", key: rs.with(document{"key_ops": []string{"sign", "verify"}})},
		{name: "KEYS-04 key_ops without verify", key: rs.with(document{"key_ops": []string{"encrypt"}}), want: ErrUse},
		{name: "KEYS-04 key_ops of another type", key: rs.with(document{"key_ops": "verify"}), want: ErrUse},
		{name: "KEYS-05 2047 bits", key: rs.with(document{"n": modulus(2047)}), want: ErrSize},
		{name: "KEYS-05 2048 bits", key: rs.with(document{"n": modulus(2048)})},
		{name: "KEYS-05 16384 bits", key: rs.with(document{"n": modulus(16384)})},
		{name: "KEYS-05 16385 bits", key: rs.with(document{"n": modulus(16385)}), want: ErrSize},
		{name: "KEYS-05 exponent 3", key: rs.with(document{"e": encode([]byte{3})})},
		{name: "KEYS-05 exponent 1", key: rs.with(document{"e": encode([]byte{1})}), want: ErrSize},
		{name: "KEYS-05 even exponent", key: rs.with(document{"e": encode([]byte{1, 0, 0})}), want: ErrSize},
		{name: "KEYS-05 exponent of 31 bits", key: rs.with(document{"e": encode([]byte{0x7f, 0xff, 0xff, 0xff})})},
		{name: "KEYS-05 exponent of 32 bits", key: rs.with(document{"e": encode([]byte{0x80, 0, 0, 1})}), want: ErrSize},
		{name: "KEYS-05 no exponent", key: rs.with(document{"e": nil}), want: ErrMalformed},
		{name: "KEYS-05 no modulus", key: rs.with(document{"n": nil}), want: ErrMalformed},
		{name: "KEYS-05 huge exponent", key: rs.with(document{"e": encode([]byte{1, 0, 0, 0, 1})}), want: ErrSize},
		{name: "KEYS-05 even modulus", key: rs.with(document{"n": encode(new(big.Int).Lsh(big.NewInt(1), 2047).Bytes())}), want: ErrSize},
		{name: "KEYS-05 modulus with padding", key: rs.with(document{"n": rs["n"].(string) + "=="}), want: ErrMalformed},
		{name: "KEYS-05 modulus with a line break", key: rs.with(document{"n": rs["n"].(string)[:4] + "\n" + rs["n"].(string)[4:]}), want: ErrMalformed},
		{name: "KEYS-06 coordinate with a line break", key: es.with(document{"x": es["x"].(string) + "\r"}), want: ErrPoint},
		{name: "KEYS-06 point not on the curve", key: es.with(document{"y": encode(off)}), want: ErrPoint},
		{name: "KEYS-06 coordinate too short", key: es.with(document{"x": encode(x[1:])}), want: ErrPoint},
		{name: "KEYS-06 coordinate too long", key: es.with(document{"x": encode(append([]byte{0}, x...))}), want: ErrPoint},
		{name: "KEYS-06 x a byte short, y a byte long", key: es.with(document{"x": encode(x[:31]), "y": encode(append(x[31:], y...))}), want: ErrPoint},
		{name: "KEYS-06 x a byte long, y a byte short", key: es.with(document{"x": encode(append(x[:32:32], y[0])), "y": encode(y[1:])}), want: ErrPoint},
		{name: "KEYS-06 coordinate with padding", key: es.with(document{"x": es["x"].(string) + "="}), want: ErrPoint},
		{name: "KEYS-06 OKP of 31 bytes", key: ed.with(document{"x": encode(make([]byte, 31))}), want: ErrPoint},
		{name: "KEYS-06 EC without y", key: es.with(document{"y": nil}), want: ErrPoint},
		{name: "KEYS-07 oct", key: document{"kty": "oct", "k": "AA"}, want: ErrPrivate},
		{name: "KEYS-07 oct without k", key: document{"kty": "oct"}, want: ErrPrivate},
		{name: "KEYS-07 d", key: rs.with(document{"d": "AA"}), want: ErrPrivate},
		{name: "KEYS-07 oth", key: rs.with(document{"oth": []string{}}), want: ErrPrivate},
		{name: "KEYS-08 a later algorithm of key pairs", key: document{"kty": "AKP", "alg": "XL-DSA-44", "pub": "AA"}, want: ErrKeyType},
		{name: "KEYS-08 AKP that is private", key: document{"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA", "priv": "AA"}, want: ErrPrivate},
		{name: "KEYS-08 secp256k1", key: es.with(document{"crv": "secp256k1"}), want: ErrKeyType},
		{name: "KEYS-08 X25519", key: ed.with(document{"crv": "X25519"}), want: ErrKeyType},
		{name: "KEYS-08 no kty", key: es.with(document{"kty": nil}), want: ErrKeyType},
		{name: "KEYS-08 alg of encryption", key: rs.with(document{"alg": "RSA-OAEP"}), want: ErrAlgorithm},
		{name: "KEYS-08 alg of another type of key", key: rs.with(document{"alg": "ES256"}), want: ErrAlgorithm},
		{name: "KEYS-08 alg of another curve", key: es.with(document{"alg": "ES384"}), want: ErrAlgorithm},
		{name: "KEYS-02 kid is not a string", key: rs.with(document{"kid": 1}), want: ErrKeyID},
		{name: "KEYS-02 kid of 512 bytes", key: rs.with(document{"kid": strings.Repeat("k", 512)})},
		{name: "KEYS-02 kid of 513 bytes", key: rs.with(document{"kid": strings.Repeat("k", 513)}), want: ErrKeyID},
		{name: "KEYS-08 broken x5c costs nothing", key: rs.with(document{"x5c": []string{"no certificate"}, "x5u": 1})},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, err := Parse(string(c.key.json(t)))
			if !errors.Is(err, c.want) || (key == nil) != (err != nil) {
				t.Errorf("Parse = %v, %v; want %v", key, err, c.want)
			}
		})
	}
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
		t.Run("KEYS-07 "+name, func(t *testing.T) {
			if _, err := Parse(string(rs.with(document{name: "AA"}).json(t))); !errors.Is(err, ErrPrivate) {
				t.Errorf("Parse = %v", err)
			}
		})
	}
	t.Run("KEYS-08 duplicate member", func(t *testing.T) {
		written := rs.json(t)
		if _, err := Parse(string(written[:len(written)-1]) + `,"e":"AQAB"}`); !errors.Is(err, ErrMalformed) {
			t.Errorf("Parse = %v", err)
		}
	})
}

func TestJWS11AlgorithmFitsTheKey(t *testing.T) {
	edPublic, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_ = edPrivate
	for name, c := range map[string]struct {
		key  document
		fits string
	}{
		"RSA":             {public(t, &rsa2048.PublicKey), "RS256 RS384 RS512 PS256 PS384 PS512"},
		"RSA for PS384":   {public(t, &rsa2048.PublicKey).with(document{"alg": "PS384"}), "PS384"},
		"P-256":           {public(t, &p256.PublicKey), "ES256"},
		"P-521":           {public(t, &p521.PublicKey), "ES512"},
		"OKP":             {public(t, edPublic), "EdDSA Ed25519"},
		"OKP for EdDSA":   {public(t, edPublic).with(document{"alg": "EdDSA"}), "EdDSA Ed25519"},
		"OKP for Ed25519": {public(t, edPublic).with(document{"alg": "Ed25519"}), "EdDSA Ed25519"},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := Parse(string(c.key.json(t)))
			if err != nil {
				t.Fatal(err)
			}
			for _, alg := range append(Algorithms(), "HS256", "none", "") {
				if want := slices.Contains(strings.Fields(c.fits), alg); key.Fits(alg) != want {
					t.Errorf("Fits(%q) is %v", alg, !want)
				}
			}
		})
	}
}

// Verify itself holds the key against alg: a signature of the key by another algorithm is none.
func TestJWS11VerifyByAnotherAlgorithm(t *testing.T) {
	signed := []byte("header.payload")
	digest := byName["RS256"].digest(nil, signed)
	signature, err := rsa.SignPKCS1v15(rand.Reader, rsa2048, crypto.SHA256, digest)
	if err != nil {
		t.Fatal(err)
	}
	free := must(Parse(string(public(t, &rsa2048.PublicKey).json(t))))
	tied := must(Parse(string(public(t, &rsa2048.PublicKey).with(document{"alg": "RS512"}).json(t))))
	for _, alg := range append(Algorithms(), "HS256", "none", "") {
		if got := free.Verify(alg, signed, signature); got != (alg == "RS256") {
			t.Errorf("JWS-11: the signature by RS256 verifies as %q: %v", alg, got)
		}
		if tied.Verify(alg, signed, signature) {
			t.Errorf("JWS-11: by a key for RS512 it verifies as %q", alg)
		}
	}
}

func TestJWS11SaltLength(t *testing.T) {
	key, err := Parse(string(public(t, &rsa2048.PublicKey).json(t)))
	if err != nil {
		t.Fatal(err)
	}
	signed := []byte("header.payload")
	digest := byName["PS256"].digest(nil, signed)
	for salt, want := range map[int]bool{32: true, 31: false, 0: false, 64: false} {
		options := &rsa.PSSOptions{SaltLength: salt}
		if salt == 0 {
			options.SaltLength = 20 // zero would mean automatic
		}
		signature, err := rsa.SignPSS(rand.Reader, rsa2048, crypto.SHA256, digest, options)
		if err != nil {
			t.Fatal(err)
		}
		if got := key.Verify("PS256", signed, signature); got != want {
			t.Errorf("JWS-11: a salt of %d bytes: verifies is %v", options.SaltLength, got)
		}
	}
}

// TestJWS15SignatureIsWrittenAsDERWants compares all lengths of r and s up to P-521's with encoding/asn1.
func TestJWS15SignatureIsWrittenAsDERWants(t *testing.T) {
	const size = 66
	var numbers [][]byte // of size bytes, the upper ones zero
	for length := range size {
		for _, first := range []byte{0x01, 0x7f, 0x80, 0xff} {
			number := make([]byte, size)
			number[length] = first
			numbers = append(numbers, number)
		}
	}
	numbers = append(numbers, make([]byte, size))
	for _, r := range numbers {
		for _, s := range numbers {
			want, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(r), new(big.Int).SetBytes(s)})
			if err != nil {
				t.Fatal(err)
			}
			if got := asn1Signature(r, s); !bytes.Equal(got, want) {
				t.Fatalf("of %x and %x: %x, want %x", r, s, got, want)
			}
		}
	}
}

func TestThumbprint(t *testing.T) {
	edPublic, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]any{"RSA": &rsa2048.PublicKey, "P-256": &p256.PublicKey, "P-521": &p521.PublicKey, "Ed25519": edPublic} {
		theirs := jose.JSONWebKey{Key: key}
		want, err := theirs.Thumbprint(crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := Parse(string(public(t, key).json(t)))
		if err != nil {
			t.Fatal(err)
		}
		for _, ours := range []*Key{parsed, must(New(key))} {
			if got := ours.Thumbprint(); got != encode(want) {
				t.Errorf("RFC 7638 thumbprint of %s is %s, go-jose's %s", name, got, encode(want))
			}
		}
	}
	// The example of RFC 7638 section 3.1.
	key, err := Parse(`{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`)
	if err != nil || key.Thumbprint() != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" {
		t.Errorf("thumbprint of the RFC's example is %v, %v", key.Thumbprint(), err)
	}
}

// What a caller's signer has for a public key is held to the bounds of what is read.
func TestNew(t *testing.T) {
	for name, c := range map[string]struct {
		key  any
		want error
	}{
		"KEYS-05 RSA":                         {&rsa2048.PublicKey, nil},
		"KEYS-05 a nil RSA key":               {(*rsa.PublicKey)(nil), ErrMalformed},
		"KEYS-05 RSA without numbers":         {&rsa.PublicKey{}, ErrMalformed},
		"KEYS-05 RSA of 1 bit":                {&rsa.PublicKey{N: big.NewInt(1), E: 65537}, ErrSize},
		"KEYS-05 RSA with an even exponent":   {&rsa.PublicKey{N: rsa2048.N, E: 4}, ErrSize},
		"KEYS-06 P-256":                       {&p256.PublicKey, nil},
		"KEYS-06 a nil ECDSA key":             {(*ecdsa.PublicKey)(nil), ErrKeyType},
		"KEYS-06 ECDSA without a curve":       {&ecdsa.PublicKey{}, ErrKeyType},
		"KEYS-06 P-224":                       {&p224.PublicKey, ErrKeyType},
		"KEYS-06 Ed25519 of no bytes":         {ed25519.PublicKey(nil), ErrPoint},
		"KEYS-06 Ed25519 of 31 bytes":         {make(ed25519.PublicKey, 31), ErrPoint},
		"KEYS-07 a private key":               {rsa2048, ErrKeyType},
		"KEYS-08 nothing":                     {nil, ErrKeyType},
		"KEYS-08 an RSA key, not a pointer":   {rsa2048.PublicKey, ErrKeyType},
		"KEYS-08 a pointer to a pointer":      {new(*rsa.PublicKey), ErrKeyType},
		"KEYS-08 a pointer to an Ed25519 key": {new(ed25519.PublicKey), ErrKeyType},
	} {
		t.Run(name, func(t *testing.T) {
			if key, err := New(c.key); !errors.Is(err, c.want) || (key == nil) != (err != nil) {
				t.Errorf("New = %v, %v; want %v", key, err, c.want)
			}
		})
	}
}

// A crypto.Signer of a key management system may return anything.
func TestSignByAnOddSigner(t *testing.T) {
	key := must(New(&p256.PublicKey))
	der := func(r, s int64) []byte {
		return must(asn1.Marshal(struct{ R, S *big.Int }{big.NewInt(r), big.NewInt(s)}))
	}
	for name, c := range map[string]struct {
		written []byte
		good    bool
	}{
		"small numbers": {der(1, 2), true}, "nothing": {nil, false}, "r and s side by side": {make([]byte, 64), false},
		"zero": {der(0, 2), false}, "negative": {der(1, -2), false}, "a byte behind": {append(der(1, 2), 0), false},
		"too long": {must(asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)})), false},
	} {
		signature, err := key.Sign("ES256", oddSigner(c.written), []byte("x"))
		if (err == nil) != c.good || c.good && len(signature) != 64 {
			t.Errorf("JWS-15 %s: %x, %v", name, signature, err)
		}
	}
	if _, err := key.Sign("RS256", p256, []byte("x")); err == nil {
		t.Error("JWS-11: an ECDSA key signs by RS256")
	}
}

type oddSigner []byte

func (oddSigner) Public() crypto.PublicKey { return nil }

func (s oddSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return s, nil }
