package verifier

import (
	"context"

	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/internal/shared"
)

// Metadata is what an issuer publishes of itself for its clients (OpenID Connect Discovery section 3, RFC 8414 section
// 2). An endpoint is an absolute https URL, or empty if the issuer names none, or none that is usable.
type Metadata struct {
	Issuer                string
	AuthorizationEndpoint string
	TokenEndpoint         string
	RevocationEndpoint    string // RFC 7009
	UserinfoEndpoint      string // OpenID Connect Core section 5.3
	// EndSessionEndpoint is where a browser is sent to log out (OpenID Connect RP-Initiated Logout section 2.1).
	EndSessionEndpoint string
	// AuthorizationResponseIssParameterSupported says that the issuer names itself by iss in each answer to an
	// authorization request, so that a client must refuse one without (RFC 9207 section 2.4).
	AuthorizationResponseIssParameterSupported bool
}

// Metadata returns what the issuer of Config.Domain publishes, from memory where that is recent enough, like keys. Its
// errors are of type [*Error]: of class [Undecidable] if the issuer can't be asked, [Misconfigured] if there is no
// Domain, or no Fetcher to ask it with.
func (v *Verifier) Metadata(ctx context.Context) (Metadata, error) {
	missing := ""
	switch {
	case v.shared.Domain == "":
		missing = "Domain"
	case v.keys.Ring.Fetcher == nil:
		missing = "Fetcher"
	case !issuerurl.HasMetadata(v.shared.Domain) && !v.shared.Source(v.shared.Domain).PublishesMetadata():
		missing = "Domains[].Keys.MetadataURL"
	}
	if missing != "" {
		return Metadata{}, v.responder.respond(configInvalid.because(&FieldError{Field: missing, Err: settings.ErrRequired}), "", Route{})
	}
	published, err := v.keys.Ring.Metadata(ctx, v.shared.MetadataSource())
	if err != nil {
		return Metadata{}, v.responder.respond(refused(v.keys.NotFound(err)), "", Route{})
	}
	return Metadata{
		Issuer:                v.shared.Domain,
		AuthorizationEndpoint: published.AuthorizationEndpoint,
		TokenEndpoint:         published.TokenEndpoint,
		RevocationEndpoint:    published.RevocationEndpoint,
		UserinfoEndpoint:      published.UserinfoEndpoint,
		EndSessionEndpoint:    published.EndSessionEndpoint,

		AuthorizationResponseIssParameterSupported: published.NamesItself,
	}, nil
}

// Packages idtoken and exchange use the keys and metadata of a verifier.
func init() {
	shared.Of = func(v any) shared.Verifier { return v.(*Verifier).shared }
}
