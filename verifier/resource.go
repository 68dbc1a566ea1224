package verifier

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
)

// A Resource is an API as its clients know it: which tokens are for it, and what its metadata says (RFC 9728 section 2). What
// follows from the configuration of a verifier, such as its issuers and how tokens are sent, is not here: it is filled in.
type Resource struct {
	// Identifier is the resource identifier (RFC 9728 section 1.2): an https URL without fragment, as clients call the API. It
	// should have no query.
	Identifier string
	// Audiences are the audiences of which a token for this resource must name one, of those that the verifier accepts at
	// all. Empty means Identifier.
	Audiences []string

	// Scopes are the scopes that clients may ask for (scopes_supported). They need not be all that there are.
	Scopes []string
	// AuthorizationDetailsTypes are the types of authorization details (RFC 9396) that the API understands. If there are any,
	// those of its routes must be among them.
	AuthorizationDetailsTypes []string
	// AuthorizationServers are issuers of the API's tokens, where a Resolver names them and not all need be told. Otherwise it
	// must be empty: they are those of Domain or Domains.
	AuthorizationServers []string
	// Name is what users are shown (resource_name).
	Name Localized
	// Documentation, PolicyURI and TermsOfServiceURI are http or https URLs of pages: for developers; about what clients may do
	// with the data; with the terms of service.
	Documentation, PolicyURI, TermsOfServiceURI Localized
	// JWKSURI is the https URL of the API's own keys (jwks_uri), by which it signs answers, and SigningAlgorithms are the
	// algorithms of these signatures (resource_signing_alg_values_supported).
	JWKSURI           string
	SigningAlgorithms []string
	// Signature signs the metadata (signed_metadata, RFC 9728 section 2.2). Nil means that it is not signed.
	Signature *MetadataSignature
}

// Localized is a text or URL by the tag of its language (BCP 47), such as "de". Under the empty tag is the one for everybody
// else, which must be there if any is.
type Localized map[string]string

// A MetadataSignature is of the party that vouches for metadata. It signs once, when the resource is described.
type MetadataSignature struct {
	// Issuer is the party (iss).
	Issuer string
	// Key is its key.
	Key SigningKey
}

// For returns a verifier for one of several resources of a process. It has the issuers, keys, remembered tokens and replay store of
// v, and what else v is configured for. A token must be for the resource, challenges name the address of its metadata, and
// [Verifier.ResourceMetadata] describes it. A guard is made of it as of v.
//
// Closing either closes both. Its error, of class [Misconfigured], has a [*FieldError] for each field that can't work.
func (v *Verifier) For(r Resource) (*Verifier, error) {
	var faults []error
	own := *v
	fault := faultFunc(func(field string, err error) { faults = append(faults, &FieldError{Field: field, Err: err}) })
	own.serve(r, fault)
	own.resource.checkAudiences = true
	if len(r.Audiences) == 0 && !v.issuers.accepts(r.Identifier) {
		fault("Audiences", errNotNamed)
	}
	fault.each("Audiences", r.Audiences, func(audience string) error {
		if !v.issuers.accepts(audience) {
			return errNotAccepted
		}
		return settings.NotBlank(audience)
	})
	if len(faults) > 0 {
		return nil, configInvalid.because(errors.Join(faults...))
	}
	return &own, nil
}

// A resource is one that requests are for.
type resource struct {
	Resource
	checkAudiences bool // those of the policy will not do
	signed         string
}

// check checks that a token is for the resource: of several, which one policy serves.
func (r *resource) check(says *Verified) *Error {
	if r == nil || !r.checkAudiences || slices.ContainsFunc(r.Audiences, func(one string) bool { return slices.Contains(says.Audiences, one) }) {
		return nil
	}
	return audienceMismatch.fail("META-05", otherAudience(says.Audiences, r.Audiences))
}

// serve makes v the verifier of a resource.
func (v *Verifier) serve(given Resource, fault faultFunc) {
	r := &resource{Resource: given}
	r.Audiences = slices.Clone(given.Audiences)
	if len(r.Audiences) == 0 {
		r.Audiences = []string{r.Identifier}
	}
	r.Scopes, r.AuthorizationDetailsTypes = slices.Clone(r.Scopes), slices.Clone(r.AuthorizationDetailsTypes)
	r.AuthorizationServers, r.SigningAlgorithms = slices.Clone(r.AuthorizationServers), slices.Clone(r.SigningAlgorithms)
	for _, text := range []*Localized{&r.Name, &r.Documentation, &r.PolicyURI, &r.TermsOfServiceURI} {
		*text = maps.Clone(*text)
	}
	v.checkResource(given, fault)
	responder := *v.responder
	responder.resourceMetadata = metadataAddress(r.Identifier)
	v.resource, v.responder, v.origin = r, &responder, &origin{&responder, v.origin.clock, v.origin.leeway}
	v.sign(r, fault)
}

var (
	errDotSegment   = errors.New("must not have a dot segment in its path, which clients take out")
	errEmptyQuery   = errors.New("must not have an empty query")
	errPage         = errors.New("is not an absolute http or https URL without credentials")
	errAlgorithm    = errors.New("is not a JWS algorithm that signs")
	errLanguage     = errors.New("is not a language tag of BCP 47, such as de or pt-BR")
	errTwice        = errors.New("is there twice, in different case")
	errUntagged     = errors.New("must have a value under the empty tag, for readers of other languages")
	errUTF8         = errors.New("is not UTF-8")
	errNotAccepted  = errors.New("is not an audience that the verifier accepts, so no token is for the resource: add it to Audiences of its Config")
	errNotNamed     = errors.New("is required, since the Identifier is not an audience that the verifier accepts; or add it to Audiences of its Config")
	errServersKnown = errors.New("is set, and the issuers are those of Domain or Domains: leave it empty")
)

func (v *Verifier) checkResource(r Resource, fault faultFunc) {
	loopback := v.shared.LoopbackHTTP
	if err := checkIdentifier(r.Identifier, loopback); err != nil {
		fault("Identifier", err)
	}
	fault.each("Scopes", r.Scopes, without(`"\`, errScope))
	fault.each("AuthorizationDetailsTypes", r.AuthorizationDetailsTypes, settings.NotBlank)
	fault.each("AuthorizationServers", r.AuthorizationServers, func(issuer string) error { return checkIssuer(issuer, loopback) })
	if len(r.AuthorizationServers) > 0 && v.issuers.resolver == nil {
		fault("AuthorizationServers", errServersKnown)
	}
	r.Name.check("Name", settings.NotBlank, fault)
	r.Documentation.check("Documentation", checkPage, fault)
	r.PolicyURI.check("PolicyURI", checkPage, fault)
	r.TermsOfServiceURI.check("TermsOfServiceURI", checkPage, fault)
	if r.JWKSURI != "" {
		if _, err := issuerurl.CheckURL(r.JWKSURI, loopback); err != nil {
			fault("JWKSURI", err)
		}
	}
	fault.each("SigningAlgorithms", r.SigningAlgorithms, func(algorithm string) error {
		if strings.EqualFold(algorithm, "none") || without(`"\`, errAlgorithm)(algorithm) != nil {
			return errAlgorithm
		}
		return nil
	})
}

// accepts reports whether tokens of a fixed issuer may have the audience.
func (i *issuers) accepts(audience string) bool {
	for _, p := range i.fixed.byIssuer {
		if slices.Contains(p.audiences, audience) {
			return true
		}
	}
	return i.resolver != nil
}

func checkIdentifier(identifier string, loopbackHTTP bool) error {
	u, err := issuerurl.CheckURL(identifier, loopbackHTTP)
	switch {
	case err != nil:
		return err
	case u.ForceQuery:
		return errEmptyQuery
	case slices.ContainsFunc(strings.Split(u.Path, "/"), func(segment string) bool { return segment == "." || segment == ".." }):
		return errDotSegment
	}
	return nil
}

func checkIssuer(issuer string, loopbackHTTP bool) error {
	_, err := issuerurl.CheckURL(issuer, loopbackHTTP)
	if err == nil && strings.Contains(issuer, "?") {
		return issuerurl.ErrQuery // RFC 8414 section 2
	}
	return err
}

// checkPage checks the URL of a page, which a person opens.
func checkPage(page string) error {
	u, err := url.Parse(page)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || without("", errPage)(page) != nil {
		return errPage
	}
	return nil
}

// check checks the texts and their tags, in the order of the tags.
func (l Localized) check(field string, text func(string) error, fault faultFunc) {
	if _, untagged := l[""]; len(l) > 0 && !untagged {
		fault(field, errUntagged)
	}
	seen := make(map[string]bool)
	for _, tag := range slices.Sorted(maps.Keys(l)) {
		at := fmt.Sprintf("%s[%q]", field, tag)
		switch lower := strings.ToLower(tag); {
		case tag != "" && !isLanguage(tag):
			fault(at, errLanguage)
		case seen[lower]:
			fault(at, errTwice)
		case !utf8.ValidString(l[tag]):
			fault(at, errUTF8)
		default:
			seen[lower] = true
			if err := text(l[tag]); err != nil {
				fault(at, err)
			}
		}
	}
}

// isLanguage reports whether a tag has the form of RFC 4647 section 2.1.
func isLanguage(tag string) bool {
	for i, part := range strings.Split(tag, "-") {
		other := func(r rune) bool {
			letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
			return !letter && (i == 0 || r < '0' || r > '9')
		}
		if part == "" || len(part) > 8 || strings.ContainsFunc(part, other) {
			return false
		}
	}
	return true
}
