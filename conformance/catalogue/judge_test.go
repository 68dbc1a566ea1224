package catalogue

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/verifier/memory"
)

const testAudience = "https://api.example/"

// A parrot gives the same answer to everything.
type parrot struct {
	answer Answer
	err    error
}

func (p parrot) Send(context.Context, Request) (Answer, error) { return p.answer, p.err }

func newStage(t *testing.T, target Target, mode Mode) Stage {
	t.Helper()
	world, err := NewWorld(WorldConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(world.Close)
	return Stage{World: world, Target: target, Mode: mode, URL: "http://127.0.0.1:8080", Audience: testAudience, Clock: memory.Clock{}}
}

func challenged(status int, challenges ...string) Answer {
	return Answer{Status: status, Header: map[string][]string{"Www-Authenticate": challenges}}
}

// TestEveryCaseCanFail plays the cases on APIs that look at nothing: none of them may get by with all of them.
func TestEveryCaseCanFail(t *testing.T) {
	parrots := map[string]Target{
		"accepts":         parrot{answer: Answer{Status: 200, Header: map[string][]string{}}},
		"rejects":         parrot{answer: challenged(401, `Bearer error="invalid_token"`)},
		"knows no scheme": parrot{answer: challenged(401)},
		"fails":           parrot{answer: Answer{Status: 500}},
		"redirects":       parrot{answer: Answer{Status: 302, Header: map[string][]string{"Location": {"/login"}}}},
		"does not answer": parrot{err: errors.New("connection refused")},
	}
	for _, mode := range Modes() {
		stage := newStage(t, nil, mode)
		for _, c := range Cases() {
			if !c.BlackBox() || c.Modes[0] != mode {
				continue
			}
			var passed []string
			for _, name := range slices.Sorted(maps.Keys(parrots)) {
				if err := stage.World.Set(c.Setting); err != nil {
					t.Fatal(err)
				}
				stage.Target = parrots[name]
				finding := c.Play(t.Context(), stage)
				if finding.Decided && finding.Passed {
					passed = append(passed, name)
				}
				if strings.HasPrefix(finding.Actual, "the case could not be played") {
					t.Errorf("%s: %s", c.ID, finding.Actual)
				}
				if (name == "does not answer") == finding.Decided {
					t.Errorf("%s is decided by an API that %s: %v", c.ID, name, finding.Decided)
				}
			}
			switch {
			case slices.Contains(passed, "accepts") && len(passed) > 1:
				t.Errorf("%s passes with APIs of which one %s", c.ID, strings.Join(passed, ", another "))
			case !c.Expected.Undecidable() && (slices.Contains(passed, "fails") || slices.Contains(passed, "redirects")):
				t.Errorf("%s passes with APIs of which one %s", c.ID, strings.Join(passed, ", another "))
			}
		}
	}
}

func TestJudge(t *testing.T) {
	const (
		bearerError = `Bearer error="invalid_token"`
		bearerRealm = `Bearer realm="api"`
		dpopRealm   = `DPoP algs="ES256"`
		dpopToken   = `DPoP error="invalid_token", algs="ES256"`
		dpopProof   = `DPoP error="invalid_dpop_proof", algs="ES256"`
	)
	for _, c := range []struct {
		name   string
		mode   Mode
		scheme string
		want   Outcome
		answer Answer
		fault  string // part of what is wrong to the letter, "" for nothing
	}{
		{"accepted", Allowed, "Bearer", accepted, Answer{Status: 204}, ""},
		{"accepted, and rejected", Allowed, "Bearer", accepted, challenged(401, bearerError), "not accepted"},
		{"token", Allowed, "Bearer", badToken, challenged(401, bearerError, dpopRealm), ""},
		{"token, accepted", Allowed, "Bearer", badToken, Answer{Status: 200}, "accepted"},
		{"token, 500", Allowed, "Bearer", badToken, Answer{Status: 500}, "neither"},
		{"token, 400", Allowed, "Bearer", badToken, challenged(400, bearerError, dpopRealm), "the status"},
		{"token, no challenge", Allowed, "Bearer", badToken, Answer{Status: 401}, "no challenge"},
		{"token, DPoP not offered", Allowed, "Bearer", badToken, challenged(401, bearerError), "does not offer DPoP"},
		{"token, Bearer offered where DPoP is required", Required, "DPoP", badToken, challenged(401, bearerRealm, dpopToken), "offers"},
		{"token, error on the other scheme", Allowed, "DPoP", badToken, challenged(401, bearerError, dpopRealm), "the Bearer challenge"},
		{"token, another error", Allowed, "Bearer", badToken, challenged(401, `Bearer error="invalid_request"`, dpopRealm), "the error"},
		{"token, no error", Allowed, "Bearer", badToken, challenged(401, bearerRealm, dpopRealm), "no challenge has"},
		{"token, challenges in one field", Allowed, "Bearer", badToken, challenged(401, bearerError+", "+dpopRealm), ""},
		{"token, challenge does not parse", Allowed, "Bearer", badToken, challenged(401, `Bearer error="invalid_token`), "parse"},
		{"Bearer token where DPoP is required", Required, "Bearer", badToken, challenged(401, dpopRealm), ""},
		{"Bearer token where DPoP is required, with an error", Required, "Bearer", badToken, challenged(401, dpopToken), "error information"},
		{"proof", Required, "DPoP", badProof, challenged(401, dpopProof), ""},
		{"proof, as a bad token", Required, "DPoP", badProof, challenged(401, dpopToken), "the error"},
		{"request", Allowed, "Bearer", badRequest, challenged(400, `Bearer error="invalid_request"`), ""},
		{"request, without challenge", Allowed, "Bearer", badRequest, Answer{Status: 400}, ""},
		{"request, as a bad token", Allowed, "Bearer", badRequest, challenged(401, bearerError, dpopRealm), "the status"},
		{"scope", Disabled, "Bearer", noScope, challenged(403, `Bearer error="insufficient_scope", scope="a"`), ""},
		{"scope, 401", Disabled, "Bearer", noScope, challenged(401, `Bearer error="insufficient_scope"`), "the status"},
		{"no credentials", Disabled, "", noCredentials, challenged(401, bearerRealm), ""},
		{"no credentials, with an error", Disabled, "", noCredentials, challenged(401, bearerError), "error information"},
		{"no credentials, with a description", Disabled, "", noCredentials, challenged(401, `Bearer realm="api", error_description="x"`), "error information"},
		{"away", Allowed, "Bearer", undecidable, Answer{Status: 503, Header: map[string][]string{"Retry-After": {"1"}}}, ""},
		{"away, no Retry-After", Allowed, "Bearer", undecidable, Answer{Status: 503}, "Retry-After"},
		{"away, accepted", Allowed, "Bearer", undecidable, Answer{Status: 200}, "accepted"},
		{"away, 401", Allowed, "Bearer", undecidable, challenged(401, bearerError), "the status"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &scene{Stage: Stage{Mode: c.mode, Strict: true}, sent: get()}
			if c.scheme != "" {
				s.sent = s.sent.with("Authorization", c.scheme+" x")
			}
			fault, _ := s.judge(c.want, c.answer)
			if (fault == "") != (c.fault == "") || !strings.Contains(fault, c.fault) {
				t.Errorf("judged %q, want %q", fault, c.fault)
			}
		})
	}
	t.Run("a right decision with another answer is noted", func(t *testing.T) {
		s := &scene{Stage: Stage{Mode: Allowed}, sent: bearer("x")}
		if fault, note := s.judge(badToken, challenged(400)); fault != "" || note == "" {
			t.Errorf("judged %q, %q", fault, note)
		}
	})
}

func TestParseChallenges(t *testing.T) {
	type params = map[string]string
	for _, c := range []struct {
		name   string
		fields []string
		want   []challenge // nil for an error
	}{
		{"none", nil, []challenge{}},
		{"bare", []string{"Bearer"}, []challenge{{"Bearer", params{}}}},
		{"parameters", []string{`Bearer realm="a", error=x`}, []challenge{{"Bearer", params{"realm": "a", "error": "x"}}}},
		{"two in one field", []string{`Bearer realm="a, b", DPoP algs="ES256"`}, []challenge{{"Bearer", params{"realm": "a, b"}}, {"DPoP", params{"algs": "ES256"}}}},
		{"two bare in one field", []string{`Negotiate, DPoP`}, []challenge{{"Negotiate", params{}}, {"DPoP", params{}}}},
		{"two fields", []string{`Bearer`, `DPoP algs="ES256"`}, []challenge{{"Bearer", params{}}, {"DPoP", params{"algs": "ES256"}}}},
		{"token68", []string{`Negotiate YTpi==, Bearer realm=a`}, []challenge{{"Negotiate", params{}}, {"Bearer", params{"realm": "a"}}}},
		{"escapes", []string{`Bearer realm="a\"\\b"`}, []challenge{{"Bearer", params{"realm": `a"\b`}}}},
		{"white space around the equals sign", []string{"Bearer realm = \"a\" ,\terror=x"}, []challenge{{"Bearer", params{"realm": "a", "error": "x"}}}},
		{"names in other case", []string{`Bearer Realm="a"`}, []challenge{{"Bearer", params{"realm": "a"}}}},
		{"empty elements", []string{`, Bearer realm="a",, ,`}, []challenge{{"Bearer", params{"realm": "a"}}}},
		{"parameter without scheme", []string{`realm="a"`}, nil},
		{"parameter twice", []string{`Bearer realm="a", realm="b"`}, nil},
		{"open quotation", []string{`Bearer realm="a`}, nil},
		{"no comma", []string{`Bearer realm="a" error="b"`}, nil},
		{"a name and an equals sign, which is a token68", []string{`Bearer realm=`}, []challenge{{"Bearer", params{}}}},
		{"no value", []string{`Bearer realm="a", error=`}, nil},
		{"not ASCII", []string{"Bearer realm=\"é\""}, nil},
		{"line break", []string{"Bearer realm=\"a\r\nb\""}, nil},
		{"no scheme", []string{`"Bearer"`}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseChallenges(c.fields)
			same := slices.EqualFunc(got, c.want, func(a, b challenge) bool { return a.scheme == b.scheme && maps.Equal(a.params, b.params) })
			if (err != nil) != (c.want == nil) || err == nil && !same {
				t.Errorf("parseChallenges = %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func FuzzParseChallenges(f *testing.F) {
	f.Add(`Bearer realm="a\"b", error=x, DPoP algs="ES256", Negotiate YTpi==`)
	f.Add(`, ,Basic`)
	f.Fuzz(func(t *testing.T, field string) {
		challenges, err := parseChallenges([]string{field})
		for _, c := range challenges {
			if err == nil && c.scheme == "" {
				t.Errorf("%q has a challenge without scheme", field)
			}
		}
	})
}
