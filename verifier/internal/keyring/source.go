package keyring

import (
	"unique"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
)

// A Location is an issuer and where its keys are. Where only the issuer is set, its metadata is found by the rule of the
// ring. At most one of the other fields is set.
type Location struct {
	Issuer string
	// MetadataURL is where its metadata is, which names the issuer and its keys.
	MetadataURL string
	// JWKSURL is where its key set is. No metadata is asked for.
	JWKSURL string
	// File holds its keys: a JWK Set, or PEM blocks.
	File string
	// Static are its keys, which are never fetched. Two sets are different ones, also if they are equal.
	Static *jwk.Set
	// Use is what the use of the keys must say.
	Use jwk.Use
}

// A Source is a Location by which a ring finds its state without comparing texts. Equal locations are one Source, and
// different ones share no keys, also of one issuer. It keeps nothing of the texts that it was made of.
type Source struct {
	handle unique.Handle[Location]
}

// Source returns the one source of l.
func (l Location) Source() Source { return Source{unique.Make(l)} }

// Location returns what the source was made of.
func (s Source) Location() Location { return s.handle.Value() }

// Local reports whether the keys need no Fetcher.
func (s Source) Local() bool {
	l := s.Location()
	return l.Static != nil || l.File != ""
}

// PublishesMetadata reports whether there is metadata to be had of the issuer where its keys are.
func (s Source) PublishesMetadata() bool {
	l := s.Location()
	return l.JWKSURL == "" && l.File == "" && l.Static == nil
}
