package player

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func challenged(status int, challenges ...string) Answer {
	return Answer{Status: status, Header: map[string][]string{"Www-Authenticate": challenges}}
}

func TestCheck(t *testing.T) {
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
		want   Expectation
		answer Answer
		fault  string // part of what is wrong to the letter, "" for nothing
	}{
		{"accepted", Allowed, "Bearer", Accepted, Answer{Status: 204}, ""},
		{"accepted, and rejected", Allowed, "Bearer", Accepted, challenged(401, bearerError), "not accepted"},
		{"token", Allowed, "Bearer", BadToken, challenged(401, bearerError, dpopRealm), ""},
		{"token, accepted", Allowed, "Bearer", BadToken, Answer{Status: 200}, "accepted"},
		{"token, 500", Allowed, "Bearer", BadToken, Answer{Status: 500}, "neither"},
		{"token, 400", Allowed, "Bearer", BadToken, challenged(400, bearerError, dpopRealm), "the status"},
		{"token, no challenge", Allowed, "Bearer", BadToken, Answer{Status: 401}, "no challenge"},
		{"token, DPoP not offered", Allowed, "Bearer", BadToken, challenged(401, bearerError), "does not offer DPoP"},
		{"token, Bearer offered where DPoP is required", Required, "DPoP", BadToken, challenged(401, bearerRealm, dpopToken), "offers"},
		{"token, error on the other scheme", Allowed, "DPoP", BadToken, challenged(401, bearerError, dpopRealm), "the Bearer challenge"},
		{"token, another error", Allowed, "Bearer", BadToken, challenged(401, `Bearer error="invalid_request"`, dpopRealm), "the error"},
		{"token, no error", Allowed, "Bearer", BadToken, challenged(401, bearerRealm, dpopRealm), "no challenge has"},
		{"token, challenges in one field", Allowed, "Bearer", BadToken, challenged(401, bearerError+", "+dpopRealm), ""},
		{"token, challenge does not parse", Allowed, "Bearer", BadToken, challenged(401, `Bearer error="invalid_token`), "parse"},
		{"Bearer token where DPoP is required", Required, "Bearer", BadToken, challenged(401, dpopRealm), ""},
		{"Bearer token where DPoP is required, with an error", Required, "Bearer", BadToken, challenged(401, dpopToken), "error information"},
		{"proof", Required, "DPoP", BadProof, challenged(401, dpopProof), ""},
		{"proof, as a bad token", Required, "DPoP", BadProof, challenged(401, dpopToken), "the error"},
		{"request", Allowed, "Bearer", BadRequest, challenged(400, `Bearer error="invalid_request"`), ""},
		{"request, without challenge", Allowed, "Bearer", BadRequest, Answer{Status: 400}, ""},
		{"request, as a bad token", Allowed, "Bearer", BadRequest, challenged(401, bearerError, dpopRealm), "the status"},
		{"scope", Disabled, "Bearer", NoScope, challenged(403, `Bearer error="insufficient_scope", scope="a"`), ""},
		{"scope, 401", Disabled, "Bearer", NoScope, challenged(401, `Bearer error="insufficient_scope"`), "the status"},
		{"no credentials", Disabled, "", NoCredentials, challenged(401, bearerRealm), ""},
		{"no credentials, with an error", Disabled, "", NoCredentials, challenged(401, bearerError), "error information"},
		{"no credentials, with a description", Disabled, "", NoCredentials, challenged(401, `Bearer realm="api", error_description="x"`), "error information"},
		{"away", Allowed, "Bearer", Undecidable, Answer{Status: 503, Header: map[string][]string{"Retry-After": {"1"}}}, ""},
		{"away, no Retry-After", Allowed, "Bearer", Undecidable, Answer{Status: 503}, "Retry-After"},
		{"away, accepted", Allowed, "Bearer", Undecidable, Answer{Status: 200}, "accepted"},
		{"away, 401", Allowed, "Bearer", Undecidable, challenged(401, bearerError), "the status"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := &Run{Setup: Setup{Mode: c.mode, Strict: true}, Sent: Get(), exact: true}
			if c.scheme != "" {
				run.Sent = run.Sent.With("Authorization", c.scheme+" x")
			}
			fault, _ := run.check(c.want, c.answer)
			if (fault == "") != (c.fault == "") || !strings.Contains(fault, c.fault) {
				t.Errorf("checked: %q, want %q", fault, c.fault)
			}
		})
	}
	t.Run("a right decision with another answer is noted", func(t *testing.T) {
		run := &Run{Setup: Setup{Mode: Allowed}, Sent: Bearer("x")}
		if fault, note := run.check(BadToken, challenged(400)); fault != "" || note == "" {
			t.Errorf("checked: %q, %q", fault, note)
		}
	})
}

func TestParseChallenges(t *testing.T) {
	type params = map[string]string
	for _, c := range []struct {
		name   string
		fields []string
		want   []Challenge // nil for an error
	}{
		{"none", nil, []Challenge{}},
		{"bare", []string{"Bearer"}, []Challenge{{"Bearer", params{}}}},
		{"parameters", []string{`Bearer realm="a", error=x`}, []Challenge{{"Bearer", params{"realm": "a", "error": "x"}}}},
		{"two in one field", []string{`Bearer realm="a, b", DPoP algs="ES256"`}, []Challenge{{"Bearer", params{"realm": "a, b"}}, {"DPoP", params{"algs": "ES256"}}}},
		{"two bare in one field", []string{`Negotiate, DPoP`}, []Challenge{{"Negotiate", params{}}, {"DPoP", params{}}}},
		{"two fields", []string{`Bearer`, `DPoP algs="ES256"`}, []Challenge{{"Bearer", params{}}, {"DPoP", params{"algs": "ES256"}}}},
		{"token68", []string{`Negotiate YTpi==, Bearer realm=a`}, []Challenge{{"Negotiate", params{}}, {"Bearer", params{"realm": "a"}}}},
		{"escapes", []string{`Bearer realm="a\"\\b"`}, []Challenge{{"Bearer", params{"realm": `a"\b`}}}},
		{"white space around the equals sign", []string{"Bearer realm = \"a\" ,\terror=x"}, []Challenge{{"Bearer", params{"realm": "a", "error": "x"}}}},
		{"names in other case", []string{`Bearer Realm="a"`}, []Challenge{{"Bearer", params{"realm": "a"}}}},
		{"empty elements", []string{`, Bearer realm="a",, ,`}, []Challenge{{"Bearer", params{"realm": "a"}}}},
		{"parameter without scheme", []string{`realm="a"`}, nil},
		{"parameter twice", []string{`Bearer realm="a", realm="b"`}, nil},
		{"open quotation", []string{`Bearer realm="a`}, nil},
		{"no comma", []string{`Bearer realm="a" error="b"`}, nil},
		{"a name and an equals sign, which is a token68", []string{`Bearer realm=`}, []Challenge{{"Bearer", params{}}}},
		{"no value", []string{`Bearer realm="a", error=`}, nil},
		{"not ASCII", []string{"Bearer realm=\"é\""}, nil},
		{"line break", []string{"Bearer realm=\"a\r\nb\""}, nil},
		{"no scheme", []string{`"Bearer"`}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseChallenges(c.fields)
			same := slices.EqualFunc(got, c.want, func(a, b Challenge) bool { return a.Scheme == b.Scheme && maps.Equal(a.Params, b.Params) })
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
		challenges, err := ParseChallenges([]string{field})
		for _, c := range challenges {
			if err == nil && c.Scheme == "" {
				t.Errorf("%q has a challenge without scheme", field)
			}
		}
	})
}
