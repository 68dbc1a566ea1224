package idtoken

import (
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// A Verified is an ID token that passed every check. There is no other way to get one. It is safe for concurrent
// reading.
type Verified struct {
	// Issuer and Subject, iss and sub, are together who logged in, for ever: a name or an email address is not.
	Issuer, Subject string
	// Audiences is the aud claim: the client, and trusted ones.
	Audiences []string
	// AuthorizedParty is the azp claim: the client, or empty if there is none.
	AuthorizedParty string
	// ExpiresAt, IssuedAt and AuthTime are exp, iat and auth_time, when the user last authenticated. AuthTime is
	// the zero time if there is none.
	ExpiresAt, IssuedAt, AuthTime time.Time
	// Nonce is the nonce claim, empty if there is none.
	Nonce string
	// ACR is the authentication context, the acr claim, empty if there is none.
	ACR string
	// AMR are the methods of authentication, the amr claim, nil if there is none.
	AMR []string
	// OrganizationID and OrganizationName are Auth0's org_id and org_name, empty if there are none.
	OrganizationID, OrganizationName string
	// SessionID is the issuer's session, the sid claim, empty if there is none.
	SessionID string

	// Name and Email are for showing: empty if they are absent, or are not strings. They hold what users wrote.
	Name, Email string
	// EmailVerified is whether the issuer says that the email address is the user's.
	EmailVerified bool

	payload strictjson.Object
}

// Decode writes the claims into the value that target points to, as encoding/json does, but strictly: names are
// compared with case, and a member that stands twice in an object is an error. Its error is a [*verifier.Error] with
// the code [verifier.CodeClaimsUndecodable].
func (v *Verified) Decode(target any) error {
	if fault := jwt.Decode(v.payload, target); fault != nil {
		return refused(fault)
	}
	return nil
}
