package catalogue

import (
	"errors"
	"net/http"
	"strings"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/verifier"
)

// chalCases are about answers: status, error code and challenges (RFC 6750 section 3, RFC 9110 section 11.6.1, RFC 9449
// section 7).
func chalCases() []Case {
	expired := token{claims: fields{"exp": in(-3600), "iat": in(-7200)}}
	cases := []Case{
		answerCase("CHAL-01.no-credentials", noCredentials, "no credentials: 401 with challenges that parse",
			withoutCredentials, hasChallenge),
		answerCase("CHAL-01.bad-token", badToken, "a bad token: 401 with challenges that parse",
			carrying(expired), hasChallenge),
		answerCase("CHAL-01.bad-proof", badProof, "a bad proof: 401 with challenges that parse",
			badlyProved, hasChallenge).in(Allowed, Required),

		answerCase("CHAL-02.bad-token", badToken, "values in printable ASCII", carrying(expired), printable),
		answerCase("CHAL-02.realm", badToken, "a realm with a quotation mark and a backslash",
			carrying(expired), func(s *scene, a Answer) {
				challenges, err := parseChallenges(a.values("Www-Authenticate"))
				s.must(err)
				for _, c := range challenges {
					if c.params["realm"] != oddRealm {
						s.errorf("the realm is %q", c.params["realm"])
					}
				}
			}).with(func(_ *World, c *verifier.Config) { c.Realm = oddRealm }),

		answerCase("CHAL-03.alg", badToken, "a secret word as alg",
			carrying(token{header: fields{"alg": secretWord}}), notReflected).named("JWS-08"),
		answerCase("CHAL-03.kid", badToken, "a secret word as kid",
			carrying(token{header: fields{"kid": secretWord}}), notReflected).named("CACHE-05"),
		answerCase("CHAL-03.typ", badToken, "a secret word as typ", carrying(token{
			header: fields{"typ": secretWord}, claims: expired.claims, // for those who take any typ
		}), notReflected).named("TYP-02"),
		answerCase("CHAL-03.iss", badToken, "a secret word as iss",
			carrying(token{claims: fields{"iss": secretWord}}), notReflected).named("CLAIM-ISS-02"),
		answerCase("CHAL-03.aud", badToken, "a secret word as aud",
			carrying(token{claims: fields{"aud": secretWord}}), notReflected).named("CLAIM-AUD-02"),
		answerCase("CHAL-03.exp", badToken, "a secret word as exp",
			carrying(token{claims: fields{"exp": secretWord}}), notReflected).named("CLAIM-EXP-01"),
		answerCase("CHAL-03.payload", badToken, "a secret word as the payload",
			carrying(token{rawClaims: func(string) string { return secretWord }}), notReflected).
			named("JWS-04"),
		answerCase("CHAL-03.scheme", noCredentials, "a secret word as the scheme",
			func(*scene) Request {
				return get().
					with("Authorization", secretWord+" "+secretWord)
			}, notReflected),
		answerCase("CHAL-03.parameter", badRequest, "a secret word where the token is", func(s *scene) Request {
			return get().with("Authorization", s.scheme()+` "`+secretWord+`"`)
		}, notReflected).named("CRED-05"),
		answerCase("CHAL-03.path", noCredentials, "a secret word in the path and query", func(*scene) Request {
			return get().at("/resource/" + secretWord + "?" + secretWord + "=%22")
		}, notReflected),
		answerCase("CHAL-03.htu", badProof, "a secret word in htu", func(s *scene) Request {
			return s.proved(s.sign(token{bound: true}), proof{claims: fields{"htu": "https://" + secretWord + ".example/"}})
		}, notReflected).named("DPOP-CLM-04").in(Allowed, Required),
		answerCase("CHAL-03.jti", badProof, "a secret word in a proof that is too old", func(s *scene) Request {
			return s.proved(s.sign(token{bound: true}), proof{claims: fields{"jti": secretWord, "iat": in(-7200)}})
		}, notReflected).named("DPOP-CLM-08").in(Allowed, Required),

		answerCase("CHAL-04.no-credentials", noCredentials, "the DPoP challenge carries algs, without credentials",
			withoutCredentials, hasAlgorithms).
			in(Allowed, Required).as(Should, "RFC 9449 7.1"),
		answerCase("CHAL-04.bad-proof", badProof, "the DPoP challenge carries algs, of a bad proof",
			badlyProved, hasAlgorithms).
			in(Allowed, Required).as(Should, "RFC 9449 7.1"),
		answerCase("CHAL-04.several", noCredentials, "algs are separated by spaces",
			withoutCredentials, func(s *scene, a Answer) {
				for _, c := range dpopChallenges(a) {
					if c.params["algs"] != "ES256 PS256" {
						s.errorf("algs is %q", c.params["algs"])
					}
				}
			}).with(func(_ *World, c *verifier.Config) { c.DPoP.Algorithms = []string{"ES256", "PS256"} }).
			in(Allowed, Required),
		answerCase("CHAL-04.both-names", noCredentials, "algs has Ed25519 too, where EdDSA is configured (JWS-19)",
			withoutCredentials, func(s *scene, a Answer) {
				for _, c := range dpopChallenges(a) {
					if c.params["algs"] != "EdDSA Ed25519" {
						s.errorf("algs is %q", c.params["algs"])
					}
				}
			}).with(func(_ *World, c *verifier.Config) { c.DPoP.Algorithms = []string{"EdDSA"} }).
			in(Allowed, Required),

		answerCase("CHAL-05.allowed", noCredentials, "mode allowed offers Bearer and DPoP",
			withoutCredentials, nil).in(Allowed).exactly().
			as(Should, "RFC 9449 7.2, RFC 9110 11.6.1"),
		answerCase("CHAL-05.required", noCredentials, "mode required offers DPoP alone",
			withoutCredentials, nil).in(Required).exactly(),
		answerCase("CHAL-05.disabled", noCredentials, "mode disabled offers Bearer alone",
			withoutCredentials, nil).in(Disabled).exactly(),

		answerCase("CHAL-06.bearer", badToken, "a bad Bearer token: the error is on no other challenge",
			asBearer(expired), onUsedScheme).in(Allowed, Disabled).
			as(Should, "RFC 9449 7.2"),
		answerCase("CHAL-06.bearer-required", noCredentials, "a bad Bearer token, where DPoP is required: no error",
			asBearer(expired), nil).in(Required),
		answerCase("CHAL-06.dpop", badToken, "a bad token as DPoP: the error is on no other challenge",
			asDPoP(expired), onUsedScheme).in(Allowed, Required).
			as(Should, "RFC 9449 7.2"),
		answerCase("CHAL-06.dpop-disabled", noCredentials, "a bad token as DPoP, where that is disabled: no error",
			asDPoP(expired), nil).in(Disabled),
		answerCase("CHAL-06.proof", badProof, "a bad proof: the error is on no other challenge",
			badlyProved, onUsedScheme).in(Allowed, Required).
			as(Should, "RFC 9449 7.2"),
		answerCase("CHAL-06.scope", noScope, "a missing scope: the error is on no other challenge",
			withoutScope, onUsedScheme).
			as(Should, "RFC 9449 7.2"),
		answerCase("CHAL-06.bearer-told", badToken, "a bad Bearer token: 401 invalid_token",
			asBearer(expired), nil).in(Allowed, Disabled).
			exactly().as(Should, "RFC 6750 3, 3.1"),
		answerCase("CHAL-06.dpop-told", badToken, "a bad token as DPoP: 401 invalid_token",
			asDPoP(expired), nil).in(Allowed, Required).
			exactly().as(Should, "RFC 9449 7.1"),
		answerCase("CHAL-06.unbound-told", badToken, "an unbound token as DPoP: 401 invalid_token",
			asDPoP(token{unbound: true}), nil).in(Allowed, Required).
			exactly().as(Should, "RFC 9449 7.1").named("DPOP-REQ-03"),
		answerCase("CHAL-06.proof-told", badProof, "a bad proof: 401 invalid_dpop_proof",
			badlyProved, nil).in(Allowed, Required).
			exactly().as(Should, "RFC 9449 7.1"),
		answerCase("CHAL-06.request-told", badRequest, "a malformed request: 400 invalid_request",
			func(s *scene) Request {
				return get().with("Authorization", s.scheme()+" a b")
			}, nil).exactly().as(Should, "RFC 6750 3.1 recommends it").named("CRED-05"),

		answerCase("CHAL-07.no-credentials", noCredentials, "no error without credentials",
			withoutCredentials, nil).exactly().as(Should, "RFC 6750 3.1 recommends it"),
		answerCase("CHAL-07.other-scheme", noCredentials, "no error for a scheme that is not offered",
			func(*scene) Request {
				return get().with("Authorization", "Basic YTpi")
			}, nil).exactly().as(Should, "RFC 6750 3.1 recommends it"),
		answerCase("CHAL-07.bad-token", badToken, "at most one error for a bad token",
			carrying(expired), oneError),
		answerCase("CHAL-07.bad-proof", badProof, "at most one error for a bad proof",
			badlyProved, oneError).in(Allowed, Required),

		answerCase("CHAL-08.never-bare", noCredentials, "a Bearer challenge has a parameter",
			withoutCredentials, neverBare).in(Allowed, Disabled),
		answerCase("CHAL-08.never-bare-error", badToken, "a Bearer challenge has a parameter, of a bad token",
			carrying(expired), neverBare).in(Allowed, Disabled),
		answerCase("CHAL-08.resource-metadata", noCredentials, "resource_metadata, which is configured",
			withoutCredentials, func(s *scene, a Answer) {
				challenges, err := parseChallenges(a.values("Www-Authenticate"))
				s.must(err)
				for _, c := range challenges {
					if c.params["resource_metadata"] != resourceMetadata {
						s.errorf("resource_metadata is %q", c.params["resource_metadata"])
					}
				}
			}).with(func(_ *World, c *verifier.Config) { c.Resource = "https://api.example" }),

		answerCase("CHAL-09.issuer-away", undecidable, "an issuer that is away: no answer that logs clients out",
			carrying(token{}), func(s *scene, a Answer) {
				if a.Status < 500 {
					s.errorf("the status is %d", a.Status)
				}
			}).while(Down).named(""),
		answerCase("CHAL-09.retry-after", undecidable, "an issuer that is away: 503 with Retry-After and no challenge",
			carrying(token{}), nil).
			while(Down).exactly().as(Ours, "RFC 9110 15.6.4 permits Retry-After").named(""),
		answerCase("CHAL-09.not-decided", badToken, "an issuer that is away, and a token that is bad without it",
			carrying(token{
				claims: fields{"iss": "https://evil.example/"},
			}), nil).while(Down).as(Ours, "RFC 8725 3.10").named("CLAIM-ISS-02"),

		newCase("CHAL-10.found", badToken, "the error has a class and a code that errors.Is finds", step{
			send: carrying(expired), want: badToken, check: func(s *scene, a Answer) {
				if a.Err.Class != verifier.Rejected || a.Err.Code != verifier.CodeExpired ||
					!errors.Is(a.Err, verifier.Rejected) || !errors.Is(a.Err, verifier.CodeExpired) || errors.Is(a.Err, verifier.Undecidable) {
					s.errorf("class %q, code %q", a.Err.Class, a.Err.Code)
				}
			},
		}).needs(Inside).named("CLAIM-EXP-02"),
		newCase("CHAL-10.hidden", undecidable, "the cause is for the operator and not for the client", step{
			send: carrying(token{}), want: undecidable, check: func(s *scene, a Answer) {
				var cause interface{ Unwrap() []error }
				if !errors.As(a.Err, &cause) || len(cause.Unwrap()) != 3 {
					s.errorf("there is no cause")
				}
				if strings.Contains(a.Err.Description, "503") || strings.Contains(a.Err.Description, "jwks") {
					s.errorf("the description tells the cause")
				}
			},
		}).needs(Inside).while(Down).named(""),

		answerCase("CHAL-11.no-credentials", noCredentials, "Cache-Control: no-store without credentials",
			withoutCredentials, notStored),
		answerCase("CHAL-11.bad-token", badToken, "Cache-Control: no-store of a bad token",
			carrying(expired), notStored),
		answerCase("CHAL-11.scope", noScope, "Cache-Control: no-store of a missing scope",
			withoutScope, notStored),
	}
	// What is bad about these is not the rule's business.
	faults := map[Outcome]string{badToken: "CLAIM-EXP-02", badProof: "DPOP-CLM-02", noScope: "CLAIM-SCP-02"}
	for i, c := range cases {
		if c.fault == c.Rule && faults[c.Expected] != "" {
			cases[i].fault = faults[c.Expected]
		}
	}
	return cases
}

const (
	oddRealm         = `or"ders\`
	secretWord       = "s3cr3tw0rd"
	resourceMetadata = "https://api.example/.well-known/oauth-protected-resource"
)

// answerCase is about the answer to a request. What is not judged exactly is judged by its check.
func answerCase(id string, want Outcome, reason string, send func(*scene) Request, check func(*scene, Answer)) Case {
	return newCase(id, want, reason, step{send: send, want: want, check: check})
}

func withoutCredentials(*scene) Request { return get() }

func carrying(t token) func(*scene) Request { return func(s *scene) Request { return s.carry(t) } }

// asBearer and asDPoP send a token by a scheme, whatever the mode.
func asBearer(t token) func(*scene) Request {
	t.unbound = true
	return func(s *scene) Request { return bearer(s.sign(t)) }
}

func asDPoP(t token) func(*scene) Request {
	t.bound = !t.unbound
	return func(s *scene) Request { return s.proved(s.sign(t), proof{}) }
}

// withoutScope asks for what needs a scope that the token does not have.
func withoutScope(s *scene) Request { return s.present(get().at("/scoped"), s.sign(token{})) }

// badlyProved has a proof for another method.
func badlyProved(s *scene) Request {
	return s.proved(s.sign(token{bound: true}), proof{claims: fields{"htm": "POST"}})
}

// hasChallenge holds that a 401 has challenges that parse.
func hasChallenge(s *scene, a Answer) {
	challenges, err := parseChallenges(a.values("Www-Authenticate"))
	switch {
	case a.Status != http.StatusUnauthorized:
	case err != nil:
		s.errorf("%v", err)
	case len(challenges) == 0:
		s.errorf("no WWW-Authenticate")
	}
}

// onUsedScheme holds that no challenge but that of the scheme which was used has an error.
func onUsedScheme(s *scene, a Answer) {
	challenges, _ := parseChallenges(a.values("Www-Authenticate"))
	for _, c := range challenges {
		if c.tellsError() && !strings.EqualFold(c.scheme, s.usedScheme()) {
			s.errorf("the %s challenge has an error", result.Printable(c.scheme))
		}
	}
}

func printable(s *scene, a Answer) {
	for _, value := range a.values("Www-Authenticate") {
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			s.errorf("a challenge is not in printable ASCII")
		}
	}
}

func notReflected(s *scene, a Answer) {
	for name, values := range a.Header {
		for _, value := range values {
			if strings.Contains(value, secretWord) {
				s.errorf("%s has text of the request", name)
			}
		}
	}
}

func dpopChallenges(a Answer) []challenge {
	challenges, _ := parseChallenges(a.values("Www-Authenticate"))
	var found []challenge
	for _, c := range challenges {
		if strings.EqualFold(c.scheme, "DPoP") {
			found = append(found, c)
		}
	}
	return found
}

func hasAlgorithms(s *scene, a Answer) {
	found := dpopChallenges(a)
	if len(found) == 0 {
		s.errorf("no DPoP challenge")
	}
	for _, c := range found {
		if !strings.Contains(" "+c.params["algs"]+" ", " ES256 ") {
			s.errorf("algs is %q", c.params["algs"])
		}
	}
}

// oneError holds that there is at most one error in the answer.
func oneError(s *scene, a Answer) {
	challenges, _ := parseChallenges(a.values("Www-Authenticate"))
	count := 0
	for _, c := range challenges {
		if c.tellsError() {
			count++
		}
	}
	if count > 1 {
		s.errorf("there are %d errors", count)
	}
}

func neverBare(s *scene, a Answer) {
	challenges, _ := parseChallenges(a.values("Www-Authenticate"))
	for _, c := range challenges {
		if strings.EqualFold(c.scheme, "Bearer") && len(c.params) == 0 {
			s.errorf("a bare Bearer challenge")
		}
	}
}

func notStored(s *scene, a Answer) {
	if !strings.Contains(strings.Join(a.values("Cache-Control"), ","), "no-store") {
		s.errorf("Cache-Control is not no-store")
	}
}
