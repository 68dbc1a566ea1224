package jwk

import (
	"crypto"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func TestKEYS08OneOddKeyNeverSpoilsTheSet(t *testing.T) {
	good := public(t, &p256.PublicKey).json(t)
	deep := `{"kty":"EC","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`
	for _, odd := range []string{
		`{"kty":"AKP","kid":"odd"}`, `{"kty":"EC","crv":"P-256","kid":"odd","x":"AA","y":"AA"}`, `{"kty":"RSA","n":1,"kid":"odd"}`,
		`{"kty":"oct","k":"AA"}`, `{}`, `1`, `null`, `"key"`, `[]`, deep, `{"kid":"a","kid":"a"}`,
	} {
		set, skipped, err := ParseSet(fmt.Appendf(nil, `{"x":1,"keys":[%s,%s,%s]}`, odd, good, odd), 100, Signatures)
		if err != nil || set.Len() != 1 || len(skipped) != 2 || len(set.ByID("k")) != 1 {
			t.Errorf("with %.40s: set %v, skipped %v, error %v", odd, set, skipped, err)
		}
	}
}

func TestKEYS10MaxKeys(t *testing.T) {
	good := string(public(t, &p256.PublicKey).json(t))
	for keys, want := range map[int]error{0: nil, 3: nil, 4: ErrTooMany, 1024: ErrTooMany, 1025: ErrTooMany} {
		body := `{"keys":[` + strings.TrimSuffix(strings.Repeat(good+",", keys), ",") + `]}`
		if set, _, err := ParseSet([]byte(body), 3, Signatures); !errors.Is(err, want) || err == nil && set.Len() != keys {
			t.Errorf("%d keys: %v, %v; want %v", keys, set, err, want)
		}
	}
}

func TestKEYS10MaxKeysAboveTheOrdinary(t *testing.T) {
	const most = 1100
	for keys, want := range map[int]error{most: nil, most + 1: ErrTooMany} {
		body := `{"keys":[` + strings.Repeat("{},", keys-1) + `{}]}`
		if _, skipped, err := ParseSet([]byte(body), most, Signatures); !errors.Is(err, want) || err == nil && len(skipped) != keys {
			t.Errorf("%d keys: %d are skipped, error %v, want %v", keys, len(skipped), err, want)
		}
	}
}

func TestKEYS08SkippedKeysAreNamed(t *testing.T) {
	long := strings.Repeat("k", 65)
	_, skipped, err := ParseSet([]byte(`{"keys":[{"kid":"odd"},{"kid":1},1,{"kid":"`+long+`"},{"kid":"a","kid":"b"}]}`), 10, Signatures)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"odd", "", "", long[:64], ""}
	for i, key := range skipped {
		if key.ID != want[i] || key.Reason == nil {
			t.Errorf("key %d is named %q, %v; want %q", i, key.ID, key.Reason, want[i])
		}
	}
	if len(skipped) != len(want) {
		t.Errorf("%d keys are skipped, want %d", len(skipped), len(want))
	}
}

func TestKEYS01SoleKeyThatFits(t *testing.T) {
	ec, other, rs := public(t, &p256.PublicKey), public(t, &p521.PublicKey), public(t, &rsa2048.PublicKey)
	set := func(keys ...document) *Set {
		written := must(json.Marshal(map[string]any{"keys": keys}))
		set, _, err := ParseSet(written, 10, Signatures)
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	for name, c := range map[string]struct {
		set  *Set
		want int
	}{
		"none":             {set(rs, other), 0},
		"one":              {set(ec), 1},
		"one among others": {set(rs, other, ec), 1},
		"two":              {set(ec, ec.with(document{"kid": "k2"})), 0},
		"three":            {set(ec, ec.with(document{"kid": "k2"}), ec.with(document{"kid": "k3"})), 0},
	} {
		if got := c.set.Sole("ES256"); len(got) != c.want || len(got) == 1 && !got[0].Fits("ES256") {
			t.Errorf("%s: %d keys, want %d", name, len(got), c.want)
		}
	}
}

func TestParseStatic(t *testing.T) {
	block := func(kind string, der []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	pkixRSA, err := x509.MarshalPKIXPublicKey(&rsa2048.PublicKey)
	rsaBlock := block("PUBLIC KEY", pkixRSA, err)
	pkixEC, err := x509.MarshalPKIXPublicKey(&p256.PublicKey)
	ecBlock := block("PUBLIC KEY", pkixEC, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &p256.PublicKey, p256)
	certificate := block("CERTIFICATE", der, err)
	ecPrivate, err := x509.MarshalECPrivateKey(p256)
	private := block("EC PRIVATE KEY", ecPrivate, err)
	small := block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1023, 1), E: 65537}), nil)
	set := fmt.Appendf(nil, `{"keys":[%s]}`, public(t, &p256.PublicKey).json(t))

	for _, c := range []struct {
		name   string
		source []byte
		keys   int
		want   error
	}{
		{"KEYS-11 JWK Set", set, 1, nil},
		{"KEYS-11 JWK Set with white space around", []byte("\n\t " + string(set) + "\r\n"), 1, nil},
		{"KEYS-11 PEM with white space around", []byte("\n \n" + string(ecBlock) + " \n"), 1, nil},
		{"KEYS-11 only white space", []byte(" \n"), 0, ErrNoKey},
		{"KEYS-11 P-224", block("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(&p224.PublicKey)), nil), 0, ErrKeyType},
		{"KEYS-11 X25519", block("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(must(ecdh.X25519().GenerateKey(rand.Reader)).PublicKey())), nil), 0, ErrKeyType},
		{"KEYS-11 Ed25519", block("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(must(ed25519Public()))), nil), 1, nil},
		{"KEYS-11 JWK Set without keys", []byte(`{"keys":[]}`), 0, ErrNoKey},
		{"KEYS-11 JWK Set with a bad key", []byte(`{"keys":[{"kty":"oct"}]}`), 0, ErrPrivate},
		{"KEYS-11 public key", rsaBlock, 1, nil},
		{"KEYS-11 PKCS #1", block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsa2048.PublicKey), nil), 1, nil},
		{"KEYS-11 certificate", certificate, 1, nil},
		{"KEYS-11 several blocks", append(append(ecBlock, '\n'), rsaBlock...), 2, nil},
		{"KEYS-11 private key", private, 0, errPEMFormat},
		{"KEYS-11 small RSA key", small, 0, ErrSize},
		{"KEYS-11 broken block", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}), 0, ErrMalformed},
		{"KEYS-11 broken certificate", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), 0, ErrMalformed},
		{"KEYS-11 garbage", []byte("key"), 0, errNoPEM},
		{"KEYS-11 garbage behind a block", append(append([]byte{}, ecBlock...), "garbage"...), 0, errNoPEM},
		{"KEYS-11 nothing", nil, 0, ErrNoKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, err := ParseStatic(c.source, Signatures)
			if !errors.Is(err, c.want) || err == nil && set.Len() != c.keys {
				t.Errorf("ParseStatic = %v, %v; want %d keys, %v", set, err, c.keys, c.want)
			}
		})
	}
}

// FuzzParseSet reads sets that are made up. A key that is taken, go-jose takes too and reads as the same.
func FuzzParseSet(f *testing.F) {
	f.Add([]byte(`{"keys":[]}`))
	f.Add(fmt.Appendf(nil, `{"keys":[%s,%s]}`, public(f, &p256.PublicKey).json(f), public(f, &rsa2048.PublicKey).json(f)))
	f.Fuzz(func(t *testing.T, body []byte) {
		set, _, err := ParseSet(body, 10, Signatures)
		if err != nil {
			return
		}
		var read map[string]json.RawMessage
		if err := json.Unmarshal(body, &read); err != nil {
			t.Fatalf("encoding/json: %v", err)
		}
		var elements []json.RawMessage
		if err := json.Unmarshal(read["keys"], &elements); err != nil {
			t.Fatalf("encoding/json: %v", err)
		}
		taken := 0
		for _, element := range elements {
			if key, err := Parse(string(element)); err == nil {
				checkByGoJOSE(t, element, key)
				taken++
			}
		}
		if taken != set.Len() {
			t.Errorf("%d keys are taken one by one, %d of the set", taken, set.Len())
		}
		for _, key := range set.keys {
			// What is not the key's signature does not verify, and does not panic.
			for _, a := range algorithms {
				if key.Verify(a.name, body, body) {
					t.Errorf("%s verified garbage", a.name)
				}
			}
		}
	})
}

// checkByGoJOSE compares a key with what go-jose reads.
func checkByGoJOSE(t *testing.T, written json.RawMessage, ours *Key) {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal(written, &members); err != nil {
		t.Fatalf("encoding/json: %v", err)
	}
	// A certificate vouches for nothing here, and may be broken; go-jose reads it.
	for _, name := range []string{"x5c", "x5u", "x5t", "x5t#S256"} {
		delete(members, name)
	}
	written, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	if large, isRSA := ours.public.(rsaKey); isRSA && large.N.BitLen() > 4096 {
		return // go-jose takes none: decision 4
	}
	if _, isAKP := members["pub"]; isAKP && members["kty"] == "AKP" {
		return // nor of that type
	}
	var theirs jose.JSONWebKey
	if err := theirs.UnmarshalJSON(written); err != nil {
		t.Fatalf("go-jose refuses %s: %v", written, err)
	}
	thumbprint, err := theirs.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if !theirs.IsPublic() || theirs.KeyID != ours.ID || theirs.Algorithm != ours.Algorithm || encode(thumbprint) != ours.Thumbprint() {
		t.Fatalf("go-jose reads %s as %+v", written, theirs)
	}
}
