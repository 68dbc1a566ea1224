package verifier_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const bundleURL = "https://spire.example/bundle"

// bundle is a SPIFFE trust bundle with this key for JWT-SVIDs, and one for X.509-SVIDs besides.
func bundle(t *testing.T, key *verifiertest.Key, use string) []byte {
	t.Helper()
	jwk, err := key.JWK()
	if err != nil {
		t.Fatal(err)
	}
	svid := strings.Replace(string(jwk), `"use":"sig"`, fmt.Sprintf(`"use":%q`, use), 1)
	return fmt.Appendf(nil, `{"spiffe_sequence":1,"spiffe_refresh_hint":300,"keys":[{"use":"x509-svid","kty":"EC","crv":"P-256","x5c":["MIIB"]},%s]}`, svid)
}

// A JWT-SVID is verified by the bundle of its trust domain, with and without iss.
func TestSPIFFE(t *testing.T) {
	clock := verifiertest.NewClock(noon)
	signing := key(t, "ES256", "svid")
	published := bundle(t, signing, "jwt-svid")
	const withIssuer = "https://oidc.example.org"
	asIssuer := ports.Domain{
		Issuer: "spiffe://example.org", Exact: true, Algorithms: []string{"ES256"},
		Keys: ports.KeySource{JWKSURL: bundleURL, SPIFFETrustDomain: "example.org"},
	}
	named := asIssuer
	named.Issuer = withIssuer
	plain := ports.Domain{Issuer: "spiffe://plain.example", Exact: true, Algorithms: []string{"ES256"}, Keys: ports.KeySource{JWKSURL: "https://plain.example/jwks"}}
	for _, c := range []struct {
		name   string
		domain ports.Domain
		typ    string
		claims verifiertest.Claims
		issuer string // of what is accepted
		code   verifier.Code
		rule   string
	}{
		{name: "CLAIM-ISS-06 without iss", domain: asIssuer, claims: verifiertest.Claims{"sub": "spiffe://example.org/shop"}, issuer: "spiffe://example.org"},
		{name: "CLAIM-ISS-06 typ JOSE", domain: asIssuer, typ: "JOSE", claims: verifiertest.Claims{"sub": "spiffe://example.org/ns/shop/sa/cart"}, issuer: "spiffe://example.org"},
		{name: "CLAIM-ISS-06 with iss", domain: named, typ: "JWT", claims: verifiertest.Claims{"iss": withIssuer, "sub": "spiffe://example.org/shop"}, issuer: withIssuer},
		{name: "TYP-02 an access token", domain: asIssuer, typ: "at+jwt", claims: verifiertest.Claims{"sub": "spiffe://example.org/shop"}, code: verifier.CodeTokenType, rule: "TYP-02"},
		{name: "CLAIM-ISS-02 of another trust domain, without iss", domain: asIssuer, claims: verifiertest.Claims{"sub": "spiffe://other.example/shop"}, code: verifier.CodeIssuer, rule: "CLAIM-ISS-02"},
		{name: "CLAIM-SUB-02 of another trust domain, with iss", domain: named, claims: verifiertest.Claims{"iss": withIssuer, "sub": "spiffe://other.example/shop"}, code: verifier.CodeClaimMalformed, rule: "CLAIM-SUB-02"},
		{name: "CLAIM-SUB-02 of a trust domain that begins the same", domain: named, claims: verifiertest.Claims{"iss": withIssuer, "sub": "spiffe://example.org.evil.example/shop"}, code: verifier.CodeClaimMalformed, rule: "CLAIM-SUB-02"},
		{name: "CLAIM-SUB-02 no SPIFFE ID", domain: named, claims: verifiertest.Claims{"iss": withIssuer, "sub": "shop"}, code: verifier.CodeClaimMalformed, rule: "CLAIM-SUB-02"},
		{name: "CLAIM-SUB-02 no sub", domain: named, claims: verifiertest.Claims{"iss": withIssuer}, code: verifier.CodeClaimMalformed, rule: "CLAIM-SUB-02"},
		{name: "CLAIM-SUB-02 dots in the path", domain: named, claims: verifiertest.Claims{"iss": withIssuer, "sub": "spiffe://example.org/a/../shop"}, code: verifier.CodeClaimMalformed, rule: "CLAIM-SUB-02"},
		{name: "CLAIM-SUB-02 an empty segment", domain: named, claims: verifiertest.Claims{"iss": withIssuer, "sub": "spiffe://example.org/a//b"}, code: verifier.CodeClaimMalformed, rule: "CLAIM-SUB-02"},
		{name: "CLAIM-SUB-02 percent-encoded", domain: named, claims: verifiertest.Claims{"iss": withIssuer, "sub": "spiffe://example.org/%73hop"}, code: verifier.CodeClaimMalformed, rule: "CLAIM-SUB-02"},
		{name: "CLAIM-SUB-02 2,048 bytes", domain: named, claims: verifiertest.Claims{"iss": withIssuer, "sub": "spiffe://example.org/" + strings.Repeat("a", 2027)}, issuer: withIssuer},
		{name: "CLAIM-SUB-02 2,049 bytes", domain: named, claims: verifiertest.Claims{"iss": withIssuer, "sub": "spiffe://example.org/" + strings.Repeat("a", 2028)}, code: verifier.CodeClaimMalformed, rule: "CLAIM-SUB-02"},
		{name: "CLAIM-ISS-01 no SPIFFE ID, without iss", domain: asIssuer, claims: verifiertest.Claims{"sub": "shop"}, code: verifier.CodeClaimMissing, rule: "CLAIM-ISS-01"},
		{name: "CLAIM-ISS-01 the trust domain itself", domain: asIssuer, claims: verifiertest.Claims{"sub": "spiffe://example.org"}, code: verifier.CodeClaimMissing, rule: "CLAIM-ISS-01"},
		{name: "CLAIM-ISS-01 an issuer that is called so, and has no bundle", domain: plain, claims: verifiertest.Claims{"sub": "spiffe://plain.example/shop"}, code: verifier.CodeClaimMissing, rule: "CLAIM-ISS-01"},
		{name: "CLAIM-AUD-01 without aud", domain: asIssuer, claims: verifiertest.Claims{"sub": "spiffe://example.org/shop", "aud": verifiertest.Absent}, code: verifier.CodeClaimMissing, rule: "CLAIM-AUD-01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			domains := []ports.Domain{c.domain}
			if c.domain.Issuer == plain.Issuer {
				domains = append(domains, asIssuer) // so that tokens may be without iss
			}
			for source, config := range map[string]verifier.Config{"list": {Domains: domains}, "resolver": {Resolver: resolved(domains...)}} {
				config.Audiences, config.Clock = []string{audience}, clock
				config.Fetcher = ports.FetcherFunc(func(_ context.Context, url string) (ports.Document, error) {
					if url == "https://plain.example/jwks" {
						return ports.Document{Body: bundle(t, signing, "sig")}, nil
					}
					return ports.Document{Body: published}, nil
				})
				v, err := verifier.New(config)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { v.Close() })
				claims := map[string]any{"aud": audience, "iat": noon.Unix(), "exp": noon.Unix() + 300}
				for name, value := range c.claims {
					if claims[name] = value; value == verifiertest.Absent {
						delete(claims, name)
					}
				}
				head := map[string]any{"alg": "ES256", "kid": "svid"}
				if c.typ != "" {
					head["typ"] = c.typ
				}
				minted := signSVID(t, signing, head, claims)
				for range 3 { // the third time it is remembered
					verified, err := v.VerifyAccessToken(t.Context(), minted)
					if c.code != "" {
						if e := refusal(t, err); e.Code != c.code || e.Rule != c.rule {
							t.Errorf("%s: the error is %v, want %s (%s)", source, err, c.code, c.rule)
						}
						continue
					}
					if err != nil || verified.Issuer != c.issuer || verified.Subject != c.claims["sub"] {
						t.Errorf("%s: got %+v, %v", source, verified, err)
					}
				}
			}
		})
	}
}

func signSVID(t *testing.T, key *verifiertest.Key, header, claims map[string]any) string {
	t.Helper()
	head, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	token, err := key.Sign(head, payload)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// KEYS-13: which keys of a bundle are taken, wherever it is.
func TestSPIFFEBundles(t *testing.T) {
	signing := key(t, "ES256", "svid")
	file := func(body []byte) string {
		path := filepath.Join(t.TempDir(), "bundle.json")
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	svids, signatures, x509s := bundle(t, signing, "jwt-svid"), bundle(t, signing, "sig"), bundle(t, signing, "x509-svid")
	for name, c := range map[string]struct {
		keys ports.KeySource
		says string // New, or
		code verifier.Code
	}{
		"jwt-svid in a file":                {keys: ports.KeySource{File: file(svids)}},
		"jwt-svid, static":                  {keys: ports.KeySource{Static: svids}},
		"jwt-svid at a URL":                 {keys: ports.KeySource{JWKSURL: bundleURL}},
		"sig in a file":                     {keys: ports.KeySource{File: file(signatures)}, says: "Domains[0].Keys.File no usable key"},
		"sig, static":                       {keys: ports.KeySource{Static: signatures}, says: "Domains[0].Keys.Static no usable key"},
		"x509-svid, static":                 {keys: ports.KeySource{Static: x509s}, says: "Domains[0].Keys.Static no usable key"},
		"PEM":                               {keys: ports.KeySource{Static: []byte("-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n")}, says: "Domains[0].Keys.Static not a JWK Set"},
		"sig at a URL":                      {keys: ports.KeySource{JWKSURL: "https://spire.example/sig"}, code: verifier.CodeIssuerUnavailable},
		"x509-svid at a URL":                {keys: ports.KeySource{JWKSURL: "https://spire.example/x509"}, code: verifier.CodeIssuerUnavailable},
		"a bundle without its trust domain": {keys: ports.KeySource{JWKSURL: bundleURL, SPIFFETrustDomain: "-"}, code: verifier.CodeIssuerUnavailable},
		"metadata":                          {keys: ports.KeySource{MetadataURL: bundleURL}, says: "Domains[0].Keys.SPIFFETrustDomain goes with JWKSURL, File or Static, which name the trust bundle"},
		"an ID for the trust domain":        {keys: ports.KeySource{JWKSURL: bundleURL, SPIFFETrustDomain: "spiffe://example.org"}, says: "Domains[0].Keys.SPIFFETrustDomain is not the name of a trust domain"},
		"another than the issuer":           {keys: ports.KeySource{JWKSURL: bundleURL, SPIFFETrustDomain: "example.com"}, says: "Domains[0].Keys.SPIFFETrustDomain is not the trust domain of the issuer"},
	} {
		t.Run(name, func(t *testing.T) {
			domain := ports.Domain{Issuer: "spiffe://example.org", Exact: true, Algorithms: []string{"ES256"}, Keys: c.keys}
			switch domain.Keys.SPIFFETrustDomain {
			case "":
				domain.Keys.SPIFFETrustDomain = "example.org"
			case "-":
				domain.Issuer, domain.Keys.SPIFFETrustDomain = "https://example.org/", ""
			}
			v, err := verifier.New(verifier.Config{
				Domains: []ports.Domain{domain}, Audiences: []string{audience}, Clock: verifiertest.NewClock(noon),
				Fetcher: ports.FetcherFunc(func(_ context.Context, url string) (ports.Document, error) {
					return ports.Document{Body: map[string][]byte{bundleURL: svids, "https://spire.example/sig": signatures, "https://spire.example/x509": x509s}[url]}, nil
				}),
			})
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("New says %v, want %s", err, c.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { v.Close() })
			claims := map[string]any{"aud": audience, "iat": noon.Unix(), "exp": noon.Unix() + 300, "sub": "spiffe://example.org/shop"}
			if domain.Keys.SPIFFETrustDomain == "" {
				claims["iss"] = domain.Issuer
			}
			_, err = v.VerifyAccessToken(t.Context(), signSVID(t, signing, map[string]any{"alg": "ES256", "kid": "svid"}, claims))
			if c.code == "" && err != nil {
				t.Error(err)
			} else if c.code != "" {
				wantCode(t, err, c.code)
			}
		})
	}
}

// TestSPIFFEBundlesAreForAccessTokensOnly: KEYS-13: the issuer of Domain, by whose keys ID tokens and UserInfo answers are verified, is
// no trust domain: whoever has an SVID could log in by it.
func TestSPIFFEBundlesAreForAccessTokensOnly(t *testing.T) {
	const issuer = "https://oidc.example.org/"
	for _, trustDomain := range []string{"", "example.org"} {
		_, err := verifier.New(verifier.Config{
			Domain: issuer, Audiences: []string{audience},
			Domains: []ports.Domain{{Issuer: issuer, Keys: ports.KeySource{JWKSURL: bundleURL, SPIFFETrustDomain: trustDomain}}},
			Fetcher: ports.FetcherFunc(func(context.Context, string) (ports.Document, error) { return ports.Document{}, nil }),
		})
		var want []string
		if trustDomain != "" {
			want = []string{"Domain"}
		}
		if diff := cmp.Diff(want, faultyFields(err)); diff != "" {
			t.Errorf("trust domain %q: fields (-want +got):\n%s", trustDomain, diff)
		}
	}
}
