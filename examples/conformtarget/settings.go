package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// A telling reads what the target is told. It keeps the first error.
type telling struct {
	lookup func(string) (string, bool)
	err    error
}

func (e *telling) getenv(name string) string {
	value, _ := e.lookup(name)
	return value
}

// verifier returns what a verifier is configured with, except for its fetcher.
func (e *telling) verifier() verifier.Config {
	config := verifier.Config{
		Domain:                e.getenv("HOLDFAST_ISSUER"),
		Audiences:             e.list("HOLDFAST_AUDIENCES"),
		Algorithms:            e.list("HOLDFAST_ALGORITHMS"),
		RequireProfile:        choose(e, "HOLDFAST_PROFILE", map[string]bool{"": false, "rfc9068": true}),
		RequiredClaims:        e.list("HOLDFAST_REQUIRED_CLAIMS"),
		ScopeClaim:            e.getenv("HOLDFAST_SCOPE_CLAIM"),
		ClientClaim:           e.getenv("HOLDFAST_CLIENT_CLAIM"),
		Organization:          e.getenv("HOLDFAST_ORGANIZATION"),
		InsecureAllowIDTokens: choose(e, "HOLDFAST_ID_TOKENS", map[string]bool{"": false, "accepted": true}),
		AllowMissingKeyID:     choose(e, "HOLDFAST_KEY_ID", map[string]bool{"": false, "optional": true}),
		Leeway:                e.seconds("HOLDFAST_LEEWAY"),
		MaxTokenAge:           e.seconds("HOLDFAST_TOKEN_AGE"),
		Realm:                 e.getenv("HOLDFAST_REALM"),
		Resource:              e.getenv("HOLDFAST_RESOURCE"),
		MTLS: choose(e, "HOLDFAST_MTLS", map[string]verifier.MTLSMode{
			"": verifier.MTLSOff, "off": verifier.MTLSOff, "accepted": verifier.MTLSOn, "required": verifier.MTLSRequired,
		}),
		Discovery: choose(e, "HOLDFAST_DISCOVERY", map[string]verifier.Discovery{
			"": verifier.OpenIDConfiguration, "rfc8414": verifier.AuthorizationServerMetadata,
		}),
		DPoP: e.dpop(),
	}
	if !e.told("HOLDFAST_AUDIENCES") {
		config.Audiences = []string{e.getenv("HOLDFAST_AUDIENCE")}
	}
	if values := e.values("HOLDFAST_REQUIRED_VALUES"); values != nil {
		config.RequiredValues = values
	}
	if e.told("HOLDFAST_ISSUERS") {
		config.Domain, config.Domains = "", e.issuers()
	}
	if keys := e.getenv("HOLDFAST_JWKS"); keys != "" {
		config.StaticKeys = map[string][]byte{config.Domain: []byte(keys)}
	}
	if path := e.getenv("HOLDFAST_CLOCK"); path != "" {
		config.Clock = fileClock(path)
	}
	e.keyTimes(&config.Keys)
	return config
}

func (e *telling) dpop() verifier.DPoP {
	dpop := verifier.DPoP{
		Mode: choose(e, "HOLDFAST_DPOP", map[string]verifier.DPoPMode{
			"allowed": verifier.DPoPAllowed, "required": verifier.DPoPRequired, "disabled": verifier.DPoPDisabled,
		}),
		Algorithms: e.list("HOLDFAST_PROOF_ALGORITHMS"),
		MaxAge:     e.seconds("HOLDFAST_PROOF_AGE"),
		Leeway:     e.seconds("HOLDFAST_PROOF_LEEWAY"),
		Nonce: choose(e, "HOLDFAST_NONCE", map[string]verifier.NonceMode{
			"": verifier.NonceOff, "offered": verifier.NonceOffered, "required": verifier.NonceRequired,
		}),
		InsecureAcceptBoundTokensAsBearer: choose(e, "HOLDFAST_BOUND_TOKENS", map[string]bool{"": false, "bearer": true}),
		InsecureAcceptWithoutReplayStore:  choose(e, "HOLDFAST_REPLAY_STORE_AWAY", map[string]bool{"": false, "accept": true}),
		MaxProofsPerKey:                   int(e.number("HOLDFAST_PROOFS_PER_KEY")),
	}
	if e.told("HOLDFAST_PROOF_LEEWAY") && dpop.Leeway == 0 {
		dpop.Leeway = -1 // none, where 0 is the default
	}
	if url := e.getenv("HOLDFAST_REPLAY_STORE"); url != "" {
		dpop.ReplayStore = store(url)
	}
	if secret := e.getenv("HOLDFAST_NONCE_SECRET"); secret != "" {
		dpop.NonceSecrets = [][]byte{[]byte(secret)}
	}
	return dpop
}

// front returns what the guard is configured with, except for its logger.
func (e *telling) front() httpguard.Config {
	front := httpguard.Config{
		Optional:  choose(e, "HOLDFAST_CREDENTIALS", map[string]bool{"": false, "optional": true}),
		PublicURL: e.getenv("HOLDFAST_PUBLIC_URL"),
		Hosts:     e.list("HOLDFAST_HOSTS"),
	}
	for _, pair := range e.list("HOLDFAST_PATH_PREFIXES") {
		internal, public, _ := strings.Cut(pair, "=")
		if front.PathPrefixes == nil {
			front.PathPrefixes = make(map[string]string)
		}
		front.PathPrefixes[internal] = public
	}
	front.Proxies.Forwarded = choose(e, "HOLDFAST_PROXY", map[string]httpguard.ForwardedFields{
		"": 0, "x-forwarded": httpguard.XForwardedFor | httpguard.XForwardedProto | httpguard.XForwardedHost, "forwarded": httpguard.Forwarded,
	})
	front.Proxies.Certificate = choose(e, "HOLDFAST_FORWARDED_CERTIFICATE", map[string]httpguard.CertificateField{
		"": httpguard.CertificateOfConnection, "client-cert": httpguard.CertificateRFC9440,
		"xfcc": httpguard.CertificateXFCC, "escaped-pem": httpguard.CertificateEscapedPEM,
	})
	if e.told("HOLDFAST_PROXY") {
		front.Proxies.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	}
	return front
}

func (e *telling) issuers() []ports.Domain {
	var told []struct {
		Issuer         string   `json:"issuer"`
		Exact          bool     `json:"exact"`
		JWKSURL        string   `json:"jwks_url"`
		MetadataURL    string   `json:"metadata_url"`
		Audiences      []string `json:"audiences"`
		Algorithms     []string `json:"algorithms"`
		Types          []string `json:"types"`
		Clients        []string `json:"clients"`
		ScopeClaim     string   `json:"scope_claim"`
		RequiredClaims []string `json:"required_claims"`
		RequiredValues []value  `json:"required_values"`
	}
	e.json("HOLDFAST_ISSUERS", &told)
	domains := []ports.Domain{}
	for _, i := range told {
		domains = append(domains, ports.Domain{
			Issuer: i.Issuer, Exact: i.Exact, Keys: ports.KeySource{JWKSURL: i.JWKSURL, MetadataURL: i.MetadataURL},
			Audiences: i.Audiences, Algorithms: i.Algorithms, Types: i.Types, Clients: i.Clients, ScopeClaim: i.ScopeClaim,
			RequiredClaims: i.RequiredClaims, RequiredValues: required(i.RequiredValues),
		})
	}
	return domains
}

// A value is one that a claim must have, or that it must contain.
type value struct {
	Claim       string   `json:"claim"`
	OneOf       []string `json:"one_of"`
	Contains    []string `json:"contains"`
	ContainsAny []string `json:"contains_any"`
}

func (e *telling) values(name string) []ports.RequiredValue {
	var told []value
	e.json(name, &told)
	return required(told)
}

func required(values []value) []ports.RequiredValue {
	var all []ports.RequiredValue
	for _, v := range values {
		all = append(all, ports.RequiredValue(v))
	}
	return all
}

func (e *telling) keyTimes(keys *verifier.KeyPolicy) {
	var told struct {
		Floor      *float64 `json:"floor"`
		Wait       float64  `json:"wait"`
		Fetch      float64  `json:"fetch"`
		MaxFetches int      `json:"max_fetches"`
		MaxKeys    int      `json:"max_keys"`
	}
	e.json("HOLDFAST_KEY_TIMES", &told)
	keys.WaitTimeout, keys.FetchTimeout = seconds(told.Wait), seconds(told.Fetch)
	keys.MaxFetches, keys.MaxKeys = told.MaxFetches, told.MaxKeys
	if told.Floor != nil {
		keys.MinTTL = seconds(*told.Floor)
		if *told.Floor == 0 {
			keys.MinTTL = -1 // none, where 0 is the default
		}
	}
}

func (e *telling) fail(name string, err error) {
	if e.err == nil {
		e.err = fmt.Errorf("%s: %w", name, err)
	}
}

// told reports whether a variable is set, be it to nothing.
func (e *telling) told(name string) bool {
	_, found := e.lookup(name)
	return found
}

// list reads words that are separated by spaces.
func (e *telling) list(name string) []string { return strings.Fields(e.getenv(name)) }

func (e *telling) json(name string, into any) {
	if text := e.getenv(name); text != "" {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			e.fail(name, err)
		}
	}
}

func (e *telling) number(name string) float64 {
	text := e.getenv(name)
	if text == "" {
		return 0
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		e.fail(name, err)
	}
	return number
}

func (e *telling) seconds(name string) time.Duration { return seconds(e.number(name)) }

func seconds(number float64) time.Duration { return time.Duration(number * float64(time.Second)) }

// choose returns what a word stands for.
func choose[T any](e *telling, name string, words map[string]T) T {
	chosen, known := words[e.getenv(name)]
	if !known {
		e.fail(name, errors.New("the value is not one of those in docs/guide/prove.md"))
	}
	return chosen
}

// A fileClock takes the time from a file.
type fileClock string

func (path fileClock) Now() time.Time {
	content, err := os.ReadFile(string(path))
	if err != nil {
		return time.Time{}
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
