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
	Timeout time.Duration
	// Clock tells the time; nil means the verifier's, or the system's where there is no verifier.
	Clock ports.Clock
	// Logger is told of panics of the Endpoint and the keys, with their stack. Nil means the verifier's, if there is one.
	Logger *slog.Logger
	// InsecureAllowLoopbackHTTP accepts a TokenEndpointURL of http on a loopback host: for tests.
	InsecureAllowLoopbackHTTP bool
}

const defaultTimeout = 10 * time.Second

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
	check := checker{Config: config, logger: logger}
	c := &Client{
		endpoint:          config.Endpoint,
		tokenEndpoint:     config.TokenEndpointURL,
		clientID:          config.ClientID,
		clientSecret:      config.ClientSecret,
		auth:              config.ClientAuth,
		assertionAudience: config.AssertionAudience,
		requests:          &outbound.Port{Name: "token request", Timeout: cmp.Or(config.Timeout, defaultTimeout), Logger: logger},
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
	check.endpoint(issuer, loopbackHTTP)
	c.assertionKey = check.client()
	if config.DPoPKey != (SigningKey{}) {
		c.dpop = &prover{key: check.key("DPoPKey", config.DPoPKey)}
	}
	if len(check.faults) > 0 {
		return nil, misconfigured(check.faults)
	}
	return c, nil
}

// The faults of a configuration or a request.
var (
	errRequired = errors.New("is required")
	errNegative = errors.New("must not be negative")
	errUnused   = errors.New("does not go with this ClientAuth")
	errUnknown  = errors.New("is not a known value")
	errNoSigner = errors.New("has no Signer")

	errNilPointer = errors.New("holds a nil pointer")
)

// A checker collects the faults of a configuration.
type checker struct {
	Config
	logger *slog.Logger
	faults []error
}

func (c *checker) fault(field string, err error) {
	c.faults = append(c.faults, &verifier.FieldError{Field: field, Err: err})
}

// require wants a field that is not blank (rule XCHG-06).
func (c *checker) require(field, value string) {
	if strings.TrimSpace(value) == "" {
		c.fault(field, errRequired)
	}
}

func (c *checker) endpoint(issuer string, loopbackHTTP bool) {
	if outbound.IsNil(c.Endpoint) {
		c.fault("Endpoint", errRequired)
	}
	if c.TokenEndpointURL == "" {
		if issuer == "" {
			c.fault("TokenEndpointURL", errors.New("is required without a verifier that has a Domain"))
		}
	} else if _, err := issuerurl.CheckURL(c.TokenEndpointURL, loopbackHTTP); err != nil {
		c.fault("TokenEndpointURL", err)
	}
	if c.Timeout < 0 {
		c.fault("Timeout", errNegative)
	}
	c.clock("Clock", c.Clock)
}

// clock refuses an interface that holds a nil pointer, which would panic when it is asked.
func (c *checker) clock(field string, clock ports.Clock) {
	if clock != nil && outbound.IsNil(clock) {
		c.fault(field, errNilPointer)
	}
}

// client returns the key of a client that authenticates by one.
func (c *checker) client() (assertionKey signer) {
	c.require("ClientID", c.ClientID)
	switch c.ClientAuth {
	case ClientSecretBasic, ClientSecretPost:
		c.require("ClientSecret", c.ClientSecret)
	case PrivateKeyJWT:
		assertionKey = c.key("AssertionKey", c.AssertionKey)
	case PublicClient:
	default:
		c.fault("ClientAuth", errUnknown)
	}
	if c.ClientSecret != "" && c.ClientAuth != ClientSecretBasic && c.ClientAuth != ClientSecretPost {
		c.fault("ClientSecret", errUnused)
	}
	if c.AssertionKey != (SigningKey{}) && c.ClientAuth != PrivateKeyJWT {
		c.fault("AssertionKey", errUnused)
	}
	if c.AssertionAudience != "" && c.ClientAuth != PrivateKeyJWT {
		c.fault("AssertionAudience", errUnused)
	}
	return assertionKey
}

func (c *checker) key(field string, key SigningKey) signer {
	if outbound.IsNil(key.Signer) {
		c.fault(field, errNoSigner)
		return signer{}
	}
	made, err := newSigner(key, c.logger)
	if err != nil {
		c.fault(field, err)
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
		return nil, "", unanswered(ctx, r.quiet(err))
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
			panic(r.quiet(fmt.Errorf("%v", panicked)))
		}
	}()
	return c.endpoint.PostForm(ctx, ports.TokenRequest{URL: endpoint, Form: r.form, Header: r.header})
}

// checkBound refuses a token that anybody can use where one was wanted that is bound to the client's key (RFC 9449
// section 5). A token that is not an access token has the type N_A (RFC 8693 section 2.2.1).
func checkBound(form url.Values, token *Token) *Error {
	bound := strings.EqualFold(token.TokenType, "DPoP") || strings.EqualFold(token.TokenType, "N_A")
	if bound || form.Get("grant_type") == grantConnection {
		return nil
	}
	return useless(CodeInvalidResponse, "", "the token is not bound to the client's DPoP key")
}

// A quietError is a cause that quotes what was sent. It is only for errors.Is and errors.As.
type quietError struct{ cause error }

func (e *quietError) Error() string { return "the cause quotes what was sent" }
func (e *quietError) Unwrap() error { return e.cause }

// quiet returns err so that it tells no secret, whatever the endpoint put into it.
func (r *request) quiet(err error) error {
	if quotes(err.Error(), r.secrets) {
		return &quietError{err}
	}
	return err
}
