package grpcguard

import (
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/verifier/dpop"
)

// PROXY-05: whatever the client writes into :authority, the URL is of a host that is configured.
func FuzzAuthority(f *testing.F) {
	for _, seed := range []string{"", "api.example", "API.example:443", "tenant.api.example", "api.example?", "x@api.example", "api.example/", "[::1]:443", "a.b.api.example", ".api.example"} {
		f.Add(seed)
	}
	urls, err := newPublicURLs([]string{"https://api.example/v1", "https://*.api.example", "http://[::1]:8080"}, "")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, authority string) {
		url, serves := urls.of("/a.B/C", authority)
		if !serves {
			return
		}
		if normal, err := dpop.NormalizeTarget(url); err != nil || normal != url {
			t.Fatalf("%q has the URL %q, whose normal form is %q, %v", authority, url, normal, err)
		}
		label, isTenant := strings.CutSuffix(strings.TrimPrefix(url, "https://"), ".api.example/a.B/C")
		switch {
		case url == "https://api.example/v1/a.B/C", url == "http://[::1]:8080/a.B/C":
		case !isTenant || label == "" || strings.ContainsAny(label, "./:@"):
			t.Errorf("%q has the URL %q", authority, url)
		}
	})
}
