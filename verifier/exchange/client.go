package exchange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"strings"
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
	// TokenEndpointURL is where requests go. Empty means the token_endpoint in the metadata of the one issuer that the
	// verifier names by its Config.Domain. It is required where New is given no verifier, or one without Domain.
	TokenEndpointURL string

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
	verifier *verifier.Verifier // nil where tokenEndpoint is configured
	endpoint ports.TokenEndpoint

	tokenEndpoint     string // empty where the issuer's metadata name it
	clientID          string
	clientSecret      string
	auth              ClientAuth
	assertionKey      signer
	assertionAudience string         // empty for the token endpoint
	dpop              *prover        // nil without a key
	requests          *outbound.Port // a request for a token, with all that it takes
	clock             ports.Clock
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
		endpoint:          config.Endpoint,
		tokenEndpoint:     config.TokenEndpointURL,
		clientID:          config.ClientID,
		clientSecret:      config.ClientSecret,
		auth:              config.ClientAuth,
		assertionAudience: config.AssertionAudience,
		clock:             config.Clock,
	}
	issuer, loopbackHTTP := lent.Domain, config.InsecureAllowLoopbackHTTP || lent.LoopbackHTTP
	if c.clock == nil {
		c.clock = lent.Clock
	}
	if c.clock == nil {
		c.clock = memory.Clock{}
	}
	if c.assertionAudience == "" {
		c.assertionAudience = issuer
	}
	if c.tokenEndpoint == "" {
		c.verifier = v
	}
	checkEndpoint(check, config, issuer, loopbackHTTP)
	c.requests = &outbound.Port{Name: "token request", Timeout: check.Duration("Timeout"), Logger: logger}
	checkClock(check, config.Clock)
	c.assertionKey = checkAuthentication(check, config, logger)
	if config.DPoPKey != (SigningKey{}) {
		c.dpop = &prover{key: checkKey(check, "DPoPKey", config.DPoPKey, logger)}
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

func checkEndpoint(c *settings.Checker, config Config, issuer string, loopbackHTTP bool) {
	if outbound.IsNil(config.Endpoint) {
		c.Fault("Endpoint", settings.ErrRequired)
	}
	if config.TokenEndpointURL == "" {
		if issuer == "" {
			c.Fault("TokenEndpointURL", errors.New("is required without a verifier that has a Domain"))
		}
	} else if _, err := issuerurl.CheckURL(config.TokenEndpointURL, loopbackHTTP); err != nil {
		c.Fault("TokenEndpointURL", err)
	}
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

// A request is one on its way to the token endpoint.
type request struct {
	form    url.Values
	header  map[string][]string
	secrets []string // what must not be told again
}

// secretParameters hold tokens, or what is as good as one. A refusal that quotes one is not told.
var secretParameters = []string{"subject_token", "actor_token", "refresh_token", "code", "code_verifier"}

// obtain asks for the token that form describes, within the client's timeout, whatever the endpoint does.
func (c *Client) obtain(ctx context.Context, form url.Values) (*Token, error) {
	token, err := outbound.Call(ctx, c.requests, func(ctx context.Context) (*Token, error) {
		token, failed := c.request(ctx, form)
		if failed != nil {
			return nil, failed
		}
		return token, nil
	})
	if err == nil {
		return token, nil
	}
	if failed, ok := errors.AsType[*Error](err); ok {
		return nil, failed
	}
	return nil, unanswered(ctx, err)
}

// request finds the token endpoint and asks it.
func (c *Client) request(ctx context.Context, form url.Values) (*Token, *Error) {
	endpoint, failed := c.locate(ctx)
	if failed != nil {
		return nil, failed
	}
	token, nonce, failed := c.ask(ctx, endpoint, form)
	// RFC 9449 section 8: the same request again, with the nonce that the refusal brought.
	if failed != nil && failed.Code == CodeUseDPoPNonce && c.dpop != nil && c.dpop.hasOtherThan(nonce) {
		token, _, failed = c.ask(ctx, endpoint, form)
	}
	return token, failed
}

// locate returns the URL of the token endpoint (rule XCHG-07).
func (c *Client) locate(ctx context.Context) (string, *Error) {
	if c.verifier == nil {
		return c.tokenEndpoint, nil
	}
	metadata, err := c.verifier.Metadata(ctx)
	if err != nil {
		return "", unlocated(ctx, err)
	}
	if metadata.TokenEndpoint == "" {
		discovery := shared.Of(c.verifier).Keys.MetadataURL(metadata.Issuer)
		return "", &Error{
			Class: verifier.Misconfigured, Code: CodeNoTokenEndpoint, Rule: "XCHG-07", Status: 500,
			Description: fmt.Sprintf("%.512q names no token_endpoint that is usable", discovery),
		}
	}
	return metadata.TokenEndpoint, nil
}

// ask sends form once, with what authenticates the client, and returns the nonce of its proof besides.
func (c *Client) ask(ctx context.Context, endpoint string, form url.Values) (_ *Token, nonce string, _ *Error) {
	r := &request{form: maps.Clone(form), header: make(map[string][]string)}
	for _, name := range secretParameters {
		r.secrets = append(r.secrets, form[name]...)
	}
	if failed := c.authenticate(r, endpoint); failed != nil {
		return nil, "", failed
	}
	sent := c.clock.Now()
	if c.dpop != nil {
		proof, used, failed := c.dpop.proof(endpoint, sent)
		if failed != nil {
			return nil, "", failed
		}
		r.header["Dpop"], nonce = []string{proof}, used
		r.secrets = append(r.secrets, proof)
	}
	response, err := c.post(ctx, endpoint, r)
	if err != nil {
		return nil, "", unanswered(ctx, r.redact(err))
	}
	if c.dpop != nil {
		c.dpop.remember(response.Header)
	}
	token, failed := readAnswer(response, sent, c.clock.Now(), r.secrets)
	if failed == nil && c.dpop != nil {
		failed = checkBound(form, token)
	}
	if failed != nil {
		return nil, nonce, failed
	}
	return token, nonce, nil
}

// post sends a request. A panic of the endpoint tells no more than an error of it would (rule XCHG-15).
func (c *Client) post(ctx context.Context, endpoint string, r *request) (ports.TokenResponse, error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			panic(r.redact(fmt.Errorf("%v", panicked)))
		}
	}()
	return c.endpoint.PostForm(ctx, ports.TokenRequest{URL: endpoint, Form: r.form, Header: r.header})
}

// checkBound refuses a token that anyone can use where one was asked for that is bound to the client's key (RFC 9449
// section 5). A token that is not an access token has the type N_A (RFC 8693 section 2.2.1).
func checkBound(form url.Values, token *Token) *Error {
	bound := strings.EqualFold(token.TokenType, "DPoP") || strings.EqualFold(token.TokenType, "N_A")
	if bound || form.Get("grant_type") == grantConnection {
		return nil
	}
	return unusable(CodeInvalidResponse, "", "the token is not bound to the client's DPoP key")
}

// A redactedError is a cause that quotes what was sent. It is only for errors.Is and errors.As.
type redactedError struct{ cause error }

func (e *redactedError) Error() string { return "the cause quotes what was sent" }
func (e *redactedError) Unwrap() error { return e.cause }

// redact returns err without the secrets that the endpoint may have put into it.
func (r *request) redact(err error) error {
	if quotes(err.Error(), r.secrets) {
		return &redactedError{err}
	}
	return err
}
