package dpop_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func decode(t testing.TB, written []byte) verifiertest.Claims {
	t.Helper()
	var claims verifiertest.Claims
	if err := json.Unmarshal(written, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestDPoPTarget(t *testing.T) {
	const base = "https://api.example/a/b"
	for _, c := range []struct {
		name, uri string
		want      string // "" for an error
	}{
		{"DPOP-CLM-05 query", base + "?x=/../y", base},
		{"DPOP-CLM-05 query with a character that no URI has", base + "?q=\u00e9", base},
		{"DPOP-CLM-05 fragment", base + "#x?y", base},
		{"DPOP-CLM-05 empty query", base + "?", base},
		{"DPOP-CLM-06 case of scheme and host", "HtTpS://Api.EXAMPLE/a/b", base},
		{"DPOP-CLM-06 default port", "https://api.example:443/a/b", base},
		{"DPOP-CLM-06 empty port", "https://api.example:/a/b", base},
		{"DPOP-CLM-06 default port of http", "http://api.example:80/a/b", "http://api.example/a/b"},
		{"DPOP-CLM-06 port with zeros", "https://api.example:0443/a/b", base},
		{"DPOP-CLM-06 case of percent-encoding", "https://api.example/%c3%a9", "https://api.example/%C3%A9"},
		{"DPOP-CLM-06 encoded unreserved characters", "https://api.example/%61/%62%2D%2e%5F%7e", "https://api.example/a/b-._~"},
		{"DPOP-CLM-06 dot segments", "https://api.example/x/../a/./b", base},
		{"DPOP-CLM-06 encoded dot segments", "https://api.example/x/%2e%2E/a/%2e/b", base},
		{"DPOP-CLM-06 dots above the root", "https://api.example/../../a/b", base},
		{"DPOP-CLM-06 dot at the end", "https://api.example/a/b/.", base + "/"},
		{"DPOP-CLM-06 dots at the end", "https://api.example/a/b/c/..", base + "/"},
		{"DPOP-CLM-06 empty path", "https://api.example", "https://api.example/"},
		{"DPOP-CLM-06 empty path and query", "https://api.example?a", "https://api.example/"},
		{"DPOP-CLM-06 characters that no URI has", "https://api.example/{a}|^`<>\"", "https://api.example/%7Ba%7D%7C%5E%60%3C%3E%22"},
		{"DPOP-CLM-06 IPv6", "https://[2001:DB8:0:0::1]:443/", "https://[2001:db8::1]/"},
		{"DPOP-CLM-06 punycode", "https://XN--BCHER-KVA.example/", "https://xn--bcher-kva.example/"},
		{"DPOP-CLM-07 other port", "https://api.example:80/", "https://api.example:80/"},
		{"DPOP-CLM-07 http on 443", "http://api.example:443/", "http://api.example:443/"},
		{"DPOP-CLM-07 trailing slash", base + "/", base + "/"},
		{"DPOP-CLM-07 two slashes", "https://api.example//a", "https://api.example//a"},
		{"DPOP-CLM-07 encoded slash", "https://api.example/a%2fb", "https://api.example/a%2Fb"},
		{"DPOP-CLM-07 double encoding", "https://api.example/%2561", "https://api.example/%2561"},
		{"DPOP-CLM-07 case of the path", "https://api.example/A/b", "https://api.example/A/b"},
		{"DPOP-CLM-07 parameters of a segment", "https://api.example/a;b=c", "https://api.example/a;b=c"},
		{"DPOP-CLM-07 dots within a segment", "https://api.example/a../.b/...", "https://api.example/a../.b/..."},
		{"DPOP-CLM-03 userinfo", "https://user@api.example/", ""},
		{"DPOP-CLM-03 userinfo that looks like a host", "https://api.example:443@evil.example/", ""},
		{"DPOP-CLM-03 no scheme", "api.example/a", ""},
		{"DPOP-CLM-03 other scheme", "javascript://api.example/", ""},
		{"DPOP-CLM-03 no authority", "https:/api.example/", ""},
		{"DPOP-CLM-03 no host", "https:///a", ""},
		{"DPOP-CLM-03 only a port", "https://:443/", ""},
		{"DPOP-CLM-03 port 0", "https://api.example:0/", ""},
		{"DPOP-CLM-03 port over 65535", "https://api.example:65536/", ""},
		{"DPOP-CLM-03 port with sign", "https://api.example:+443/", ""},
		{"DPOP-CLM-03 encoded host", "https://api%2Eexample/", ""},
		{"DPOP-CLM-03 IPv6 with a zone", "https://[fe80::1%25eth0]/", ""},
		{"DPOP-CLM-03 IPv6 that is IPv4", "https://[192.0.2.1]/", ""},
		{"DPOP-CLM-03 IPv6 broken", "https://[::1/", ""},
		{"DPOP-CLM-03 not ASCII", "https://bücher.example/", ""},
		{"DPOP-CLM-03 not ASCII in the path", "https://api.example/é", ""},
		{"DPOP-CLM-03 white space", "https://api.example/a b", ""},
		{"DPOP-CLM-03 line break", "https://api.example/a\n", ""},
		{"DPOP-CLM-03 backslash", `https://api.example\a`, ""},
		{"DPOP-CLM-03 backslash in the path", `https://api.example/a\b`, ""},
		{"DPOP-CLM-03 encoded backslash", "https://api.example/a%5cb", ""},
		{"DPOP-CLM-03 encoded NUL", "https://api.example/a%00", ""},
		{"DPOP-CLM-03 only a percent sign", "https://api.example/100%", ""},
		{"DPOP-CLM-03 percent and no hex", "https://api.example/%zz", ""},
		{"DPOP-CLM-03 nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := dpop.NormalizeTarget(c.uri)
			if got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("NormalizeTarget(%q) = %q, %v; want %q", c.uri, got, err, c.want)
			}
		})
	}
}

// FuzzNormalizeTarget holds two properties: normalising again changes nothing, and what is made equal is the same
// resource to net/url, which knows nothing of this package: same host, same path once that is decoded.
func FuzzNormalizeTarget(f *testing.F) {
	for _, uri := range []string{"https://api.example/a/./b/../c?d", "http://[::1]:80/%2e%2e/%41%2f", "https://a.example:8443//x/..//y", "HTTPS://A/%7C|", `http://f/[1:[1|5]:%2e%2f`} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		normal, err := dpop.NormalizeTarget(uri)
		if err != nil {
			return
		}
		if again, err := dpop.NormalizeTarget(normal); again != normal || err != nil {
			t.Fatalf("normalised %q to %q, and that to %q, %v", uri, normal, again, err)
		}
		before, err := url.Parse(uri)
		if err != nil {
			return // net/url takes less
		}
		after, err := url.Parse(normal)
		if err != nil {
			t.Fatalf("normalised %q to %q, which is not a URL: %v", uri, normal, err)
		}
		if !strings.EqualFold(before.Scheme, after.Scheme) {
			t.Errorf("%q became %q", uri, normal)
		}
		if !strings.Contains(before.Path, "/.") && before.Path != "" && before.Path != after.Path {
			t.Errorf("path %q became %q", before.Path, after.Path)
		}
		// The raw text says how many slashes are encoded: EscapedPath encodes again, and loses them, where the path has
		// characters that no URI has.
		raw, _, _ := strings.Cut(strings.ToLower(uri), "?")
		raw, _, _ = strings.Cut(raw, "#")
		if strings.Count(raw, "%2f") != strings.Count(normal, "%2F") && !strings.Contains(before.Path, "/.") {
			t.Errorf("%q became %q: encoded slashes were lost", uri, normal)
		}
	})
}

// TestDPoPTargetProperties writes random resources in random spellings: all spellings of one are equal once they are
// normalised, and those of another resource are not.
func TestDPoPTargetProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(choices ...string) string { return choices[random.IntN(len(choices))] }
	resource := func() []string {
		segments := make([]string, 1+random.IntN(4))
		for i := range segments {
			for range 1 + random.IntN(3) {
				segments[i] += pick("a", "b", "-", "~", "%2F", "%C3%A9", ";", "=", "%25")
			}
		}
		return segments
	}
	spell := func(segments []string) string {
		spelled := pick("https", "HTTPS", "Https") + "://" + pick("api.example", "API.Example") + pick("", ":443", ":")
		for _, segment := range segments {
			spelled += pick("", "", "/.", "/x/..", "/%2e", "/y/%2E%2e") + "/"
			for i := 0; i < len(segment); i++ {
				c := segment[i : i+1]
				if c == "%" {
					spelled += pick(strings.ToLower(segment[i:i+3]), segment[i:i+3])
					i += 2
					continue
				}
				if strings.Contains("ab-~", c) {
					c = pick(c, c, fmt.Sprintf("%%%02x", c[0]), fmt.Sprintf("%%%02X", c[0]))
				}
				spelled += c
			}
		}
		return spelled + pick("", "?q=/../x", "#f")
	}
	for range 10_000 {
		one, other := resource(), resource()
		a, errA := dpop.NormalizeTarget(spell(one))
		b, errB := dpop.NormalizeTarget(spell(one))
		c, errC := dpop.NormalizeTarget(spell(other))
		if errA != nil || errB != nil || errC != nil {
			t.Fatal(errA, errB, errC)
		}
		if a != b {
			t.Fatalf("DPOP-CLM-06: two spellings of %q become %q and %q", one, a, b)
		}
		if (a == c) != slices.Equal(one, other) {
			t.Fatalf("DPOP-CLM-07: %q and %q become %q and %q", one, other, a, c)
		}
	}
}
