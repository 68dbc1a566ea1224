package catalogue

import (
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier"
)

// dpopCases are about sender-constrained requests (RFC 9449).
func dpopCases() []Case {
	return slices.Concat(
		dpopRequestCases(), proofFormCases(), proofClaimCases(), dpopBindingCases(), replayCases(),
	)
}

// dpopRequestCases are about what comes with a request: scheme, token and proof.
func dpopRequestCases() []Case {
	return []Case{
		proofCase("DPOP-REQ-01.one", accepted, "one good proof", proof{}),
		requestCase("DPOP-REQ-01.two-fields", badProof, "two proofs, each of them good",
			func(s *scene) Request {
				bound := s.sign(token{bound: true})
				r := s.proved(bound, proof{})
				return r.with("DPoP", s.prove(r, bound, proof{}))
			}).in(Allowed, Required),
		requestCase("DPOP-REQ-01.same-twice", badProof, "the same proof in two fields", func(s *scene) Request {
			r := s.proved(s.sign(token{bound: true}), proof{})
			return r.with("DPoP", r.Header["DPoP"][0])
		}).in(Allowed, Required),
		requestCase("DPOP-REQ-01.joined", badProof, "two proofs joined by a comma", func(s *scene) Request {
			bound := s.sign(token{bound: true})
			r := s.proved(bound, proof{})
			r.Header["DPoP"][0] += ", " + s.prove(r, bound, proof{})
			return r
		}).in(Allowed, Required),
		requestCase("DPOP-REQ-01.lower-case-name", accepted, "one proof, the field's name in lower case",
			func(s *scene) Request {
				r := s.proved(s.sign(token{bound: true}), proof{})
				r.Header["dpop"] = r.Header["DPoP"]
				delete(r.Header, "DPoP")
				return r
			}).in(Allowed, Required),

		requestCase("DPOP-REQ-02.none", badProof, "no proof", func(s *scene) Request {
			return get().with("Authorization", "DPoP "+s.sign(token{bound: true}))
		}).in(Allowed, Required),
		requestCase("DPOP-REQ-02.empty", badProof, "an empty proof", func(s *scene) Request {
			return get().with("Authorization", "DPoP "+s.sign(token{bound: true})).with("DPoP", "")
		}).in(Allowed, Required),

		requestCase("DPOP-REQ-03.unbound", badToken, "a token that is not bound, with a good proof",
			func(s *scene) Request {
				return s.proved(s.sign(token{unbound: true}), proof{})
			}).in(Allowed, Required),

		requestCase("DPOP-REQ-04.bound-as-bearer", badToken, "a bound token as Bearer", func(s *scene) Request {
			return bearer(s.sign(token{bound: true}))
		}).in(Allowed),
		requestCase("DPOP-REQ-04.with-proof", badToken, "a bound token as Bearer, with a good proof",
			func(s *scene) Request {
				return bearerProved(s, token{bound: true})
			}).in(Allowed),
		requestCase("DPOP-REQ-04.required", noCredentials, "a bound token as Bearer, where DPoP is required",
			func(s *scene) Request {
				return bearer(s.sign(token{bound: true}))
			}).in(Required),

		requestCase("DPOP-REQ-05.proof-beside-bearer", badRequest, "an unbound token as Bearer, with a good proof",
			func(s *scene) Request {
				return bearerProved(s, token{unbound: true})
			}).in(Allowed),
		requestCase("DPOP-REQ-05.disabled", accepted, "an unbound token as Bearer, with a proof, where DPoP is disabled",
			func(s *scene) Request {
				return bearerProved(s, token{unbound: true})
			}).in(Disabled),

		requestCase("DPOP-REQ-06.bearer", noCredentials, "a good Bearer token, where DPoP is required",
			func(s *scene) Request {
				return bearer(s.sign(token{unbound: true}))
			}).in(Required),
		requestCase("DPOP-REQ-06.told", noCredentials, "a good Bearer token, where DPoP is required: 401 with a challenge",
			func(s *scene) Request {
				return bearer(s.sign(token{unbound: true}))
			}).in(Required).exactly().as(Should, "RFC 9449 7.1"),
		requestCase("DPOP-REQ-06.allowed", accepted, "a good Bearer token, where DPoP is allowed",
			func(s *scene) Request {
				return bearer(s.sign(token{unbound: true}))
			}).in(Allowed),

		requestCase("DPOP-REQ-07.not-offered", noCredentials, "a bound token as DPoP with a good proof, where that is disabled",
			func(s *scene) Request {
				return s.proved(s.sign(token{bound: true}), proof{})
			}).in(Disabled),
		requestCase("DPOP-REQ-07.bound-as-bearer", badToken, "a bound token as Bearer, where DPoP is disabled",
			func(s *scene) Request {
				return bearer(s.sign(token{bound: true}))
			}).in(Disabled).as(Ours, "RFC 9449 7.2 is for those who know DPoP"),
		requestCase("DPOP-REQ-07.by-choice", accepted, "the same, where that is chosen",
			func(s *scene) Request {
				return bearer(s.sign(token{bound: true}))
			}).in(Disabled).with(boundAsBearer),
		requestCase("DPOP-REQ-07.by-choice-other-method", badToken, "a token that is bound by another method, where that is chosen",
			func(s *scene) Request {
				return bearer(s.sign(token{claims: fields{"cnf": fields{"kid": "x"}}}))
			}).in(Disabled).with(boundAsBearer).named("DPOP-BIND-03"),

		proofCase("DPOP-REQ-08.over", badProof, "a proof like a good one, but over 8 KiB",
			proof{claims: fields{"pad": strings.Repeat("x", 8<<10)}}).
			as(Ours, "OURS bound; the sources know none"),
		proofCase("DPOP-REQ-08.under", accepted, "a proof of under 8 KiB",
			proof{claims: fields{"pad": strings.Repeat("x", 5<<10)}}).needs(Inside),
	}
}

// dpopBindingCases are about the key that a token is bound to.
func dpopBindingCases() []Case {
	return []Case{
		requestCase("DPOP-BIND-01.bound", accepted, "a token that is bound to the proof's key",
			func(s *scene) Request {
				return s.proved(s.sign(token{bound: true}), proof{})
			}).in(Allowed, Required),
		requestCase("DPOP-BIND-01.another-key", badToken, "a good proof by another key than the token is bound to",
			func(s *scene) Request {
				return s.proved(s.sign(token{bound: true}), proof{key: thiefKey})
			}).in(Allowed, Required),

		bindingCase("DPOP-BIND-01.changed", "jkt with a bit changed",
			func(jkt string) any { return fields{"jkt": flip(jkt, 9)} }),

		bindingCase("DPOP-BIND-02.string", "cnf is a string", func(jkt string) any { return jkt }),
		bindingCase("DPOP-BIND-02.null", "cnf is null", func(string) any { return nil }),
		bindingCase("DPOP-BIND-02.array", "cnf is an array",
			func(jkt string) any { return []any{fields{"jkt": jkt}} }),
		bindingCase("DPOP-BIND-02.jkt-array", "jkt is an array",
			func(jkt string) any { return fields{"jkt": []string{jkt}} }),
		bindingCase("DPOP-BIND-02.jkt-null", "jkt is null", func(string) any { return fields{"jkt": nil} }),
		bindingCase("DPOP-BIND-02.jkt-empty", "jkt is empty", func(string) any { return fields{"jkt": ""} }),
		bindingCase("DPOP-BIND-02.jkt-short", "jkt without its last character",
			func(jkt string) any { return fields{"jkt": jkt[:42]} }),
		bindingCase("DPOP-BIND-02.jkt-padded", "jkt with padding",
			func(jkt string) any { return fields{"jkt": jkt + "="} }),
		bindingCase("DPOP-BIND-02.jkt-alphabet", "jkt in another alphabet",
			func(string) any { return fields{"jkt": strings.Repeat("+", 43)} }),
		bindingCase("DPOP-BIND-02.jkt-unused-bits", "jkt with unused bits set",
			func(jkt string) any { return fields{"jkt": flipLast(jkt)} }),
		bearerBindingCase("DPOP-BIND-02.as-bearer-string", "cnf is a string, as Bearer",
			"x", "DPOP-BIND-02").as(Ours, "RFC 7800 3.1 is for those who read cnf"),
		bearerBindingCase("DPOP-BIND-02.as-bearer-null", "cnf is null, as Bearer",
			nil, "DPOP-BIND-02").as(Ours, "RFC 7800 3.1 is for those who read cnf"),

		bindingCase("DPOP-BIND-03.unknown", "a method that is not understood",
			func(string) any { return fields{"kid": "x"} }).named("DPOP-BIND-03"),
		bindingCase("DPOP-BIND-03.empty", "no method at all",
			func(string) any { return fields{} }).named("DPOP-BIND-03"),
		bindingCase("DPOP-BIND-03.beside", "a method that is not understood beside jkt",
			func(jkt string) any { return fields{"jkt": jkt, "jwk": fields{}} }).
			named("DPOP-BIND-03").as(Ours, "RFC 7800 3.1 leaves it to the application"),
		bearerBindingCase("DPOP-BIND-03.as-bearer", "a method that is not understood, as Bearer",
			fields{"kid": "x"}, "DPOP-BIND-03").as(Ours, "RFC 7800 3.1 leaves it to the application"),
		bearerBindingCase("DPOP-BIND-03.certificate-as-bearer", "a certificate, where mTLS is off, as Bearer",
			fields{"x5t#S256": strings.Repeat("A", 43)}, "DPOP-BIND-03").as(Ours, "RFC 8705 3"),
	}
}

// bearerProved sends a token as Bearer, with a good proof all the same.
func bearerProved(s *scene, t token) Request {
	signed := s.sign(t)
	return bearer(signed).with("DPoP", s.prove(get(), signed, proof{}))
}

// bindingCase has cnf changed, of a token that is sent as DPoP.
func bindingCase(id, reason string, change func(jkt string) any) Case {
	return requestCase(id, badToken, reason, func(s *scene) Request {
		return s.proved(s.sign(token{claims: fields{"cnf": change(s.thumbprint(clientKey))}}), proof{})
	}).in(Allowed, Required)
}

// bearerBindingCase has a cnf in a token that is sent as Bearer.
func bearerBindingCase(id, reason string, cnf any, fault string) Case {
	return requestCase(id, badToken, reason, func(s *scene) Request {
		return bearer(s.sign(token{claims: fields{"cnf": cnf}}))
	}).in(Allowed, Disabled).named(fault)
}

func boundAsBearer(_ *World, c *verifier.Config) { c.DPoP.InsecureAcceptBoundTokensAsBearer = true }
