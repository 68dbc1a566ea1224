package verifier

import (
	"github.com/holdfast-go/holdfast/verifier/internal/jws"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
)

// form is what access tokens look like.
type form struct{ jwt.Form }

func newForm(c *checker) form {
	f := form{jwt.Form{
		MaxBytes:   c.Int("MaxTokenBytes"),
		Algorithms: c.AlgorithmNames("Algorithms"),
		// An access token says at+jwt; many issuers still write JWT or nothing.
		Types:    []string{"at+jwt", "jwt", ""},
		TypeRule: "TYP-02",
	}}
	if c.RequireProfile {
		f.Types, f.TypeRule = []string{"at+jwt"}, "TYP-04"
	}
	return f
}

// read checks all of a token that needs neither its issuer nor its keys, and returns the iss that it has: nothing vouches
// for that yet, but it says where to look for the key, if it is an issuer that is allowed.
func (f *form) read(compact string) (message *jws.Message, unverifiedIssuer string, _ *Error) {
	message, fault := f.Parse(compact)
	if fault != nil {
		return nil, "", refused(fault)
	}
	value, found := message.Payload.Lookup("iss")
	if !found {
		return nil, "", refused(jwt.Missing("iss", "CLAIM-ISS-01"))
	}
	issuer, _ := value.Text()
	if issuer == "" {
		return nil, "", refused(jwt.Malformed("iss", "CLAIM-ISS-01", "is not a non-empty string"))
	}
	return message, issuer, nil
}
