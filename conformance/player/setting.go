package player

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// Settings returns what a target elsewhere is told to play the case in a mode, and whether that can be told at all: a
// case that configures what has no variable is played in process only.
func (c Case) Settings(e *Environment, mode Mode) (Settings, bool) {
	told := maps.Clone(c.settings)
	if told == nil {
		told = make(Settings)
	}
	config, base := e.Config(mode), e.Config(mode)
	c.Configure(e, &config)
	told.tell(&config, base)
	told.front(c.front)
	return told, reflect.DeepEqual(config, base)
}

// tell writes down how a configuration differs from base, and makes equal what it has told.
func (s Settings) tell(c *verifier.Config, base verifier.Config) {
	s.issuers(c, base)
	s.list("HOLDFAST_AUDIENCES", &c.Audiences, base.Audiences)
	s.list("HOLDFAST_ALGORITHMS", &c.Algorithms, base.Algorithms)
	s.list("HOLDFAST_REQUIRED_CLAIMS", &c.RequiredClaims, base.RequiredClaims)
	s.list("HOLDFAST_PROOF_ALGORITHMS", &c.DPoP.Algorithms, base.DPoP.Algorithms)
	s.seconds("HOLDFAST_LEEWAY", &c.Leeway, base.Leeway)
	s.seconds("HOLDFAST_TOKEN_AGE", &c.MaxTokenAge, base.MaxTokenAge)
	s.seconds("HOLDFAST_PROOF_AGE", &c.DPoP.MaxAge, base.DPoP.MaxAge)
	s.seconds("HOLDFAST_PROOF_LEEWAY", &c.DPoP.Leeway, base.DPoP.Leeway)
	s.word("HOLDFAST_SCOPE_CLAIM", &c.ScopeClaim)
	s.word("HOLDFAST_CLIENT_CLAIM", &c.ClientClaim)
	s.word("HOLDFAST_ORGANIZATION", &c.Organization)
	s.word("HOLDFAST_REALM", &c.Realm)
	s.word("HOLDFAST_RESOURCE", &c.Resource)
	s.choice("HOLDFAST_PROFILE", "rfc9068", &c.RequireProfile)
	s.choice("HOLDFAST_ID_TOKENS", "accepted", &c.InsecureAllowIDTokens)
	s.choice("HOLDFAST_KEY_ID", "optional", &c.AllowMissingKeyID)
	s.choice("HOLDFAST_BOUND_TOKENS", "bearer", &c.DPoP.InsecureAcceptBoundTokensAsBearer)
	s.choice("HOLDFAST_REPLAY_STORE_AWAY", "accept", &c.DPoP.InsecureAcceptWithoutReplayStore)
	if c.RequiredValues != nil {
		s.json("HOLDFAST_REQUIRED_VALUES", values(c.RequiredValues))
		c.RequiredValues = nil
	}
	if c.Discovery == verifier.AuthorizationServerMetadata {
		s["HOLDFAST_DISCOVERY"], c.Discovery = "rfc8414", base.Discovery
	}
	if c.DPoP.Nonce != base.DPoP.Nonce {
		s["HOLDFAST_NONCE"] = map[verifier.NonceMode]string{verifier.NonceOffered: "offered", verifier.NonceRequired: "required"}[c.DPoP.Nonce]
		c.DPoP.Nonce = base.DPoP.Nonce
	}
	if len(c.DPoP.NonceSecrets) == 1 {
		s["HOLDFAST_NONCE_SECRET"], c.DPoP.NonceSecrets = string(c.DPoP.NonceSecrets[0]), nil
	}
	if c.MTLS != base.MTLS {
		s["HOLDFAST_MTLS"] = map[verifier.MTLSMode]string{verifier.MTLSOn: "accepted", verifier.MTLSRequired: "required"}[c.MTLS]
		c.MTLS = base.MTLS
	}
	if c.DPoP.MaxProofsPerKey != 0 {
		s["HOLDFAST_PROOFS_PER_KEY"], c.DPoP.MaxProofsPerKey = fmt.Sprint(c.DPoP.MaxProofsPerKey), 0
	}
	if keys := c.StaticKeys[base.Domain]; len(c.StaticKeys) == 1 && keys != nil {
		s["HOLDFAST_JWKS"], c.StaticKeys = string(keys), nil
	}
	s.keyTimes(c, base)
	s.stores(c, base)
}

// keyTimes are those of HOLDFAST_KEY_TIMES, in seconds.
type keyTimes struct {
	Floor      *float64 `json:"floor,omitempty"` // that keys are kept at least, whatever the issuer says
	Wait       *float64 `json:"wait,omitempty"`  // that a request waits for keys
	Fetch      *float64 `json:"fetch,omitempty"` // that a fetch of them may take
	MaxFetches int      `json:"max_fetches,omitempty"`
	MaxKeys    int      `json:"max_keys,omitempty"`
}

func (s Settings) keyTimes(c *verifier.Config, base verifier.Config) {
	if c.Keys == base.Keys {
		return
	}
	var times keyTimes
	tell := func(told **float64, d *time.Duration, usual time.Duration) {
		if *d != usual {
			seconds := max(0, d.Seconds())
			*told, *d = &seconds, usual
		}
	}
	tell(&times.Floor, &c.Keys.MinTTL, base.Keys.MinTTL)
	tell(&times.Wait, &c.Keys.WaitTimeout, base.Keys.WaitTimeout)
	tell(&times.Fetch, &c.Keys.FetchTimeout, base.Keys.FetchTimeout)
	times.MaxFetches, c.Keys.MaxFetches = c.Keys.MaxFetches, base.Keys.MaxFetches
	times.MaxKeys, c.Keys.MaxKeys = c.Keys.MaxKeys, base.Keys.MaxKeys
	s.json("HOLDFAST_KEY_TIMES", times)
}

// A trusted issuer is an element of HOLDFAST_ISSUERS: what is demanded of its tokens in place of what is of all.
type trusted struct {
	Issuer         string   `json:"issuer"`
	Exact          bool     `json:"exact,omitempty"` // not a URL: compared as it is
	JWKSURL        string   `json:"jwks_url,omitempty"`
	MetadataURL    string   `json:"metadata_url,omitempty"`
	Audiences      []string `json:"audiences,omitempty"`
	Algorithms     []string `json:"algorithms,omitempty"`
	Types          []string `json:"types,omitempty"`
	Clients        []string `json:"clients,omitempty"`
	ScopeClaim     string   `json:"scope_claim,omitempty"`
	RequiredClaims []string `json:"required_claims,omitempty"`
	RequiredValues []value  `json:"required_values,omitempty"`
}

// A value is an element of HOLDFAST_REQUIRED_VALUES.
type value struct {
	Claim       string   `json:"claim"` // its name, or a JSON Pointer that begins with a slash
	OneOf       []string `json:"one_of,omitempty"`
	Contains    []string `json:"contains,omitempty"`
	ContainsAny []string `json:"contains_any,omitempty"`
}

func values(required []ports.RequiredValue) []value {
	var all []value
	for _, v := range required {
		all = append(all, value(v))
	}
	return all
}

// issuers tells who is trusted.
func (s Settings) issuers(c *verifier.Config, base verifier.Config) {
	switch {
	case (c.Domain == "" || c.Domain == base.Domain) && c.Domains != nil:
		all := []trusted{}
		for _, d := range c.Domains {
			one := trusted{
				Issuer: d.Issuer, Exact: d.Exact, JWKSURL: d.Keys.JWKSURL, MetadataURL: d.Keys.MetadataURL, Audiences: d.Audiences,
				Algorithms: d.Algorithms, Types: d.Types, Clients: d.Clients, ScopeClaim: d.ScopeClaim, RequiredClaims: d.RequiredClaims,
				RequiredValues: values(d.RequiredValues),
			}
			if d.ClientClaim != "" || d.Keys.File != "" || d.Keys.Static != nil {
				return
			}
			all = append(all, one)
		}
		s.json("HOLDFAST_ISSUERS", all)
		c.Domain, c.Domains = base.Domain, base.Domains
	case c.Domain != base.Domain && c.Domains == nil && c.Resolver == nil:
		s["HOLDFAST_ISSUER"], c.Domain = c.Domain, base.Domain
	}
}

// list tells a list, whose elements are separated by spaces.
func (s Settings) list(name string, list *[]string, usual []string) {
	if reflect.DeepEqual(*list, usual) {
		return
	}
	if slices.ContainsFunc(*list, func(one string) bool { return one == "" || strings.ContainsAny(one, " \t") }) {
		return
	}
	s[name], *list = strings.Join(*list, " "), usual
}

func (s Settings) seconds(name string, d *time.Duration, usual time.Duration) {
	if *d != usual {
		s[name], *d = fmt.Sprint(max(0, d.Seconds())), usual
	}
}

func (s Settings) word(name string, word *string) {
	if *word != "" {
		s[name], *word = *word, ""
	}
}

func (s Settings) choice(name, value string, chosen *bool) {
	if *chosen {
		s[name], *chosen = value, false
	}
}

func (s Settings) json(name string, value any) {
	written, err := json.Marshal(value)
	if err == nil {
		s[name] = string(written)
	}
}

// front tells what stands in front of the target.
func (s Settings) front(f Front) {
	if f.PublicURL != "" {
		s["HOLDFAST_PUBLIC_URL"] = f.PublicURL
	}
	for internal, public := range f.PathPrefixes {
		s["HOLDFAST_PATH_PREFIXES"] = strings.TrimSpace(s["HOLDFAST_PATH_PREFIXES"] + " " + internal + "=" + public)
	}
	if len(f.Hosts) > 0 {
		s["HOLDFAST_HOSTS"] = strings.Join(f.Hosts, " ")
	}
	switch {
	case f.Forwarded:
		s["HOLDFAST_PROXY"] = "forwarded"
	case f.Proxy:
		s["HOLDFAST_PROXY"] = "x-forwarded"
	}
	if f.Optional {
		s["HOLDFAST_CREDENTIALS"] = "optional"
	}
	switch {
	case f.Certificate:
		s["HOLDFAST_FORWARDED_CERTIFICATE"] = "client-cert"
	case f.XFCC:
		s["HOLDFAST_FORWARDED_CERTIFICATE"] = "xfcc"
	case f.EscapedPEM:
		s["HOLDFAST_FORWARDED_CERTIFICATE"] = "escaped-pem"
	}
}

// paper is an environment without issuers that listen, for what is told of cases before there is one.
var paper = sync.OnceValue(func() *Environment {
	e := &Environment{fixed: true, own: fixedRSAKey("own"), small: fixedRSAKey("small"), keys: make(map[string]*verifiertest.Key)}
	e.Issuer = &Issuer{Server: &issuer.Server{Issuer: &verifiertest.Issuer{URL: fixedIssuer}}}
	e.Other = &Issuer{Server: &issuer.Server{Issuer: &verifiertest.Issuer{URL: fixedOther}}}
	return e
})

// BlackBox reports whether the case can be played over HTTP, on an API that has its powers.
func (c Case) BlackBox() bool {
	if c.Has(Inside) {
		return false
	}
	_, tellable := c.Settings(paper(), c.Modes[0])
	return tellable
}

// Powers returns the names of the powers that an API must have for the case to be played over HTTP; none where any API
// will do.
func (c Case) Powers() []string {
	settings, _ := c.Settings(paper(), c.Modes[0])
	names := settings.powers()
	names = append(names, c.powers...)
	if c.Has(Clock) {
		names = append(names, "clock")
	}
	if c.Starts() {
		names = append(names, "refusal")
	}
	return names
}
