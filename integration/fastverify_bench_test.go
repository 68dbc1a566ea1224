package integration

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// BenchmarkFastverify tells how long whole verifications take by bare cryptography of the standard library: with prepared keys, and
// without. The three take turns, so that whatever else the machine does slows down all, and medians are compared.
func BenchmarkFastverify(b *testing.B) {
	const api = "https://api.example/orders"
	key := verifiertest.MustKey(b, "RS256", "key-1")
	issuer := verifiertest.MustIssuer(b, "https://issuer.example/", key)
	client := &verifiertest.Prover{Key: verifiertest.MustKey(b, "ES256", "")}
	const audience = "https://api.example"
	config := verifier.Config{Domain: issuer.URL, Audiences: []string{audience}, Fetcher: issuer}
	open := func(config verifier.Config) *verifier.Verifier {
		v, err := verifier.New(config)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { v.Close() })
		return v
	}
	standard := open(config)
	config.SignatureVerifier = fastVerifier(b)
	prepared := open(config)
	claims := verifiertest.Claims{"aud": audience, "permissions": strings.Split(strings.Repeat("read:things ", 20), " ")[:20]}

	const tokens = 400
	b.Run("RS256 never seen", func(b *testing.B) {
		requests, floors := make([]verifier.Request, tokens), make([]func() bool, tokens)
		for i := range requests {
			token := issuer.MustToken(b, claims)
			requests[i] = authorized(api, "Bearer "+token)
			floors[i] = floor(b, token, key.Public())
		}
		compareWhole(b, requests, floors, standard, prepared)
	})
	b.Run("DPoP, token seen", func(b *testing.B) {
		requests, floors := make([]verifier.Request, tokens), make([]func() bool, tokens)
		bound := verifiertest.Claims{"aud": audience, "cnf": verifiertest.Claims{"jkt": client.MustThumbprint(b)}}
		token := issuer.MustToken(b, bound)
		for i := range requests {
			proof := client.MustProof(b, http.MethodGet, api, token, nil, nil)
			requests[i] = authorized(api, "DPoP "+token)
			requests[i].Header["Dpop"] = []string{proof}
			floors[i] = floor(b, proof, client.Key.Public())
		}
		compareWhole(b, requests, floors, standard, prepared)
	})
}

func authorized(url, authorization string) verifier.Request {
	return verifier.Request{Method: http.MethodGet, URL: url, Header: map[string][]string{"Authorization": {authorization}}}
}

// floor is the hash and the signature check of a compact JWS.
func floor(b *testing.B, compact string, key crypto.PublicKey) func() bool {
	b.Helper()
	dot := strings.LastIndexByte(compact, '.')
	signed := []byte(compact[:dot])
	signature, err := base64.RawURLEncoding.DecodeString(compact[dot+1:])
	if err != nil {
		b.Fatal(err)
	}
	if key, isRSA := key.(*rsa.PublicKey); isRSA {
		return func() bool {
			digest := sha256.Sum256(signed)
			return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
		}
	}
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	return func() bool {
		digest := sha256.Sum256(signed)
		return ecdsa.Verify(key.(*ecdsa.PublicKey), digest[:], r, s)
	}
}

// compareWhole sends each request to both verifiers once.
func compareWhole(b *testing.B, requests []verifier.Request, floors []func() bool, standard, prepared *verifier.Verifier) {
	b.Helper()
	times := [3][]time.Duration{}
	timed := func(of int, do func() bool) {
		began := time.Now()
		passed := do()
		times[of] = append(times[of], time.Since(began))
		if !passed {
			b.Fatal("refused")
		}
	}
	decide := func(v *verifier.Verifier, r verifier.Request) func() bool {
		return func() bool {
			_, err := v.VerifyRequest(context.Background(), r)
			if err != nil {
				b.Error(err)
			}
			return err == nil
		}
	}
	for i, request := range requests {
		timed(0, floors[i])
		timed(1, decide(standard, request))
		timed(2, decide(prepared, request))
	}
	b.ReportMetric(0, "ns/op") // each request is used once, so that it says nothing
	var medians [3]float64
	for of := range times {
		slices.Sort(times[of])
		medians[of] = float64(times[of][len(times[of])/2])
	}
	b.ReportMetric(medians[0], "ns/bare")
	b.ReportMetric(medians[1]/medians[0], "standard/bare")
	b.ReportMetric(medians[2]/medians[0], "prepared/bare")
}
