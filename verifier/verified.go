package verifier

import (
	"cmp"
	"time"

	"github.com/holdfast-go/holdfast/ports"
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

	origin          *origin // nil in a Verified that a test has made
	payload         string  // a strict JSON object, empty in a Verified that a test has made
	malformedScopes string  // the scope claim, if it could not be read
}

// Decode writes the claims into the value that target points to, as encoding/json does, but strictly: names are
// compared with case, and a member that stands twice in an object is an error. Its error is an [*Error] with the code
// [CodeClaimsUndecodable].
func (v *Verified) Decode(target any) error {
	if fault := jwt.Decode(v.claims(), target); fault != nil {
		return v.refuse(refused(fault), Route{})
	}
	return nil
}

// claims reads the payload again, which few requests need.
func (v *Verified) claims() strictjson.Object {
	claims, _ := strictjson.ParseObject(v.payload, jws.PayloadLimits) // it was read by these limits before
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

// An origin is what a Verified needs of the verifier that it is from.
type origin struct {
	*responder
	clock       ports.Clock
	leeway      time.Duration
	maxTokenAge time.Duration // zero where only exp decides
}

// from returns the responder of the verifier that v is from. A Verified that a handler's test has made is from none, and
// is answered as a Bearer token.
func (v *Verified) from() *responder {
	if v.origin == nil {
		return &responder{schemes: []Scheme{Bearer}}
	}
	return v.origin.responder
}
