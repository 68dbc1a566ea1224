package verifier

import "slices"

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
