package jwt

import (
	"testing"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

func TestClaims(t *testing.T) {
	claims, err := strictjson.ParseObject(`{"text":"a","empty":"","number":1,"null":null,"negative":-1,"written":"1"}`, strictjson.Limits{Depth: 1, Members: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		found  bool
		isText bool
		asDate error
	}{
		{"text", true, true, ErrNumber},
		{"empty", true, true, ErrNumber},
		{"number", true, false, nil},
		{"null", true, false, ErrNumber},
		{"negative", true, false, ErrRange},
		{"written", true, true, ErrNumber},
		{"absent", false, true, nil},
		{"Text", false, true, nil},
	} {
		r := Reader{Claims: claims}
		if r.Text(c.name, "RULE"); r.Has(c.name) != c.found || (r.Fault == nil) != c.isText {
			t.Errorf("%s as text: fault %v", c.name, r.Fault)
		}
		if _, found, err := Date(claims, c.name); found != c.found || err != c.asDate {
			t.Errorf("%s as date: found is %v, error %v; want %v, %v", c.name, found, err, c.found, c.asDate)
		}
	}
}

func TestOfOrganization(t *testing.T) {
	for _, c := range []struct {
		organization, id, name string
		want                   bool
	}{
		{"", "", "", true},
		{"", "org_a", "acme", true},
		{"org_a", "org_a", "", true},
		{"org_a", "org_A", "", false},
		{"org_a", "", "org_a", false},
		{"Acme", "", "acme", true},
		{"Acme", "", "Acme", false},
		{"acme", "acme", "", false},
	} {
		if got := OfOrganization(c.organization, c.id, c.name); got != c.want {
			t.Errorf("%q with org_id %q and org_name %q is %v", c.organization, c.id, c.name, got)
		}
	}
}
