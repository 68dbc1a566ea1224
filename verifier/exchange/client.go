package exchange

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/internal/shared"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// Config says who the client is, and how its requests are sent.
type Config struct {
	// Endpoint sends the requests, for example an httpfetch.Fetcher. It is required.
	Endpoint ports.TokenEndpoint
	// TokenEndpointURL is where requests for tokens go. Empty means the token_endpoint in the metadata of the one issuer
	// that the verifier names by its Config.Domain. It is required where New is given no verifier, or one without Domain.
	TokenEndpointURL string
	// RevocationEndpointURL and UserInfoEndpointURL are where [Client.Revoke] and [Client.UserInfo] ask. Empty means the
	// revocation_endpoint and the userinfo_endpoint of the same metadata.
	RevocationEndpointURL string
	UserInfoEndpointURL   string

	// ClientID is the client's identifier at the issuer. It is required.
	ClientID string
	// ClientSecret authenticates the client. It is required with ClientSecretBasic and ClientSecretPost, and goes with
	// no other ClientAuth.
	ClientSecret string
	// ClientAuth is how the client authenticates. The zero value is ClientSecretBasic.
	ClientAuth ClientAuth
	// AssertionKey signs the client's assertions. It is required with PrivateKeyJWT, and goes with no other ClientAuth.
	AssertionKey SigningKey
	// AssertionAudience is the aud of the client's assertions. Empty means the issuer that the verifier names, or the
	// token endpoint where it names none.
	AssertionAudience string
	// DPoPKey, if it has a Signer, is the key that tokens are to be bound to (RFC 9449 section 5). An answer with a
	// token that is not bound is then an error, except for connection tokens, which an upstream provider issued.
	DPoPKey SigningKey

	// UserInfoAlgorithm is the algorithm by which the issuer signs this client's UserInfo answers: what the client is
	// registered with as userinfo_signed_response_alg. Empty means that they are JSON that is not signed. An answer of the
	// other kind is an error. It needs a verifier that has a Domain.
	UserInfoAlgorithm string

	// Timeout bounds one call of a method, with all the requests that it takes. Zero means 10 seconds; negative is an
	// error. The Endpoint may have a shorter bound of its own.
	Timeout time.Duration `default:"10s"`
	// Clock tells the time; nil means the verifier's, or the system's where there is no verifier.
	Clock ports.Clock
	// Logger is told of panics of the Endpoint and the keys, with their stack. Nil means the verifier's, if there is one.
	Logger *slog.Logger
	// InsecureAllowLoopbackHTTP accepts a TokenEndpointURL of http on a loopback host: for tests.
	InsecureAllowLoopbackHTTP bool
}

// A Client asks a token endpoint for tokens. It is safe for concurrent use. It prints, and is logged, without its
// credentials.
type Client struct {
	verifier *verifier.Verifier // nil where it names no issuer
	issuer   string             // that the verifier names
	port     ports.TokenEndpoint
	targets  map[*endpoint]target

	clientID          string
	clientSecret      string
	auth              ClientAuth
	assertionKey      signer
	assertionAudience string          // empty for the endpoint that is asked
	dpop              *prover         // nil without a key
	userInfoDPoP      *prover         // the same key, with the nonces of the UserInfo endpoint
	signedUserInfo    *signedUserInfo // nil where its answers are not signed
	clock             ports.Clock
	logger            *slog.Logger // nil for none
}

// Format prints the client's ID, and nothing else of it.
func (c *Client) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "{client:%.128q}", c.clientID) }

// New returns a client of the issuer that v names by its Config.Domain, or of Config.TokenEndpointURL; then v may be
// nil. The client uses v's metadata, which are fetched when they are first needed, and must not outlive v.
//
// Its error, an [*Error] of class verifier.Misconfigured, tells all that is wrong at once, each fault as a
// [*verifier.FieldError] that errors.As finds.
func New(v *verifier.Verifier, config Config) (*Client, error) {
	var lent shared.Verifier
	if v != nil {
		lent = shared.Of(v)
	}
	logger := cmp.Or(config.Logger, lent.Logger)
	check := newChecker(config)
	c := &Client{
		port:              config.Endpoint,
		issuer:            lent.Domain,
		clientID:          config.ClientID,
		clientSecret:      config.ClientSecret,
		auth:              config.ClientAuth,
		assertionAudience: config.AssertionAudience,
		clock:             config.Clock,
		logger:            logger,
	}
	loopbackHTTP := config.InsecureAllowLoopbackHTTP || lent.LoopbackHTTP
	if c.clock == nil {
		c.clock = lent.Clock
	}
	if c.clock == nil {
		c.clock = memory.Clock{}
	}
	if c.assertionAudience == "" {
		c.assertionAudience = c.issuer
	}
	if c.issuer != "" {
		c.verifier = v
	}
	c.targets = checkEndpoints(check, config, loopbackHTTP, logger)
	if config.TokenEndpointURL == "" && c.issuer == "" {
		check.Fault("TokenEndpointURL", errors.New("is required without a verifier that has a Domain"))
	}
	c.signedUserInfo = newSignedUserInfo(check, config.UserInfoAlgorithm, c.clientID, c.clock, lent)
	checkClock(check, config.Clock)
	c.assertionKey = checkAuthentication(check, config, logger)
	if config.DPoPKey != (SigningKey{}) {
		key := checkKey(check, "DPoPKey", config.DPoPKey, logger)
		c.dpop, c.userInfoDPoP = &prover{key: key}, &prover{key: key}
	}
	if err := check.Err(); err != nil {
		return nil, misconfigured(err)
	}
	return c, nil
}

// The faults of a configuration.
var (
	errUnused     = errors.New("does not go with this ClientAuth")
	errNoSigner   = errors.New("has no Signer")
	errNilPointer = errors.New("holds a nil pointer")
)

func newChecker(config any) *settings.Checker {
	return settings.Of(config, func(field string, err error) error { return &verifier.FieldError{Field: field, Err: err} })
}

// checkEndpoints returns where requests go. Each endpoint has a port of its own, so that requests to the others go on
// while one hangs.
func checkEndpoints(c *settings.Checker, config Config, loopbackHTTP bool, logger *slog.Logger) map[*endpoint]target {
	if outbound.IsNil(config.Endpoint) {
		c.Fault("Endpoint", settings.ErrRequired)
	}
	timeout := c.Duration("Timeout")
	targets := make(map[*endpoint]target)
	for _, at := range []*endpoint{tokenEndpoint, revocationEndpoint, userInfoEndpoint} {
		written := at.configured(config)
		if _, err := issuerurl.CheckURL(written, loopbackHTTP); written != "" && err != nil {
			c.Fault(at.field, err)
		}
		targets[at] = target{written, &outbound.Port{Name: at.request, Timeout: timeout, Logger: logger}}
	}
	return targets
}

// checkClock refuses an interface that holds a nil pointer, which would panic when it is asked.
func checkClock(c *settings.Checker, clock ports.Clock) {
	if clock != nil && outbound.IsNil(clock) {
		c.Fault("Clock", errNilPointer)
	}
}

// checkAuthentication wants what a client authenticates with (rule XCHG-06), and returns the key of one that does so by a
// key.
func checkAuthentication(c *settings.Checker, config Config, logger *slog.Logger) (assertionKey signer) {
	c.Required("ClientID", config.ClientID)
	switch config.ClientAuth {
	case ClientSecretBasic, ClientSecretPost:
		c.Required("ClientSecret", config.ClientSecret)
	case PrivateKeyJWT:
		assertionKey = checkKey(c, "AssertionKey", config.AssertionKey, logger)
	case PublicClient:
	}
	c.Enum("ClientAuth", int(config.ClientAuth), clientAuthNames)
	if config.ClientSecret != "" && config.ClientAuth != ClientSecretBasic && config.ClientAuth != ClientSecretPost {
		c.Fault("ClientSecret", errUnused)
	}
	if config.AssertionKey != (SigningKey{}) && config.ClientAuth != PrivateKeyJWT {
		c.Fault("AssertionKey", errUnused)
	}
	if config.AssertionAudience != "" && config.ClientAuth != PrivateKeyJWT {
		c.Fault("AssertionAudience", errUnused)
	}
	return assertionKey
}

func checkKey(c *settings.Checker, field string, key SigningKey, logger *slog.Logger) signer {
	if outbound.IsNil(key.Signer) {
		c.Fault(field, errNoSigner)
		return signer{}
	}
	made, err := newSigner(key, logger)
	if err != nil {
		c.Fault(field, err)
	}
	return made
}
