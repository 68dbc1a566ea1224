package verifier

import (
	"cmp"
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/decode"
	"github.com/holdfast-go/holdfast/verifier/internal/jws"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// A Verified is an access token that passed every check. There is no other way to get one. It is safe for concurrent
// reading.
type Verified struct {
	// Issuer is the iss claim: one of the allowed issuers.
	Issuer string
	// Subject is the sub claim, empty if there is none.
	Subject string
	// Audiences is the aud claim, which names at least one audience of this API.
	Audiences []string
	// ClientID is the client that the token was issued to, empty if it does not say. See Config.ClientClaim.
	ClientID string
	// TokenID is the jti claim, empty if there is none.
	TokenID string
	// Scopes are what the token permits. See [Verified.RequireScopes].
	Scopes []string
	// ExpiresAt, IssuedAt and NotBefore are exp, iat and nbf; NotBefore is the zero time if there is none.
	ExpiresAt, IssuedAt, NotBefore time.Time
	// OrganizationID and OrganizationName are Auth0's org_id and org_name, empty if there are none.
	OrganizationID, OrganizationName string
	// AuthTime is when the user last authenticated, the auth_time claim, and ACR the authentication context, the acr claim;
	// the zero time and empty if there is none, or one that can't be read. See [Verified.RequireAuthentication].
	AuthTime time.Time
	ACR      string

	// Scheme is how the token was sent.
	Scheme Scheme
	// Thumbprint is that of the key which the token is bound to and the sender proved to hold (cnf.jkt), empty for
	// a Bearer token.
	Thumbprint string
	// CertificateThumbprint is the hash of the client certificate which the token is bound to and the sender proved to
	// hold (cnf.x5t#S256), empty if it is bound to none.
	CertificateThumbprint string
	// Header holds header fields for the answer to the request, nil if there are none: a new DPoP-Nonce before the
	// old one ends.
	Header map[string][]string

	// Both are nil in a Verified that a test has made. The origin is not part of the token, which may have been remembered by
	// the verifier of another resource.
	token  *signedClaims
	origin *origin
}

// Decode writes the claims into the value that target points to, as encoding/json does, but strictly: names are
// compared with case, and a member that stands twice in an object is an error. Its error is an [*Error] with the code
// [CodeClaimsUndecodable].
//
// A struct of strings, numbers, bools, and structs, slices and pointers of these costs least: of a token that is remembered
// it is read once, and then copied. What is written belongs to the caller.
func (v *Verified) Decode(target any) error {
	return v.decode(target, func(c *signedClaims) *decode.Memo { return &c.decoded })
}

// Permissions returns the permissions claim, in which Auth0 writes what the user may do; nil if there is none. One that is
// not an array of strings is an [*Error], as Decode returns it. To have them taken as scopes, which routes can ask for, name
// the claim as [Config.ScopeClaim].
func (v *Verified) Permissions() ([]string, error) {
	var claims struct {
		Permissions []string `json:"permissions"`
	}
	if err := v.decode(&claims, func(c *signedClaims) *decode.Memo { return &c.permissions }); err != nil {
		return nil, err
	}
	return claims.Permissions, nil
}

// decode reads claims. Of a remembered token they are kept.
func (v *Verified) decode(target any, kept func(*signedClaims) *decode.Memo) error {
	var fault *jwt.Fault
	if v.token == nil || v.token.parsed != nil {
		fault = jwt.Decode(v.claims(), target)
	} else {
		fault = jwt.Decoded(kept(v.token).Into(v.claims, target, v.token.roomToDecode()), target)
	}
	if fault != nil {
		return v.refuse(refused(fault), Route{})
	}
	return nil
}

// claims are those of the token, parsed; none in a Verified that a test has made.
func (v *Verified) claims() strictjson.Object {
	switch {
	case v.token == nil:
		return strictjson.Object{}
	case v.token.parsed != nil:
		return *v.token.parsed
	}
	claims, _ := strictjson.ParseObject(v.token.payload, jws.PayloadLimits) // it was read by these limits before
	return claims
}

// DecodeClaims returns the claims of v as a T, by [Verified.Decode].
func DecodeClaims[T any](v *Verified) (T, error) {
	var decoded T
	err := v.Decode(&decoded)
	return decoded, err
}

// refuse answers as the verifier does that v is from.
func (v *Verified) refuse(e *Error, route Route) *Error {
	return v.from().respond(e, cmp.Or(v.Scheme, Bearer), route)
}

// from returns the responder of the verifier that v is from. A Verified that a handler's test has made is from none, and
// is answered as a Bearer token.
func (v *Verified) from() *responder {
	if v.origin == nil {
		return &responder{schemes: []Scheme{Bearer}}
	}
	return v.origin.responder
}
