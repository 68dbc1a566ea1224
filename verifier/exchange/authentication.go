package exchange

import (
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/settings"
)

// ClientAuth is how the client authenticates at the token endpoint: a method of RFC 7591 section 2.
type ClientAuth int

const (
	// ClientSecretBasic sends client ID and secret by HTTP Basic, form-encoded (RFC 6749 section 2.3.1).
	ClientSecretBasic ClientAuth = iota
	// ClientSecretPost sends them in the body. RFC 6749 section 2.3.1 recommends it for no client that can do
	// otherwise.
	ClientSecretPost
	// PrivateKeyJWT sends an assertion that Config.AssertionKey signed (RFC 7523 section 2.2), a new one for each
	// request, good for a minute.
	PrivateKeyJWT
	// PublicClient sends only the client ID: for a client that can't keep a secret (RFC 6749 section 2.1).
	PublicClient
)

var clientAuthNames = []string{"ClientSecretBasic", "ClientSecretPost", "PrivateKeyJWT", "PublicClient"}

// String returns the name of the constant.
func (a ClientAuth) String() string { return settings.Name(a, clientAuthNames) }

// assertionLifetime is how long an assertion is valid (rule XCHG-02).
const assertionLifetime = time.Minute

// assertionType is the client_assertion_type of RFC 7523 section 2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// authenticate adds to a request for endpoint what says who the client is.
func (c *Client) authenticate(r *request, endpoint string) *Error {
	switch c.auth {
	case ClientSecretBasic:
		// RFC 6749 section 2.3.1: both are form-encoded before they are joined, so that a colon in the ID is safe.
		credentials := url.QueryEscape(c.clientID) + ":" + url.QueryEscape(c.clientSecret)
		encoded := base64.StdEncoding.EncodeToString([]byte(credentials))
		r.header["Authorization"] = []string{"Basic " + encoded}
		r.secrets = append(r.secrets, c.clientSecret, encoded)
	case ClientSecretPost:
		r.form.Set("client_id", c.clientID)
		r.form.Set("client_secret", c.clientSecret)
		r.secrets = append(r.secrets, c.clientSecret)
	case PrivateKeyJWT:
		assertion, err := c.assertion(endpoint)
		if err != nil {
			return err
		}
		r.form.Set("client_id", c.clientID)
		r.form.Set("client_assertion_type", assertionType)
		r.form.Set("client_assertion", assertion)
		r.secrets = append(r.secrets, assertion)
	case PublicClient:
		r.form.Set("client_id", c.clientID)
	}
	return nil
}

// assertion returns a new assertion of who the client is (RFC 7523 section 3).
func (c *Client) assertion(endpoint string) (string, *Error) {
	audience := c.assertionAudience
	if audience == "" {
		audience = endpoint
	}
	now := c.clock.Now()
	return c.assertionKey.sign(struct {
		Issuer    string `json:"iss"`
		Subject   string `json:"sub"`
		Audience  string `json:"aud"`
		ID        string `json:"jti"`
		IssuedAt  int64  `json:"iat"`
		ExpiresAt int64  `json:"exp"`
	}{c.clientID, c.clientID, audience, rand.Text(), now.Unix(), now.Add(assertionLifetime).Unix()}, "", false)
}
