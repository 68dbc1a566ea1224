package idtoken

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/shared"
)

// Config says which ID tokens are accepted. ClientID is required; every other field has a zero value that is the safe
// choice. [New] copies what it keeps.
type Config struct {
	// Domain is the issuer, by the rules of [ports.Domain]: an Auth0 domain or an issuer URL. Empty means the
	// Domain of the verifier.
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
	Algorithms []string
	// HS256ClientSecret, if it is not empty, means that the issuer signs this client's tokens with the client's
	// secret by HS256, and that no other algorithm is accepted: so no token can choose between the two. It has at
	// least 32 bytes (RFC 7518 section 3.2) and can't be combined with Algorithms.
	HS256ClientSecret string
	// AllowMissingKeyID accepts a token without kid if the issuer has exactly one key that fits its alg (OpenID
	// Connect Core section 10.1).
	AllowMissingKeyID bool

	// Leeway is how far clocks may differ when exp, nbf, iat and auth_time are judged: up to 5 minutes. Zero means
	// 60 seconds, negative none.
	Leeway time.Duration
	// MaxTokenBytes bounds the token before it is parsed. Zero means 16 KiB.
	MaxTokenBytes int
}

// The bounds and defaults that Config documents.
const (
	defaultLeeway   = time.Minute
	maxLeeway       = 5 * time.Minute
	defaultMaxToken = 16 << 10
	minSecretBytes  = 32
)

// The faults of a configuration that are not those of an issuer's URL.
var (
	errRequired    = errors.New("is required")
	errBlank       = errors.New("is blank")
	errConflict    = errors.New("can't be combined with Algorithms")
	errShortSecret = errors.New("has under 32 bytes")
	errLeeway      = errors.New("is over 5 minutes")
	errNegative    = errors.New("must not be negative")
	errNoKeys      = errors.New("is an issuer whose keys the verifier doesn't have, and the verifier has no Fetcher to get them with")
)

// New returns a verifier of ID tokens that uses the keys and the clock of v, and works as long as v is not closed.
//
// Its error, of class [verifier.Misconfigured], tells all that is wrong at once, each fault as a
// [*verifier.FieldError].
func New(v *verifier.Verifier, config Config) (*Verifier, error) {
	if v == nil {
		return nil, misconfigured(&verifier.FieldError{Field: "the verifier", Err: errRequired})
	}
	lent := shared.Of(v)
	c := checker{Config: config}
	ids := &Verifier{
		issuer:           c.issuer(lent),
		clientID:         c.clientID(),
		trustedAudiences: c.trustedAudiences(),
		algorithms:       c.algorithms(),
		clientSecret:     c.clientSecret(),
		allowNoKeyID:     config.AllowMissingKeyID,
		leeway:           c.leeway(),
		maxTokenBytes:    c.maxTokenBytes(),
		keys:             lent.Keys,
		clock:            lent.Clock,
	}
	if len(c.faults) > 0 {
		return nil, misconfigured(errors.Join(c.faults...))
	}
	return ids, nil
}

// A checker collects the faults of a configuration while reading it.
type checker struct {
	Config
	faults []error
}

func (c *checker) fault(field string, err error) {
	c.faults = append(c.faults, &verifier.FieldError{Field: field, Err: err})
}

// issuer returns the identifier of the issuer, whose keys must be within reach.
func (c *checker) issuer(lent shared.Verifier) string {
	identifier := lent.Domain
	if c.Domain != "" {
		written := ports.Domain{Issuer: c.Domain, Exact: c.ExactDomain}
		var err error
		if identifier, err = issuerurl.Identifier(written, lent.LoopbackHTTP); err != nil {
			c.fault("Domain", err)
			return ""
		}
	} else if identifier == "" {
		c.fault("Domain", errRequired)
		return ""
	}
	if _, static := lent.Keys.Static[identifier]; !static && lent.Keys.Fetcher == nil && c.HS256ClientSecret == "" {
		c.fault("Domain", errNoKeys)
	}
	return identifier
}

func (c *checker) clientID() string {
	if strings.TrimSpace(c.ClientID) == "" {
		c.fault("ClientID", errRequired)
	}
	return c.ClientID
}

func (c *checker) trustedAudiences() []string {
	for i, audience := range c.TrustedAudiences {
		if strings.TrimSpace(audience) == "" {
			c.fault(fmt.Sprintf("TrustedAudiences[%d]", i), errBlank)
		}
	}
	return slices.Clone(c.TrustedAudiences)
}

func (c *checker) algorithms() []string {
	for i, alg := range c.Algorithms {
		if err := jwk.CheckAlgorithm(alg); err != nil {
			c.fault(fmt.Sprintf("Algorithms[%d]", i), err)
		}
	}
	switch {
	case c.HS256ClientSecret != "":
		return []string{hs256}
	case len(c.Algorithms) == 0:
		return []string{"RS256"} // OpenID Connect Core section 3.1.3.7, item 7
	}
	return jwk.Allowed(c.Algorithms)
}

// clientSecret returns the key of HS256, the octets of the secret (OpenID Connect Core section 10.1), nil if the
// issuer's keys are to be used.
func (c *checker) clientSecret() []byte {
	if c.HS256ClientSecret == "" {
		return nil
	}
	if len(c.Algorithms) > 0 {
		c.fault("HS256ClientSecret", errConflict)
	}
	if len(c.HS256ClientSecret) < minSecretBytes {
		c.fault("HS256ClientSecret", errShortSecret)
	}
	return []byte(c.HS256ClientSecret)
}

func (c *checker) leeway() time.Duration {
	switch {
	case c.Leeway > maxLeeway:
		c.fault("Leeway", errLeeway)
	case c.Leeway == 0:
		return defaultLeeway
	}
	return max(0, c.Leeway)
}

func (c *checker) maxTokenBytes() int {
	switch {
	case c.MaxTokenBytes < 0:
		c.fault("MaxTokenBytes", errNegative)
	case c.MaxTokenBytes == 0:
		return defaultMaxToken
	}
	return c.MaxTokenBytes
}
