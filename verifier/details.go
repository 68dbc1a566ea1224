package verifier

import (
	"errors"
	"fmt"
	"slices"

	"github.com/holdfast-go/holdfast/verifier/internal/jws"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// An AuthorizationDetail is what a token permits at resources of one type (RFC 9396 section 2), or what a [Route] needs. Its
// values are those of the token, and are compared byte for byte.
type AuthorizationDetail struct {
	// Type says which API the rest is about, and what it means.
	Type string
	// Locations, Actions, DataTypes and Privileges (locations, actions, datatypes, privileges) are permitted in every
	// combination with one another (RFC 9396 section 2.2). One that a token leaves empty permits nothing of its kind; one
	// that a route leaves empty is not asked for. Where tokens may be for several APIs, a route should name its location.
	Locations, Actions, DataTypes, Privileges []string
	// Identifier is the one resource that the detail is about; empty if it names none.
	Identifier string

	raw    string                  // the object
	refuse func(*jwt.Fault) *Error // as the token that it is from; nil in a route's
}

// AuthorizationDetails are what a token permits, each of them.
type AuthorizationDetails []AuthorizationDetail

// maxAuthorizationDetails bounds how many details a token may have.
const maxAuthorizationDetails = 128

// Decode writes a detail of a token into the value that target points to, with the members that are its type's own. It is as
// strict as [Verified.Decode], whose errors it returns. Of a detail that is not a token's, it returns an error too.
func (d AuthorizationDetail) Decode(target any) error {
	if d.refuse == nil {
		return errors.New("holdfast: the authorization detail is not of a token")
	}
	object, _ := strictjson.ParseObject(d.raw, jws.PayloadLimits) // it was read by these limits before
	if fault := jwt.Decode(object, target); fault != nil {
		return d.refuse(fault)
	}
	return nil
}

// Permit reports whether the details permit what is needed: each combination of its values, by a detail of its type that has
// all of them, and its identifier if it names one (RFC 9396 section 2.2). A type that is empty is not permitted.
func (all AuthorizationDetails) Permit(needed AuthorizationDetail) bool {
	about := all.where(func(d AuthorizationDetail) bool {
		return d.Type == needed.Type && d.Type != "" && (needed.Identifier == "" || d.Identifier == needed.Identifier)
	})
	return about.permit(needed, detailLists)
}

// detailLists are the members that are lists, with their names.
var detailLists = []detailList{
	{"Locations", "locations", func(d *AuthorizationDetail) *[]string { return &d.Locations }},
	{"Actions", "actions", func(d *AuthorizationDetail) *[]string { return &d.Actions }},
	{"DataTypes", "datatypes", func(d *AuthorizationDetail) *[]string { return &d.DataTypes }},
	{"Privileges", "privileges", func(d *AuthorizationDetail) *[]string { return &d.Privileges }},
}

type detailList struct {
	field, member string
	of            func(*AuthorizationDetail) *[]string
}

// permit reports whether each combination of the lists' values is permitted by one of the details.
func (all AuthorizationDetails) permit(needed AuthorizationDetail, lists []detailList) bool {
	if len(all) == 0 || len(lists) == 0 {
		return len(all) > 0
	}
	list, rest := lists[0].of, lists[1:]
	values := *list(&needed)
	if len(values) == 0 {
		return all.permit(needed, rest)
	}
	return !slices.ContainsFunc(values, func(value string) bool {
		with := all.where(func(d AuthorizationDetail) bool { return slices.Contains(*list(&d), value) })
		return !with.permit(needed, rest)
	})
}

func (all AuthorizationDetails) where(holds func(AuthorizationDetail) bool) AuthorizationDetails {
	var some AuthorizationDetails
	for _, detail := range all {
		if holds(detail) {
			some = append(some, detail)
		}
	}
	return some
}

// read reads one element, and returns what is wrong with it, and the rule that it breaks.
func (d *AuthorizationDetail) read(element strictjson.Value) (rule, wrong string) {
	object, err := element.Object()
	if err != nil {
		return "RAR-01", "that is not an object, or has a member twice"
	}
	d.raw = object.Raw()
	if d.Type, _ = object.Text("type"); settings.Blank(d.Type) {
		return "RAR-01", "whose type is not a non-blank string"
	}
	for _, list := range detailLists {
		if value, found := object.Lookup(list.member); found {
			texts, areTexts := value.Strings()
			if !areTexts {
				return "RAR-02", "whose " + list.member + " is not an array of strings"
			}
			*list.of(d) = texts
		}
	}
	if value, found := object.Lookup("identifier"); found {
		var isText bool
		if d.Identifier, isText = value.Text(); !isText {
			return "RAR-02", "whose identifier is not a string"
		}
	}
	return "", ""
}

// submit asks the application's policy.
func (all AuthorizationDetails) submit(policy func(AuthorizationDetails) error) (refusal *Error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			refusal = configInvalid.because(fmt.Errorf("Route.DetailsPolicy panicked: %v", panicked))
		}
	}()
	if err := policy(all); err != nil {
		return detailsInsufficient.fail("RAR-04", "the policy of the route refuses the authorization details").because(err)
	}
	return nil
}
