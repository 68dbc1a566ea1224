package catalogue

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
)

// delegationCases are about delegation (RFC 8693 section 4.1). An API that does not ask who acts is not bothered by act, so
// all of them take the power actors.
func delegationCases() []Case {
	return []Case{
		actorCase("ACT-01.none", "no act", "", nil, ""),
		actorCase("ACT-01.one", "one actor", `,"act":{"sub":"service-1"}`, by("service-1"), ""),
		actorCase("ACT-01.outermost", "the newest of two",
			`,"act":{"sub":"service-2","act":{"sub":"service-1"}}`, by("service-2", "service-1"), ""),
		actorCase("ACT-01.other-case", "Act in place of act", `,"Act":{"sub":"service-1"}`, nil, ""),

		actorCase("ACT-02.newest-first", "three actors",
			`,"act":{"sub":"c","act":{"sub":"b","act":{"sub":"a"}}}`, by("c", "b", "a"), ""),
		actorCase("ACT-02.other-members", "actors with other members",
			`,"act":{"sub":"b","client_id":"x","act":{"act":{"sub":"0"},"aud":"y","sub":"a"}}`, by("b", "a", "0"), ""),

		actorCase("ACT-03.string", "act is a string", `,"act":"service-1"`, nil, "ACT-03"),
		actorCase("ACT-03.null", "act is null", `,"act":null`, nil, "ACT-03"),
		actorCase("ACT-03.array", "act is an array", `,"act":[{"sub":"service-1"}]`, nil, "ACT-03"),
		actorCase("ACT-03.no-sub", "act without sub", `,"act":{"client_id":"service-1"}`, nil, "ACT-03"),
		actorCase("ACT-03.number", "the sub of act is a number", `,"act":{"sub":1}`, nil, "ACT-03"),
		actorCase("ACT-03.blank", "the sub of act is blank", `,"act":{"sub":" "}`, nil, "ACT-03"),
		actorCase("ACT-03.empty", "the sub of act is empty", `,"act":{"sub":""}`, nil, "ACT-03"),
		actorCase("ACT-03.inner", "the sub of the inner act is missing",
			`,"act":{"sub":"b","act":{}}`, nil, "ACT-03"),
		actorCase("ACT-03.inner-string", "the inner act is a string",
			`,"act":{"sub":"b","act":"a"}`, nil, "ACT-03"),
		actorCase("ACT-03.duplicate", "sub twice in act", `,"act":{"sub":"a","sub":"b"}`, nil, "ACT-03"),

		actorCase("ACT-04.at-the-bound", "32 actors", actors(32), by(slices.Repeat([]string{"a"}, 32)...), ""),
		actorCase("ACT-04.over-the-bound", "33 actors", actors(33), nil, "ACT-04"),

		actorCase("ACT-05.issuers", "equal subjects of different issuers",
			`,"act":{"iss":"x","sub":"a","act":{"iss":"y","sub":"a"}}`, []verifier.Actor{{Issuer: "x", Subject: "a"}, {Issuer: "y", Subject: "a"}}, ""),
		actorCase("ACT-05.number", "the iss of act is a number", `,"act":{"iss":1,"sub":"a"}`, nil, "ACT-05"),
		actorCase("ACT-05.null", "the iss of act is null", `,"act":{"iss":null,"sub":"a"}`, nil, "ACT-05"),
		actorCase("ACT-05.blank", "the iss of act is blank", `,"act":{"iss":" ","sub":"a"}`, nil, "ACT-05"),
		actorCase("ACT-05.inner", "the iss of the inner act is empty",
			`,"act":{"sub":"b","act":{"iss":"","sub":"a"}}`, nil, "ACT-05"),
	}
}

// by returns actors that name no issuer.
func by(subjects ...string) []verifier.Actor {
	var chain []verifier.Actor
	for _, subject := range subjects {
		chain = append(chain, verifier.Actor{Subject: subject})
	}
	return chain
}

// actorCase asks who acts for the subject of a token with these claims.
func actorCase(id, reason, claims string, chain []verifier.Actor, rule string) Case {
	if rule != "" {
		return RequestCase(id, BadToken, reason, actorsOf(claims)).Having("actors").ReportedAs(rule)
	}
	return RequestCase(id, Accepted, reason, actorsOf(claims)).Having("actors").Checked(func(run *Run, a Answer) {
		var got struct{ Actors []Actor }
		if err := json.Unmarshal(a.Body, &got); err != nil {
			run.Errorf("the answer is not JSON: %v", err)
			return
		}
		if !slices.EqualFunc(got.Actors, chain, func(a Actor, b verifier.Actor) bool { return a == Actor(b) }) {
			run.Errorf("the actors are %q", got.Actors)
		}
	})
}

// actorsOf asks for the actors of a token.
func actorsOf(claims string) func(*Run) Request {
	return func(run *Run) Request { return run.Present(Get().At(ActorsPath), run.Sign(Token{MoreClaims: claims})) }
}

func actors(count int) string {
	return fmt.Sprintf(`,"act":%s{"sub":"a"}%s`, strings.Repeat(`{"sub":"a","act":`, count-1), strings.Repeat("}", count-1))
}
