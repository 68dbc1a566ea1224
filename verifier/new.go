package verifier

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/jitter"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
	"github.com/holdfast-go/holdfast/verifier/internal/shared"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// The faults of a configuration that are not those of an issuer's URL.
var (
	errRequired     = errors.New("is required")
	errBlank        = errors.New("is blank")
	errDuplicate    = errors.New("names an issuer twice")
	errConflict     = errors.New("can't be combined with Domain or Domains")
	errNegative     = errors.New("must not be negative")
	errNoSuchDomain = errors.New("is not a configured domain")
	errShortSecret  = errors.New("has under 32 bytes")
	errUnknownValue = errors.New("is not a known value")
	errNotASCII     = errors.New("has characters other than printable ASCII")
	errNilInside    = errors.New("holds a nil pointer or function; leave the field unset, or give it a value that works")
)

// The bounds and defaults that the fields of Config document.
const (
	maxLeeway       = 5 * time.Minute
	minSecretBytes  = 32
	defaultMaxToken = 16 << 10

	defaultResolverTimeout = time.Second
	defaultReplayTimeout   = 500 * time.Millisecond
	defaultProofsPerKey    = 1 << 18
	observerTimeout        = time.Second

	defaultRememberedTokens = 1024
	defaultRememberedBytes  = 8 << 20

	defaultSoftTTL      = 10 * time.Minute
	defaultMinTTL       = time.Minute
	defaultHardTTL      = 24 * time.Hour
	defaultCooldown     = 30 * time.Second
	defaultFetchTimeout = 10 * time.Second
	defaultWaitTimeout  = 2 * time.Second
	defaultMaxFetches   = 64
	defaultMaxDocument  = 1 << 20
	defaultMaxKeys      = 100
	defaultMaxIssuers   = 10_000
)

// New returns a verifier by config. It needs no issuer to be up: keys are fetched when they are first needed, or by
// [Verifier.Warm].
//
// Its error, of class [Misconfigured], tells all that is wrong at once, each fault as a [*FieldError] that errors.As
// finds.
func New(config Config) (*Verifier, error) {
	c := checker{Config: config}
	v := &Verifier{
		clock:          config.Clock,
		resolver:       config.Resolver,
		domains:        c.domains(),
		audiences:      c.texts("Audiences", config.Audiences),
		loopbackHTTP:   config.InsecureAllowLoopbackHTTP,
		algorithms:     c.algorithms("Algorithms", config.Algorithms, "RS256"),
		requireProfile: config.RequireProfile,
		requiredClaims: c.texts("RequiredClaims", config.RequiredClaims),
		organization:   config.Organization,
		scopeClaim:     config.ScopeClaim,
		leeway:         c.leeway(),
		maxTokenAge:    min(atLeastZero(&c, "MaxTokenAge", config.MaxTokenAge, 0), math.MaxInt64-maxLeeway),
		maxTokenBytes:  atLeastZero(&c, "MaxTokenBytes", config.MaxTokenBytes, defaultMaxToken),
		allowNoKeyID:   config.AllowMissingKeyID,
		allowIDTokens:  config.InsecureAllowIDTokens,

		realm: c.printable("Realm", config.Realm),
	}
	v.resource, v.resourceMetadata = c.resource()
	c.ports()
	v.resolverPort = c.port("domain resolver", atLeastZero(&c, "ResolverTimeout", config.ResolverTimeout, defaultResolverTimeout))
	if v.clock == nil {
		v.clock = memory.Clock{}
	}
	c.confirmation(v)
	if config.MaxRememberedTokens >= 0 {
		v.remembered = newTokenMemory(
			atLeastZero(&c, "MaxRememberedTokens", config.MaxRememberedTokens, defaultRememberedTokens),
			atLeastZero(&c, "MaxRememberedBytes", config.MaxRememberedBytes, defaultRememberedBytes),
		)
	}
	v.keys = keyring.New(c.keyring(v.clock, v.domains))
	v.shared = shared.Verifier{
		Domain: c.domain(), Keys: v.keys, Clock: v.clock, Logger: config.Logger, LoopbackHTTP: config.InsecureAllowLoopbackHTTP,
	}
	if len(c.faults) > 0 {
		return nil, fail(CodeConfig, "", "").because(errors.Join(c.faults...))
	}
	return v, nil
}

// A checker collects the faults of a configuration while reading it.
type checker struct {
	Config
	faults []error
}

func (c *checker) fault(field string, err error) {
	c.faults = append(c.faults, &FieldError{Field: field, Err: err})
}

func (c *checker) theDomain() ports.Domain {
	return ports.Domain{Issuer: c.Domain, Exact: c.ExactDomain}
}

// domain returns the identifier of the one issuer that Domain names, empty if there is none.
func (c *checker) domain() string {
	if c.Domain == "" {
		return ""
	}
	identifier, err := issuerurl.Identifier(c.theDomain(), c.InsecureAllowLoopbackHTTP)
	if err != nil && c.Domains != nil {
		c.fault("Domain", err) // otherwise it is one of domains, and told there
	}
	return identifier
}

// domains returns the accepted issuers with their audiences; none if a resolver names them.
func (c *checker) domains() domains {
	if c.Resolver != nil {
		if c.Domain != "" || c.Domains != nil {
			c.fault("Resolver", errConflict)
		}
		return domains{}
	}
	if c.Domains == nil {
		if c.Domain == "" {
			c.fault("Domain, Domains or Resolver", errRequired)
			return domains{}
		}
		return c.checkDomains([]ports.Domain{c.theDomain()}, func(int) string { return "Domain" })
	}
	if len(c.Domains) == 0 {
		c.fault("Domains", errors.New("is an empty list"))
	}
	return c.checkDomains(c.Domains, func(i int) string { return fmt.Sprintf("Domains[%d]", i) })
}

func (c *checker) checkDomains(written []ports.Domain, path func(int) string) domains {
	allowed := newDomains(len(written))
	for i, d := range written {
		identifier, err := issuerurl.Identifier(d, c.InsecureAllowLoopbackHTTP)
		if err != nil {
			c.fault(path(i), err)
			continue
		}
		audiences := c.texts(path(i)+".Audiences", d.Audiences)
		if len(audiences) == 0 {
			audiences = slices.Clone(c.Audiences)
		}
		if len(audiences) == 0 {
			c.fault("Audiences", errRequired)
		}
		if !allowed.add(domain{identifier, audiences}) {
			c.fault(path(i), errDuplicate)
		}
	}
	return allowed
}

func (c *checker) algorithms(field string, list []string, byDefault string) []string {
	for i, alg := range list {
		if err := jwk.CheckAlgorithm(alg); err != nil {
			c.fault(fmt.Sprintf("%s[%d]", field, i), err)
		}
	}
	if len(list) == 0 {
		return []string{byDefault}
	}
	return jwk.Allowed(list)
}

// confirmation sets what v wants of tokens that are bound to a key or certificate.
func (c *checker) confirmation(v *Verifier) {
	if v.mtls = c.MTLS; c.MTLS < MTLSOff || c.MTLS > MTLSRequired {
		c.fault("MTLS", errUnknownValue)
	}
	if c.DPoP.InsecureAcceptBoundTokensAsBearer && c.DPoP.Mode != DPoPDisabled {
		c.fault("DPoP.InsecureAcceptBoundTokensAsBearer", errors.New("is only for DPoPDisabled"))
	}
	switch c.DPoP.Mode {
	case DPoPAllowed:
		v.schemes = []Scheme{Bearer, DPoPScheme}
	case DPoPRequired:
		v.schemes = []Scheme{DPoPScheme}
	case DPoPDisabled:
		v.schemes = []Scheme{Bearer}
		v.acceptBoundAsBearer = c.DPoP.InsecureAcceptBoundTokensAsBearer
		return
	default:
		c.fault("DPoP.Mode", errUnknownValue)
	}
	algorithms := c.algorithms("DPoP.Algorithms", c.DPoP.Algorithms, "ES256")
	v.proofAlgorithms = strings.Join(algorithms, " ")
	proofs := dpop.Config{
		Algorithms:    algorithms,
		MaxAge:        atLeastZero(c, "DPoP.MaxAge", c.DPoP.MaxAge, 0),
		Leeway:        c.DPoP.Leeway,
		MaxProofBytes: atLeastZero(c, "DPoP.MaxProofBytes", c.DPoP.MaxProofBytes, 0),
		Clock:         v.clock,
	}
	v.dpop, _ = dpop.New(proofs) // its faults have been told above, under this package's names
	v.acceptWithoutReplayStore = c.DPoP.InsecureAcceptWithoutReplayStore
	c.replayStore(v)
	c.nonces(v)
}

func (c *checker) replayStore(v *Verifier) {
	if v.replay = c.DPoP.ReplayStore; v.replay == nil {
		store, err := memory.NewReplayStore(memory.ReplayConfig{Clock: v.clock})
		if err != nil {
			c.fault("DPoP.ReplayStore", err)
		}
		v.replay = store
	}
	timeout := atLeastZero(c, "DPoP.ReplayTimeout", c.DPoP.ReplayTimeout, defaultReplayTimeout)
	if _, embedded := v.replay.(*memory.ReplayStore); embedded {
		timeout = 0 // it never waits
	}
	v.replayPort = c.port("replay store", timeout)
	if c.DPoP.MaxProofsPerKey >= 0 && v.dpop != nil {
		perKey := atLeastZero(c, "DPoP.MaxProofsPerKey", c.DPoP.MaxProofsPerKey, defaultProofsPerKey)
		v.shares = newProofShares(v.clock, perKey, v.dpop.MaxWindow())
	}
}

// port is the way to one of the application's parts.
func (c *checker) port(name string, timeout time.Duration) *outbound.Port {
	return &outbound.Port{Name: name, Timeout: timeout, Logger: c.Logger}
}

// ports refuses what would panic when it is first called.
func (c *checker) ports() {
	for _, port := range []struct {
		field string
		value any
	}{
		{"Resolver", c.Resolver}, {"Fetcher", c.Fetcher}, {"Cache", c.Cache}, {"Clock", c.Clock},
		{"DPoP.ReplayStore", c.DPoP.ReplayStore},
	} {
		if port.value != nil && outbound.IsNil(port.value) {
			c.fault(port.field, errNilInside)
		}
	}
}

func (c *checker) nonces(v *Verifier) {
	switch v.nonceMode = c.DPoP.Nonce; c.DPoP.Nonce {
	case NonceOff:
		return
	case NonceOffered, NonceRequired:
	default:
		c.fault("DPoP.Nonce", errUnknownValue)
	}
	c.secrets("DPoP.NonceSecrets", c.DPoP.NonceSecrets)
	if lifetime := c.DPoP.NonceLifetime; lifetime != 0 && lifetime < time.Second {
		c.fault("DPoP.NonceLifetime", errors.New("is under a second"))
	}
	v.nonces, _ = dpop.NewNonces(dpop.NonceConfig{Secrets: c.DPoP.NonceSecrets, Lifetime: c.DPoP.NonceLifetime, Clock: v.clock})
}

// secrets copies a list of secrets, each of which must be long enough.
func (c *checker) secrets(field string, list [][]byte) [][]byte {
	var secrets [][]byte
	for i, secret := range list {
		if len(secret) < minSecretBytes {
			c.fault(fmt.Sprintf("%s[%d]", field, i), errShortSecret)
		}
		secrets = append(secrets, slices.Clone(secret))
	}
	return secrets
}

func (c *checker) keyring(clock ports.Clock, allowed domains) keyring.Config {
	static := c.staticKeys(allowed)
	if c.Fetcher == nil && (c.Resolver != nil || len(static) < len(allowed.byIssuer)) {
		c.fault("Fetcher", errRequired)
	}
	metadataURL := issuerurl.OpenIDConfiguration
	switch c.Discovery {
	case OpenIDConfiguration:
	case AuthorizationServerMetadata:
		metadataURL = issuerurl.AuthorizationServerMetadata
	default:
		c.fault("Discovery", errUnknownValue)
	}
	config := keyring.Config{
		Fetcher:      c.Fetcher,
		Clock:        clock,
		Observe:      c.observer(),
		Logger:       c.Logger,
		MetadataURL:  metadataURL,
		LoopbackHTTP: c.InsecureAllowLoopbackHTTP,
		Soft:         atLeastZero(c, "Keys.SoftTTL", c.Keys.SoftTTL, defaultSoftTTL),
		Floor:        defaultMinTTL,
		Hard:         atLeastZero(c, "Keys.HardTTL", c.Keys.HardTTL, defaultHardTTL),
		Cooldown:     atLeastZero(c, "Keys.Cooldown", c.Keys.Cooldown, defaultCooldown),
		FetchTimeout: atLeastZero(c, "Keys.FetchTimeout", c.Keys.FetchTimeout, defaultFetchTimeout),
		WaitTimeout:  atLeastZero(c, "Keys.WaitTimeout", c.Keys.WaitTimeout, defaultWaitTimeout),
		MaxFetches:   atLeastZero(c, "Keys.MaxFetches", c.Keys.MaxFetches, defaultMaxFetches),
		MaxBytes:     atLeastZero(c, "Keys.MaxDocumentBytes", c.Keys.MaxDocumentBytes, defaultMaxDocument),
		MaxKeys:      atLeastZero(c, "Keys.MaxKeys", c.Keys.MaxKeys, defaultMaxKeys),
		MaxIssuers:   atLeastZero(c, "Keys.MaxIssuers", c.Keys.MaxIssuers, defaultMaxIssuers),
		Cache:        c.Cache,
		CacheSecrets: c.cacheSecrets(),
		Rand:         jitter.Int64N,
		Static:       static,
	}
	if c.Keys.MinTTL != 0 {
		config.Floor = max(0, c.Keys.MinTTL)
	}
	if config.Soft > config.Hard {
		c.fault("Keys.SoftTTL", errors.New("is over Keys.HardTTL"))
	}
	// The default floor gives way to a soft TTL below it; a floor that was asked for does not.
	if config.Floor > config.Soft {
		if c.Keys.MinTTL > 0 {
			c.fault("Keys.MinTTL", errors.New("is over Keys.SoftTTL"))
		}
		config.Floor = config.Soft
	}
	return config
}

func (c *checker) cacheSecrets() [][]byte {
	switch {
	case c.Cache == nil && len(c.CacheSecrets) > 0:
		c.fault("CacheSecrets", errors.New("are set, but Cache is not; set Cache, or remove them"))
	case c.Cache == nil && c.InsecureTrustCache:
		c.fault("InsecureTrustCache", errors.New("is set, but Cache is not; set Cache, or remove it"))
	case len(c.CacheSecrets) > 0 && c.InsecureTrustCache:
		c.fault("InsecureTrustCache", errors.New("is set together with CacheSecrets, with which the cache need not be trusted; remove one of them"))
	case c.Cache != nil && len(c.CacheSecrets) == 0 && !c.InsecureTrustCache:
		c.fault("CacheSecrets", errors.New("are required with Cache, or whoever can write to it can mint tokens; give every process the same random 32 bytes"))
	}
	return c.secrets("CacheSecrets", c.CacheSecrets)
}

// staticKeys reads the keys that are configured, by issuer identifier.
func (c *checker) staticKeys(allowed domains) map[string]*jwk.Set {
	sets := make(map[string]*jwk.Set)
	for written, source := range c.StaticKeys {
		field := fmt.Sprintf("StaticKeys[%q]", written)
		set, err := jwk.ParseStatic(source)
		if err != nil {
			c.fault(field, err)
			continue
		}
		identifier, err := issuerurl.Identifier(ports.Domain{Issuer: written}, c.InsecureAllowLoopbackHTTP)
		if err != nil {
			c.fault(field, err)
			continue
		}
		_, known := allowed.byIssuer[identifier]
		_, exact := allowed.byIssuer[written]
		switch {
		case known || c.Resolver != nil:
			sets[identifier] = set
		case exact:
			sets[written] = set
		default:
			c.fault(field, errNoSuchDomain)
		}
	}
	return sets
}

// texts copies a list of strings, none of which may be blank.
func (c *checker) texts(field string, list []string) []string {
	for i, s := range list {
		if blank(s) {
			c.fault(fmt.Sprintf("%s[%d]", field, i), errBlank)
		}
	}
	return slices.Clone(list)
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

func (c *checker) printable(field, s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		c.fault(field, errNotASCII)
	}
	return s
}

func (c *checker) leeway() time.Duration {
	if c.Leeway > maxLeeway {
		c.fault("Leeway", fmt.Errorf("is over %v", maxLeeway))
	}
	return atLeastZero(c, "Leeway", c.Leeway, 0)
}

// atLeastZero returns n, or the default where it is zero.
func atLeastZero[N int | time.Duration](c *checker, field string, n, byDefault N) N {
	if n < 0 {
		c.fault(field, errNegative)
	}
	if n == 0 {
		return byDefault
	}
	return n
}
