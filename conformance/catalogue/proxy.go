package catalogue

import "strings"

// proxyCases are about the URL that a client sees, which DPoP proofs are for (RFC 7239, RFC 9112 section 3.2).
func proxyCases() []Case {
	const spoofed = "shop.example"
	return []Case{
		targetCase("PROXY-01.connection", accepted, "a proof for the URL of the connection",
			func(url string) string { return url }).needs(Guard),
		proxiedCase("PROXY-01.host-as-received", accepted, "a proof for the Host that was received",
			Front{}, func(*scene, Request) (Request, string) {
				return Request{Host: spoofed}, "http://" + spoofed + "/resource"
			}),
		proxiedCase("PROXY-01.other-host", badProof, "a proof for another host than was received",
			Front{}, func(s *scene, _ Request) (Request, string) {
				return Request{Host: spoofed}, s.URL + "/resource"
			}).named("DPOP-CLM-04"),

		spoofCase("PROXY-02.x-forwarded-host", badProof, "a proof for the host of a client's X-Forwarded-Host",
			"X-Forwarded-Host", spoofed, "http://"+spoofed+"/resource"),
		spoofCase("PROXY-02.forwarded", badProof, "a proof for the host of a client's Forwarded",
			"Forwarded", "host="+spoofed+";proto=http", "http://"+spoofed+"/resource"),
		spoofCase("PROXY-02.x-forwarded-proto", badProof, "a proof for the scheme of a client's X-Forwarded-Proto",
			"X-Forwarded-Proto", "https", ""),
		spoofCase("PROXY-02.ignored", accepted, "a good proof beside a client's X-Forwarded-Host",
			"X-Forwarded-Host", spoofed, "same"),
		spoofCase("PROXY-02.ignored-forwarded", accepted, "a good proof beside a client's Forwarded",
			"Forwarded", "host="+spoofed, "same"),
		proxiedCase("PROXY-02.trusted", accepted, "a proof for what a trusted proxy forwards",
			Front{Proxy: true}, func(*scene, Request) (Request, string) {
				return forwarded("192.0.2.7", "https", spoofed), "https://" + spoofed + "/resource"
			}),
		proxiedCase("PROXY-02.websocket", accepted, "a proof for the https URL, where a trusted proxy forwards wss",
			Front{Proxy: true}, func(*scene, Request) (Request, string) {
				return forwarded("192.0.2.7", "wss", spoofed), "https://" + spoofed + "/resource"
			}),
		proxiedCase("PROXY-02.left-of-trusted", badProof, "a proof for what the client wrote left of the trusted proxy's",
			Front{Proxy: true}, func(*scene, Request) (Request, string) {
				return forwarded("192.0.2.6, 192.0.2.7", "https, https", spoofed+", other.example"), "https://" + spoofed + "/resource"
			}).named("DPOP-CLM-04"),

		proxiedCase("PROXY-03.public-base", accepted, "a proof for the public URL, which is configured",
			Front{PublicURL: "https://shop.example/api"}, func(*scene, Request) (Request, string) {
				return Request{}, "https://shop.example/api/resource"
			}),
		proxiedCase("PROXY-03.internal-url", badProof, "a proof for the URL of the connection, where a public one is configured",
			Front{PublicURL: "https://shop.example/api"}, func(s *scene, _ Request) (Request, string) {
				return Request{}, s.URL + "/resource"
			}).named("DPOP-CLM-04"),
		proxiedCase("PROXY-03.path-map", accepted, "a proof for the public path, which is mapped", Front{
			PublicURL: "https://shop.example", PathPrefixes: map[string]string{"/resource": "/v2/things"},
		}, func(*scene, Request) (Request, string) { return Request{}, "https://shop.example/v2/things" }),

		headCase("PROXY-04.no-host", "no Host field",
			"GET /resource HTTP/1.1\r\n%AUTH%Connection: close\r\n\r\n"),
		headCase("PROXY-04.two-hosts", "two Host fields",
			"GET /resource HTTP/1.1\r\nHost: %HOST%\r\nHost: shop.example\r\n%AUTH%Connection: close\r\n\r\n"),
		headCase("PROXY-04.malformed", "a Host with a path",
			"GET /resource HTTP/1.1\r\nHost: %HOST%/x\r\n%AUTH%Connection: close\r\n\r\n"),
		headCase("PROXY-04.userinfo", "a Host with userinfo",
			"GET /resource HTTP/1.1\r\nHost: user@%HOST%\r\n%AUTH%Connection: close\r\n\r\n"),
		requestCase("PROXY-04.one-host", accepted, "one Host field", targeted("GET /resource", "")).in(Allowed, Required).needs(Guard),
		proxiedCase("PROXY-04.scheme", badRequest, "a forwarded scheme that is a URL", Front{Proxy: true}, func(*scene, Request) (Request, string) {
			return forwarded("192.0.2.7", "https://shop.example/resource?", "api.example"), "https://" + spoofed + "/resource"
		}),
		proxiedCase("PROXY-04.forwarded-host", badRequest, "a forwarded host with a path", Front{Proxy: true}, func(*scene, Request) (Request, string) {
			return forwarded("192.0.2.7", "https", spoofed+"/resource?"), "https://" + spoofed + "/resource"
		}),
		proxiedCase("PROXY-04.at-the-bound", accepted, "32 elements of X-Forwarded-For", Front{Proxy: true}, func(*scene, Request) (Request, string) {
			return forwarded(strings.Repeat("192.0.2.6, ", 31)+"192.0.2.7", "https", spoofed), "https://" + spoofed + "/resource"
		}),
		proxiedCase("PROXY-04.over-the-bound", badRequest, "33 elements of X-Forwarded-For", Front{Proxy: true}, func(*scene, Request) (Request, string) {
			return forwarded(strings.Repeat("192.0.2.6, ", 32)+"192.0.2.7", "https", spoofed), "https://" + spoofed + "/resource"
		}),

		proxiedCase("PROXY-05.served", accepted, "a host that is served", Front{Hosts: []string{spoofed}}, func(*scene, Request) (Request, string) {
			return Request{Host: spoofed}, "http://" + spoofed + "/resource"
		}),
		proxiedCase("PROXY-05.another", misdirected, "another host", Front{Hosts: []string{"api.example"}}, func(*scene, Request) (Request, string) {
			return Request{Host: spoofed}, "http://" + spoofed + "/resource"
		}),

		requestCase("PROXY-06.absolute", accepted, "an absolute target, which is the connection's",
			targeted("GET http://%HOST%/resource", "")).in(Allowed, Required).needs(Guard),
		headCase("PROXY-06.absolute-https", "an absolute target of another scheme than the connection's",
			"GET https://%HOST%/resource HTTP/1.1\r\nHost: %HOST%\r\n%AUTH%Connection: close\r\n\r\n").
			as(Ours, "RFC 9112 3.2.2"),
		requestCase("PROXY-06.absolute-public", accepted, "an absolute target of the public URL",
			targeted("GET https://shop.example/resource", "https://shop.example/resource")).
			in(Allowed, Required).behind(Front{PublicURL: "https://shop.example"}),
		requestCase("PROXY-06.absolute-another", badRequest, "an absolute target of another than the public URL",
			targeted("GET https://evil.example/resource", "https://shop.example/resource")).
			in(Allowed, Required).behind(Front{PublicURL: "https://shop.example"}),

		requestCase("PROXY-07.bearer", accepted, "a Bearer token, where the forwarded scheme is malformed", func(s *scene) Request {
			return bearer(s.sign(token{unbound: true})).with("X-Forwarded-Proto", "x")
		}).in(Allowed, Disabled).behind(Front{Proxy: true}),
		proxiedCase("PROXY-07.proof", badRequest, "a proof, where the forwarded scheme is malformed", Front{Proxy: true}, func(s *scene, _ Request) (Request, string) {
			return forwarded("192.0.2.7", "x", spoofed), s.URL + "/resource"
		}).named("PROXY-04"),
	}
}

// forwarded is what a proxy adds to a request.
func forwarded(from, proto, host string) Request {
	return Request{Header: map[string][]string{"X-Forwarded-For": {from}, "X-Forwarded-Proto": {proto}, "X-Forwarded-Host": {host}}}
}

// targeted sends a good token with this method and request target, and a proof for htu; empty means the request's URL.
func targeted(line, htu string) func(*scene) Request {
	return func(s *scene) Request {
		var p proof
		if htu != "" {
			p.claims = fields{"htu": htu}
		}
		r := s.proved(s.sign(token{bound: true}), p)
		r.Head = line + " HTTP/1.1\r\nHost: %HOST%\r\n%AUTH%Connection: close\r\n\r\n"
		return r
	}
}

// proxiedCase sends a good token with a proof for the URL that edit returns, through what stands in front of the API.
func proxiedCase(id string, want Outcome, reason string, front Front, edit func(*scene, Request) (Request, string)) Case {
	return requestCase(id, want, reason, func(s *scene) Request {
		more, url := edit(s, get())
		r := s.proved(s.sign(token{bound: true}), proof{claims: fields{"htu": url}})
		r.Host = more.Host
		for name, values := range more.Header {
			for _, value := range values {
				r = r.with(name, value)
			}
		}
		return r
	}).in(Allowed, Required).behind(front)
}

// spoofCase has a client write what only a proxy may. An url of "same" is the request's, an empty one the same over
// https.
func spoofCase(id string, want Outcome, reason, field, value, url string) Case {
	return requestCase(id, want, reason, func(s *scene) Request {
		switch url {
		case "same":
			url = s.URL + "/resource"
		case "":
			url = "https" + s.URL[len("http"):] + "/resource"
		}
		return s.proved(s.sign(token{bound: true}), proof{claims: fields{"htu": url}}).with(field, value)
	}).in(Allowed, Required).needs(Guard).named("DPOP-CLM-04")
}

// headCase sends a request that no client library would.
func headCase(id, reason, head string) Case {
	return requestCase(id, badRequest, reason, func(s *scene) Request {
		r := s.proved(s.sign(token{bound: true}), proof{})
		r.Head = head
		return r
	}).in(Allowed, Required).needs(Guard)
}
