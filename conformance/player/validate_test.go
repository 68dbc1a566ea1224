package player

import (
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/conformance/fault"
)

func TestValidate(t *testing.T) {
	good := TokenCase("ACME-TENANT-01.another", BadToken, "the tenant of another", Token{}).As(Must, "ACME policy 4")
	for _, c := range []struct {
		name  string
		cases []Case
		fault string // part of the error, "" for none
	}{
		{"a case of a rule", []Case{Control()}, ""},
		{"a case of a rule of one's own", []Case{good}, ""},
		{"no section", []Case{TokenCase("ACME-01.x", BadToken, "a reason", Token{})}, "give its level and section by As"},
		{"no slug", []Case{TokenCase("ACME-01", BadToken, "a reason", Token{}).As(Must, "x")}, "the ID is not"},
		{"twice", []Case{good, good}, "the ID is taken"},
		{"no reason", []Case{TokenCase("ACME-01.x", BadToken, "", Token{}).As(Must, "x")}, "lacks a reason"},
		{"no mode", []Case{good.In()}, "or a mode"},
		{"more than its rule", []Case{TokenCase("TYP-03.x", BadToken, "a reason", Token{}).As(Must, "x")}, "weighs more"},
		{"less without a reason", []Case{Control().As(Ours, Control().Section)}, "without a section"},
		{"a fault", []Case{good.WithFault(fault.Outage), Control().WithFault(OddKeys)}, ""},
		{"a fault without a name", []Case{good.WithFault(fault.Fault{Handler: fault.Outage.Handler})}, "no name of its own"},
		{"a fault without a handler", []Case{good.WithFault(fault.Fault{Name: "OnFire"})}, "nothing that shows it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Validate(c.cases)
			if (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
				t.Errorf("Validate = %v, want %q", err, c.fault)
			}
		})
	}
}
