package httpguard

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
)

var trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

const proxy, stranger = "10.0.0.1:4711", "192.0.2.7:4711"

// locate returns where a configuration finds a request, or the rule that the request breaks.
func locate(t *testing.T, config Config, peer, target string, fields map[string][]string) (string, string) {
	t.Helper()
	l, err := newLocation(config)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", target, nil)
	r.RemoteAddr = peer
	for name, values := range fields {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	found, err := l.url(r)
	var broken *errRequest
	if errors.As(err, &broken) {
		return "", broken.rule
	}
	return found, ""
}

func TestURL(t *testing.T) {
	byCIDR := Config{Proxies: Proxies{Trusted: trusted}}
	byHops := func(n int) Config { return Config{Proxies: Proxies{Hops: n}} }
	rfc7239 := Config{Proxies: Proxies{Trusted: trusted, Forwarded: Forwarded}}
	type header = map[string][]string
	const inside = "http://api.internal/orders?a=b"
	xff := func(from, proto, host string) header {
		return header{"X-Forwarded-For": {from}, "X-Forwarded-Proto": {proto}, "X-Forwarded-Host": {host}}
	}

	for _, c := range []struct {
		name   string
		config Config
		peer   string
		target string
		fields header
		want   string
		rule   string
	}{
		{name: "PROXY-01 the connection's", want: inside},
		{name: "PROXY-01 forwarded fields are ignored", fields: xff("192.0.2.1", "https", "api.example"), want: inside},
		{name: "PROXY-01 escapes are kept", target: "http://api.internal/a%2Fb", want: "http://api.internal/a%2Fb"},
		{name: "PROXY-02 from a trusted peer", config: byCIDR, fields: xff("192.0.2.1", "https", "api.example"), want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 from a trusted peer by IPv6", config: byCIDR, peer: "[fd00::1]:4711", fields: xff("192.0.2.1", "https", "api.example"), want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 from a trusted peer by a mapped address", config: byCIDR, peer: "[::ffff:10.0.0.1]:4711", fields: xff("192.0.2.1", "https", "api.example"), want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 from anybody else", config: byCIDR, peer: stranger, fields: xff("192.0.2.1", "https", "api.example"), want: inside},
		{name: "PROXY-02 from a peer without an address", config: byCIDR, peer: "@", fields: xff("192.0.2.1", "https", "api.example"), want: inside},
		{name: "PROXY-02 nothing forwarded", config: byCIDR, want: inside},
		{name: "PROXY-02 the scheme alone", config: byCIDR, fields: header{"X-Forwarded-Proto": {"https"}}, want: "https://api.internal/orders?a=b"},
		{name: "PROXY-02 two trusted proxies", config: byCIDR, fields: xff("192.0.2.1, 10.0.0.2", "https, http", "api.example, api.middle"), want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 what the client wrote is not reached", config: byCIDR, fields: xff("10.9.9.9, 192.0.2.1", "http, https", "evil.example, api.example"), want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 RFC 7239 is not read unless chosen", config: byCIDR, fields: header{"Forwarded": {"for=192.0.2.1;proto=https;host=api.example"}}, want: inside},
		{name: "PROXY-02 one hop", config: byHops(1), peer: stranger, fields: xff("x, 192.0.2.1", "http, https", "evil.example, api.example"), want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 two hops", config: byHops(2), peer: stranger, fields: xff("192.0.2.1, 10.0.0.2", "https, http", "api.example, api.middle"), want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 fewer hops than configured", config: byHops(2), fields: xff("192.0.2.1", "https", "api.example"), rule: "PROXY-02"},
		{name: "PROXY-02 RFC 7239", config: rfc7239, fields: header{"Forwarded": {`for=192.0.2.1;proto=https;host="api.example:8443"`}}, want: "https://api.example:8443/orders?a=b"},
		{name: "PROXY-02 RFC 7239, two fields, quoted IPv6 and case", config: rfc7239, fields: header{"Forwarded": {`for=192.0.2.1; Proto=HTTPS;HOST=api.example`, `for="[fd00::2]:99";proto=http;host=api.middle`}}, want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 RFC 7239, what the client wrote", config: rfc7239, fields: header{"Forwarded": {`for=10.9.9.9;host=evil.example, for=unknown;proto=https;host=api.example`}}, want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 RFC 7239, comma in quotes", config: rfc7239, fields: header{"Forwarded": {`for="a,b\"";proto=https;host=api.example`}}, want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 RFC 7239, empty parameters and elements", config: rfc7239, fields: header{"Forwarded": {`, for=192.0.2.1;;proto=https; ;host=api.example;`}}, want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 RFC 7239, a quote that the client opened", config: rfc7239, fields: header{"Forwarded": {`proto=https;host=evil.example;for="`, `for=192.0.2.1;proto=https;host=api.example`}}, rule: "PROXY-04"},
		{name: "PROXY-02 RFC 7239, a quote that the proxy's closes", config: rfc7239, fields: header{"Forwarded": {`host=evil.example;for="`, `for="[2001:db8::1]";proto=https;host="api.example"`}}, rule: "PROXY-04"},
		{name: "PROXY-02 RFC 7239, an escape at the client's end", config: rfc7239, fields: header{"Forwarded": {`host=evil.example;for="\`, `for=192.0.2.1;host=api.example`}}, rule: "PROXY-04"},
		{name: "PROXY-02 RFC 7239, a quote by one hop", config: Config{Proxies: Proxies{Hops: 1, Forwarded: Forwarded}}, fields: header{"Forwarded": {`host=evil.example;for="`, `for=192.0.2.1;host=api.example`}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, a quote inside a value", config: rfc7239, fields: header{"Forwarded": {`host=api"x".example`}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, a quote at the end", config: rfc7239, fields: header{"Forwarded": {`host=a"`}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, an escape at the end", config: rfc7239, fields: header{"Forwarded": {`host="api.example\`}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, an escaped quote at the end", config: rfc7239, fields: header{"Forwarded": {`host="api.example\"`}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, a parameter twice", config: rfc7239, fields: header{"Forwarded": {`host=api.example;host=evil.example`}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, malformed", config: rfc7239, fields: header{"Forwarded": {`host`}}, rule: "PROXY-04"},
		{name: "PROXY-04 fields of different lengths", config: byCIDR, fields: xff("192.0.2.1, 10.0.0.2, 10.0.0.3", "https, http", "api.example"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded host malformed", config: byCIDR, fields: xff("192.0.2.1", "https", "user@api.example"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded host with a path", config: byCIDR, fields: xff("192.0.2.1", "https", "api.example/admin?"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded host with a path alone", config: byCIDR, fields: xff("192.0.2.1", "https", "api.example/admin"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded host with a query", config: byCIDR, fields: xff("192.0.2.1", "https", "api.example?"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded host with a fragment", config: byCIDR, fields: xff("192.0.2.1", "https", "api.example#"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded scheme malformed", config: byCIDR, fields: xff("192.0.2.1", "ftp", "api.example"), rule: "PROXY-04"},
		{name: "PROXY-03 public base", config: Config{PublicURL: "https://api.example/v1/"}, want: "https://api.example/v1/orders?a=b"},
		{name: "PROXY-03 public base without path", config: Config{PublicURL: "https://api.example"}, want: "https://api.example/orders?a=b"},
		{name: "PROXY-03 public base beats what is forwarded", config: Config{PublicURL: "https://api.example", Proxies: Proxies{Trusted: trusted}}, fields: xff("192.0.2.1", "http", "evil.example"), want: "https://api.example/orders?a=b"},
		{name: "PROXY-03 path prefix", config: Config{PathPrefixes: map[string]string{"/orders": "/shop/orders", "/": "/x"}}, want: "http://api.internal/shop/orders?a=b"},
		{name: "PROXY-03 prefix of a segment is none", config: Config{PathPrefixes: map[string]string{"/ord": "/x"}}, want: inside},
		{name: "PROXY-03 every path", config: Config{PathPrefixes: map[string]string{"/": "/v1"}}, want: "http://api.internal/v1/orders?a=b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.peer == "" {
				c.peer = proxy
			}
			if c.target == "" {
				c.target = inside
			}
			got, rule := locate(t, c.config, c.peer, c.target, c.fields)
			if got != c.want || rule != c.rule {
				t.Errorf("URL is %q, rule %q; want %q, %q", got, rule, c.want, c.rule)
			}
		})
	}
}

func TestPROXY04HostAndTarget(t *testing.T) {
	l, err := newLocation(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*http.Request)
		ok     bool
	}{
		"PROXY-04 as received":                {func(*http.Request) {}, true},
		"PROXY-04 no host":                    {func(r *http.Request) { r.Host, r.URL.Host = "", "" }, false},
		"PROXY-04 malformed host":             {func(r *http.Request) { r.Host, r.URL.Host = "a b", "" }, false},
		"PROXY-04 userinfo in the host":       {func(r *http.Request) { r.Host, r.URL.Host = "api.example@evil.example", "" }, false},
		"PROXY-04 path in the host":           {func(r *http.Request) { r.Host, r.URL.Host = "api.example/users?", "" }, false},
		"PROXY-04 absolute target elsewhere":  {func(r *http.Request) { r.Host = "evil.example" }, false},
		"PROXY-04 absolute target over https": {func(r *http.Request) { r.URL.Scheme = "https" }, false},
		"PROXY-04 absolute target over TLS":   {func(r *http.Request) { r.URL.Scheme, r.TLS = "https", &tls.ConnectionState{} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "http://api.example/orders", nil)
			r.URL.Scheme, r.URL.Host = "http", "api.example"
			c.change(r)
			if _, err := l.url(r); (err == nil) != c.ok {
				t.Errorf("url = %v", err)
			}
		})
	}
}

func TestNewNamesTheField(t *testing.T) {
	for field, config := range map[string]Config{
		"Proxies.Hops must":         {Proxies: Proxies{Hops: -1}},
		"Proxies.Hops can't":        {Proxies: Proxies{Hops: 1, Trusted: trusted}},
		"Proxies.Forwarded":         {Proxies: Proxies{Forwarded: 9}},
		"Proxies.Certificate is":    {Proxies: Proxies{Certificate: 9}},
		"Proxies.Certificate needs": {Proxies: Proxies{Certificate: CertificateXFCC}},
		"Proxies.Trusted[0]":        {Proxies: Proxies{Trusted: []netip.Prefix{{}}}},
		"PublicURL":                 {PublicURL: "api.example"},
		"PublicURL is":              {PublicURL: "https://api.example/?a"},
		"PublicURL is not":          {PublicURL: "https://api.example/?"},
		"PublicURL is not an":       {PublicURL: "https://api.example/#"},
		"PathPrefixes has":          {PathPrefixes: map[string]string{"/orders": "/a", "/orders/": "/b"}},
		"PathPrefixes":              {PathPrefixes: map[string]string{"orders": "/orders"}},
	} {
		if _, err := newLocation(config); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("error is %v, want one that names %s", err, field)
		}
	}
}

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
		{name: "MTLS-03 the proxy's own certificate is no client's", proxies: trust(CertificateRFC9440), over: other, want: none},
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
			l, err := newLocation(Config{Proxies: c.proxies})
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

func FuzzForwarded(f *testing.F) {
	f.Add(`for=192.0.2.1;proto=https;host="a\"b,c", for=x`, "a, b", "https", "h")
	f.Fuzz(func(t *testing.T, forwarded, from, proto, host string) {
		for _, field := range []ForwardedField{XForwarded, Forwarded} {
			l, err := newLocation(Config{Proxies: Proxies{Hops: 1, Forwarded: field}})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "http://api.internal/", nil)
			r.Header = http.Header{"Forwarded": {forwarded}, "X-Forwarded-For": {from}, "X-Forwarded-Proto": {proto}, "X-Forwarded-Host": {host}}
			found, err := l.url(r)
			if err != nil {
				continue
			}
			if !strings.HasPrefix(found, "http://") && !strings.HasPrefix(found, "https://") || strings.ContainsAny(found, "@ \r\n") {
				t.Errorf("URL is %q", found)
			}
		}
	})
}
