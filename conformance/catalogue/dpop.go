package catalogue

import (
	"slices"
	"strings"

	. "github.com/holdfast-go/holdfast/conformance/player"
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
		ProofCase("DPOP-REQ-01.one", Accepted, "one good proof", Proof{}),
		RequestCase("DPOP-REQ-01.two-fields", BadProof, "two proofs, each of them good",
			func(run *Run) Request {
				bound := run.Sign(Token{Bound: true})
				r := run.Proved(bound, Proof{})
				return r.With("DPoP", run.Prove(r, bound, Proof{}))
			}).In(Allowed, Required),
		RequestCase("DPOP-REQ-01.same-twice", BadProof, "the same proof in two fields", func(run *Run) Request {
			r := run.Proved(run.Sign(Token{Bound: true}), Proof{})
			return r.With("DPoP", r.Header["DPoP"][0])
		}).In(Allowed, Required),
		RequestCase("DPOP-REQ-01.joined", BadProof, "two proofs joined by a comma", func(run *Run) Request {
			bound := run.Sign(Token{Bound: true})
			r := run.Proved(bound, Proof{})
			r.Header["DPoP"][0] += ", " + run.Prove(r, bound, Proof{})
			return r
		}).In(Allowed, Required),
		RequestCase("DPOP-REQ-01.lower-case-name", Accepted, "one proof, the field's name in lower case",
			func(run *Run) Request {
				r := run.Proved(run.Sign(Token{Bound: true}), Proof{})
				r.Header["dpop"] = r.Header["DPoP"]
				delete(r.Header, "DPoP")
				return r
			}).In(Allowed, Required),

		RequestCase("DPOP-REQ-02.none", BadProof, "no proof", func(run *Run) Request {
			return Get().With("Authorization", "DPoP "+run.Sign(Token{Bound: true}))
		}).In(Allowed, Required),
		RequestCase("DPOP-REQ-02.empty", BadProof, "an empty proof", func(run *Run) Request {
			return Get().With("Authorization", "DPoP "+run.Sign(Token{Bound: true})).With("DPoP", "")
		}).In(Allowed, Required),

		RequestCase("DPOP-REQ-03.unbound", BadToken, "a token that is not bound, with a good proof",
			AsDPoP(Token{Unbound: true}, Proof{})).In(Allowed, Required),

		RequestCase("DPOP-REQ-04.bound-as-bearer", BadToken, "a bound token as Bearer", AsBearer(Token{Bound: true})).In(Allowed),
		RequestCase("DPOP-REQ-04.with-proof", BadToken, "a bound token as Bearer, with a good proof",
			func(run *Run) Request {
				return bearerProved(run, Token{Bound: true})
			}).In(Allowed),
		RequestCase("DPOP-REQ-04.required", NoCredentials, "a bound token as Bearer, where DPoP is required",
			AsBearer(Token{Bound: true})).In(Required),

		RequestCase("DPOP-REQ-05.proof-beside-bearer", BadRequest, "an unbound token as Bearer, with a good proof",
			func(run *Run) Request {
				return bearerProved(run, Token{Unbound: true})
			}).In(Allowed),
		RequestCase("DPOP-REQ-05.disabled", Accepted, "an unbound token as Bearer, with a proof, where DPoP is disabled",
			func(run *Run) Request {
				return bearerProved(run, Token{Unbound: true})
			}).In(Disabled),

		RequestCase("DPOP-REQ-06.bearer", NoCredentials, "a good Bearer token, where DPoP is required",
			AsBearer(Token{Unbound: true})).In(Required),
		RequestCase("DPOP-REQ-06.told", NoCredentials, "a good Bearer token, where DPoP is required: 401 with a challenge",
			AsBearer(Token{Unbound: true})).In(Required).Exactly().As(Should, "RFC 9449 7.1"),
		RequestCase("DPOP-REQ-06.allowed", Accepted, "a good Bearer token, where DPoP is allowed",
			AsBearer(Token{Unbound: true})).In(Allowed),

		RequestCase("DPOP-REQ-07.not-offered", NoCredentials, "a bound token as DPoP with a good proof, where that is disabled",
			AsDPoP(Token{Bound: true}, Proof{})).In(Disabled),
		RequestCase("DPOP-REQ-07.bound-as-bearer", BadToken, "a bound token as Bearer, where DPoP is disabled",
			AsBearer(Token{Bound: true})).In(Disabled).As(Ours, "RFC 9449 7.2 is for those who know DPoP"),
		RequestCase("DPOP-REQ-07.by-choice", Accepted, "the same, where that is chosen",
			AsBearer(Token{Bound: true})).In(Disabled).Configured(boundAsBearer),
		RequestCase("DPOP-REQ-07.by-choice-other-method", BadToken, "a token that is bound by another method, where that is chosen",
			AsBearer(Token{Claims: Fields{"cnf": Fields{"kid": "x"}}})).In(Disabled).Configured(boundAsBearer).ReportedAs("DPOP-BIND-03"),

		ProofCase("DPOP-REQ-08.over", BadProof, "a proof like a good one, but over 8 KiB",
			Proof{Claims: Fields{"pad": strings.Repeat("x", 8<<10)}}).
			As(Ours, "OURS bound; the sources have none"),
		ProofCase("DPOP-REQ-08.under", Accepted, "a proof of under 8 KiB",
			Proof{Claims: Fields{"pad": strings.Repeat("x", 5<<10)}}).Having("bounds"),
	}
}

// dpopBindingCases are about the key that a token is bound to.
func dpopBindingCases() []Case {
	return []Case{
		RequestCase("DPOP-BIND-01.bound", Accepted, "a token that is bound to the proof's key",
			AsDPoP(Token{Bound: true}, Proof{})).In(Allowed, Required),
		RequestCase("DPOP-BIND-01.another-key", BadToken, "a good proof by another key than the token is bound to",
			AsDPoP(Token{Bound: true}, Proof{Key: OtherClientKey})).In(Allowed, Required),

		bindingCase("DPOP-BIND-01.changed", "jkt with a bit changed",
			func(jkt string) any { return Fields{"jkt": Flip(jkt, 9)} }),

		bindingCase("DPOP-BIND-02.string", "cnf is a string", func(jkt string) any { return jkt }),
		bindingCase("DPOP-BIND-02.null", "cnf is null", func(string) any { return nil }),
		bindingCase("DPOP-BIND-02.array", "cnf is an array",
			func(jkt string) any { return []any{Fields{"jkt": jkt}} }),
		bindingCase("DPOP-BIND-02.jkt-array", "jkt is an array",
			func(jkt string) any { return Fields{"jkt": []string{jkt}} }),
		bindingCase("DPOP-BIND-02.jkt-null", "jkt is null", func(string) any { return Fields{"jkt": nil} }),
		bindingCase("DPOP-BIND-02.jkt-empty", "jkt is empty", func(string) any { return Fields{"jkt": ""} }),
		bindingCase("DPOP-BIND-02.jkt-short", "jkt without its last character",
			func(jkt string) any { return Fields{"jkt": jkt[:42]} }),
		bindingCase("DPOP-BIND-02.jkt-padded", "jkt with padding",
			func(jkt string) any { return Fields{"jkt": jkt + "="} }),
		bindingCase("DPOP-BIND-02.jkt-alphabet", "jkt in another alphabet",
			func(string) any { return Fields{"jkt": strings.Repeat("+", 43)} }),
		bindingCase("DPOP-BIND-02.jkt-unused-bits", "jkt with unused bits set",
			func(jkt string) any { return Fields{"jkt": FlipLast(jkt)} }),
		bearerBindingCase("DPOP-BIND-02.as-bearer-string", "cnf is a string, as Bearer",
			"x", "DPOP-BIND-02").As(Ours, "RFC 7800 3.1 is for those who read cnf"),
		bearerBindingCase("DPOP-BIND-02.as-bearer-null", "cnf is null, as Bearer",
			nil, "DPOP-BIND-02").As(Ours, "RFC 7800 3.1 is for those who read cnf"),

		bindingCase("DPOP-BIND-03.unknown", "a method that is not understood",
			func(string) any { return Fields{"kid": "x"} }).ReportedAs("DPOP-BIND-03"),
		bindingCase("DPOP-BIND-03.empty", "no method at all",
			func(string) any { return Fields{} }).ReportedAs("DPOP-BIND-03"),
		bindingCase("DPOP-BIND-03.beside", "a method that is not understood besides jkt",
			func(jkt string) any { return Fields{"jkt": jkt, "jwk": Fields{}} }).
			ReportedAs("DPOP-BIND-03").As(Ours, "RFC 7800 3.1 leaves it to the application"),
		bearerBindingCase("DPOP-BIND-03.as-bearer", "a method that is not understood, as Bearer",
			Fields{"kid": "x"}, "DPOP-BIND-03").As(Ours, "RFC 7800 3.1 leaves it to the application"),
		bearerBindingCase("DPOP-BIND-03.certificate-as-bearer", "a certificate, where mTLS is off, as Bearer",
			Fields{"x5t#S256": strings.Repeat("A", 43)}, "DPOP-BIND-03").As(Ours, "RFC 8705 3"),
	}
}

// bearerProved sends a token as Bearer, with a good proof all the same.
func bearerProved(run *Run, t Token) Request {
	signed := run.Sign(t)
	return Bearer(signed).With("DPoP", run.Prove(Get(), signed, Proof{}))
}

// bindingCase has cnf changed, of a token that is sent as DPoP.
func bindingCase(id, reason string, change func(jkt string) any) Case {
	return RequestCase(id, BadToken, reason, func(run *Run) Request {
		return run.Proved(run.Sign(Token{Claims: Fields{"cnf": change(run.Thumbprint(ClientKey))}}), Proof{})
	}).In(Allowed, Required)
}

// bearerBindingCase has a cnf in a token that is sent as Bearer.
func bearerBindingCase(id, reason string, cnf any, fault string) Case {
	return RequestCase(id, BadToken, reason, AsBearer(Token{Claims: Fields{"cnf": cnf}})).In(Allowed, Disabled).ReportedAs(fault)
}

func boundAsBearer(_ *Environment, c *verifier.Config) {
	c.DPoP.InsecureAcceptBoundTokensAsBearer = true
}
