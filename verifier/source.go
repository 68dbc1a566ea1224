package verifier

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
)

// sources knows where the keys of issuers are.
type sources struct {
	static       map[string]*jwk.Set // Config.StaticKeys, by identifiers
	maxBytes     int                 // of a file with keys
	maxKeys      int                 // in it
	readFiles    bool                // at once; a request does not wait for a resolver's
	loopbackHTTP bool
}

func newSources(c *checker) sources {
	return sources{
		static: staticKeys(c), maxBytes: c.Other("Keys.MaxDocumentBytes"), maxKeys: c.Other("Keys.MaxKeys"),
		readFiles: c.Resolver == nil, loopbackHTTP: c.InsecureAllowLoopbackHTTP,
	}
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
	for _, written := range slices.Sorted(maps.Keys(c.StaticKeys)) {
		field := fmt.Sprintf("StaticKeys[%q]", written)
		set, err := jwk.ParseStatic(c.StaticKeys[written], jwk.Signatures)
		if err != nil {
			c.Fault(field, err)
			continue
		}
		var of []string
		identifier, err := issuerurl.Identifier(ports.Domain{Issuer: written}, c.InsecureAllowLoopbackHTTP)
		switch {
		case c.Resolver != nil: // which may name the issuer by Exact or not
			of = append(of, written)
			if err == nil && identifier != written {
				of = append(of, identifier)
			}
		case known[written]:
			of = append(of, written)
		case err == nil && known[identifier]:
			of = append(of, identifier)
		case err != nil:
			c.Fault(field, err)
		default:
			c.Fault(field, errors.New("is not a configured domain"))
		}
		for _, issuer := range of {
			if sets[issuer] != nil {
				c.Fault(field, errTwiceStatic)
			}
			sets[issuer] = set
		}
	}
	return sets
}

var (
	errTwoSources  = errors.New("names keys at several places; keep one of MetadataURL, JWKSURL, File and Static")
	errTwiceStatic = errors.New("may mean the same issuer as another of StaticKeys; keep one of them, or give the issuers Keys.Static in Domains")
	errStaticToo   = errors.New("names the keys of an issuer that StaticKeys has keys of; remove one of them")
	errNoKeyURL    = errors.New("is required for an issuer that is not a URL, since nothing says where its keys are; " +
		"set Keys.JWKSURL, say, or write the issuer as an https URL if its tokens have it so")
	errNotURL = errors.New("is not a URL, so that nothing says where its keys are; name the issuer in Domains, with Keys, " +
		"or write it as an https URL if its tokens have it so")
)

// read reads where the keys of an issuer are.
func (s *sources) read(issuer string, keys ports.KeySource, fault faultFunc) keyring.Source {
	at := keyring.Location{Issuer: issuer, MetadataURL: keys.MetadataURL, JWKSURL: keys.JWKSURL, File: keys.File}
	if keys.SPIFFETrustDomain != "" {
		at.Use = jwk.JWTSVIDs
		checkTrustDomain(issuer, keys, fault)
	}
	set := 0
	for _, named := range []bool{keys.MetadataURL != "", keys.JWKSURL != "", keys.File != "", keys.Static != nil} {
		if named {
			set++
		}
	}
	static := s.static[issuer]
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
		if static, err = jwk.ParseStatic(keys.Static, at.Use); err != nil {
			fault("Keys.Static", err)
		}
	}
	at.Static = static
	for _, address := range []struct{ field, url string }{{"Keys.MetadataURL", keys.MetadataURL}, {"Keys.JWKSURL", keys.JWKSURL}} {
		if address.url == "" {
			continue
		}
		if _, err := issuerurl.CheckURL(address.url, s.loopbackHTTP); err != nil {
			fault(address.field, err)
		}
	}
	if keys.File != "" && s.readFiles {
		if err := keyring.CheckFile(keys.File, s.maxBytes, s.maxKeys, at.Use); err != nil {
			fault("Keys.File", err)
		}
	}
	return at.Source()
}
