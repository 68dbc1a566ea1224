package ports

import "context"

// A DomainResolver says which issuers a request may come from, for an application whose issuers differ by
// tenant, host or path. It is asked on each verification, before any request leaves the process, so it should
// answer from memory.
type DomainResolver interface {
	// ResolveDomains returns the issuers that may have issued the token of the request that q describes.
	//
	// What it returns is trusted: it must decide by the application's own data. It must not build a
	// [Domain] out of q.UnverifiedIssuer, which whoever sent the request has chosen; comparing it with known
	// issuers is what it is for.
	//
	// An empty list is an error of the application (answered 500), not a rejection. To reject an unknown tenant
	// return the domains that would be accepted. An error for which errors.Is(err, [ErrUnavailable]) holds, or
	// that wraps a context's error, makes the request undecidable (503); any other is answered 500.
	ResolveDomains(ctx context.Context, q DomainQuery) ([]Domain, error)
}

// A DomainQuery is what is known of a request before anything of it has been verified.
type DomainQuery struct {
	// UnverifiedIssuer is the iss claim of the token, as sent. Nothing vouches for it yet.
	UnverifiedIssuer string
	// URL is the absolute URL of the request, empty where only a token is verified.
	URL string
	// Header holds the request's header fields, nil where only a token is verified. It must not be changed. It has no Host:
	// net/http takes that out of the header, and the host that a client writes counts only where the adapter accepts it. A
	// tenant's host is that of URL.
	Header map[string][]string
}

// A Domain is one issuer whose tokens are accepted, and what is demanded of them. It is copied before it is used. What
// it leaves empty is as the verifier's configuration says.
//
// ScopeClaim, ClientClaim, RequiredClaims and RequiredValues name claims. A name that begins with a slash is a JSON
// Pointer (RFC 6901) into objects, such as /realm_access/roles.
type Domain struct {
	// Issuer is an Auth0 domain ("tenant.us.auth0.com") or an issuer URL ("https://id.example.com/realms/main"). A
	// bare domain, and a URL without a path, means https://domain/ in lower case with the trailing slash; a URL with
	// a path is taken exactly as written, since issuers are compared byte for byte (OpenID Connect Discovery
	// section 4.3).
	Issuer string
	// Exact takes Issuer byte for byte, as tokens have it: a URL without path and trailing slash, such as
	// https://accounts.google.com, or what is not a URL, such as kubernetes/serviceaccount. Keys must then say where the
	// keys of the latter are.
	Exact bool
	// Keys is where the issuer's keys are. Its zero value finds them by the issuer's metadata.
	Keys KeySource
	// Audiences are the audiences of which a token of this issuer must name one. Empty means the verifier's
	// default. A token of one issuer never gets by with another issuer's audience. Where there is no default either,
	// the issuer must be bound by Clients and RequiredValues.
	Audiences []string
	// Clients are the clients that tokens of this issuer may have been issued to; empty means any. Audiences are checked
	// all the same. Only of an issuer without any audience, neither here nor in the verifier's default, the tokens must
	// have no aud; then RequiredValues must name a claim that marks access tokens, such as token_use.
	Clients []string

	// Algorithms are the signature algorithms that this issuer's tokens may have, in place of the verifier's.
	Algorithms []string
	// Types are what typ may be in the header of this issuer's tokens, without case and with or without application/, in
	// place of the verifier's; the empty string stands for a token without typ. They can't be combined with
	// RequireProfile of the verifier. Types of JWTs that are something else than access tokens are refused.
	Types []string
	// ScopeClaim is the claim that has the scopes: a string of words separated by spaces, or an array of strings.
	ScopeClaim string
	// ClientClaim is the claim that names the client.
	ClientClaim string
	// RequiredClaims must be present and not null, besides those of the verifier.
	RequiredClaims []string
	// RequiredValues are values that claims must have, besides those of the verifier.
	RequiredValues []RequiredValue
}

// A RequiredValue is a value that a claim must have. Exactly one of OneOf, Contains and ContainsAny is set; a claim of another
// type than that one expects is rejected. Values are compared byte for byte.
type RequiredValue struct {
	// Claim is the name of the claim, or a JSON Pointer as in [Domain].
	Claim string
	// OneOf: the claim is a string, and one of these.
	OneOf []string
	// Contains: the claim is an array of strings, and has all of these.
	Contains []string
	// ContainsAny: the claim is an array of strings, and has at least one of these.
	ContainsAny []string
}

// A KeySource says where the keys of an issuer are: at one place, so that at most one of the first four fields is set. Its zero value means
// that the issuer's metadata says so, which is found as the verifier's Discovery tells. Wherever they are, keys live
// as long as the verifier's KeyPolicy says, and an issuer whose keys can't be had is undecidable (503). Whoever chooses it
// can sign tokens, and have files read: never take it from a tenant.
type KeySource struct {
	// MetadataURL is the address of metadata that is not at a well-known one. Its issuer must be the domain's.
	MetadataURL string
	// JWKSURL is the address of the issuer's key set (RFC 7517 section 5), for issuers that publish nothing else. No
	// metadata is asked for.
	JWKSURL string
	// File is the path of a file with a JWK Set, or PEM blocks of public keys or certificates. It must be there from the
	// start, unless a resolver names it. It is read again once KeyPolicy.MinTTL is over and for each unknown key ID (once
	// a KeyPolicy.Cooldown), and while it can't be read or is half written, the keys known before serve on. Replace it
	// by renaming. Give its keys kids: a key without one serves tokens of any kid, so that no unknown key ID tells of a
	// rotation, and tokens of a new key are rejected until MinTTL is over.
	File string
	// Static is a JWK Set, or PEM blocks, that never change.
	Static []byte
	// SPIFFETrustDomain says that what JWKSURL, File or Static names is the SPIFFE trust bundle of this trust domain, such as
	// example.org: only its keys of use jwt-svid are taken, and the sub of tokens must be a SPIFFE ID of the trust domain.
	// JWT-SVIDs need no iss. Those without are of the issuer spiffe://example.org, which is to be named so, with Exact. A
	// bundle's spiffe_refresh_hint is not read: KeyPolicy says when it is asked for.
	SPIFFETrustDomain string
}

// DomainResolverFunc makes a function a [DomainResolver].
type DomainResolverFunc func(ctx context.Context, q DomainQuery) ([]Domain, error)

// ResolveDomains calls f.
func (f DomainResolverFunc) ResolveDomains(ctx context.Context, q DomainQuery) ([]Domain, error) {
	return f(ctx, q)
}
