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
		name           string
		found          bool
		asText, asDate error
	}{
		{"text", true, nil, ErrNumber},
		{"empty", true, nil, ErrNumber},
		{"number", true, ErrText, nil},
		{"null", true, ErrText, ErrNumber},
		{"negative", true, ErrText, ErrRange},
		{"written", true, nil, ErrNumber},
		{"absent", false, nil, nil},
		{"Text", false, nil, nil},
	} {
		if _, found, err := Text(claims, c.name); found != c.found || err != c.asText {
			t.Errorf("%s as text: found is %v, error %v; want %v, %v", c.name, found, err, c.found, c.asText)
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
