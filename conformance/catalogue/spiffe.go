package catalogue

import (
	"encoding/json"
	"errors"

	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// spiffeCases are about JWT-SVIDs, and trust bundles.
func spiffeCases() []Case {
	const trustDomain, workload = "example.org", "spiffe://example.org/shop"
	svid := func(sub any) Token {
		return Token{Header: Fields{"typ": "JWT"}, Claims: Fields{"iss": Absent, "sub": sub}}
	}
	return []Case{
		TokenCase("KEYS-13.svid", Accepted, "a JWT-SVID, by a key for such in the bundle", svid(workload)).Configured(bundle(trustDomain, "jwt-svid")),
		TokenCase("KEYS-13.other-use", BadToken, "a JWT-SVID, by a key of the bundle for X.509-SVIDs", svid(workload)).
			Configured(bundle(trustDomain, "x509-svid")).ReportedAs("CACHE-05"),
		TokenCase("KEYS-13.signature", BadToken, "a JWT-SVID, by a key of the bundle whose use is sig", svid(workload)).
			Configured(bundle(trustDomain, "sig")).ReportedAs("CACHE-05"),
		ConfigCase("KEYS-13.elsewhere", RefusedByNew, "a trust bundle that is not configured as one", func(e *Environment, c *verifier.Config) {
			bundle(trustDomain, "jwt-svid")(e, c)
			c.Domains[0].Issuer, c.Domains[0].Keys.SPIFFETrustDomain = e.Issuer.URL, ""
		}),
		TokenCase("CLAIM-ISS-06.another", BadToken, "a JWT-SVID of another trust domain, by the same key", svid("spiffe://example.com/shop")).
			Configured(bundle(trustDomain, "jwt-svid")).ReportedAs("CLAIM-ISS-02"),
		TokenCase("CLAIM-ISS-06.not-a-workload", BadToken, "a token without iss whose sub is not the SPIFFE ID of a workload", svid("spiffe://example.org")).
			Configured(bundle(trustDomain, "jwt-svid")).ReportedAs("CLAIM-ISS-01"),
		TokenCase("CLAIM-ISS-06.elsewhere", BadToken, "a JWT-SVID without iss, where no bundle is configured", svid(workload)).ReportedAs("CLAIM-ISS-01"),
		TokenCase("CLAIM-SUB-02.another", BadToken, "a token of the issuer of a bundle, for a workload of another trust domain",
			Token{Header: Fields{"typ": "JWT"}, Claims: Fields{"iss": "spiffe://example.org", "sub": "spiffe://example.com/shop"}}).
			Configured(bundle(trustDomain, "jwt-svid")),
		TokenCase("CLAIM-SUB-02.begins-alike", BadToken, "a token of the issuer of a bundle, for a trust domain that begins with its name",
			Token{Header: Fields{"typ": "JWT"}, Claims: Fields{"iss": "spiffe://example.org", "sub": "spiffe://example.org.evil.example/shop"}}).
			Configured(bundle(trustDomain, "jwt-svid")),
		TokenCase("CLAIM-SUB-02.its-own", Accepted, "a token of the issuer of a bundle, for a workload of its own",
			Token{Header: Fields{"typ": "JWT"}, Claims: Fields{"iss": "spiffe://example.org", "sub": workload}}).
			Configured(bundle(trustDomain, "jwt-svid")),
	}
}

// bundle has the issuer's key in the trust bundle of a SPIFFE trust domain, with that use, and another one for JWT-SVIDs.
func bundle(trustDomain, use string) Policy {
	return func(e *Environment, c *verifier.Config) {
		signing, err := e.JWK(SigningKey, Fields{"use": use})
		other, errOther := e.JWK(NextKey, Fields{"use": "jwt-svid"})
		set, errSet := json.Marshal(map[string]any{"keys": []any{signing, other}})
		if errors.Join(err, errOther, errSet) != nil {
			return // and the case fails
		}
		c.Domain, c.Domains = "", []ports.Domain{{
			Issuer: "spiffe://" + trustDomain, Exact: true, Keys: ports.KeySource{Static: set, SPIFFETrustDomain: trustDomain},
		}}
	}
}
