package catalogue

import (
	"strings"

	. "github.com/holdfast-go/holdfast/conformance/player"
)

// The URLs that proxies forward in these cases.
const (
	shopURL  = "https://shop.example/resource"
	otherURL = "https://other.example/resource"
)

// forwardedCases are about Forwarded (RFC 7239) and the chains of X-Forwarded-*.
func forwardedCases() []Case {
	chain := Request{Header: map[string][]string{
		"X-Forwarded-For": {"192.0.2.6, 192.0.2.7"}, "X-Forwarded-Proto": {"https, https"}, "X-Forwarded-Host": {"shop.example, other.example"},
	}}
	return []Case{
		rfc7239Case("PROXY-02.rfc7239", Accepted, "a proof for what a trusted proxy writes in Forwarded", shopURL, "for=192.0.2.7;proto=https;host=shop.example"),
		rfc7239Case("PROXY-02.rfc7239-quoted", Accepted, "the same in quotation marks", shopURL, `for="192.0.2.7";proto="https";host="shop.example"`),
		rfc7239Case("PROXY-02.rfc7239-names-in-case", Accepted, "names of parameters in capitals", shopURL, "For=192.0.2.7;Proto=https;Host=shop.example"),
		rfc7239Case("PROXY-02.rfc7239-ipv6", Accepted, "the address of a client by IPv6, with a port", shopURL, `for="[2001:db8::1]:4711";proto=https;host=shop.example`),
		rfc7239Case("PROXY-02.rfc7239-port", Accepted, "a host with a port", "https://shop.example:8443/resource", `for=192.0.2.7;proto=https;host="shop.example:8443"`),
		rfc7239Case("PROXY-02.rfc7239-default-port", Accepted, "a host with the default port", shopURL, `for=192.0.2.7;proto=https;host="shop.example:443"`),
		rfc7239Case("PROXY-02.rfc7239-right", Accepted, "a proof for what the proxy wrote behind the client's element", otherURL,
			"for=192.0.2.6;proto=https;host=shop.example, for=192.0.2.7;proto=https;host=other.example"),
		rfc7239Case("PROXY-02.rfc7239-left", BadProof, "a proof for what the client wrote before the proxy's element", shopURL,
			"for=192.0.2.6;proto=https;host=shop.example, for=192.0.2.7;proto=https;host=other.example").ReportedAs("DPOP-CLM-04"),
		rfc7239Case("PROXY-02.rfc7239-second-field", Accepted, "a proof for what the proxy wrote in a second field", otherURL,
			"for=192.0.2.6;proto=https;host=shop.example", "for=192.0.2.7;proto=https;host=other.example"),
		rfc7239Case("PROXY-02.rfc7239-first-field", BadProof, "a proof for what the client wrote in a first field", shopURL,
			"for=192.0.2.6;proto=https;host=shop.example", "for=192.0.2.7;proto=https;host=other.example").ReportedAs("DPOP-CLM-04"),
		proxiedCase("PROXY-02.x-not-written", BadProof, "a proof for a client's X-Forwarded-Host, where proxies write Forwarded",
			Front{Forwarded: true}, func(*Run, Request) (Request, string) {
				r := forwarded("192.0.2.7", "https", "shop.example")
				r.Header["Forwarded"] = []string{"for=192.0.2.7;proto=https;host=other.example"}
				return r, shopURL
			}).ReportedAs("DPOP-CLM-04"),
		proxiedCase("PROXY-02.rfc7239-not-written", BadProof, "a proof for a client's Forwarded, where proxies write X-Forwarded-*",
			Front{Proxy: true}, func(*Run, Request) (Request, string) {
				r := forwarded("192.0.2.7", "https", "other.example")
				r.Header["Forwarded"] = []string{"for=192.0.2.7;proto=https;host=shop.example"}
				return r, shopURL
			}).ReportedAs("DPOP-CLM-04"),
		proxiedCase("PROXY-02.right-of-client", Accepted, "a proof for what the proxy wrote right of the client's", Front{Proxy: true},
			func(*Run, Request) (Request, string) { return chain, otherURL }),
		proxiedCase("PROXY-02.host-with-port", Accepted, "a forwarded host with a port", Front{Proxy: true}, func(*Run, Request) (Request, string) {
			return forwarded("192.0.2.7", "https", "shop.example:8443"), "https://shop.example:8443/resource"
		}),
		proxiedCase("PROXY-02.other-port", BadProof, "a proof for another port than is forwarded", Front{Proxy: true}, func(*Run, Request) (Request, string) {
			return forwarded("192.0.2.7", "https", "shop.example:8443"), shopURL
		}).ReportedAs("DPOP-CLM-04"),
		proxiedCase("PROXY-02.other-scheme", BadProof, "a proof for https, where http is forwarded", Front{Proxy: true}, func(*Run, Request) (Request, string) {
			return forwarded("192.0.2.7", "http", "shop.example"), shopURL
		}).ReportedAs("DPOP-CLM-04"),

		rfc7239Case("PROXY-04.rfc7239-scheme", BadRequest, "a scheme in Forwarded that is a URL", shopURL, `for=192.0.2.7;proto="https://shop.example/resource?";host=other.example`),
		rfc7239Case("PROXY-04.rfc7239-host", BadRequest, "a host in Forwarded with a path", shopURL, `for=192.0.2.7;proto=https;host="shop.example/resource?"`),
		rfc7239Case("PROXY-04.rfc7239-other-scheme", BadRequest, "a scheme in Forwarded that is not of HTTP", shopURL, "for=192.0.2.7;proto=ftp;host=shop.example"),
		rfc7239Case("PROXY-04.rfc7239-at-the-bound", Accepted, "32 elements of Forwarded", shopURL,
			strings.Repeat("for=192.0.2.6, ", 31)+"for=192.0.2.7;proto=https;host=shop.example").Having("bounds"),
		rfc7239Case("PROXY-04.rfc7239-unclosed", BadRequest, "a quotation mark in Forwarded that is not closed", shopURL, `for=192.0.2.7;proto=https;host="shop.example`),
		proxiedCase("PROXY-04.other-scheme", BadRequest, "a forwarded scheme that is not of HTTP", Front{Proxy: true}, func(*Run, Request) (Request, string) {
			return forwarded("192.0.2.7", "ftp", "shop.example"), "ftp://shop.example/resource"
		}),
		proxiedCase("PROXY-04.forwarded-userinfo", BadRequest, "a forwarded host with userinfo", Front{Proxy: true}, func(*Run, Request) (Request, string) {
			return forwarded("192.0.2.7", "https", "user@shop.example"), shopURL
		}),
		proxiedCase("PROXY-04.forwarded-url", BadRequest, "a forwarded host that is a URL", Front{Proxy: true}, func(*Run, Request) (Request, string) {
			return forwarded("192.0.2.7", "https", "https://shop.example"), shopURL
		}),
		proxiedCase("PROXY-04.lengths", BadRequest, "more forwarded schemes than addresses", Front{Proxy: true}, func(*Run, Request) (Request, string) {
			return forwarded("192.0.2.6, 192.0.2.7", "https, https, https", "shop.example"), shopURL
		}),
	}
}

// rfc7239Case has a trusted proxy write these fields, and a proof for url.
func rfc7239Case(id string, want Expectation, reason, url string, fields ...string) Case {
	return proxiedCase(id, want, reason, Front{Forwarded: true}, func(*Run, Request) (Request, string) {
		return Request{Header: map[string][]string{"Forwarded": fields}}, url
	})
}

// publicURLCases are about the URL and the hosts that an API is said to be known by.
func publicURLCases() []Case {
	known := func(id string, want Expectation, reason, public, htu string) Case {
		return proxiedCase(id, want, reason, Front{PublicURL: public}, func(*Run, Request) (Request, string) { return Request{}, htu }).ReportedAs("DPOP-CLM-04")
	}
	hosted := func(id string, want Expectation, reason, served, sent string) Case {
		return proxiedCase(id, want, reason, Front{Hosts: []string{served}}, func(*Run, Request) (Request, string) {
			return Request{Host: sent}, "http://" + sent + "/resource"
		})
	}
	mapped := Front{PublicURL: "https://shop.example", PathPrefixes: map[string]string{"/resource": "/v2/things"}}
	return []Case{
		known("PROXY-03.without-prefix", BadProof, "a proof for the public URL without its prefix", "https://shop.example/api", shopURL),
		known("PROXY-03.other-prefix", BadProof, "a proof for another prefix", "https://shop.example/api", "https://shop.example/apis/resource"),
		known("PROXY-03.slash", Accepted, "a public URL with a slash behind its prefix", "https://shop.example/api/", "https://shop.example/api/resource"),
		known("PROXY-03.port", Accepted, "a public URL with a port", "https://shop.example:8443", "https://shop.example:8443/resource"),
		known("PROXY-03.other-port", BadProof, "a proof for another port than that of the public URL", "https://shop.example:8443", shopURL),
		known("PROXY-03.default-port", Accepted, "a public URL with the default port", "https://shop.example:443", shopURL),
		known("PROXY-03.other-scheme", BadProof, "a proof for another scheme than that of the public URL", "https://shop.example", "http://shop.example/resource"),
		proxiedCase("PROXY-03.other-host", Accepted, "a Host that is not that of the public URL", Front{PublicURL: "https://shop.example"}, func(*Run, Request) (Request, string) {
			return Request{Host: "internal.example"}, shopURL
		}),
		proxiedCase("PROXY-03.host-received", BadProof, "a proof for the Host that was received, where a public URL is configured", Front{PublicURL: "https://shop.example"},
			func(*Run, Request) (Request, string) {
				return Request{Host: "internal.example"}, "https://internal.example/resource"
			}).ReportedAs("DPOP-CLM-04"),
		proxiedCase("PROXY-03.path-internal", BadProof, "a proof for the internal path, which is mapped", mapped,
			func(*Run, Request) (Request, string) { return Request{}, shopURL }).ReportedAs("DPOP-CLM-04"),

		hosted("PROXY-05.upper-case", Accepted, "a host that is served, in upper case", "shop.example", "SHOP.example"),
		hosted("PROXY-05.port", Accepted, "a host that is served with a port", "shop.example:8443", "shop.example:8443"),
		hosted("PROXY-05.other-port", Misdirected, "a host that is served, with another port", "shop.example", "shop.example:8443"),
		hosted("PROXY-05.label", Accepted, "one label in front of a host, where any is served", "*.shop.example", "a.shop.example"),
		hosted("PROXY-05.no-label", Misdirected, "no label in front of it", "*.shop.example", "shop.example"),
		hosted("PROXY-05.two-labels", Misdirected, "two labels in front of it", "*.shop.example", "a.b.shop.example"),
		hosted("PROXY-05.suffix", Misdirected, "a host that ends with one that is served", "shop.example", "evilshop.example"),
	}
}
