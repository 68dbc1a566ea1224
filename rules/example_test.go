package rules_test

import (
	"fmt"

	"github.com/holdfast-go/holdfast/rules"
)

// An error of package verifier names a rule. This is what the rule says.
func ExampleGet() {
	rule, known := rules.Get("DPOP-FORM-04")
	fmt.Println(rule.ID, known, rule.Level)
	fmt.Println(rule.Text)
	fmt.Println(rule.Section())
	// Output:
	// DPOP-FORM-04 true MUST
	// jwk is present, an object, public only: any private or symmetric member (d, p, q, dp, dq, qi, oth, k) is a rejection
	// RFC 9449 4.2, 4.3 (7)
}

// A test of an API can go through all rules that answer with a status.
func ExampleOutcomes() {
	status := make(map[string]int)
	for _, outcome := range rules.Outcomes() {
		status[outcome.ID] = outcome.Status
	}
	for _, rule := range rules.All() {
		if rule.Topic() == "MTLS" {
			fmt.Println(rule.ID, status[rule.Violations[0].Outcome])
		}
	}
	// Output:
	// MTLS-01 401
	// MTLS-02 401
	// MTLS-03 401
	// MTLS-04 401
}
