package catalogue

import (
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Setting is what an issuer does from the start of a case on, told in a few words. The empty one is the usual.
type Setting string

// The settings.
const (
	Usual Setting = ""

	OddKeys    Setting = "keys that can't be used stand beside the good one"
	TwinKeys   Setting = "four keys of one kid, the last of them the right one"
	FiveKeys   Setting = "five keys of one kid, the last of them the right one"
	NamelessID Setting = "its only key has no kid"
	SoleKey    Setting = "it has one key"
	Rotating   Setting = "it is about to rotate its key"
	OwnKeys    Setting = "it has keys for several algorithms"

	Down            Setting = "it answers 503"
	Hanging         Setting = "it does not answer"
	GarbageMetadata Setting = "its metadata is HTML"
	GarbageKeys     Setting = "its keys are not JSON"
	KeysNoArray     Setting = "its keys are an object"
	KeysNoObject    Setting = "its JWK Set is an array"
	KeysMissing     Setting = "its JWK Set has no member keys"
	LargeKeys       Setting = "its JWK Set is over 1 MiB"
	BulkyKeys       Setting = "its JWK Set is just under 1 MiB"
	HundredKeys     Setting = "it has 100 keys"
	HundredOneKeys  Setting = "it has 101 keys"
	NoKeys          Setting = "its JWK Set is empty"
	NoUsableKey     Setting = "its JWK Set has no key that can be used"
	DuplicateKeys   Setting = "its JWK Set has the member keys twice"

	OtherIssuer     Setting = "its metadata name another issuer"
	IssuerInCase    Setting = "its metadata name the issuer in other case"
	IssuerNoSlash   Setting = "its metadata name the issuer without the slash"
	NoIssuer        Setting = "its metadata name no issuer"
	NoJWKSURI       Setting = "its metadata have no jwks_uri"
	RelativeJWKSURI Setting = "its jwks_uri is relative"
	HTTPJWKSURI     Setting = "its jwks_uri is http"
	UserJWKSURI     Setting = "its jwks_uri has credentials"
	FragmentJWKSURI Setting = "its jwks_uri has a fragment"

	RedirectOnce  Setting = "its keys are one redirect away"
	RedirectThree Setting = "its keys are three redirects away"
	RedirectFour  Setting = "its keys are four redirects away"
	RedirectHTTP  Setting = "its keys are a redirect to http away"

	FreshForSeconds Setting = "its answers are fresh for 15 seconds"
	FreshForDays    Setting = "its answers are fresh for 10 days"
	FreshForTwo     Setting = "its answers are fresh for 2 minutes"
	FreshNever      Setting = "its answers must not be stored"
	FreshUnreadable Setting = "its answers' freshness can't be read"
)

// A behaviour is what a setting makes of an issuer.
type behaviour struct {
	cacheControl string
	metadata     func(*publisher, map[string]any)
	keys         func(*World) ([]any, error) // those before the good ones
	answer       func(*publisher, http.ResponseWriter, *http.Request) bool
}

var settings = map[Setting]behaviour{
	Usual:      {keys: ownKeys("RS256")},
	OddKeys:    {keys: oddKeys},
	TwinKeys:   {keys: twins(3)},
	FiveKeys:   {keys: twins(4)},
	NamelessID: {answer: namelessKey},
	SoleKey:    {},
	Rotating:   {},
	OwnKeys:    {keys: ownKeys("RS256", "RS384", "PS256")},

	Down: {answer: func(_ *publisher, w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "unavailable", http.StatusServiceUnavailable)
		return true
	}},
	Hanging: {answer: func(_ *publisher, _ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
		return true
	}},
	GarbageMetadata: {answer: body("/.well-known/", "<html><body>Welcome</body></html>")},
	GarbageKeys:     {answer: body("/jwks", "\x00\xff{")},
	KeysNoArray:     {answer: body("/jwks", `{"keys":{}}`)},
	KeysNoObject:    {answer: body("/jwks", `[]`)},
	KeysMissing:     {answer: body("/jwks", `{"key":[]}`)},
	NoKeys:          {answer: body("/jwks", `{"keys":[]}`)},
	NoUsableKey:     {answer: body("/jwks", `{"keys":[{"kty":"AKP","alg":"ML-DSA-65","kid":"key-1","pub":"AA"}]}`)},
	DuplicateKeys:   {answer: body("/jwks", `{"keys":[],"keys":[]}`)},
	LargeKeys:       {answer: padded(1<<20 + 1)},
	BulkyKeys:       {answer: padded(1 << 20)},
	HundredKeys:     {keys: bogusKeys(99)},
	HundredOneKeys:  {keys: bogusKeys(100)},

	OtherIssuer:   {metadata: set("issuer", func(p *publisher) any { return p.world.stranger.URL })},
	IssuerInCase:  {metadata: set("issuer", func(p *publisher) any { return strings.ToUpper(p.URL) })},
	IssuerNoSlash: {metadata: set("issuer", func(p *publisher) any { return strings.TrimSuffix(p.URL, "/") })},
	NoIssuer:      {metadata: func(_ *publisher, members map[string]any) { delete(members, "issuer") }},
	NoJWKSURI:     {metadata: func(_ *publisher, members map[string]any) { delete(members, "jwks_uri") }},
	RelativeJWKSURI: {metadata: set("jwks_uri", func(*publisher) any {
		return "/jwks"
	})},
	HTTPJWKSURI: {metadata: set("jwks_uri", func(p *publisher) any { return "http" + strings.TrimPrefix(p.URL, "https") + "jwks" })},
	UserJWKSURI: {metadata: set("jwks_uri", func(p *publisher) any {
		return strings.Replace(p.URL, "https://", "https://user:password@", 1) + "jwks"
	})},
	FragmentJWKSURI: {metadata: set("jwks_uri", func(p *publisher) any { return p.URL + "jwks#keys" })},

	RedirectOnce:  {answer: redirects(1)},
	RedirectThree: {answer: redirects(3)},
	RedirectFour:  {answer: redirects(4)},
	RedirectHTTP: {answer: func(p *publisher, w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/jwks" {
			return false
		}
		http.Redirect(w, r, "http"+strings.TrimPrefix(p.URL, "https")+"jwks", http.StatusFound)
		return true
	}},

	FreshForSeconds: {cacheControl: "max-age=15"},
	FreshForDays:    {cacheControl: "max-age=864000"},
	FreshForTwo:     {cacheControl: "max-age=120"},
	FreshNever:      {cacheControl: "no-store"},
	FreshUnreadable: {cacheControl: `max-age="soon", private=x=y,,`},
}

func set(member string, value func(*publisher) any) func(*publisher, map[string]any) {
	return func(p *publisher, members map[string]any) { members[member] = value(p) }
}

// body answers requests for what part names with content.
func body(part, content string) func(*publisher, http.ResponseWriter, *http.Request) bool {
	return func(_ *publisher, w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, part) {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, content)
		return true
	}
}

// padded answers with the good keys and white space up to size bytes.
func padded(size int) func(*publisher, http.ResponseWriter, *http.Request) bool {
	return func(p *publisher, w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/jwks" {
			return false
		}
		keys, err := p.document(r.Context(), r.URL.Path, behaviour{})
		if err != nil {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(keys)
		_, _ = io.WriteString(w, strings.Repeat(" ", size-len(keys)))
		return true
	}
}

// redirects puts the keys so many redirects away, over TLS all the way.
func redirects(count int) func(*publisher, http.ResponseWriter, *http.Request) bool {
	return func(p *publisher, w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/jwks" {
			return false
		}
		hop, _ := strconv.Atoi(r.URL.Query().Get("hop"))
		if hop == count {
			return false
		}
		http.Redirect(w, r, fmt.Sprintf("%sjwks?hop=%d", p.URL, hop+1), http.StatusFound)
		return true
	}
}

// namelessKey publishes the issuer's key without its kid.
func namelessKey(p *publisher, w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/jwks" {
		return false
	}
	keys, err := p.document(r.Context(), r.URL.Path, behaviour{})
	if err != nil {
		return false
	}
	keys, err = edited(keys, func(members map[string]any) error {
		list, _ := members["keys"].([]any)
		for _, key := range list {
			if key, isObject := key.(map[string]any); isObject {
				delete(key, "kid")
			}
		}
		return nil
	})
	if err != nil {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(keys)
	return true
}

// A variant is a key of the world that is published with other members.
type variant struct {
	name    string
	changes fields
}

func (w *World) jwks(variants ...variant) ([]any, error) {
	var keys []any
	for _, v := range variants {
		key, err := w.jwk(v.name, v.changes)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// oddKeys are keys that no verifier may use, each for one reason, but for the last two, which are good whatever stands
// beside them.
func oddKeys(w *World) ([]any, error) {
	small, err := w.small()
	if err != nil {
		return nil, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	keys := []any{
		fields{"kty": "AKP", "alg": "ML-DSA-65", "kid": "odd-pqc", "pub": encode(make([]byte, 1952))},
		fields{"kty": "EC", "crv": "secp256k1", "kid": "odd-curve", "x": encode(make([]byte, 32)), "y": encode(make([]byte, 32))},
		fields{"kty": "EC", "crv": "P-256", "kid": "odd-point", "x": encode(make([]byte, 32)), "y": encode(make([]byte, 32))},
		fields{"kty": "oct", "kid": "odd-oct", "k": encode([]byte(octSecret))},
		fields{"kty": "RSA", "kid": "odd-small", "e": "AQAB", "n": encode(small.N.Bytes())},
	}
	good, err := w.jwks(
		variant{"RS256", fields{"kid": "odd-use", "use": "enc"}},
		variant{"RS256", fields{"kid": "odd-operation", "use": absent, "key_ops": []string{"encrypt"}}},
		variant{"RS256", fields{"kid": "odd-private", "d": encode([]byte("secret"))}},
		variant{"RS256", fields{"kid": "odd-algorithm", "alg": "RS512"}},
		variant{"RS256", fields{"kid": "odd-exponent", "e": "Ag"}},
		variant{"RS256", fields{"kid": "odd-one", "e": "AQ"}},
		variant{clientKey, fields{"kid": "twin"}},
		variant{"RS256", fields{"kid": "twin"}},
		variant{"RS256", fields{"kid": "verifies", "use": absent, "alg": absent, "key_ops": []string{"verify"}}},
	)
	return append(keys, good...), err
}

// octSecret is the key that odd-oct gives away.
const octSecret = "a secret that is published to all"

// bogusKeys are RSA keys that signed nothing, each of a kid of its own.
func bogusKeys(count int) func(*World) ([]any, error) {
	return func(*World) ([]any, error) {
		keys := make([]any, count)
		for i := range keys {
			keys[i] = fields{"kty": "RSA", "kid": fmt.Sprint("bogus-", i), "e": "AQAB", "n": bogusModulus(i)}
		}
		return keys, nil
	}
}

// twins are RSA keys that signed nothing, all of the good key's kid.
func twins(count int) func(*World) ([]any, error) {
	return func(*World) ([]any, error) {
		keys := make([]any, count)
		for i := range keys {
			keys[i] = fields{"kty": "RSA", "kid": "key-1", "e": "AQAB", "n": bogusModulus(i)}
		}
		return keys, nil
	}
}

// bogusModulus is an odd number of 2048 bits that no one knows the factors of.
func bogusModulus(i int) string {
	n := new(big.Int).Lsh(big.NewInt(1), 2047)
	n.Add(n, big.NewInt(int64(2*i+1)))
	return base64.RawURLEncoding.EncodeToString(n.Bytes())
}

// discardLog swallows what a server says of clients that do not trust it or went away.
var discardLog = log.New(io.Discard, "", 0)

// readBounded reads at most limit bytes; more is an error.
func readBounded(r io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = fmt.Errorf("the body is over %d bytes", limit)
	}
	return content, err
}

// freshness reads the few forms of Cache-Control that a World writes.
func freshness(cacheControl string) time.Duration {
	if cacheControl == "no-store" {
		return -1
	}
	value, _ := strings.CutPrefix(cacheControl, "max-age=")
	seconds, err := strconv.Atoi(value)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
