package httpguard

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/verifier"
)

var trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

const proxy, stranger = "10.0.0.1:4711", "192.0.2.7:4711"

// locate returns where a configuration finds a request, or the rule that the request breaks.
func locate(t *testing.T, config Config, peer, target string, fields map[string][]string) (string, string) {
	t.Helper()
	l, err := newLocation(config, "")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", target, nil)
	r.RemoteAddr = peer
	if !strings.Contains(target, "://") {
		r.Host = "api.internal"
	}
	for name, values := range fields {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	found, err := l.url(r)
	var broken *requestError
	if errors.As(err, &broken) {
		return "", broken.rule
	}
	return found, ""
}

func TestURL(t *testing.T) {
	byCIDR := Config{Proxies: Proxies{Trusted: trusted, Forwarded: xForwarded}}
	byHops := func(n int) Config { return Config{Proxies: Proxies{Hops: n, Forwarded: xForwarded}} }
	writing := func(fields ForwardedFields) Config { return Config{Proxies: Proxies{Hops: 1, Forwarded: fields}} }
	oneHop7239 := writing(Forwarded)
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
		{name: "PROXY-01 escapes are kept", target: "/a%2Fb", want: "http://api.internal/a%2Fb"},
		{name: "PROXY-02 from a trusted peer", config: byCIDR, fields: xff("192.0.2.1", "https", "api.example"), want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 from a trusted peer by IPv6", config: byCIDR, peer: "[fd00::1]:4711", fields: xff("192.0.2.1", "https", "api.example"), want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 from a trusted peer by a mapped address", config: byCIDR, peer: "[::ffff:10.0.0.1]:4711", fields: xff("192.0.2.1", "https", "api.example"), want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 from anybody else", config: byCIDR, peer: stranger, fields: xff("192.0.2.1", "https", "api.example"), want: inside},
		{name: "PROXY-02 from a peer without an address", config: byCIDR, peer: "@", fields: xff("192.0.2.1", "https", "api.example"), want: inside},
		{name: "PROXY-02 nothing forwarded", config: byCIDR, want: inside},
		{name: "PROXY-02 only the scheme", config: byCIDR, fields: header{"X-Forwarded-Proto": {"https"}}, want: "https://api.internal/orders?a=b"},
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
		{name: "PROXY-02 RFC 7239, a quote that the client opened", config: rfc7239, fields: header{"Forwarded": {`proto=https;host=evil.example;for="`, `for=192.0.2.1;proto=https;host=api.example`}}, want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 RFC 7239, a quote that the client opened, in one line", config: rfc7239, fields: header{"Forwarded": {`proto=https;host=evil.example;for=", for=192.0.2.1;proto=https;host=api.example`}}, want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 RFC 7239, a quote that the proxy's would close", config: rfc7239, fields: header{"Forwarded": {`host=evil.example;for=", for="[2001:db8::1]";proto=https;host="api.example"`}}, want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 RFC 7239, an escape at the client's end", config: rfc7239, fields: header{"Forwarded": {`host=evil.example;for="\, for=192.0.2.1;proto=https;host=api.example`}}, want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 RFC 7239, a quote by one hop", config: oneHop7239, fields: header{"Forwarded": {`host=evil.example;for="`, `for=192.0.2.1;host=api.example`}}, want: "http://api.example/orders?a=b"},
		{name: "PROXY-02 RFC 7239, two hops", config: Config{Proxies: Proxies{Hops: 2, Forwarded: Forwarded}}, fields: header{"Forwarded": {`host=evil.example, host=api.example, host=api.middle`}}, want: "http://api.example/orders?a=b"},
		{name: "PROXY-02 RFC 7239, fewer hops than configured", config: Config{Proxies: Proxies{Hops: 2, Forwarded: Forwarded}}, fields: header{"Forwarded": {`host=api.example`}}, rule: "PROXY-02"},
		{name: "PROXY-02 RFC 7239, no host", config: rfc7239, fields: header{"Forwarded": {`for=192.0.2.1;proto=https`}}, want: "https://api.internal/orders?a=b"},
		{name: "PROXY-02 RFC 7239, nothing forwarded", config: oneHop7239, fields: header{"Forwarded": {""}}, want: inside},
		{name: "PROXY-04 RFC 7239, a quote opened in what is read", config: rfc7239, fields: header{"Forwarded": {`host=evil.example;for="`}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, an empty host and another", config: rfc7239, fields: header{"Forwarded": {`host=;host=evil.example`}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, a space before the equals sign", config: rfc7239, fields: header{"Forwarded": {`host =evil.example`}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, a scheme that is a URL", config: rfc7239, fields: header{"Forwarded": {`host=api.example;proto="https://evil.example/x?"`}}, rule: "PROXY-04"},

		{name: "PROXY-02 X-Forwarded-Host is not the proxy's", config: writing(XForwardedFor | XForwardedProto), fields: xff("192.0.2.1", "https", "evil.example"), want: "https://api.internal/orders?a=b"},
		{name: "PROXY-02 X-Forwarded-Proto is not the proxy's", config: writing(XForwardedFor | XForwardedHost), fields: xff("192.0.2.1", "https://evil.example/x?", "api.example"), want: "http://api.example/orders?a=b"},
		{name: "PROXY-02 X-Forwarded-For is not the proxy's", config: writing(XForwardedProto), fields: xff("a, b, c", "https", "evil.example"), want: "https://api.internal/orders?a=b"},
		{name: "PROXY-02 the last of what only the nearest proxy appends to", config: writing(XForwardedProto), fields: header{"X-Forwarded-Proto": {"http", "https"}}, want: "https://api.internal/orders?a=b"},
		{name: "PROXY-02 by address, without X-Forwarded-For the nearest proxy's", config: Config{Proxies: Proxies{Trusted: trusted, Forwarded: XForwardedHost}}, fields: header{"X-Forwarded-Host": {"evil.example, api.example"}}, want: "http://api.example/orders?a=b"},
		{name: "PROXY-02 two elements by one proxy, as Google Cloud has it", config: Config{Proxies: Proxies{Hops: 2, Forwarded: XForwardedFor | XForwardedProto}}, fields: header{"X-Forwarded-For": {"10.9.9.9, 192.0.2.1,198.51.100.1"}, "X-Forwarded-Proto": {"https"}}, want: "https://api.internal/orders?a=b"},
		{name: "PROXY-02 a WebSocket over TLS", config: byCIDR, fields: xff("192.0.2.1", "wss", "api.example"), want: "https://api.example/orders?a=b"},
		{name: "PROXY-02 a WebSocket", config: byCIDR, fields: xff("192.0.2.1", "WS", "api.example"), want: "http://api.example/orders?a=b"},
		{name: "PROXY-04 forwarded scheme is a URL", config: byCIDR, fields: xff("192.0.2.1", "https://evil.example/x?", "api.example"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded scheme is a URL with a fragment", config: byHops(1), fields: xff("192.0.2.1", "https://evil.example/x#", "api.example"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded scheme is a scheme and more", config: byCIDR, fields: xff("192.0.2.1", "https:", "api.example"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded host with a space", config: byCIDR, fields: xff("192.0.2.1", "https", "api.example evil.example"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded host with a port out of range", config: byCIDR, fields: xff("192.0.2.1", "https", "api.example:65536"), rule: "PROXY-04"},
		{name: "PROXY-04 one address, two hosts", config: byCIDR, fields: xff("10.0.0.2", "https", "evil.example, api.example"), rule: "PROXY-04"},
		{name: "PROXY-04 32 elements", config: byHops(1), fields: xff(strings.Repeat("a,", 31)+"192.0.2.1", "https", "api.example"), want: "https://api.example/orders?a=b"},
		{name: "PROXY-04 33 elements", config: byHops(1), fields: xff(strings.Repeat("a,", 32)+"192.0.2.1", "https", "api.example"), rule: "PROXY-04"},
		{name: "PROXY-04 33 elements in as many lines", config: byHops(1), fields: header{"X-Forwarded-For": slices.Repeat([]string{"192.0.2.1"}, 33)}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, 32 trusted elements", config: rfc7239, fields: header{"Forwarded": {"host=api.example" + strings.Repeat(", for=10.0.0.2", 31)}}, want: "http://api.example/orders?a=b"},
		{name: "PROXY-04 RFC 7239, 33 trusted elements", config: rfc7239, fields: header{"Forwarded": {"host=api.example" + strings.Repeat(", for=10.0.0.2", 32)}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, 33 empty elements", config: oneHop7239, fields: header{"Forwarded": {"host=api.example" + strings.Repeat(",", 32)}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, an element of 4 KiB", config: oneHop7239, fields: header{"Forwarded": {"host=api.example;a=" + strings.Repeat("b", 4<<10-19)}}, want: "http://api.example/orders?a=b"},
		{name: "PROXY-04 RFC 7239, an element over 4 KiB", config: oneHop7239, fields: header{"Forwarded": {"host=api.example;a=" + strings.Repeat("b", 4<<10-18)}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, a quote inside a value", config: rfc7239, fields: header{"Forwarded": {`host=api"x".example`}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, a quote at the end", config: rfc7239, fields: header{"Forwarded": {`host=a"`}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, an escape at the end", config: rfc7239, fields: header{"Forwarded": {`host="api.example\`}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, an escaped quote at the end", config: rfc7239, fields: header{"Forwarded": {`host="api.example\"`}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, a parameter twice", config: rfc7239, fields: header{"Forwarded": {`host=api.example;host=evil.example`}}, rule: "PROXY-04"},
		{name: "PROXY-04 RFC 7239, malformed", config: rfc7239, fields: header{"Forwarded": {`host`}}, rule: "PROXY-04"},
		{name: "PROXY-04 fields of different lengths", config: byCIDR, fields: xff("192.0.2.1, 10.0.0.2, 10.0.0.3", "https, http", "api.example"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded host malformed", config: byCIDR, fields: xff("192.0.2.1", "https", "user@api.example"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded host with a path", config: byCIDR, fields: xff("192.0.2.1", "https", "api.example/admin?"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded host with only a path", config: byCIDR, fields: xff("192.0.2.1", "https", "api.example/admin"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded host with a query", config: byCIDR, fields: xff("192.0.2.1", "https", "api.example?"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded host with a fragment", config: byCIDR, fields: xff("192.0.2.1", "https", "api.example#"), rule: "PROXY-04"},
		{name: "PROXY-04 forwarded scheme malformed", config: byCIDR, fields: xff("192.0.2.1", "ftp", "api.example"), rule: "PROXY-04"},
		{name: "PROXY-03 public base", config: Config{PublicURL: "https://api.example/v1/"}, want: "https://api.example/v1/orders?a=b"},
		{name: "PROXY-03 public base without path", config: Config{PublicURL: "https://api.example"}, want: "https://api.example/orders?a=b"},
		{name: "PROXY-03 public base beats what is forwarded", config: Config{PublicURL: "https://api.example", Proxies: Proxies{Trusted: trusted, Forwarded: xForwarded}}, fields: xff("192.0.2.1", "http", "evil.example"), want: "https://api.example/orders?a=b"},
		{name: "PROXY-03 path prefix", config: Config{PathPrefixes: map[string]string{"/orders": "/shop/orders", "/": "/x"}}, want: "http://api.internal/shop/orders?a=b"},
		{name: "PROXY-03 prefix of a segment is none", config: Config{PathPrefixes: map[string]string{"/ord": "/x"}}, want: inside},
		{name: "PROXY-03 public base and path prefix", config: Config{PublicURL: "https://api.example/v1", PathPrefixes: map[string]string{"/orders": "/shop/orders"}}, want: "https://api.example/v1/shop/orders?a=b"},
		{name: "PROXY-03 prefix taken away", config: Config{PathPrefixes: map[string]string{"/orders": "/"}}, want: "http://api.internal?a=b"},
		{name: "PROXY-03 escapes don't lead around a prefix", config: Config{PathPrefixes: map[string]string{"/orders": "/shop/orders"}}, target: "/%6Frders/7%2f8", want: "http://api.internal/shop/orders/7%2F8"},
		{name: "PROXY-03 dot segments don't lead out of the public base", config: Config{PublicURL: "https://api.example/v1"}, target: "/../other", want: "https://api.example/v1/other"},
		{name: "PROXY-06 a path without a normal form, where it is mapped", config: Config{PublicURL: "https://api.example/v1"}, target: "/a%5Cb", rule: "PROXY-06"},
		{name: "PROXY-03 every path", config: Config{PathPrefixes: map[string]string{"/": "/v1"}}, want: "http://api.internal/v1/orders?a=b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.peer == "" {
				c.peer = proxy
			}
			if c.target == "" {
				c.target = "/orders?a=b"
			}
			got, rule := locate(t, c.config, c.peer, c.target, c.fields)
			if got != c.want || rule != c.rule {
				t.Errorf("URL is %q, rule %q; want %q, %q", got, rule, c.want, c.rule)
			}
		})
	}
}

func TestNewNamesTheField(t *testing.T) {
	for field, configs := range map[string][]Config{
		"Proxies.Hops": {
			{Proxies: Proxies{Hops: -1, Forwarded: Forwarded}},
			{Proxies: Proxies{Hops: 33, Forwarded: Forwarded}},
			{Proxies: Proxies{Hops: 1, Trusted: trusted, Forwarded: Forwarded}},
		},
		"Proxies.Forwarded": {
			{Proxies: Proxies{Hops: 1}},
			{Proxies: Proxies{Trusted: trusted}},
			{Proxies: Proxies{Forwarded: XForwardedProto}},
			{Proxies: Proxies{Hops: 1, Forwarded: Forwarded << 1}},
			{Proxies: Proxies{Hops: 1, Forwarded: Forwarded | XForwardedFor}},
			{Proxies: Proxies{Hops: 2, Forwarded: XForwardedProto | XForwardedHost}},
		},
		"Proxies.Certificate": {
			{Proxies: Proxies{Hops: 1, Certificate: 9}},
			{Proxies: Proxies{Hops: 1, Certificate: -1}},
			{Proxies: Proxies{Certificate: CertificateXFCC}},
		},
		"Proxies.CertificateName": {{Proxies: Proxies{Hops: 1, Certificate: CertificateXFCC, CertificateName: "X"}}},
		"Proxies.Trusted[0]":      {{Proxies: Proxies{Trusted: []netip.Prefix{{}}, Forwarded: Forwarded}}},
		"PublicURL": {
			{PublicURL: "api.example"}, {PublicURL: "https://api.example/?a"}, {PublicURL: "https://api.example/?"},
			{PublicURL: "https://api.example/#"}, {PublicURL: "https://user@api.example/"}, {PublicURL: "ftp://api.example/"},
		},
		"PathPrefixes": {
			{PathPrefixes: map[string]string{"/orders": "/a", "/orders/": "/b"}},
			{PathPrefixes: map[string]string{"orders": "/orders"}},
			{PathPrefixes: map[string]string{"/orders": "/orders?a"}},
			{PathPrefixes: map[string]string{"/orders#": "/orders"}},
		},
		"Hosts":    {{PublicURL: "https://api.example", Hosts: []string{"api.example"}}},
		"Hosts[0]": {{Hosts: []string{""}}, {Hosts: []string{"https://api.example"}}, {Hosts: []string{"*"}}, {Hosts: []string{"a.*.example"}}},
		"Hosts[1]": {{Hosts: []string{"api.example", "api.example/orders"}}, {Hosts: []string{"api.example", "user@api.example"}}},
	} {
		for _, config := range configs {
			_, err := newLocation(config, "")
			var fault *verifier.FieldError
			if !errors.As(err, &fault) || fault.Field != field {
				t.Errorf("error is %v, want one of the field %s", err, field)
			}
		}
	}
	for _, good := range []Proxies{
		{}, {Hops: 32, Forwarded: Forwarded}, {Hops: 1, Forwarded: XForwardedProto}, {Hops: 2, Forwarded: XForwardedFor | XForwardedProto},
		{Trusted: trusted, Forwarded: XForwardedHost}, {Hops: 1, Certificate: CertificateXFCC},
	} {
		if _, err := newLocation(Config{Proxies: good}, ""); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
}

func FuzzForwarded(f *testing.F) {
	f.Add(`for=192.0.2.1;proto=https;host="a\"b,c", for=x`, "a, b", "https", "h")
	f.Fuzz(func(t *testing.T, forwarded, from, proto, host string) {
		for _, proxies := range []Proxies{{Hops: 1, Forwarded: xForwarded}, {Trusted: trusted, Forwarded: xForwarded}, {Hops: 1, Forwarded: Forwarded}, {Trusted: trusted, Forwarded: Forwarded}} {
			l, err := newLocation(Config{Proxies: proxies}, "")
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = proxy
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

// TestPROXY06OtherServers is about requests that net/http's server has not made.
func TestPROXY06OtherServers(t *testing.T) {
	l, err := newLocation(Config{}, "")
	if err != nil {
		t.Fatal(err)
	}
	absolute, err := http.NewRequest("GET", "http://api.example/a%2fb?c=d", nil)
	if err != nil {
		t.Fatal(err)
	}
	relative := &http.Request{Host: "api.example", URL: &url.URL{Path: "/a/b", RawPath: "/a%2fb", RawQuery: "c=d"}}
	elsewhere := absolute.Clone(t.Context())
	elsewhere.Host = "evil.example"
	for _, c := range []struct {
		name    string
		request *http.Request
		want    string
	}{
		{"an absolute URL", absolute, "http://api.example/a%2fb?c=d"},
		{"a path", relative, "http://api.example/a%2fb?c=d"},
		{"an absolute URL of another host", elsewhere, ""},
		{"no URL", &http.Request{Host: "api.example"}, ""},
	} {
		got, err := l.url(c.request)
		var broken *requestError
		if got != c.want || (c.want == "") != (errors.As(err, &broken) && broken.rule == ruleTarget) {
			t.Errorf("%s: url = %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}
