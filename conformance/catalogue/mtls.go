package catalogue

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
)

// mtlsCases are about tokens that are bound to a client certificate (RFC 8705 section 3).
func mtlsCases() []Case {
	return []Case{
		certificateCase("MTLS-01.own", accepted, "the certificate that the token is bound to",
			verifier.MTLSOn, ownCertificate, ownCertificate),
		certificateCase("MTLS-01.another", badToken, "another certificate",
			verifier.MTLSOn, ownCertificate, otherCertificate),
		certificateCase("MTLS-01.required", accepted, "the certificate that the token is bound to, where that is required",
			verifier.MTLSRequired, ownCertificate, ownCertificate),
		hashedCertificateCase("MTLS-01.cut", "a hash without its last character",
			func(hash string) any { return hash[:42] }),
		hashedCertificateCase("MTLS-01.padded", "a hash with padding",
			func(hash string) any { return hash + "=" }),
		hashedCertificateCase("MTLS-01.array", "a hash in an array",
			func(hash string) any { return []string{hash} }),

		certificateCase("MTLS-02.none", badToken, "no certificate", verifier.MTLSOn, ownCertificate, nil),
		certificateCase("MTLS-02.off", badToken, "the certificate, where mTLS is off",
			verifier.MTLSOff, ownCertificate, ownCertificate).named("DPOP-BIND-03"),
		certificateCase("MTLS-02.unbound", accepted, "a token that is not bound, with a certificate",
			verifier.MTLSOn, nil, otherCertificate),
		certificateCase("MTLS-02.unbound-required", badToken, "a token that is not bound, where that is required",
			verifier.MTLSRequired, nil, ownCertificate),

		forwardedCase("MTLS-03.trusted", accepted, "a certificate that a trusted proxy forwards",
			Front{Proxy: true, Certificate: true}, ownCertificate).named("MTLS-02"),
		forwardedCase("MTLS-03.another", badToken, "another that it forwards",
			Front{Proxy: true, Certificate: true}, otherCertificate).named("MTLS-01"),
		forwardedCase("MTLS-03.not-configured", badToken, "a certificate in a field of a trusted proxy that forwards none",
			Front{Proxy: true}, ownCertificate).named("MTLS-02"),
		forwardedCase("MTLS-03.client", badToken, "a certificate in a field that the client wrote",
			Front{}, ownCertificate).named("MTLS-02"),

		bothCase("MTLS-04.both", accepted, "both the key and the certificate", true, ownCertificate),
		bothCase("MTLS-04.key-alone", badToken, "the key alone", true, nil).named("MTLS-02"),
		bothCase("MTLS-04.certificate-alone", badToken, "the certificate alone, as Bearer",
			false, ownCertificate).named("DPOP-REQ-04").in(Allowed),
		bothCase("MTLS-04.other-certificate", badToken, "the key and another certificate",
			true, otherCertificate).named("MTLS-01"),
	}
}

type certificateOf func(*World) ([]byte, error)

// certificateCase has a token that is bound to one certificate, and a client with another.
func certificateCase(id string, want Outcome, reason string, mode verifier.MTLSMode, bound, sent certificateOf) Case {
	return requestCase(id, want, reason, func(s *scene) Request {
		t := token{unbound: true}
		if bound != nil {
			t.claims = fields{"cnf": fields{"x5t#S256": s.hash(bound)}}
		}
		r := bearer(s.sign(t))
		r.Certificate = s.certificate(sent)
		return r
	}).in(Allowed, Disabled).with(mtlsMode(mode))
}

// hashedCertificateCase has the hash changed.
func hashedCertificateCase(id, reason string, change func(string) any) Case {
	return requestCase(id, badToken, reason, func(s *scene) Request {
		r := bearer(s.sign(token{claims: fields{"cnf": fields{"x5t#S256": change(s.hash(ownCertificate))}}}))
		r.Certificate = s.certificate(ownCertificate)
		return r
	}).in(Allowed, Disabled).with(mtlsMode(verifier.MTLSOn)).named("DPOP-BIND-02")
}

// forwardedCase has the certificate in a header field, as RFC 9440 writes it.
func forwardedCase(id string, want Outcome, reason string, front Front, forwarded certificateOf) Case {
	return requestCase(id, want, reason, func(s *scene) Request {
		bound := s.sign(token{claims: fields{"cnf": fields{"x5t#S256": s.hash(ownCertificate)}}})
		return bearer(bound).
			with("Client-Cert", ":"+base64.StdEncoding.EncodeToString(s.certificate(forwarded))+":")
	}).in(Allowed, Disabled).behind(front).with(mtlsMode(verifier.MTLSOn))
}

// bothCase has a token that is bound to the client's key and to its certificate.
func bothCase(id string, want Outcome, reason string, proved bool, sent certificateOf) Case {
	return requestCase(id, want, reason, func(s *scene) Request {
		bound := s.sign(token{claims: fields{"cnf": fields{"x5t#S256": s.hash(ownCertificate), "jkt": s.thumbprint(clientKey)}}})
		r := bearer(bound)
		if proved {
			r = s.proved(bound, proof{})
		}
		r.Certificate = s.certificate(sent)
		return r
	}).in(Allowed, Required).with(mtlsMode(verifier.MTLSOn))
}

func mtlsMode(m verifier.MTLSMode) func(*World, *verifier.Config) {
	return func(_ *World, c *verifier.Config) { c.MTLS = m }
}

func (s *scene) certificate(of certificateOf) []byte {
	if of == nil {
		return nil
	}
	der, err := of(s.World)
	s.must(err)
	return der
}

func (s *scene) hash(of certificateOf) string {
	sum := sha256.Sum256(s.certificate(of))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ownCertificate is that of the client, otherCertificate that of another.
func ownCertificate(w *World) ([]byte, error)   { return w.certificate() }
func otherCertificate(w *World) ([]byte, error) { return w.otherCertificate() }

func selfSigned() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: strings.ToLower(randomID())},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	return x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
}
