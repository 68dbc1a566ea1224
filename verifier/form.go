package verifier

import (
	"slices"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/jws"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
)

// form is what access tokens look like, whoever issued them. What one issuer's look like is in its policy.
type form struct {
	jwt.Form
	svids bool // whether tokens may be JWT-SVIDs, which need no iss
}

// newForm accepts what at least one of the issuers may write. Where a resolver names the issuers, that may be anything.
func newForm(c *checker, i *issuers) form {
	f := form{Form: jwt.Form{MaxBytes: c.Int("MaxTokenBytes"), TypeRule: i.reader.defaults.form.TypeRule}}
	if i.resolver != nil {
		f.Algorithms, f.svids = jwk.Algorithms(), true
		return f
	}
	for _, p := range i.fixed.byIssuer {
		f.svids = f.svids || p.trustDomain != ""
		f.Algorithms, f.Types = append(f.Algorithms, p.form.Algorithms...), append(f.Types, p.form.Types...)
	}
	f.Algorithms, f.Types = sorted(f.Algorithms), sorted(f.Types)
	return f
}

// sorted returns each text once.
func sorted(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
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
		if trustDomain, ok := f.trustDomain(message); ok {
			return message, trustDomain, nil
		}
		return nil, "", refused(jwt.Missing("iss", "CLAIM-ISS-01"))
	}
	issuer, _ := value.Text()
	if issuer == "" {
		return nil, "", refused(jwt.Malformed("iss", "CLAIM-ISS-01", "is not a non-empty string"))
	}
	return message, issuer, nil
}

// trustDomain returns the trust domain of a JWT-SVID, as spiffe://example.org, which stands for the iss that it need not have
// (rule CLAIM-ISS-06).
func (f *form) trustDomain(message *jws.Message) (string, bool) {
	if !f.svids {
		return "", false
	}
	subject, _ := message.Payload.Text("sub")
	return trustDomainOf(subject)
}
