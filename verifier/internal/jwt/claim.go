package jwt

import (
	"errors"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// What is wrong with a claim. The texts follow the claim's name.
var (
	ErrText   = errors.New("is not a string")
	ErrNumber = errors.New("is not a number")
	ErrRange  = errors.New("is out of range")
)

// Date returns a claim that is a NumericDate (RFC 7519 section 2), and whether it is there; its errors are [ErrNumber]
// and [ErrRange].
func Date(claims strictjson.Object, name string) (at time.Time, found bool, err error) {
	value, found := claims.Lookup(name)
	if !found {
		return time.Time{}, false, nil
	}
	if value.Kind() != strictjson.Number {
		return time.Time{}, true, ErrNumber
	}
	at, ok := NumericDate(value)
	if !ok {
		return time.Time{}, true, ErrRange
	}
	return at, true, nil
}

// OfOrganization reports whether a token with these claims is for an Auth0 organization: an ID (org_...) is compared
// exactly with org_id, the lower case of a name with org_name. Every token is for the empty one.
func OfOrganization(organization, orgID, orgName string) bool {
	switch {
	case organization == "":
		return true
	case strings.HasPrefix(organization, "org_"):
		return orgID == organization
	}
	return orgName == strings.ToLower(organization)
}
