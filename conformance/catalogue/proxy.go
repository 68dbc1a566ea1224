package catalogue

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
				return Request{Header: map[string][]string{
					"X-Forwarded-For": {"192.0.2.7"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {spoofed},
				}}, "https://" + spoofed + "/resource"
			}),
		proxiedCase("PROXY-02.left-of-trusted", badProof, "a proof for what the client wrote left of the trusted proxy's",
			Front{Proxy: true}, func(*scene, Request) (Request, string) {
				return Request{Header: map[string][]string{
					"X-Forwarded-For": {"192.0.2.6, 192.0.2.7"}, "X-Forwarded-Proto": {"https, https"}, "X-Forwarded-Host": {spoofed + ", other.example"},
				}}, "https://" + spoofed + "/resource"
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
		headCase("PROXY-04.absolute-https", "an absolute target of another scheme than the connection's",
			"GET https://%HOST%/resource HTTP/1.1\r\nHost: %HOST%\r\n%AUTH%Connection: close\r\n\r\n").
			as(Ours, "RFC 9112 3.2.2"),
		requestCase("PROXY-04.one-host", accepted, "one Host field", func(s *scene) Request {
			r := s.proved(s.sign(token{bound: true}), proof{})
			r.Head = "GET /resource HTTP/1.1\r\nHost: %HOST%\r\n%AUTH%Connection: close\r\n\r\n"
			return r
		}).in(Allowed, Required).needs(Guard),
		requestCase("PROXY-04.absolute", accepted, "an absolute target, which is the connection's",
			func(s *scene) Request {
				r := s.proved(s.sign(token{bound: true}), proof{})
				r.Head = "GET http://%HOST%/resource HTTP/1.1\r\nHost: %HOST%\r\n%AUTH%Connection: close\r\n\r\n"
				return r
			}).in(Allowed, Required).needs(Guard),
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
