package jws

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

var everyAlgorithm = func() []jose.SignatureAlgorithm {
	var every []jose.SignatureAlgorithm
	for _, name := range jwk.Algorithms() {
		every = append(every, jose.SignatureAlgorithm(name))
	}
	return every
}()

// FuzzAgainstGoJOSE holds this package against go-jose: what is accepted here, go-jose accepts and reads as the same
// payload. The other way round go-jose is laxer, on purpose (see docs/decisions).
func FuzzAgainstGoJOSE(f *testing.F) {
	signer := verifiertest.MustKey(f, "ES256", "k")
	published, err := signer.JWK()
	if err != nil {
		f.Fatal(err)
	}
	ours, err := jwk.Parse(string(published))
	if err != nil {
		f.Fatal(err)
	}
	var theirs jose.JSONWebKey
	if err := theirs.UnmarshalJSON(published); err != nil {
		f.Fatal(err)
	}
	for _, header := range []string{`{"alg":"ES256","kid":"k"}`, ` {"alg":"ES256","typ":"at+jwt"} `, `{"alg":"ES256","crit":["x"]}`, `{"alg":"ES256","x":"\ud83d\ude00"}`} {
		compact, err := signer.Sign([]byte(header), []byte(`{"iss":"a","n":[1,{"b":null}]}`))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(compact, "")
		f.Add(compact, header)
	}
	f.Add("eyJhbGciOiJub25lIn0.e30.", "")
	f.Fuzz(func(t *testing.T, compact, header string) {
		if header != "" {
			// A header of the fuzzer's making, with a signature that is good.
			var err error
			if compact, err = signer.Sign([]byte(header), []byte(`{}`)); err != nil {
				t.Fatal(err)
			}
		}
		message, payload, fault := parseForm(compact)
		if fault != nil || !message.Verify(ours, nil) {
			return
		}
		parsed, err := jose.ParseSignedCompact(compact, everyAlgorithm)
		if err != nil {
			t.Fatalf("accepted here, but go-jose can't parse it: %v", err)
		}
		theirPayload, err := parsed.Verify(theirs)
		if err != nil {
			t.Fatalf("accepted here, but go-jose does not verify it: %v", err)
		}
		if string(theirPayload) != payload || parsed.Signatures[0].Header.KeyID != message.KeyID {
			t.Error("go-jose reads something else")
		}
		for segment := range strings.SplitSeq(compact, ".") {
			lax, err := base64.RawURLEncoding.DecodeString(segment)
			if err != nil || base64.RawURLEncoding.EncodeToString(lax) != segment {
				t.Error("accepted a second spelling")
			}
		}
	})
}

// TestJWS02LineBreaksAreNoBase64 puts breaks, which encoding/base64 skips, into segments of all lengths.
func TestJWS02LineBreaksAreNoBase64(t *testing.T) {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256"}`))
	for length := range 9 {
		signature := base64.RawURLEncoding.EncodeToString(make([]byte, length+1))
		if _, fault := Parse(header + ".e30." + signature); fault != nil {
			t.Fatalf("a signature of %d bytes: %v", length+1, fault)
		}
		for at := range len(signature) + 1 {
			for _, breaks := range []string{"\n", "\r", "\r\n", "\n\n\n", "\n\n\n\n", "\r\n\r\n\r\n"} {
				broken := signature[:at] + breaks + signature[at:]
				if _, fault := Parse(header + ".e30." + broken); fault != ErrBase64 {
					t.Errorf("%q: %v", broken, fault)
				}
			}
		}
	}
	// A header and a payload of a length that is divided by four, as breaks leave it.
	for _, broken := range []string{header[:4] + "\n" + header[4:] + ".e30.AA", header + ".eyB9\n.AA", header + ".e30\n.AA"} {
		if _, fault := Parse(broken); fault != ErrBase64 {
			t.Errorf("%q: %v", broken, fault)
		}
	}
}

func BenchmarkParseAndVerify(b *testing.B) {
	signer := verifiertest.MustKey(b, "RS256", "k")
	published, err := signer.JWK()
	if err != nil {
		b.Fatal(err)
	}
	ours, err := jwk.Parse(string(published))
	if err != nil {
		b.Fatal(err)
	}
	var theirs jose.JSONWebKey
	if err := theirs.UnmarshalJSON(published); err != nil {
		b.Fatal(err)
	}
	compact, err := signer.Sign([]byte(`{"alg":"RS256","kid":"k","typ":"at+jwt"}`),
		[]byte(`{"iss":"https://issuer.example/","sub":"user-1","aud":"https://api.example","iat":1772366400,"exp":1772366700,"jti":"ABCDEF","scope":"read:orders write:orders","azp":"app"}`))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("strict", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			message, err := Parse(compact)
			if err != nil || !message.Verify(ours, nil) {
				b.Fatal(err)
			}
		}
	})
	b.Run("go-jose", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			parsed, err := jose.ParseSignedCompact(compact, everyAlgorithm)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := parsed.Verify(theirs); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		message, err := Parse(compact)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if !ours.Verify("RS256", message.signed, message.signature) {
				b.Fatal("signature")
			}
		}
	})
}
