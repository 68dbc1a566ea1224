package keyring

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

func TestLyingIssuers(t *testing.T) {
	metadata := func(issuer, jwks string) []byte {
		body, _ := json.Marshal(map[string]string{"issuer": issuer, "jwks_uri": jwks})
		return body
	}
	goodMetadata := metadata(issuerURL, issuerURL+"jwks")
	for _, c := range []struct {
		name           string
		metadata, keys []byte // nil for the issuer's own
		want           string
	}{
		{name: "DISC-05 the very issuer", metadata: goodMetadata, want: "found"},
		{name: "DISC-05 another issuer", metadata: metadata("https://evil.example/", issuerURL+"jwks"), want: "unavailable"},
		{name: "DISC-05 without its slash", metadata: metadata("https://issuer.example", issuerURL+"jwks"), want: "unavailable"},
		{name: "DISC-05 no issuer", metadata: []byte(`{"jwks_uri":"https://issuer.example/jwks"}`), want: "unavailable"},
		{name: "DISC-06 no jwks_uri", metadata: []byte(`{"issuer":"https://issuer.example/"}`), want: "unavailable"},
		{name: "DISC-06 http", metadata: metadata(issuerURL, "http://issuer.example/jwks"), want: "unavailable"},
		{name: "DISC-06 relative", metadata: metadata(issuerURL, "/jwks"), want: "unavailable"},
		{name: "DISC-06 credentials", metadata: metadata(issuerURL, "https://u:p@issuer.example/jwks"), want: "unavailable"},
		{name: "DISC-06 fragment", metadata: metadata(issuerURL, issuerURL+"jwks#x"), want: "unavailable"},
		{name: "DISC-13 HTML", metadata: []byte("<html>"), want: "unavailable"},
		{name: "DISC-13 array", metadata: []byte(`[]`), want: "unavailable"},
		{name: "DISC-13 duplicate issuer", metadata: []byte(`{"issuer":"https://issuer.example/","issuer":"https://issuer.example/","jwks_uri":"https://issuer.example/jwks"}`), want: "unavailable"},
		{name: "DISC-13 over the size bound", metadata: append([]byte(strings.Repeat(" ", 1<<20)), goodMetadata...), want: "unavailable"},
		{name: "DISC-13 at the size bound", metadata: append([]byte(strings.Repeat(" ", 1<<20-len(goodMetadata))), goodMetadata...), want: "found"},
		{name: "KEYS-09 array", keys: []byte(`[]`), want: "unavailable"},
		{name: "KEYS-09 no keys", keys: []byte(`{}`), want: "unavailable"},
		{name: "KEYS-09 keys is an object", keys: []byte(`{"keys":{}}`), want: "unavailable"},
		{name: "KEYS-09 garbage", keys: []byte(`key`), want: "unavailable"},
		{name: "KEYS-10 over the size bound", keys: []byte(`{"keys":[]}` + strings.Repeat(" ", 1<<20)), want: "unavailable"},
		{name: "KEYS-10 101 keys", keys: []byte(`{"keys":[{}` + strings.Repeat(",{}", 100) + `]}`), want: "unavailable"},
		{name: "KEYS-12 100 keys, none of use", keys: []byte(`{"keys":[{}` + strings.Repeat(",{}", 99) + `]}`), want: "unavailable"},
		{name: "KEYS-12 no keys", keys: []byte(`{"keys":[]}`), want: "unavailable"},
		{name: "KEYS-10 deep", keys: []byte(strings.Repeat(`{"keys":[`, 50000)), want: "unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lie := func(url string) (ports.Document, bool) {
				body := c.metadata
				if strings.HasSuffix(url, "jwks") {
					body = c.keys
				}
				return ports.Document{Body: body}, body != nil
			}
			// A large document takes a busy machine a while.
			patient := func(c *Config) { c.WaitTimeout, c.FetchTimeout = time.Minute, time.Minute }
			cold := newEnvironment(t, patient)
			cold.answer = lie
			if got := cold.find(t, "key-1"); got != c.want {
				t.Errorf("key is %s at start, want %s", got, c.want)
			}

			if c.want != "unavailable" {
				return
			}
			warm := newEnvironment(t, patient)
			warm.want(t, "key-1", "found", 1)
			warm.set(func() { warm.answer = lie })
			warm.clock.Advance(time.Hour)
			for range 2 {
				if got := warm.find(t, "key-1"); got != "found" {
					t.Errorf("key that was known is %s, want found", got)
				}
				warm.settle()
			}
		})
	}
}

// A set without a usable key neither makes tokens bad nor withdraws keys.
func TestFaultKEYS12SetWithoutAUsableKey(t *testing.T) {
	for name, set := range map[string]string{
		"empty":        `{"keys":[]}`,
		"none is used": `{"keys":[{"kty":"oct","kid":"key-1","k":"AA"},{"kty":"AKP","alg":"ML-DSA-65","kid":"key-1","pub":"AA"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			env := newEnvironment(t, nil)
			env.want(t, "key-1", "found", 1)
			before, _ := env.issuer.Fetched()
			env.set(func() {
				env.answer = func(url string) (ports.Document, bool) {
					return ports.Document{Body: []byte(set)}, strings.HasSuffix(url, "/jwks")
				}
			})
			env.clock.Advance(time.Hour)
			if got := env.find(t, "key-1"); got != "found" {
				t.Errorf("the known key is %s", got)
			}
			if got := env.find(t, "key-2"); got != "unavailable" {
				t.Errorf("an unknown key is %s", got)
			}
			env.settle()
			if after, _ := env.issuer.Fetched(); after != before+2 {
				t.Errorf("asked %d times, want once for each", after-before)
			}
			var refused, skipped int
			for _, event := range env.events {
				switch event.Kind {
				case ports.KeysRefused:
					refused++
					if want := `key set "https://issuer.example/jwks": no usable key`; event.Err.Error() != want {
						t.Errorf("error is %q, want %q", event.Err, want)
					}
				case ports.KeySkipped:
					skipped++
				}
			}
			if want := 2 * strings.Count(set, "kty"); refused != 2 || skipped != want {
				t.Errorf("%d refused and %d skipped, want 2 and %d", refused, skipped, want)
			}
			env.set(func() { env.answer = nil })
			env.clock.Advance(maxBackoff)
			if got := env.find(t, "key-1"); got != "found" {
				t.Errorf("once the issuer is mended the key is %s", got)
			}
		})
	}
}

// Errors name what was asked for, and what was wrong with it; nothing of it can forge a line of a log.
func TestErrorsNameTheCulprit(t *testing.T) {
	for _, c := range []struct {
		name, metadata, keys string
		down                 error
		want                 string
	}{
		{"the issuer is away", "", "", errDown, `fetch metadata "https://issuer.example/.well-known/openid-configuration": connection refused`},
		{"metadata are HTML", "<html>", "", nil, `fetch metadata "https://issuer.example/.well-known/openid-configuration": not one JSON object`},
		{"another issuer", `{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/jwks"}`, "", nil,
			`fetch metadata "https://issuer.example/.well-known/openid-configuration": names another issuer: "https://issuer.example", not "https://issuer.example/"; ` +
				`they differ by the trailing slash: configure it without one, and set ExactDomain (Exact in Domains)`},
		{"an issuer with a line break", `{"issuer":"https://evil.example/\nü"}`, "", nil,
			`names another issuer: "https://evil.example/\n\u00fc", not "https://issuer.example/"`},
		{"a long issuer", `{"issuer":"https://` + strings.Repeat("e", 1000) + `"}`, "", nil,
			`names another issuer: "https://` + strings.Repeat("e", 248) + `"..., not "https://issuer.example/"`},
		{"no jwks_uri", `{"issuer":"https://issuer.example/"}`, "", nil, `openid-configuration": has no usable jwks_uri: ""`},
		{"a jwks_uri over http", `{"issuer":"https://issuer.example/","jwks_uri":"http://issuer.example/jwks"}`, "", nil,
			`has no usable jwks_uri: "http://issuer.example/jwks"`},
		{"keys are HTML", "", "<html>", nil, `key set "https://issuer.example/jwks": not a JWK Set`},
		{"a set that is too large", "", `{"keys":[]}` + strings.Repeat(" ", 1<<20), nil, `key set "https://issuer.example/jwks": document over the size bound`},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, nil)
			env.down = c.down
			env.answer = func(url string) (ports.Document, bool) {
				body := c.metadata
				if strings.HasSuffix(url, "/jwks") {
					body = c.keys
				}
				return ports.Document{Body: []byte(body)}, body != ""
			}
			err := env.Warm(t.Context(), of(issuerURL))
			if err == nil || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("error is\n%v, want\n%s", err, c.want)
			}
		})
	}
}
