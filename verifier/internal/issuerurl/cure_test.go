package issuerurl

import (
	"strings"
	"testing"
)

func TestCure(t *testing.T) {
	const tenant = "11111111-2222-3333-4444-555555555555"
	for _, c := range []struct{ came, expected, want string }{
		{"https://a.example", "https://a.example/", "set ExactDomain"},
		{"https://a.example/realms/a", "https://a.example/realms/a/", "without one"},
		{"https://a.example/", "https://a.example", "configure it with one"},
		{"http://a.example/a", "https://a.example/a", "scheme"},
		{entraV1 + tenant + "/", entraV2 + tenant + "/v2.0", "requestedAccessTokenVersion"},
		{entraV1 + tenant + "/", entraV2 + tenant, "add /v2.0"},
		{entraV2 + tenant + "/v2.0", entraV1 + tenant + "/", "version 2.0"},
		{entraV2 + "{tenantid}/v2.0", entraV2 + "common/v2.0", "tenant's ID"},
		{"https://b.example/", "https://a.example/", ""},
		{"https://A.example/", "https://a.example/", ""},
		{"", "https://a.example/", ""},
	} {
		got := Cure(c.came, func(identifier string) bool { return identifier == c.expected })
		if !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s came in place of %s: %q, want %q", c.came, c.expected, got, c.want)
		}
	}
}
