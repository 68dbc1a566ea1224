package catalogue

import (
	"encoding/base64"

	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
)

// mtlsCases are about tokens that are bound to a client certificate (RFC 8705 section 3).
func mtlsCases() []Case {
	return []Case{
		certificateCase("MTLS-01.own", Accepted, "the certificate that the token is bound to",
			verifier.MTLSOn, ClientKey, ClientKey),
		certificateCase("MTLS-01.another", BadToken, "another certificate",
			verifier.MTLSOn, ClientKey, OtherClientKey),
		certificateCase("MTLS-01.required", Accepted, "the certificate that the token is bound to, where that is required",
			verifier.MTLSRequired, ClientKey, ClientKey),
		hashedCertificateCase("MTLS-01.cut", "a hash without its last character",
			func(hash string) any { return hash[:42] }),
		hashedCertificateCase("MTLS-01.padded", "a hash with padding",
			func(hash string) any { return hash + "=" }),
		hashedCertificateCase("MTLS-01.array", "a hash in an array",
			func(hash string) any { return []string{hash} }),

		certificateCase("MTLS-02.none", BadToken, "no certificate", verifier.MTLSOn, ClientKey, ""),
		certificateCase("MTLS-02.off", BadToken, "the certificate, where mTLS is off",
			verifier.MTLSOff, ClientKey, ClientKey).ReportedAs("DPOP-BIND-03"),
		certificateCase("MTLS-02.unbound", Accepted, "a token that is not bound, with a certificate",
			verifier.MTLSOn, "", OtherClientKey),
		certificateCase("MTLS-02.unbound-required", BadToken, "a token that is not bound, where that is required",
			verifier.MTLSRequired, "", ClientKey),

		forwardedCase("MTLS-03.trusted", Accepted, "a certificate that a trusted proxy forwards",
			Front{Proxy: true, Certificate: true}, ClientKey).ReportedAs("MTLS-02"),
		forwardedCase("MTLS-03.another", BadToken, "another that it forwards",
			Front{Proxy: true, Certificate: true}, OtherClientKey).ReportedAs("MTLS-01"),
		forwardedCase("MTLS-03.not-configured", BadToken, "a certificate in a field of a trusted proxy that forwards none",
			Front{Proxy: true}, ClientKey).ReportedAs("MTLS-02"),
		forwardedCase("MTLS-03.client", BadToken, "a certificate in a field that the client wrote",
			Front{}, ClientKey).ReportedAs("MTLS-02"),

		bothCase("MTLS-04.both", Accepted, "both the key and the certificate", true, ClientKey),
		bothCase("MTLS-04.key-alone", BadToken, "only the key", true, "").ReportedAs("MTLS-02"),
		bothCase("MTLS-04.certificate-alone", BadToken, "only the certificate, as Bearer",
			false, ClientKey).ReportedAs("DPOP-REQ-04").In(Allowed),
		bothCase("MTLS-04.other-certificate", BadToken, "the key and another certificate",
			true, OtherClientKey).ReportedAs("MTLS-01"),
	}
}

// certificateCase has a token that is bound to one certificate, and a client with another.
func certificateCase(id string, want Expectation, reason string, mode verifier.MTLSMode, bound, sent string) Case {
	return RequestCase(id, want, reason, func(run *Run) Request {
		t := Token{Unbound: true}
		if bound != "" {
			t.Claims = Fields{"cnf": Fields{"x5t#S256": CertificateHash(run.Certificate(bound))}}
		}
		r := Bearer(run.Sign(t))
		r.Certificate = run.Certificate(sent)
		return r
	}).In(Allowed, Disabled).Configured(mtlsMode(mode)).OverTLS()
}

// hashedCertificateCase has the hash changed.
func hashedCertificateCase(id, reason string, change func(string) any) Case {
	return RequestCase(id, BadToken, reason, func(run *Run) Request {
		r := Bearer(run.Sign(Token{Claims: Fields{"cnf": Fields{"x5t#S256": change(CertificateHash(run.Certificate(ClientKey)))}}}))
		r.Certificate = run.Certificate(ClientKey)
		return r
	}).In(Allowed, Disabled).Configured(mtlsMode(verifier.MTLSOn)).ReportedAs("DPOP-BIND-02")
}

// forwardedCase has the certificate in a header field, as RFC 9440 writes it.
func forwardedCase(id string, want Expectation, reason string, front Front, forwarded string) Case {
	return RequestCase(id, want, reason, func(run *Run) Request {
		bound := run.Sign(Token{Claims: Fields{"cnf": Fields{"x5t#S256": CertificateHash(run.Certificate(ClientKey))}}})
		return Bearer(bound).
			With("Client-Cert", ":"+base64.StdEncoding.EncodeToString(run.Certificate(forwarded))+":")
	}).In(Allowed, Disabled).Behind(front).Configured(mtlsMode(verifier.MTLSOn))
}

// bothCase has a token that is bound to the client's key and to its certificate.
func bothCase(id string, want Expectation, reason string, proved bool, sent string) Case {
	return RequestCase(id, want, reason, func(run *Run) Request {
		bound := run.Sign(Token{Claims: Fields{"cnf": Fields{"x5t#S256": CertificateHash(run.Certificate(ClientKey)), "jkt": run.Thumbprint(ClientKey)}}})
		r := Bearer(bound)
		if proved {
			r = run.Proved(bound, Proof{})
		}
		r.Certificate = run.Certificate(sent)
		return r
	}).In(Allowed, Required).Configured(mtlsMode(verifier.MTLSOn))
}

func mtlsMode(m verifier.MTLSMode) Policy {
	return func(_ *Environment, c *verifier.Config) { c.MTLS = m }
}
