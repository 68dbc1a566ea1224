package httpguard

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func newCertificate(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestCertificate(t *testing.T) {
	client, other := newCertificate(t), newCertificate(t)
	escapedPEM := func(der []byte) string {
		return url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	}
	sequence := func(der []byte) string { return ":" + base64.StdEncoding.EncodeToString(der) + ":" }
	trust := func(field CertificateField) Proxies { return Proxies{Trusted: trusted, Certificate: field} }
	const none, clients, others = "none", "the client's", "another"

	for _, c := range []struct {
		name    string
		proxies Proxies
		peer    string
		over    []byte // certificate of the connection
		field   string
		values  []string
		want    string // "" for a malformed request
	}{
		{name: "MTLS-01 of the connection", over: client, want: clients},
		{name: "MTLS-02 none", want: none},
		{name: "MTLS-03 forwarded and not configured", field: "Client-Cert", values: []string{sequence(client)}, want: none},
		{name: "MTLS-03 RFC 9440", proxies: trust(CertificateRFC9440), field: "Client-Cert", values: []string{sequence(client)}, want: clients},
		{name: "MTLS-03 RFC 9440 from a stranger", proxies: trust(CertificateRFC9440), peer: stranger, field: "Client-Cert", values: []string{sequence(client)}, want: none},
		{name: "MTLS-03 a stranger's own", proxies: trust(CertificateRFC9440), peer: stranger, over: other, field: "Client-Cert", values: []string{sequence(client)}, want: others},
		{name: "MTLS-03 the proxy's own certificate is not a client's", proxies: trust(CertificateRFC9440), over: other, want: none},
		{name: "MTLS-03 RFC 9440, empty", proxies: trust(CertificateRFC9440), field: "Client-Cert", values: []string{""}, want: none},
		{name: "MTLS-03 RFC 9440, two fields", proxies: trust(CertificateRFC9440), field: "Client-Cert", values: []string{sequence(client), sequence(other)}},
		{name: "MTLS-03 RFC 9440, no colons", proxies: trust(CertificateRFC9440), field: "Client-Cert", values: []string{strings.Trim(sequence(client), ":")}},
		{name: "MTLS-03 RFC 9440, no certificate", proxies: trust(CertificateRFC9440), field: "Client-Cert", values: []string{sequence([]byte("x"))}},
		{name: "MTLS-03 escaped PEM", proxies: trust(CertificateEscapedPEM), field: "X-SSL-Client-Cert", values: []string{escapedPEM(client)}, want: clients},
		{name: "MTLS-03 escaped PEM, own name", proxies: Proxies{Hops: 1, Certificate: CertificateEscapedPEM, CertificateName: "Ssl-Client"}, field: "Ssl-Client", values: []string{escapedPEM(client)}, want: clients},
		{name: "MTLS-03 escaped PEM, another block behind", proxies: trust(CertificateEscapedPEM), field: "X-SSL-Client-Cert", values: []string{escapedPEM(client) + escapedPEM(other)}},
		{name: "MTLS-03 escaped PEM, of another kind", proxies: trust(CertificateEscapedPEM), field: "X-SSL-Client-Cert", values: []string{url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: client})))}},
		{name: "MTLS-03 escaped PEM, broken escape", proxies: trust(CertificateEscapedPEM), field: "X-SSL-Client-Cert", values: []string{"%zz"}},
		{name: "MTLS-03 XFCC", proxies: trust(CertificateXFCC), field: "X-Forwarded-Client-Cert", values: []string{`By=spiffe://a;Hash=00;Cert="` + escapedPEM(client) + `";Subject="CN=a,O=b"`}, want: clients},
		{name: "MTLS-03 XFCC, the nearest proxy's element", proxies: trust(CertificateXFCC), field: "X-Forwarded-Client-Cert", values: []string{`Cert="` + escapedPEM(other) + `",Cert="` + escapedPEM(client) + `"`}, want: clients},
		{name: "MTLS-03 XFCC, a quote that the client opened", proxies: trust(CertificateXFCC), field: "X-Forwarded-Client-Cert", values: []string{`Cert="` + escapedPEM(other) + `";Subject=",Hash=00;Cert="` + escapedPEM(client) + `"`}, want: clients},
		{name: "MTLS-03 XFCC, a quote that the proxy's closes", proxies: trust(CertificateXFCC), field: "X-Forwarded-Client-Cert", values: []string{`Cert="` + escapedPEM(other) + `";Subject=",Cert="` + escapedPEM(client) + `";Subject="CN=\"";URI=spiffe://a`}, want: clients},
		{name: "MTLS-03 XFCC, an escaped backslash", proxies: trust(CertificateXFCC), field: "X-Forwarded-Client-Cert", values: []string{`Cert="` + escapedPEM(other) + `",Cert="` + escapedPEM(client) + `";Subject="CN=a,\\"`}, want: clients},
		{name: "MTLS-03 XFCC, Cert twice", proxies: trust(CertificateXFCC), field: "X-Forwarded-Client-Cert", values: []string{`Cert="` + escapedPEM(client) + `";URI=a;Cert="` + escapedPEM(other) + `"`}},
		{name: "MTLS-03 XFCC without Cert", proxies: trust(CertificateXFCC), field: "X-Forwarded-Client-Cert", values: []string{"Hash=00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := newLocation(Config{Proxies: c.proxies}, "")
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/", nil)
			if r.RemoteAddr = c.peer; c.peer == "" {
				r.RemoteAddr = proxy
			}
			if c.over != nil {
				r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Raw: c.over}}}
			}
			if c.field != "" {
				r.Header[http.CanonicalHeaderKey(c.field)] = c.values
			}
			der, err := l.certificate(r)
			got := none
			switch {
			case err != nil:
				got = ""
			case slices.Equal(der, client):
				got = clients
			case slices.Equal(der, other):
				got = others
			}
			if got != c.want {
				t.Errorf("certificate is %s, %v; want %s", got, err, c.want)
			}
		})
	}
}
