package report_test

import (
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/conformance/internal/report"
	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/conformance/testcase"
	"github.com/holdfast-go/holdfast/rules"
)

// hostile is text of a target that means to act on whoever reads it.
const hostile = "</pre><script>document.title='owned'</script><img src=x onerror=alert(1)>]]>&amp;" +
	"\x1b[2J\x00\u202e{{.Title}}"

// sample is a run with every level and outcome, a fault, and hostile text wherever the target or a command line can put
// it.
func sample() result.Run {
	one := func(id string, level rules.Level, outcome result.Outcome, section, reason string) result.Result {
		rule, _, _ := strings.Cut(id, ".")
		topic, _, _ := strings.Cut(rule, "-")
		r := result.Result{
			Case:     testcase.Case{ID: id, Rule: rule, Topic: topic, Level: level, Section: section, Reason: reason},
			Mode:     "allowed",
			Outcome:  outcome,
			Duration: 1300 * time.Microsecond,
			Request: "GET https://127.0.0.1:8443/resource?page=2\nAuthorization: DPoP sha256:9f2c41d07ab1\n" +
				"DPoP: sha256:51e0c7b2aa90",
			Expected: "401, challenge DPoP error=\"invalid_dpop_proof\"",
			Actual:   "401, challenge DPoP error=\"invalid_dpop_proof\"",
		}
		if level == rules.Must {
			r.Basis = "“It MUST be so, \"always\".” (" + section + ")"
		}
		switch outcome {
		case result.Failed:
			r.Actual = "200 OK"
		case result.Undecided:
			r.Actual, r.Note = "", "no answer within 5 s"
		case result.Skipped:
			r.Request, r.Expected, r.Actual, r.Note = "", "", "", "needs a settable clock: run in process only"
		}
		return r
	}
	results := []result.Result{
		one("CRED-01.no-credentials", rules.Must, result.Passed, "RFC 6750 3.1, RFC 9110 11.6.1",
			"A request without credentials is challenged, without an error code"),
		one("CRED-03.two-fields", rules.Must, result.Failed, "RFC 9110 5.3, RFC 6750 2",
			"Of two Authorization fields neither counts"),
		one("CRED-09.token-over-bound", rules.Must, result.Passed, "OURS bound",
			"A token over the size bound is rejected before it is parsed"),
		one("JWS-09.alg-none", rules.Must, result.Passed, "RFC 8725 3.2", "alg none is not a signature, however it is spelled"),
		one("JWS-18.zip", rules.Ours, result.Failed, "RFC 7516", "A JWE's member in a JWS header makes it neither"),
		one("CLAIM-ORG-01.other-organization", rules.Should, result.Passed, "seed 0", "org_id is that of the route"),
		one("CACHE-04.past-hard-ttl", rules.Must, result.Skipped, "OURS", "Keys are not used for ever"),
		one("CHAL-11.no-store", rules.Should, result.Undecided, "RFC 6750 5.3", "No cache keeps a rejection"),
		one("DPOP-CLM-08.iat-at-edge", rules.Must, result.Passed, "RFC 9449 4.3 (11), 11.1",
			"A proof is accepted up to and including its greatest age"),
		one("DPOP-RPL-01.second-use", rules.Must, result.Failed, "RFC 9449 11.1", "A proof is accepted once"),
		one("DPOP-RPL-03.concurrent-uses", rules.Must, result.Undecided, "RFC 9449 11.1",
			"Of concurrent uses exactly one is accepted"),
	}
	again := results[9]
	again.Mode = "required"
	results = append(results, again)
	results[1].Actual = hostile
	results[9].Note = hostile
	return result.Run{
		Schema: report.Schema, Tool: "holdfast-conform", Version: "0.1.0", Target: "https://127.0.0.1:8443/" + hostile,
		Started: time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC), Duration: 4200 * time.Millisecond,
		Modes: []string{"allowed", "required"}, Results: results,
		Faults: []string{"the target ended by itself: exit status 3 " + hostile},
	}
}
