package idtoken

import (
	"errors"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/internal/shared"
)

// Config says which ID tokens are accepted. ClientID is required; every other field has a zero value that is the safe
// choice. [New] copies what it keeps.
type Config struct {
	// Domain is the issuer, by the rules of [ports.Domain]: an Auth0 domain or an issuer URL. Empty means the
	// Domain of the verifier. Its keys are where the verifier's Domains say, if it is among them.
	Domain string
	// ExactDomain takes Domain as it is written, as [ports.Domain.Exact] does: for issuers without path and without
	// trailing slash, such as Google's.
	ExactDomain bool
	// ClientID is the client that tokens must be for: the one that asked for the login.
	ClientID string
	// TrustedAudiences are what aud may name besides the client. Other audiences are a fault, since whoever they
	// are could use the token too.
	TrustedAudiences []string

	// Algorithms are the signature algorithms accepted, of those that [verifier.Algorithms] returns. Empty means only
	// RS256. EdDSA stands for Ed25519 as well.
	Algorithms []string `default:"RS256"`
	// HS256ClientSecret, if it is not empty, means that the issuer signs this client's tokens with the client's
	// secret by HS256, and that no other algorithm is accepted: so no token can choose between the two. It has at
	// least 32 bytes (RFC 7518 section 3.2) and can't be combined with Algorithms.
	HS256ClientSecret string
	// AllowMissingKeyID accepts a token without kid if the issuer has exactly one key that fits its alg (OpenID
	// Connect Core section 10.1).
	AllowMissingKeyID bool

	// Leeway is how far clocks may differ when exp, nbf, iat and auth_time are checked: up to 5 minutes. Zero means
	// 60 seconds, negative none.
	Leeway time.Duration `default:"1m" max:"5 minutes" negative:"none"`
	// MaxTokenBytes bounds the token before it is parsed. Zero means 16 KiB.
	MaxTokenBytes int `default:"16 KiB"`
}

var (
	errConflict = errors.New("can't be combined with Algorithms")
	errNoSource = errors.New("is not a URL, so that nothing says where its keys are; name it in the verifier's Domains, with Keys")
	errNoKeys   = errors.New("is an issuer whose keys the verifier doesn't have, and the verifier has no Fetcher to get them with")
)

// New returns a verifier of ID tokens that uses the keys and the clock of v, and works as long as v is not closed.
//
// Its error, of class [verifier.Misconfigured], tells all that is wrong at once, each fault as a
// [*verifier.FieldError].
func New(v *verifier.Verifier, config Config) (*Verifier, error) {
	if v == nil {
		return nil, misconfigured(&verifier.FieldError{Field: "the verifier", Err: settings.ErrRequired})
	}
	lent := shared.Of(v)
	c := checker{config, settings.Of(config, func(field string, err error) error { return &verifier.FieldError{Field: field, Err: err} })}
	ids := &Verifier{
		claims: claims{
			issuer:           c.issuer(lent),
			clientID:         c.Required("ClientID", config.ClientID),
			trustedAudiences: c.Texts("TrustedAudiences", config.TrustedAudiences),
			clock:            lent.Clock,
		},
		form: jwt.Form{
			// OpenID Connect Core section 3.1.3.7, item 7, has RS256 as the default.
			Algorithms: c.AlgorithmNames("Algorithms"), AlgorithmRule: "IDTOK-01",
			// RFC 8725 section 3.11: access tokens are at+jwt, logout tokens logout+jwt, and so on.
			Types: []string{"jwt", ""}, TypeRule: "IDTOK-11",
		},
		clientSecret: c.clientSecret(),
		keys:         jwt.Keys{Ring: lent.Keys, Signatures: lent.Signatures, AllowMissingID: config.AllowMissingKeyID, UnknownRule: "IDTOK-12"},
	}
	ids.claims.leeway = c.Duration("Leeway")
	ids.source = c.source(lent, ids.claims.issuer)
	ids.form.MaxBytes = c.Int("MaxTokenBytes")
	if ids.clientSecret != nil {
		ids.form.Algorithms = []string{hs256}
	}
	if err := c.Err(); err != nil {
		return nil, misconfigured(err)
	}
	return ids, nil
}

// A checker collects what is wrong with a configuration while reading it.
type checker struct {
	Config
	*settings.Checker
}

// issuer returns the identifier of the issuer.
func (c *checker) issuer(lent shared.Verifier) string {
	if c.Domain == "" {
		if lent.Domain == "" {
			c.Fault("Domain", settings.ErrRequired)
		}
		return lent.Domain
	}
	identifier, err := issuerurl.Identifier(ports.Domain{Issuer: c.Domain, Exact: c.ExactDomain}, lent.LoopbackHTTP)
	if err != nil {
		c.Fault("Domain", err)
		return ""
	}
	return identifier
}

// source returns where the issuer's keys are: where the verifier's domain of that name says, or its metadata. They must be
// within reach.
func (c *checker) source(lent shared.Verifier, issuer string) keyring.Source {
	source := lent.Source(issuer)
	if issuer == "" || c.HS256ClientSecret != "" {
		return source
	}
	switch at := source.Location(); {
	case !source.Local() && lent.Keys.Fetcher == nil:
		c.Fault("Domain", errNoKeys)
	case source.PublishesMetadata() && at.MetadataURL == "" && !issuerurl.HasMetadata(issuer):
		c.Fault("Domain", errNoSource)
	}
	return source
}

// clientSecret returns the key of HS256, the octets of the secret (OpenID Connect Core section 10.1), nil if the
// issuer's keys are to be used.
func (c *checker) clientSecret() []byte {
	if c.HS256ClientSecret == "" {
		return nil
	}
	if len(c.Algorithms) > 0 {
		c.Fault("HS256ClientSecret", errConflict)
	}
	secret := []byte(c.HS256ClientSecret)
	c.Secret("HS256ClientSecret", secret)
	return secret
}
