package issuer

import (
	"crypto"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A Client is an application that may use the issuer's endpoints. One with neither Secret nor PublicKey is public: it
// authenticates by nothing (RFC 6749 section 2.1), and gets tokens only for users who log in.
type Client struct {
	// ID is its client_id.
	ID string
	// Secret authenticates it by client_secret_basic or client_secret_post.
	Secret string
	// PublicKey authenticates it by private_key_jwt (RFC 7523): a key of the standard library, for an algorithm of
	// verifier.Algorithms.
	PublicKey crypto.PublicKey
	// RedirectURIs are where users may be sent back to, compared byte for byte (RFC 9700 section 2.1).
	RedirectURIs []string
	// PostLogoutRedirectURIs are where they may be sent after they logged out.
	PostLogoutRedirectURIs []string
	// Audience is the API that the client is itself, if it is one that exchanges the tokens it is sent: a subject
	// token must be for it. Empty means that it may exchange the tokens for any API.
	Audience string
	// RequireDPoP refuses token requests without a DPoP proof (RFC 9449 section 5).
	RequireDPoP bool
	// RequireDPoPNonce refuses DPoP proofs without a nonce of the issuer's (RFC 9449 section 8).
	RequireDPoPNonce bool
}

func (c Client) public() bool { return c.Secret == "" && c.PublicKey == nil }

// Register adds clients, each in the place of one that had its ID.
func (s *Server) Register(clients ...Client) error {
	for _, c := range clients {
		if c.ID == "" {
			return errors.New("issuer: a client has no ID")
		}
		if c.Secret != "" && c.PublicKey != nil {
			return fmt.Errorf("issuer: client %q has both Secret and PublicKey", c.ID)
		}
		if c.PublicKey != nil {
			if _, err := verifiertest.NewPublicKey(c.PublicKey); err != nil {
				return fmt.Errorf("issuer: the PublicKey of client %q is %T, want a public key for an algorithm of verifier.Algorithms: %w", c.ID, c.PublicKey, err)
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range clients {
		c.RedirectURIs = slices.Clone(c.RedirectURIs)
		c.PostLogoutRedirectURIs = slices.Clone(c.PostLogoutRedirectURIs)
		s.clients[c.ID] = c
	}
	return nil
}

func (s *Server) client(id string) (Client, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.clients[id]
	return c, known
}

var authenticationMethods = []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// authenticate finds out which client sent a token request (RFC 6749 section 2.3). A client must not use more than one
// method.
func (s *Server) authenticate(r *http.Request, form url.Values) (Client, *refusal) {
	basic := r.Header.Get("Authorization") != ""
	methods := 0
	for _, used := range []bool{basic, form.Has("client_secret"), form.Has("client_assertion")} {
		if used {
			methods++
		}
	}
	if methods > 1 {
		return Client{}, refuse(invalidRequest, "more than one method of client authentication")
	}
	switch {
	case basic:
		return s.byBasic(r, form)
	case form.Has("client_assertion"):
		return s.byAssertion(r, form)
	case form.Has("client_secret"):
		return s.bySecret(form.Get("client_id"), form.Get("client_secret"))
	}
	c, known := s.client(form.Get("client_id"))
	if !known || !c.public() {
		return Client{}, refuse(invalidClient, "the client is unknown or has to authenticate")
	}
	return c, nil
}

// byBasic checks client_secret_basic, whose parts are form-encoded first (RFC 6749 section 2.3.1).
func (s *Server) byBasic(r *http.Request, form url.Values) (Client, *refusal) {
	failed := refuse(invalidClient, "the client's credentials are wrong")
	failed.challenge = `Basic realm="test issuer"`
	encodedID, encodedSecret, ok := r.BasicAuth()
	id, idErr := url.QueryUnescape(encodedID)
	secret, secretErr := url.QueryUnescape(encodedSecret)
	if !ok || idErr != nil || secretErr != nil {
		return Client{}, failed
	}
	if form.Has("client_id") && form.Get("client_id") != id {
		return Client{}, refuse(invalidRequest, "client_id is not the client that authenticated")
	}
	c, err := s.bySecret(id, secret)
	if err != nil {
		return Client{}, failed
	}
	return c, nil
}

func (s *Server) bySecret(id, secret string) (Client, *refusal) {
	c, known := s.client(id)
	if !known || c.Secret == "" || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) == 0 {
		return Client{}, refuse(invalidClient, "the client's credentials are wrong")
	}
	return c, nil
}

// maxAssertionLife bounds how far ahead a client assertion may expire, and so how long its jti is remembered.
const maxAssertionLife = 5 * time.Minute

// byAssertion checks private_key_jwt (RFC 7523 section 3, OpenID Connect Core section 9).
func (s *Server) byAssertion(r *http.Request, form url.Values) (Client, *refusal) {
	if form.Get("client_assertion_type") != assertionType {
		return Client{}, refuse(invalidRequest, "client_assertion_type is not "+assertionType)
	}
	failed := refuse(invalidClient, "the client assertion is not good")
	assertion := form.Get("client_assertion")
	c, known := s.client(unverifiedSubject(assertion))
	if !known || c.PublicKey == nil || form.Has("client_id") && form.Get("client_id") != c.ID {
		return Client{}, failed
	}
	key, err := verifiertest.NewPublicKey(c.PublicKey)
	if err != nil {
		return Client{}, failed
	}
	var claims jwt.Claims
	if payload, err := key.Open(assertion); err != nil || json.Unmarshal(payload, &claims) != nil || claims.Subject != c.ID {
		return Client{}, failed
	}
	now := s.now()
	expected := jwt.Expected{
		Issuer: c.ID, Subject: c.ID, AnyAudience: jwt.Audience{s.URL, s.endpoint(tokenPath)}, Time: now,
	}
	if claims.Expiry == nil || claims.ID == "" || claims.ValidateWithLeeway(expected, 0) != nil {
		return Client{}, failed
	}
	left := claims.Expiry.Time().Sub(now)
	if left > maxAssertionLife {
		return Client{}, refuse(invalidClient, "the client assertion lives for more than five minutes")
	}
	first, err := s.replay.FirstUse(r.Context(), "assertion:"+c.ID+":"+claims.ID, left+time.Second)
	if err != nil || !first {
		return Client{}, refuse(invalidClient, "the client assertion was used before")
	}
	return c, nil
}

// unverifiedSubject is the client that an assertion says it is of; empty if it says none.
func unverifiedSubject(assertion string) string {
	_, rest, _ := strings.Cut(assertion, ".")
	encoded, _, _ := strings.Cut(rest, ".")
	payload, _ := base64.RawURLEncoding.DecodeString(encoded)
	var claims jwt.Claims
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	return claims.Subject
}
