package catalogue

import (
	"strings"

	. "github.com/holdfast-go/holdfast/conformance/player"
)

// proxyCases are about the URL that a client sees, which DPoP proofs are for (RFC 7239, RFC 9112 section 3.2).
func proxyCases() []Case {
	const spoofed = "shop.example"
	return []Case{
		ProofCase("PROXY-01.connection", Accepted, "a proof for the URL of the connection", Proof{}).Needing(Guard),
		proxiedCase("PROXY-01.host-as-received", Accepted, "a proof for the Host that was received",
			Front{}, func(*Run, Request) (Request, string) {
				return Request{Host: spoofed}, "http://" + spoofed + "/resource"
			}),
		proxiedCase("PROXY-01.other-host", BadProof, "a proof for another host than was received",
			Front{}, func(run *Run, _ Request) (Request, string) {
				return Request{Host: spoofed}, run.URL + "/resource"
			}).ReportedAs("DPOP-CLM-04"),

		spoofCase("PROXY-02.x-forwarded-host", BadProof, "a proof for the host of a client's X-Forwarded-Host",
			"X-Forwarded-Host", spoofed, "http://"+spoofed+"/resource"),
		spoofCase("PROXY-02.forwarded", BadProof, "a proof for the host of a client's Forwarded",
			"Forwarded", "host="+spoofed+";proto=http", "http://"+spoofed+"/resource"),
		spoofCase("PROXY-02.x-forwarded-proto", BadProof, "a proof for the scheme of a client's X-Forwarded-Proto",
			"X-Forwarded-Proto", "https", ""),
		spoofCase("PROXY-02.ignored", Accepted, "a good proof with a client's X-Forwarded-Host",
			"X-Forwarded-Host", spoofed, "same"),
		spoofCase("PROXY-02.ignored-forwarded", Accepted, "a good proof with a client's Forwarded",
			"Forwarded", "host="+spoofed, "same"),
		proxiedCase("PROXY-02.trusted", Accepted, "a proof for what a trusted proxy forwards",
			Front{Proxy: true}, func(*Run, Request) (Request, string) {
				return forwarded("192.0.2.7", "https", spoofed), "https://" + spoofed + "/resource"
			}),
		proxiedCase("PROXY-02.websocket", Accepted, "a proof for the https URL, where a trusted proxy forwards wss",
			Front{Proxy: true}, func(*Run, Request) (Request, string) {
				return forwarded("192.0.2.7", "wss", spoofed), "https://" + spoofed + "/resource"
			}),
		proxiedCase("PROXY-02.left-of-trusted", BadProof, "a proof for what the client wrote left of the trusted proxy's",
			Front{Proxy: true}, func(*Run, Request) (Request, string) {
				return forwarded("192.0.2.6, 192.0.2.7", "https, https", spoofed+", other.example"), "https://" + spoofed + "/resource"
			}).ReportedAs("DPOP-CLM-04"),

		proxiedCase("PROXY-03.public-base", Accepted, "a proof for the public URL, which is configured",
			Front{PublicURL: "https://shop.example/api"}, func(*Run, Request) (Request, string) {
				return Request{}, "https://shop.example/api/resource"
			}),
		proxiedCase("PROXY-03.internal-url", BadProof, "a proof for the URL of the connection, where a public one is configured",
			Front{PublicURL: "https://shop.example/api"}, func(run *Run, _ Request) (Request, string) {
				return Request{}, run.URL + "/resource"
			}).ReportedAs("DPOP-CLM-04"),
		proxiedCase("PROXY-03.path-map", Accepted, "a proof for the public path, which is mapped", Front{
			PublicURL: "https://shop.example", PathPrefixes: map[string]string{"/resource": "/v2/things"},
		}, func(*Run, Request) (Request, string) { return Request{}, "https://shop.example/v2/things" }),

		headCase("PROXY-04.no-host", "no Host field",
			"GET /resource HTTP/1.1\r\n%AUTH%Connection: close\r\n\r\n"),
		headCase("PROXY-04.two-hosts", "two Host fields",
			"GET /resource HTTP/1.1\r\nHost: %HOST%\r\nHost: shop.example\r\n%AUTH%Connection: close\r\n\r\n"),
		headCase("PROXY-04.malformed", "a Host with a path",
			"GET /resource HTTP/1.1\r\nHost: %HOST%/x\r\n%AUTH%Connection: close\r\n\r\n"),
		headCase("PROXY-04.userinfo", "a Host with userinfo",
			"GET /resource HTTP/1.1\r\nHost: user@%HOST%\r\n%AUTH%Connection: close\r\n\r\n"),
		RequestCase("PROXY-04.one-host", Accepted, "one Host field", targeted("GET /resource", "")).In(Allowed, Required).Needing(Guard),
		proxiedCase("PROXY-04.scheme", BadRequest, "a forwarded scheme that is a URL", Front{Proxy: true}, func(*Run, Request) (Request, string) {
			return forwarded("192.0.2.7", "https://shop.example/resource?", "api.example"), "https://" + spoofed + "/resource"
		}),
		proxiedCase("PROXY-04.forwarded-host", BadRequest, "a forwarded host with a path", Front{Proxy: true}, func(*Run, Request) (Request, string) {
			return forwarded("192.0.2.7", "https", spoofed+"/resource?"), "https://" + spoofed + "/resource"
		}),
		proxiedCase("PROXY-04.at-the-bound", Accepted, "32 elements of X-Forwarded-For", Front{Proxy: true}, func(*Run, Request) (Request, string) {
			return forwarded(strings.Repeat("192.0.2.6, ", 31)+"192.0.2.7", "https", spoofed), "https://" + spoofed + "/resource"
		}),
		proxiedCase("PROXY-04.over-the-bound", BadRequest, "33 elements of X-Forwarded-For", Front{Proxy: true}, func(*Run, Request) (Request, string) {
			return forwarded(strings.Repeat("192.0.2.6, ", 32)+"192.0.2.7", "https", spoofed), "https://" + spoofed + "/resource"
		}),

		proxiedCase("PROXY-05.served", Accepted, "a host that is served", Front{Hosts: []string{spoofed}}, func(*Run, Request) (Request, string) {
			return Request{Host: spoofed}, "http://" + spoofed + "/resource"
		}),
		proxiedCase("PROXY-05.another", Misdirected, "another host", Front{Hosts: []string{"api.example"}}, func(*Run, Request) (Request, string) {
			return Request{Host: spoofed}, "http://" + spoofed + "/resource"
		}),

		RequestCase("PROXY-06.absolute", Accepted, "an absolute target, which is the connection's",
			targeted("GET http://%HOST%/resource", "")).In(Allowed, Required).Needing(Guard),
		headCase("PROXY-06.absolute-https", "an absolute target of another scheme than the connection's",
			"GET https://%HOST%/resource HTTP/1.1\r\nHost: %HOST%\r\n%AUTH%Connection: close\r\n\r\n").
			As(Ours, "RFC 9112 3.2.2"),
		RequestCase("PROXY-06.absolute-public", Accepted, "an absolute target of the public URL",
			targeted("GET https://shop.example/resource", "https://shop.example/resource")).
			In(Allowed, Required).Behind(Front{PublicURL: "https://shop.example"}),
		RequestCase("PROXY-06.absolute-another", BadRequest, "an absolute target of another than the public URL",
			targeted("GET https://evil.example/resource", "https://shop.example/resource")).
			In(Allowed, Required).Behind(Front{PublicURL: "https://shop.example"}),

		RequestCase("PROXY-07.bearer", Accepted, "a Bearer token, where the forwarded scheme is malformed", func(run *Run) Request {
			return Bearer(run.Sign(Token{Unbound: true})).With("X-Forwarded-Proto", "x")
		}).In(Allowed, Disabled).Behind(Front{Proxy: true}),
		proxiedCase("PROXY-07.proof", BadRequest, "a proof, where the forwarded scheme is malformed", Front{Proxy: true}, func(run *Run, _ Request) (Request, string) {
			return forwarded("192.0.2.7", "x", spoofed), run.URL + "/resource"
		}).ReportedAs("PROXY-04"),
	}
}

// forwarded is what a proxy adds to a request.
func forwarded(from, proto, host string) Request {
	return Request{Header: map[string][]string{"X-Forwarded-For": {from}, "X-Forwarded-Proto": {proto}, "X-Forwarded-Host": {host}}}
}

// targeted sends a good token with this method and request target, and a proof for htu; empty means the request's URL.
func targeted(line, htu string) func(*Run) Request {
	return func(run *Run) Request {
		var p Proof
		if htu != "" {
			p.Claims = Fields{"htu": htu}
		}
		r := run.Proved(run.Sign(Token{Bound: true}), p)
		r.Head = line + " HTTP/1.1\r\nHost: %HOST%\r\n%AUTH%Connection: close\r\n\r\n"
		return r
	}
}

// proxiedCase sends a good token with a proof for the URL that edit returns, through what stands in front of the API.
func proxiedCase(id string, want Expectation, reason string, front Front, edit func(*Run, Request) (Request, string)) Case {
	return RequestCase(id, want, reason, func(run *Run) Request {
		more, url := edit(run, Get())
		r := run.Proved(run.Sign(Token{Bound: true}), Proof{Claims: Fields{"htu": url}})
		r.Host = more.Host
		for name, values := range more.Header {
			for _, value := range values {
				r = r.With(name, value)
			}
		}
		return r
	}).In(Allowed, Required).Behind(front)
}

// spoofCase has a client write what only a proxy may. An url of "same" is the request's, an empty one the same over
// https.
func spoofCase(id string, want Expectation, reason, field, value, url string) Case {
	return RequestCase(id, want, reason, func(run *Run) Request {
		htu := url
		switch url {
		case "same":
			htu = run.URL + "/resource"
		case "":
			htu = "https" + run.URL[len("http"):] + "/resource"
		}
		return run.Proved(run.Sign(Token{Bound: true}), Proof{Claims: Fields{"htu": htu}}).With(field, value)
	}).In(Allowed, Required).Needing(Guard).ReportedAs("DPOP-CLM-04")
}

// headCase sends a request that no client library would.
func headCase(id, reason, head string) Case {
	return RequestCase(id, BadRequest, reason, func(run *Run) Request {
		r := run.Proved(run.Sign(Token{Bound: true}), Proof{})
		r.Head = head
		return r
	}).In(Allowed, Required).Needing(Guard)
}
