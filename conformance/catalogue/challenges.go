package catalogue

import (
	"errors"
	"net/http"
	"strings"

	"github.com/holdfast-go/holdfast/conformance/fault"
	"github.com/holdfast-go/holdfast/conformance/internal/result"
	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
)

// challengeCases are about answers: status, error code and challenges (RFC 6750 section 3, RFC 9110 section 11.6.1, RFC 9449
// section 7).
func challengeCases() []Case {
	expired := Token{Claims: Fields{"exp": In(-3600), "iat": In(-7200)}}
	expiredBound, expiredUnbound := expired, expired
	expiredBound.Bound, expiredUnbound.Unbound = true, true
	cases := []Case{
		answerCase("CHAL-01.no-credentials", NoCredentials, "no credentials: 401 with challenges that parse",
			withoutCredentials, hasChallenge),
		answerCase("CHAL-01.bad-token", BadToken, "a bad token: 401 with challenges that parse",
			Carrying(expired), hasChallenge),
		answerCase("CHAL-01.bad-proof", BadProof, "a bad proof: 401 with challenges that parse",
			badlyProved, hasChallenge).In(Allowed, Required),

		answerCase("CHAL-02.bad-token", BadToken, "values in printable ASCII", Carrying(expired), printable),
		answerCase("CHAL-02.realm", BadToken, "a realm with a quotation mark and a backslash",
			Carrying(expired), func(run *Run, a Answer) {
				challenges, err := ParseChallenges(a.Values("Www-Authenticate"))
				run.Must(err)
				for _, c := range challenges {
					if c.Params["realm"] != oddRealm {
						run.Errorf("the realm is %q", c.Params["realm"])
					}
				}
			}).Configured(func(_ *Environment, c *verifier.Config) { c.Realm = oddRealm }),

		answerCase("CHAL-03.alg", BadToken, "a secret word as alg",
			Carrying(Token{Header: Fields{"alg": secretWord}}), notReflected).ReportedAs("JWS-08"),
		answerCase("CHAL-03.kid", BadToken, "a secret word as kid",
			Carrying(Token{Header: Fields{"kid": secretWord}}), notReflected).ReportedAs("CACHE-05"),
		answerCase("CHAL-03.typ", BadToken, "a secret word as typ", Carrying(Token{
			Header: Fields{"typ": secretWord}, Claims: expired.Claims, // for those who take any typ
		}), notReflected).ReportedAs("TYP-02"),
		answerCase("CHAL-03.iss", BadToken, "a secret word as iss",
			Carrying(Token{Claims: Fields{"iss": secretWord}}), notReflected).ReportedAs("CLAIM-ISS-02"),
		answerCase("CHAL-03.aud", BadToken, "a secret word as aud",
			Carrying(Token{Claims: Fields{"aud": secretWord}}), notReflected).ReportedAs("CLAIM-AUD-02"),
		answerCase("CHAL-03.exp", BadToken, "a secret word as exp",
			Carrying(Token{Claims: Fields{"exp": secretWord}}), notReflected).ReportedAs("CLAIM-EXP-01"),
		answerCase("CHAL-03.payload", BadToken, "a secret word as the payload",
			Carrying(Token{RawClaims: func(string) string { return secretWord }}), notReflected).
			ReportedAs("JWS-04"),
		answerCase("CHAL-03.scheme", NoCredentials, "a secret word as the scheme",
			func(*Run) Request {
				return Get().
					With("Authorization", secretWord+" "+secretWord)
			}, notReflected),
		answerCase("CHAL-03.parameter", BadRequest, "a secret word where the token is", func(run *Run) Request {
			return Get().With("Authorization", run.Scheme()+` "`+secretWord+`"`)
		}, notReflected).ReportedAs("CRED-05"),
		answerCase("CHAL-03.path", NoCredentials, "a secret word in the path and query", func(*Run) Request {
			return Get().At("/resource/" + secretWord + "?" + secretWord + "=%22")
		}, notReflected),
		answerCase("CHAL-03.htu", BadProof, "a secret word in htu", AsDPoP(Token{Bound: true}, Proof{Claims: Fields{"htu": "https://" + secretWord + ".example/"}}), notReflected).ReportedAs("DPOP-CLM-04").In(Allowed, Required),
		answerCase("CHAL-03.jti", BadProof, "a secret word in a proof that is too old", AsDPoP(Token{Bound: true}, Proof{Claims: Fields{"jti": secretWord, "iat": In(-7200)}}), notReflected).ReportedAs("DPOP-CLM-08").In(Allowed, Required),

		answerCase("CHAL-04.no-credentials", NoCredentials, "the DPoP challenge carries algs, without credentials",
			withoutCredentials, hasAlgorithms).
			In(Allowed, Required),
		answerCase("CHAL-04.bad-proof", BadProof, "the DPoP challenge carries algs, of a bad proof",
			badlyProved, hasAlgorithms).
			In(Allowed, Required),
		answerCase("CHAL-04.several", NoCredentials, "algs are separated by spaces",
			withoutCredentials, func(run *Run, a Answer) {
				for _, c := range dpopChallenges(a) {
					if c.Params["algs"] != "ES256 PS256" {
						run.Errorf("algs is %q", c.Params["algs"])
					}
				}
			}).Configured(func(_ *Environment, c *verifier.Config) { c.DPoP.Algorithms = []string{"ES256", "PS256"} }).
			In(Allowed, Required),
		answerCase("CHAL-04.both-names", NoCredentials, "algs has Ed25519 too, where EdDSA is configured (JWS-19)",
			withoutCredentials, func(run *Run, a Answer) {
				for _, c := range dpopChallenges(a) {
					if c.Params["algs"] != "EdDSA Ed25519" {
						run.Errorf("algs is %q", c.Params["algs"])
					}
				}
			}).Configured(func(_ *Environment, c *verifier.Config) { c.DPoP.Algorithms = []string{"EdDSA"} }).
			In(Allowed, Required),

		answerCase("CHAL-05.allowed", NoCredentials, "mode allowed offers Bearer and DPoP",
			withoutCredentials, nil).In(Allowed).Exactly(),
		answerCase("CHAL-05.required", NoCredentials, "mode required offers only DPoP",
			withoutCredentials, nil).In(Required).Exactly(),
		answerCase("CHAL-05.disabled", NoCredentials, "mode disabled offers only Bearer",
			withoutCredentials, nil).In(Disabled).Exactly(),

		answerCase("CHAL-06.bearer", BadToken, "a bad Bearer token: the error is on no other challenge",
			AsBearer(expiredUnbound), onUsedScheme).In(Allowed, Disabled),
		answerCase("CHAL-06.bearer-required", NoCredentials, "a bad Bearer token, where DPoP is required: no error",
			AsBearer(expiredUnbound), nil).In(Required),
		answerCase("CHAL-06.dpop", BadToken, "a bad token as DPoP: the error is on no other challenge",
			AsDPoP(expiredBound, Proof{}), onUsedScheme).In(Allowed, Required),
		answerCase("CHAL-06.dpop-disabled", NoCredentials, "a bad token as DPoP, where that is disabled: no error",
			AsDPoP(expiredBound, Proof{}), nil).In(Disabled),
		answerCase("CHAL-06.proof", BadProof, "a bad proof: the error is on no other challenge",
			badlyProved, onUsedScheme).In(Allowed, Required),
		answerCase("CHAL-06.scope", NoScope, "a missing scope: the error is on no other challenge",
			Scoped(Token{}), onUsedScheme),
		answerCase("CHAL-06.bearer-told", BadToken, "a bad Bearer token: 401 invalid_token",
			AsBearer(expiredUnbound), nil).In(Allowed, Disabled).
			Exactly().As(Should, "RFC 6750 3, 3.1"),
		answerCase("CHAL-06.dpop-told", BadToken, "a bad token as DPoP: 401 invalid_token",
			AsDPoP(expiredBound, Proof{}), nil).In(Allowed, Required).
			Exactly().As(Should, "RFC 9449 7.1"),
		answerCase("CHAL-06.unbound-told", BadToken, "an unbound token as DPoP: 401 invalid_token",
			AsDPoP(Token{Unbound: true}, Proof{}), nil).In(Allowed, Required).
			Exactly().As(Should, "RFC 9449 7.1").ReportedAs("DPOP-REQ-03"),
		answerCase("CHAL-06.proof-told", BadProof, "a bad proof: 401 invalid_dpop_proof",
			badlyProved, nil).In(Allowed, Required).
			Exactly().As(Should, "RFC 9449 7.1"),
		answerCase("CHAL-06.request-told", BadRequest, "a malformed request: 400 invalid_request",
			func(run *Run) Request {
				return Get().With("Authorization", run.Scheme()+" a b")
			}, nil).Exactly().As(Should, "RFC 6750 3.1 recommends it").ReportedAs("CRED-05"),

		answerCase("CHAL-07.no-credentials", NoCredentials, "no error without credentials",
			withoutCredentials, nil).Exactly(),
		answerCase("CHAL-07.other-scheme", NoCredentials, "no error for a scheme that is not offered",
			func(*Run) Request {
				return Get().With("Authorization", "Basic YTpi")
			}, nil).Exactly(),
		answerCase("CHAL-07.bad-token", BadToken, "at most one error for a bad token",
			Carrying(expired), oneError),
		answerCase("CHAL-07.bad-proof", BadProof, "at most one error for a bad proof",
			badlyProved, oneError).In(Allowed, Required),

		answerCase("CHAL-08.never-bare", NoCredentials, "a Bearer challenge has a parameter",
			withoutCredentials, neverBare).In(Allowed, Disabled),
		answerCase("CHAL-08.never-bare-error", BadToken, "a Bearer challenge has a parameter, of a bad token",
			Carrying(expired), neverBare).In(Allowed, Disabled),
		answerCase("CHAL-08.resource-metadata", NoCredentials, "resource_metadata, which is configured",
			withoutCredentials, func(run *Run, a Answer) {
				challenges, err := ParseChallenges(a.Values("Www-Authenticate"))
				run.Must(err)
				for _, c := range challenges {
					if c.Params["resource_metadata"] != resourceMetadata {
						run.Errorf("resource_metadata is %q", c.Params["resource_metadata"])
					}
				}
			}).Configured(func(_ *Environment, c *verifier.Config) { c.Resource = "https://api.example" }),

		answerCase("CHAL-09.issuer-away", Undecidable, "an issuer that is away: no answer that logs clients out",
			Carrying(Token{}), func(run *Run, a Answer) {
				if a.Status < 500 {
					run.Errorf("the status is %d", a.Status)
				}
			}).WithFault(fault.Outage).ReportedAs(""),
		answerCase("CHAL-09.retry-after", Undecidable, "an issuer that is away: 503 with Retry-After and no challenge",
			Carrying(Token{}), nil).
			WithFault(fault.Outage).Exactly().As(Ours, "RFC 9110 15.6.4 permits Retry-After").ReportedAs(""),
		answerCase("CHAL-09.not-decided", BadToken, "an issuer that is away, and a token that is bad without it",
			Carrying(Token{
				Claims: Fields{"iss": "https://evil.example/"},
			}), nil).WithFault(fault.Outage).As(Ours, "RFC 8725 3.10").ReportedAs("CLAIM-ISS-02"),

		NewCase("CHAL-10.found", BadToken, "the error has a class and a code that errors.Is finds", Step{
			Send: Carrying(expired), Want: BadToken, Check: func(run *Run, a Answer) {
				if a.Err.Class != verifier.Rejected || a.Err.Code != verifier.CodeExpired ||
					!errors.Is(a.Err, verifier.Rejected) || !errors.Is(a.Err, verifier.CodeExpired) || errors.Is(a.Err, verifier.Undecidable) {
					run.Errorf("class %q, code %q", a.Err.Class, a.Err.Code)
				}
			},
		}).Needing(Inside).ReportedAs("CLAIM-EXP-02"),
		NewCase("CHAL-10.hidden", Undecidable, "the cause is for the operator and not for the client", Step{
			Send: Carrying(Token{}), Want: Undecidable, Check: func(run *Run, a Answer) {
				var cause interface{ Unwrap() []error }
				if !errors.As(a.Err, &cause) || len(cause.Unwrap()) != 3 {
					run.Errorf("there is no cause")
				}
				if strings.Contains(a.Err.Description, "503") || strings.Contains(a.Err.Description, "jwks") {
					run.Errorf("the description tells the cause")
				}
			},
		}).Needing(Inside).WithFault(fault.Outage).ReportedAs(""),

		answerCase("CHAL-11.no-credentials", NoCredentials, "Cache-Control: no-store without credentials",
			withoutCredentials, NotStored),
		answerCase("CHAL-11.bad-token", BadToken, "Cache-Control: no-store of a bad token",
			Carrying(expired), NotStored),
		answerCase("CHAL-11.scope", NoScope, "Cache-Control: no-store of a missing scope",
			Scoped(Token{}), NotStored),

		answerCase("CHAL-12.no-credentials", NoCredentials, "the scope that the route needs, without credentials",
			func(*Run) Request { return Get().At("/scoped") }, scopeNamed),
		answerCase("CHAL-12.bad-token", BadToken, "the scope that the route needs, of a bad token",
			Scoped(expired), scopeNamed),
	}
	// What is bad about these is not the rule's business.
	faults := map[Expectation]string{BadToken: "CLAIM-EXP-02", BadProof: "DPOP-CLM-02", NoScope: "CLAIM-SCP-02"}
	for i, c := range cases {
		if c.Reported() == c.Rule && faults[c.Expected] != "" {
			cases[i] = c.ReportedAs(faults[c.Expected])
		}
	}
	return cases
}

const (
	oddRealm         = `or"ders\`
	secretWord       = "s3cr3tw0rd"
	resourceMetadata = "https://api.example/.well-known/oauth-protected-resource"
)

// answerCase is about the answer to a request. What is not checked exactly is checked by its function.
func answerCase(id string, want Expectation, reason string, send func(*Run) Request, check func(*Run, Answer)) Case {
	return NewCase(id, want, reason, Step{Send: send, Want: want, Check: check})
}

func withoutCredentials(*Run) Request { return Get() }

// badlyProved has a proof for another method.
func badlyProved(run *Run) Request {
	return run.Proved(run.Sign(Token{Bound: true}), Proof{Claims: Fields{"htm": "POST"}})
}

// hasChallenge holds that a 401 has challenges that parse.
func hasChallenge(run *Run, a Answer) {
	challenges, err := ParseChallenges(a.Values("Www-Authenticate"))
	switch {
	case a.Status != http.StatusUnauthorized:
	case err != nil:
		run.Errorf("%v", err)
	case len(challenges) == 0:
		run.Errorf("no WWW-Authenticate")
	}
}

// onUsedScheme holds that no challenge but that of the scheme which was used has an error.
func onUsedScheme(run *Run, a Answer) {
	challenges, _ := ParseChallenges(a.Values("Www-Authenticate"))
	for _, c := range challenges {
		if c.TellsError() && !strings.EqualFold(c.Scheme, run.UsedScheme()) {
			run.Errorf("the %s challenge has an error", result.Printable(c.Scheme))
		}
	}
}

// scopeNamed holds that each challenge names the scope of /scoped.
func scopeNamed(run *Run, a Answer) {
	challenges, err := ParseChallenges(a.Values("Www-Authenticate"))
	run.Must(err)
	for _, c := range challenges {
		if c.Params["scope"] != NeededScope {
			run.Errorf("the scope of the %s challenge is %q", result.Printable(c.Scheme), result.Printable(c.Params["scope"]))
		}
	}
}

func printable(run *Run, a Answer) {
	for _, value := range a.Values("Www-Authenticate") {
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			run.Errorf("a challenge is not in printable ASCII")
		}
	}
}

func notReflected(run *Run, a Answer) {
	for name, values := range a.Header {
		for _, value := range values {
			if strings.Contains(value, secretWord) {
				run.Errorf("%s has text of the request", name)
			}
		}
	}
}

func dpopChallenges(a Answer) []Challenge {
	challenges, _ := ParseChallenges(a.Values("Www-Authenticate"))
	var found []Challenge
	for _, c := range challenges {
		if strings.EqualFold(c.Scheme, "DPoP") {
			found = append(found, c)
		}
	}
	return found
}

func hasAlgorithms(run *Run, a Answer) {
	found := dpopChallenges(a)
	if len(found) == 0 {
		run.Errorf("no DPoP challenge")
	}
	for _, c := range found {
		if !strings.Contains(" "+c.Params["algs"]+" ", " ES256 ") {
			run.Errorf("algs is %q", c.Params["algs"])
		}
	}
}

// oneError holds that there is at most one error in the answer.
func oneError(run *Run, a Answer) {
	challenges, _ := ParseChallenges(a.Values("Www-Authenticate"))
	count := 0
	for _, c := range challenges {
		if c.TellsError() {
			count++
		}
	}
	if count > 1 {
		run.Errorf("there are %d errors", count)
	}
}

func neverBare(run *Run, a Answer) {
	challenges, _ := ParseChallenges(a.Values("Www-Authenticate"))
	for _, c := range challenges {
		if strings.EqualFold(c.Scheme, "Bearer") && len(c.Params) == 0 {
			run.Errorf("a bare Bearer challenge")
		}
	}
}
