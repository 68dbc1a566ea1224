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
	static := staticKeys(c, allowed)
	if c.Fetcher == nil && (c.Resolver != nil || len(static) < len(allowed.byIssuer)) {
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
		Static:       static,
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
func staticKeys(c *checker, allowed policies) map[string]*jwk.Set {
	sets := make(map[string]*jwk.Set)
	for written, source := range c.StaticKeys {
		field := fmt.Sprintf("StaticKeys[%q]", written)
		set, err := jwk.ParseStatic(source)
		if err != nil {
			c.Fault(field, err)
			continue
		}
		identifier, err := issuerurl.Identifier(ports.Domain{Issuer: written}, c.InsecureAllowLoopbackHTTP)
		if err != nil {
			c.Fault(field, err)
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
			c.Fault(field, errors.New("is not a configured domain"))
		}
	}
	return sets
}
