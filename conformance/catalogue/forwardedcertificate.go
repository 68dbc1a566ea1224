package catalogue

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"net/url"
	"strings"

	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
)

// forwardedCertificateCases are about the forms in which proxies forward a client's certificate.
func forwardedCertificateCases() []Case {
	const (
		rfc9440 = "Client-Cert"
		xfcc    = "X-Forwarded-Client-Cert"
		nginx   = "X-SSL-Client-Cert"
	)
	var (
		standard = Front{Proxy: true, Certificate: true}
		envoy    = Front{Proxy: true, XFCC: true}
		escaped  = Front{Proxy: true, EscapedPEM: true}
	)
	cert := func(key string) func(*Run) string {
		return func(run *Run) string { return "Cert=\"" + escapedPEM(run, key) + "\"" }
	}
	asPEM := func(key string) func(*Run) string { return func(run *Run) string { return escapedPEM(run, key) } }
	text := func(s string) func(*Run) string { return func(*Run) string { return s } }
	return []Case{
		fieldCertificateCase("MTLS-03.two-fields", BadRequest, "two Client-Cert fields", standard, rfc9440, byteSequence(ClientKey), byteSequence(ClientKey)),
		fieldCertificateCase("MTLS-03.not-base64", BadRequest, "a Client-Cert that is not base64", standard, rfc9440, text(":#:")),
		fieldCertificateCase("MTLS-03.no-colons", BadRequest, "a Client-Cert without its colons", standard, rfc9440, func(run *Run) string {
			return base64.StdEncoding.EncodeToString(run.Certificate(ClientKey))
		}),
		fieldCertificateCase("MTLS-03.not-a-certificate", BadRequest, "a Client-Cert that has no certificate", standard, rfc9440, text(":AAAA:")),
		fieldCertificateCase("MTLS-03.none-forwarded", BadToken, "no Client-Cert, of a client without certificate", standard, rfc9440).ReportedAs("MTLS-02"),

		fieldCertificateCase("MTLS-03.xfcc", Accepted, "a certificate in X-Forwarded-Client-Cert", envoy, xfcc, cert(ClientKey)),
		fieldCertificateCase("MTLS-03.xfcc-another", BadToken, "another in X-Forwarded-Client-Cert", envoy, xfcc, cert(OtherClientKey)).ReportedAs("MTLS-01"),
		fieldCertificateCase("MTLS-03.xfcc-elements", Accepted, "a certificate in X-Forwarded-Client-Cert besides other elements", envoy, xfcc, func(run *Run) string {
			return "By=spiffe://a.example/b;Hash=" + hex.EncodeToString([]byte("h")) + ";" + cert(ClientKey)(run) + `;Subject="CN=\"a, b; c\""`
		}),
		fieldCertificateCase("MTLS-03.xfcc-nearest", Accepted, "the certificate that the nearest proxy wrote, behind the client's", envoy, xfcc, func(run *Run) string {
			return cert(OtherClientKey)(run) + "," + cert(ClientKey)(run)
		}),
		fieldCertificateCase("MTLS-03.xfcc-first", BadToken, "a certificate that the client wrote before the nearest proxy's", envoy, xfcc, func(run *Run) string {
			return cert(ClientKey)(run) + "," + cert(OtherClientKey)(run)
		}).ReportedAs("MTLS-01"),
		fieldCertificateCase("MTLS-03.xfcc-hash", BadRequest, "X-Forwarded-Client-Cert with a hash only", envoy, xfcc, text("Hash=00")),
		fieldCertificateCase("MTLS-03.xfcc-twice", BadRequest, "two certificates in one element", envoy, xfcc, func(run *Run) string {
			return cert(ClientKey)(run) + ";" + cert(ClientKey)(run)
		}),
		fieldCertificateCase("MTLS-03.xfcc-other-field", BadToken, "a certificate in Client-Cert, where proxies write X-Forwarded-Client-Cert", envoy, rfc9440,
			byteSequence(ClientKey)).ReportedAs("MTLS-02"),

		fieldCertificateCase("MTLS-03.pem", Accepted, "a certificate in escaped PEM", escaped, nginx, asPEM(ClientKey)),
		fieldCertificateCase("MTLS-03.pem-another", BadToken, "another in escaped PEM", escaped, nginx, asPEM(OtherClientKey)).ReportedAs("MTLS-01"),
		fieldCertificateCase("MTLS-03.pem-two", BadRequest, "two certificates in escaped PEM", escaped, nginx, func(run *Run) string {
			return escapedPEM(run, ClientKey) + escapedPEM(run, OtherClientKey)
		}),
		fieldCertificateCase("MTLS-03.pem-garbage", BadRequest, "text that is not PEM", escaped, nginx, text("garbage")),
		fieldCertificateCase("MTLS-03.pem-escape", BadRequest, "an escape that is cut short", escaped, nginx, text("%2")),
		fieldCertificateCase("MTLS-03.pem-key", BadRequest, "PEM of another type", escaped, nginx, func(run *Run) string {
			return url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: run.Certificate(ClientKey)})))
		}),
		fieldCertificateCase("MTLS-03.pem-empty", BadToken, "an empty field, of a client without certificate", escaped, nginx, text("")).ReportedAs("MTLS-02"),
	}
}

// fieldCertificateCase has a token that is bound to the client's certificate, and fields that a proxy writes.
func fieldCertificateCase(id string, want Expectation, reason string, front Front, field string, values ...func(*Run) string) Case {
	return RequestCase(id, want, reason, func(run *Run) Request {
		r := Bearer(run.Sign(Token{Claims: Fields{"cnf": Fields{"x5t#S256": CertificateHash(run.Certificate(ClientKey))}}}))
		for _, value := range values {
			r = r.With(field, value(run))
		}
		return r
	}).In(Allowed, Disabled).Behind(front).Configured(mtlsMode(verifier.MTLSOn))
}

// byteSequence writes a certificate as RFC 9440 does.
func byteSequence(key string) func(*Run) string {
	return func(run *Run) string { return ":" + base64.StdEncoding.EncodeToString(run.Certificate(key)) + ":" }
}

// escapedPEM writes a certificate as nginx and Envoy do.
func escapedPEM(run *Run, key string) string {
	escaped := url.QueryEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: run.Certificate(key)})))
	return strings.ReplaceAll(escaped, "+", "%20")
}
