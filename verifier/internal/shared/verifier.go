package shared

import (
	"log/slog"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
)

// Of returns the part of v, a *verifier.Verifier, that is shared. Package verifier sets it when it is initialized: a
// method of Verifier would have to be exported, and would lend the keyring to every module.
var Of func(v any) Verifier

// A Verifier is the part of a verifier.Verifier that is shared. It is safe for concurrent use.
type Verifier struct {
	// Domain is the identifier of the one issuer that the verifier names by itself, empty if there is none.
	Domain string
	// Keys holds keys and metadata of issuers. It is closed with the verifier.
	Keys *keyring.Ring
	// Source returns where the keys of an issuer are, as the verifier is configured for it: by its metadata if it is
	// not.
	Source func(identifier string) keyring.Source
	Clock  ports.Clock
	// Signatures verifies signatures; nil is the standard library.
	Signatures *jwk.Verifier
	// Logger is that of the configuration, nil if there is none.
	Logger *slog.Logger
	// LoopbackHTTP permits URLs of http on a loopback address.
	LoopbackHTTP bool
}

// MetadataSource is where the metadata of Domain is. Where the keys of Domain are named, its metadata is found as usual.
func (v Verifier) MetadataSource() keyring.Source {
	if source := v.Source(v.Domain); source.PublishesMetadata() {
		return source
	}
	return keyring.Location{Issuer: v.Domain}.Source()
}

// MetadataURL is the address of the metadata of Domain, which must have some.
func (v Verifier) MetadataURL() string { return v.Keys.MetadataURLOf(v.MetadataSource()) }
