package player

import (
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Fault is what an issuer does other than usual, from the start of a case on, in a few words. Not all of them are
// faults of the issuer: some are what verifiers must cope with.
type Fault string

// The faults.
const (
	NoFault Fault = ""

	OddKeys    Fault = "keys that can't be used stand beside the good one"
	TwinKeys   Fault = "four keys of one kid, the last of them the right one"
	FiveKeys   Fault = "five keys of one kid, the last of them the right one"
	NamelessID Fault = "its only key has no kid"
	SoleKey    Fault = "it has one key"
	Rotating   Fault = "it is about to rotate its key"
	OwnKeys    Fault = "it has keys for several algorithms"

	Down            Fault = "it answers 503"
	Hanging         Fault = "it does not answer"
	GarbageMetadata Fault = "its metadata is HTML"
	GarbageKeys     Fault = "its keys are not JSON"
	KeysNoArray     Fault = "its keys are an object"
	KeysNoObject    Fault = "its JWK Set is an array"
	KeysMissing     Fault = "its JWK Set has no member keys"
	LargeKeys       Fault = "its JWK Set is over 1 MiB"
	BulkyKeys       Fault = "its JWK Set is just under 1 MiB"
	HundredKeys     Fault = "it has 100 keys"
	HundredOneKeys  Fault = "it has 101 keys"
	NoKeys          Fault = "its JWK Set is empty"
	NoUsableKey     Fault = "its JWK Set has no key that can be used"
	DuplicateKeys   Fault = "its JWK Set has the member keys twice"

	OtherIssuer     Fault = "its metadata name another issuer"
	IssuerInCase    Fault = "its metadata name the issuer in other case"
	IssuerNoSlash   Fault = "its metadata name the issuer without the slash"
	NoIssuer        Fault = "its metadata name no issuer"
	NoJWKSURI       Fault = "its metadata have no jwks_uri"
	RelativeJWKSURI Fault = "its jwks_uri is relative"
	HTTPJWKSURI     Fault = "its jwks_uri is http"
	UserJWKSURI     Fault = "its jwks_uri has credentials"
	FragmentJWKSURI Fault = "its jwks_uri has a fragment"

	RedirectOnce  Fault = "its keys are one redirect away"
	RedirectThree Fault = "its keys are three redirects away"
	RedirectFour  Fault = "its keys are four redirects away"
	RedirectHTTP  Fault = "its keys are a redirect to http away"

	FreshForSeconds Fault = "its answers are fresh for 15 seconds"
	FreshForDays    Fault = "its answers are fresh for 10 days"
	FreshForTwo     Fault = "its answers are fresh for 2 minutes"
	FreshNever      Fault = "its answers must not be stored"
	FreshUnreadable Fault = "its answers' freshness can't be read"
)

// Faults returns all faults, NoFault first.
func Faults() []Fault { return slices.Sorted(maps.Keys(faults)) }

// A behaviour is what a fault makes of an issuer.
type behaviour struct {
	cacheControl string
	metadata     func(*Issuer, map[string]any)
	keys         func(*Environment) ([]any, error) // those before the good ones
	answer       func(*Issuer, http.ResponseWriter, *http.Request) bool
}

var faults = map[Fault]behaviour{
	NoFault:    {keys: ownKeys("RS256")},
	OddKeys:    {keys: oddKeys},
	TwinKeys:   {keys: twins(3)},
	FiveKeys:   {keys: twins(4)},
	NamelessID: {answer: namelessKey},
	SoleKey:    {},
	Rotating:   {},
	OwnKeys:    {keys: ownKeys("RS256", "RS384", "PS256")},

	Down: {answer: func(_ *Issuer, w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "unavailable", http.StatusServiceUnavailable)
		return true
	}},
	Hanging: {answer: func(_ *Issuer, _ http.ResponseWriter, r *http.Request) bool {
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

	OtherIssuer:   {metadata: set("issuer", func(p *Issuer) any { return p.environment.Other.URL })},
	IssuerInCase:  {metadata: set("issuer", func(p *Issuer) any { return strings.ToUpper(p.URL) })},
	IssuerNoSlash: {metadata: set("issuer", func(p *Issuer) any { return strings.TrimSuffix(p.URL, "/") })},
	NoIssuer:      {metadata: func(_ *Issuer, members map[string]any) { delete(members, "issuer") }},
	NoJWKSURI:     {metadata: func(_ *Issuer, members map[string]any) { delete(members, "jwks_uri") }},
	RelativeJWKSURI: {metadata: set("jwks_uri", func(*Issuer) any {
		return "/jwks"
	})},
	HTTPJWKSURI: {metadata: set("jwks_uri", func(p *Issuer) any { return "http" + strings.TrimPrefix(p.URL, "https") + "jwks" })},
	UserJWKSURI: {metadata: set("jwks_uri", func(p *Issuer) any {
		return strings.Replace(p.URL, "https://", "https://user:password@", 1) + "jwks"
	})},
	FragmentJWKSURI: {metadata: set("jwks_uri", func(p *Issuer) any { return p.URL + "jwks#keys" })},

	RedirectOnce:  {answer: redirects(1)},
	RedirectThree: {answer: redirects(3)},
	RedirectFour:  {answer: redirects(4)},
	RedirectHTTP: {answer: func(p *Issuer, w http.ResponseWriter, r *http.Request) bool {
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

func set(member string, value func(*Issuer) any) func(*Issuer, map[string]any) {
	return func(p *Issuer, members map[string]any) { members[member] = value(p) }
}

// body answers requests for what part names with content.
func body(part, content string) func(*Issuer, http.ResponseWriter, *http.Request) bool {
	return func(_ *Issuer, w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, part) {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, content)
		return true
	}
}

// padded answers with the good keys and white space up to size bytes.
func padded(size int) func(*Issuer, http.ResponseWriter, *http.Request) bool {
	return func(p *Issuer, w http.ResponseWriter, r *http.Request) bool {
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
func redirects(count int) func(*Issuer, http.ResponseWriter, *http.Request) bool {
	return func(p *Issuer, w http.ResponseWriter, r *http.Request) bool {
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
func namelessKey(p *Issuer, w http.ResponseWriter, r *http.Request) bool {
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

// A variant is a key of the environment that is published with other members.
type variant struct {
	name    string
	changes Fields
}

func (e *Environment) jwks(variants ...variant) ([]any, error) {
	var keys []any
	for _, v := range variants {
		key, err := e.JWK(v.name, v.changes)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// oddKeys are keys that no verifier may use, each for one reason, but for the last two, which are good whatever stands
// beside them.
func oddKeys(e *Environment) ([]any, error) {
	small, err := e.small()
	if err != nil {
		return nil, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	keys := []any{
		Fields{"kty": "AKP", "alg": "SLH-DSA-SHA2-128s", "kid": "odd-pqc", "pub": encode(make([]byte, 32))},
		Fields{"kty": "EC", "crv": "secp256k1", "kid": "odd-curve", "x": encode(make([]byte, 32)), "y": encode(make([]byte, 32))},
		Fields{"kty": "EC", "crv": "P-256", "kid": "odd-point", "x": encode(make([]byte, 32)), "y": encode(make([]byte, 32))},
		Fields{"kty": "oct", "kid": "odd-oct", "k": encode([]byte(OctSecret))},
		Fields{"kty": "RSA", "kid": "odd-small", "e": "AQAB", "n": encode(small.N.Bytes())},
	}
	good, err := e.jwks(
		variant{"RS256", Fields{"kid": "odd-use", "use": "enc"}},
		variant{"RS256", Fields{"kid": "odd-operation", "use": Absent, "key_ops": []string{"encrypt"}}},
		variant{"RS256", Fields{"kid": "odd-private", "d": encode([]byte("secret"))}},
		variant{"RS256", Fields{"kid": "odd-algorithm", "alg": "RS512"}},
		variant{"RS256", Fields{"kid": "odd-exponent", "e": "Ag"}},
		variant{"RS256", Fields{"kid": "odd-one", "e": "AQ"}},
		variant{ClientKey, Fields{"kid": "twin"}},
		variant{"RS256", Fields{"kid": "twin"}},
		variant{"RS256", Fields{"kid": "verifies", "use": Absent, "alg": Absent, "key_ops": []string{"verify"}}},
	)
	return append(keys, good...), err
}

// OctSecret is the key that odd-oct gives away.
const OctSecret = "a secret that is published to all"

// bogusKeys are RSA keys that signed nothing, each of a kid of its own.
func bogusKeys(count int) func(*Environment) ([]any, error) {
	return func(*Environment) ([]any, error) {
		keys := make([]any, count)
		for i := range keys {
			keys[i] = Fields{"kty": "RSA", "kid": fmt.Sprint("bogus-", i), "e": "AQAB", "n": bogusModulus(i)}
		}
		return keys, nil
	}
}

// twins are RSA keys that signed nothing, all of the good key's kid.
func twins(count int) func(*Environment) ([]any, error) {
	return func(*Environment) ([]any, error) {
		keys := make([]any, count)
		for i := range keys {
			keys[i] = Fields{"kty": "RSA", "kid": "key-1", "e": "AQAB", "n": bogusModulus(i)}
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

// freshness reads the few forms of Cache-Control that an issuer here writes.
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
