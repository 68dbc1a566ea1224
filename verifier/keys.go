package verifier

import (
	"errors"
	"fmt"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/jitter"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
)

// newKeys returns where the keys of the allowed issuers are.
func newKeys(c *checker, allowed policies) jwt.Keys {
	remote := c.Resolver != nil
	for _, p := range allowed.byIssuer {
		remote = remote || !p.source.Local()
	}
	if c.Fetcher == nil && remote {
		c.Fault("Fetcher", settings.ErrRequired)
	}
	c.Port("Fetcher", c.Fetcher)
	c.Port("Cache", c.Cache)
	metadataURL := issuerurl.OpenIDConfiguration
	switch c.Discovery {
	case OpenIDConfiguration:
	case AuthorizationServerMetadata:
		metadataURL = issuerurl.AuthorizationServerMetadata
	default:
		c.Fault("Discovery", settings.ErrUnknown)
	}
	config := keyring.Config{
		Fetcher:      c.Fetcher,
		Clock:        c.Clock,
		Observe:      newObserver(c),
		Logger:       c.Logger,
		MetadataURL:  metadataURL,
		LoopbackHTTP: c.InsecureAllowLoopbackHTTP,
		Soft:         c.Duration("Keys.SoftTTL"),
		Floor:        c.Duration("Keys.MinTTL"),
		Hard:         c.Duration("Keys.HardTTL"),
		Cooldown:     c.Duration("Keys.Cooldown"),
		FetchTimeout: c.Duration("Keys.FetchTimeout"),
		WaitTimeout:  c.Duration("Keys.WaitTimeout"),
		MaxFetches:   c.Int("Keys.MaxFetches"),
		MaxBytes:     c.Int("Keys.MaxDocumentBytes"),
		MaxKeys:      c.Int("Keys.MaxKeys"),
		MaxIssuers:   c.Int("Keys.MaxIssuers"),
		Cache:        c.Cache,
		CacheSecrets: cacheSecrets(c),
		Rand:         jitter.Int64N,
	}
	if config.Soft > config.Hard {
		c.Fault("Keys.SoftTTL", errors.New("is over Keys.HardTTL"))
	}
	// The default floor gives way to a soft TTL below it; a floor that was asked for does not.
	if config.Floor > config.Soft {
		if c.Keys.MinTTL > 0 {
			c.Fault("Keys.MinTTL", errors.New("is over Keys.SoftTTL"))
		}
		config.Floor = config.Soft
	}
	return jwt.Keys{Ring: keyring.New(config), AllowMissingID: c.AllowMissingKeyID, UnknownRule: "CACHE-05"}
}

func cacheSecrets(c *checker) [][]byte {
	switch {
	case c.Cache == nil && len(c.CacheSecrets) > 0:
		c.Fault("CacheSecrets", errors.New("are set, but Cache is not; set Cache, or remove them"))
	case c.Cache == nil && c.InsecureTrustCache:
		c.Fault("InsecureTrustCache", errors.New("is set, but Cache is not; set Cache, or remove it"))
	case len(c.CacheSecrets) > 0 && c.InsecureTrustCache:
		c.Fault("InsecureTrustCache", errors.New("is set together with CacheSecrets, with which the cache need not be trusted; remove one of them"))
	case c.Cache != nil && len(c.CacheSecrets) == 0 && !c.InsecureTrustCache:
		c.Fault("CacheSecrets", errors.New("are required with Cache, or whoever can write to it can mint tokens; give every process the same random 32 bytes"))
	}
	return c.Secrets("CacheSecrets", c.CacheSecrets)
}

// staticKeys reads the keys that are configured, by issuer identifier.
func staticKeys(c *checker) map[string]*jwk.Set {
	domains := c.Domains
	if domains == nil && c.Domain != "" {
		domains = []ports.Domain{{Issuer: c.Domain, Exact: c.ExactDomain}}
	}
	known := make(map[string]bool)
	for _, d := range domains {
		if identifier, err := issuerurl.Identifier(d, c.InsecureAllowLoopbackHTTP); err == nil {
			known[identifier] = true
		}
	}
	sets := make(map[string]*jwk.Set)
	for written, source := range c.StaticKeys {
		field := fmt.Sprintf("StaticKeys[%q]", written)
		set, err := jwk.ParseStatic(source)
		if err != nil {
			c.Fault(field, err)
			continue
		}
		identifier, err := issuerurl.Identifier(ports.Domain{Issuer: written}, c.InsecureAllowLoopbackHTTP)
		switch {
		case err == nil && (known[identifier] || c.Resolver != nil):
			sets[identifier] = set
		case known[written]:
			sets[written] = set
		case err != nil:
			c.Fault(field, err)
		default:
			c.Fault(field, errors.New("is not a configured domain"))
		}
	}
	return sets
}

var (
	errTwoSources = errors.New("names keys at several places; keep one of MetadataURL, JWKSURL, File and Static")
	errStaticToo  = errors.New("names the keys of an issuer that StaticKeys has keys of; remove one of them")
	errNoKeyURL   = errors.New("is required for an issuer that is not a URL, since nothing says where its keys are; " +
		"set Keys.JWKSURL, say, or write the issuer as an https URL if its tokens have it so")
	errNotURL = errors.New("is not a URL, so that nothing says where its keys are; name the issuer in Domains, with Keys, " +
		"or write it as an https URL if its tokens have it so")
)

// source reads where the keys of an issuer are.
func (r *policyReader) source(issuer string, keys ports.KeySource, fault faultFunc) keyring.Source {
	at := keyring.Location{Issuer: issuer, MetadataURL: keys.MetadataURL, JWKSURL: keys.JWKSURL, File: keys.File}
	set := 0
	for _, named := range []bool{keys.MetadataURL != "", keys.JWKSURL != "", keys.File != "", keys.Static != nil} {
		if named {
			set++
		}
	}
	static := r.static[issuer]
	switch {
	case set > 1:
		fault("Keys", errTwoSources)
	case set == 1 && static != nil:
		fault("Keys", errStaticToo)
	case set == 0 && static == nil && !issuerurl.HasMetadata(issuer):
		fault("Keys", errNoKeyURL)
	}
	var err error
	if keys.Static != nil {
		if static, err = jwk.ParseStatic(keys.Static); err != nil {
			fault("Keys.Static", err)
		}
	}
	at.Static = static
	for _, address := range []struct{ field, url string }{{"Keys.MetadataURL", keys.MetadataURL}, {"Keys.JWKSURL", keys.JWKSURL}} {
		if address.url == "" {
			continue
		}
		if _, err := issuerurl.CheckURL(address.url, r.loopbackHTTP); err != nil {
			fault(address.field, err)
		}
	}
	if keys.File != "" {
		if err := keyring.CheckFile(keys.File, r.maxBytes); err != nil {
			fault("Keys.File", err)
		}
	}
	return at.Source()
}
