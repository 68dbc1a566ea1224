package verifier

import (
	"slices"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// A Route is what a request needs besides a good token. Its zero value needs nothing more. All of it must be configuration,
// not input, and its lists must not change later. [Verifier.CheckRoute] finds what can't work before there are requests.
//
// The challenges of every refusal name the scopes, so that a client asks for them at once (RFC 6750 section 3).
type Route struct {
	// Scopes are needed, all of them.
	Scopes []string
	// AnyScope are scopes of which at least one is needed. Challenges name the first: put the one that permits least
	// there.
	AnyScope []string
	// RequiredClaims and RequiredValues are claims that are needed, besides those of the configuration: present and not
	// null, or of a certain value.
	RequiredClaims []string
	RequiredValues []ports.RequiredValue
	// AuthorizationDetails are what the token's authorization details must permit, all of it (RFC 9396): see
	// [AuthorizationDetails.Permit].
	AuthorizationDetails []AuthorizationDetail
	// DetailsPolicy decides whether the token's authorization details, which may be none, are enough, after what else is
	// needed of them. Its error refuses the request (403), and is for the operator's log. It is called by several goroutines at
	// once, and more than once for a request that is checked more than once; it must not wait for anything. A panic is
	// misconfiguration (500). Nil means that there is no such policy.
	DetailsPolicy func(AuthorizationDetails) error
	// DPoP needs the DPoP scheme and a proof (RFC 9449), where the verifier accepts Bearer too. Challenges offer only
	// DPoP.
	DPoP bool
	// CertificateBound needs a token that is bound to the client's certificate (RFC 8705 section 3).
	CertificateBound bool
	// MaxAge bounds how long ago the user authenticated, and ACRValues names the authentication contexts of which one
	// is needed (step-up, RFC 9470): see [Verified.RequireAuthentication]. Zero and empty mean that any will do.
	MaxAge    time.Duration
	ACRValues []string
}

// scopes are those that challenges name: enough, and no more than is needed.
func (r Route) scopes() []string {
	if len(r.AnyScope) == 0 {
		return r.Scopes
	}
	return append(slices.Clip(r.Scopes), r.AnyScope[0])
}
