package verifier

import (
	"errors"

	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/jitter"
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
	c.Enum("Discovery", int(c.Discovery), discoveryNames)
	if c.Discovery == AuthorizationServerMetadata {
		metadataURL = issuerurl.AuthorizationServerMetadata
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
	return jwt.Keys{Ring: keyring.New(config), AllowMissingID: c.AllowMissingKeyID, Signatures: c.signatures, UnknownRule: "CACHE-05"}
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
