package verifier

import (
	"context"
	"log/slog"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// Config says which tokens are accepted. What differs by issuer stands in Domains, and here what holds for those that say
// nothing else. Its zero value is not usable: a verifier needs an issuer, an audience and a
// way to get keys. Every other field has a zero value that is the safe choice. A duration under a millisecond is refused: it
// is a number of seconds without its unit. [New] copies what it keeps.
type Config struct {
	// Domain is the one issuer whose tokens are accepted, by the rules of [ports.Domain]: an Auth0 domain or an
	// issuer URL. With Domains or Resolver as well, only they decide which tokens are accepted, and Domain is the issuer
	// whose endpoints are asked: see [Verifier.Metadata], and packages idtoken and exchange. It is no issuer with a SPIFFE trust
	// bundle.
	Domain string
	// ExactDomain takes Domain byte for byte, as [ports.Domain.Exact] does: for an issuer without path and without
	// trailing slash, such as https://accounts.google.com.
	ExactDomain bool
	// Domains are the issuers whose tokens are accepted, each with audiences of its own or with Audiences.
	Domains []ports.Domain
	// Resolver says for each request which issuers are accepted. It can't be combined with Domains. It is asked
	// once a verification, which takes time in proportion to the domains it returns: return the tenant's, not all.
	Resolver ports.DomainResolver
	// ResolverTimeout is how long the resolver may take for one request. Zero means 1 second. After that the request is
	// undecidable.
	ResolverTimeout time.Duration `default:"1s"`
	// Audiences are the audiences of which a token must name one, byte for byte. They hold for every domain that
	// has no audiences itself. Only an issuer whose tokens have no aud may do without: see Clients of [ports.Domain].
	Audiences []string
	// NoAccessTokens is for programs that only log users in or ask for tokens: the verifier serves packages idtoken
	// and exchange, and needs no Audiences. Whatever access token it is given is answered as misconfigured (500).
	NoAccessTokens bool

	// Fetcher gets the issuers' metadata and keys: an httpfetch.Fetcher, say. It is required unless every domain's keys are
	// static or in a file.
	Fetcher ports.Fetcher
	// StaticKeys holds the keys of issuers that are not to be asked for them: by issuer, a JWK Set (RFC 7517
	// section 5) or PEM blocks of public keys or certificates. A key without kid serves tokens of any kid. It is
	// for Domain, and the same as Keys.Static of Domains.
	StaticKeys map[string][]byte
	// Keys says how long fetched keys serve and how often issuers are asked.
	Keys KeyPolicy
	// Cache shares metadata and keys among the processes of a fleet. Nil means that each process fetches its own. It goes
	// with CacheSecrets.
	Cache ports.Cache
	// CacheSecrets authenticate what is in the cache, so that whoever can write to it can't mint tokens. The first
	// one writes, all of them read, so that secrets can be rotated; each has at least 32 bytes and they are the
	// same in the whole fleet.
	CacheSecrets [][]byte
	// InsecureTrustCache takes a Cache without CacheSecrets: whoever can write to the cache can put keys of their own
	// there, and sign tokens of every issuer with them.
	InsecureTrustCache bool
	// Clock tells the time; nil means the system's.
	Clock ports.Clock
	// SignatureVerifier verifies signatures in place of the standard library, for speed: those of access tokens, ID tokens
	// and DPoP proofs. Where it can't tell or panics, the standard library verifies. Nil means that it always does.
	SignatureVerifier ports.SignatureVerifier

	// Algorithms are the signature algorithms accepted in access tokens, of those that the function [Algorithms]
	// returns. Empty means only RS256. EdDSA stands for Ed25519 as well.
	Algorithms []string `default:"RS256"`
	// RequireProfile accepts only tokens of the JWT profile for access tokens (RFC 9068): typ is at+jwt, and iss,
	// exp, aud, sub, client_id, iat and jti are present. Otherwise typ may also be JWT or absent.
	RequireProfile bool
	// RequiredClaims are claims that must be present and not null, besides iss, aud, exp and iat. Here and where else a
	// claim is named, a name that begins with a slash is a JSON Pointer (RFC 6901) into objects.
	RequiredClaims []string
	// RequiredValues are values that claims must have. See [Route] for those of one route.
	RequiredValues []ports.RequiredValue
	// Organization is the Auth0 organization that tokens must be for: an ID (org_...), compared exactly with
	// org_id, or a name, whose lower case is compared with org_name. Empty means any or none.
	Organization string
	// ScopeClaim is the claim that has the scopes: a string of words separated by spaces (RFC 9068 section 2.2.3), or an
	// array of strings, such as Entra's roles or /realm_access/roles of Keycloak. Empty means scope or, in tokens
	// without scope, scp.
	ScopeClaim string
	// ClientClaim is the claim that names the client. Empty means client_id, azp, cid and appid: a token in which
	// several of them name different clients is rejected.
	ClientClaim string
	// Leeway is how far clocks may differ when exp, nbf and iat are checked: up to 5 minutes. Zero means the default, as in
	// every Leeway of this module, which is none here; negative means none. An nbf or iat may be 60 s further ahead,
	// whatever Leeway is; exp has no such tolerance.
	Leeway time.Duration `max:"5m0s" negative:"none"`
	// MaxTokenAge rejects tokens that were issued longer ago. Zero means that only exp decides.
	MaxTokenAge time.Duration
	// MaxTokenBytes bounds the token before it is parsed. Zero means 16 KiB.
	MaxTokenBytes int `default:"16 KiB"`
	// AllowMissingKeyID accepts a token without kid if its issuer has exactly one key that fits its alg. Such a
	// token can't announce a rotation: after one it is rejected until the keys' soft TTL is over.
	AllowMissingKeyID bool
	// InsecureAllowIDTokens accepts tokens that have the marks of an ID token (nonce, at_hash, c_hash). An ID token
	// says who logged in at a client, and is no permission to use an API; it is safe only where the issuer puts
	// these claims in access tokens.
	InsecureAllowIDTokens bool
	// InsecureAllowLoopbackHTTP accepts issuers on http URLs whose host is a loopback address: for tests.
	InsecureAllowLoopbackHTTP bool

	// DPoP says whether access tokens may, or must, be bound to a key of their sender (RFC 9449). The zero value
	// accepts both bound and unbound tokens, each under its own scheme.
	DPoP DPoP
	// MTLS says whether access tokens may, or must, be bound to a client certificate (RFC 8705). The zero value is
	// MTLSOff: a token that is so bound is rejected.
	MTLS MTLSMode

	// MaxRememberedTokens bounds the tokens that are remembered as well signed, so that one that is sent again and again
	// costs no signature from the third time on; everything else about it is checked each time. Zero means 1,024;
	// negative means that none is remembered.
	MaxRememberedTokens int `default:"1024" negative:"none"`
	// MaxRememberedBytes bounds about how much memory they take. Zero means 8 MiB.
	MaxRememberedBytes int `default:"8 MiB"`

	// Discovery says where issuers publish their metadata.
	Discovery Discovery
	// Realm is the realm of challenges. Empty means none, but "api" where a challenge would have no parameter.
	Realm string
	// Resource is this API's resource identifier (RFC 9728 section 1.2): an https URL without fragment, often its audience.
	// With one, challenges name the address of its metadata, and [Verifier.ResourceMetadata] has them. [Verifier.For] says more of
	// a resource, and serves several.
	Resource string

	// Logger is told what happens to issuers' keys, and of panics in ports, with their stacks. Nil means that nothing
	// is logged.
	Logger *slog.Logger
	// Observer is called with what happens to issuers' keys, for metrics: after requests have been answered, and by
	// several goroutines at once. It should return soon, and must not call the verifier. One that takes over a second is
	// not waited for; after five such calls in a row events are dropped until it returns in time again.
	Observer func(ports.KeyEvent)
	// DecisionObserver is called with each decision, for metrics and traces: once for each call of VerifyRequest and
	// VerifyAccessToken, with their context, and of Malformed and Misdirected. What a handler refuses later, by
	// [Verified.RequireScopes] say, is not told.
	//
	// It is called on the goroutine of the request before that is answered, by several at once, so the request waits for it:
	// it must not wait for anything itself, and must not call the verifier. A panic is logged, and changes no decision.
	DecisionObserver func(context.Context, Decision)
}

// Discovery says where an issuer publishes its metadata.
type Discovery int

const (
	// OpenIDConfiguration is issuer + /.well-known/openid-configuration (OpenID Connect Discovery section 4).
	OpenIDConfiguration Discovery = iota
	// AuthorizationServerMetadata is /.well-known/oauth-authorization-server between the issuer's host and path
	// (RFC 8414 section 3).
	AuthorizationServerMetadata
)

// DPoP is the policy for sender-constrained tokens (RFC 9449).
type DPoP struct {
	Mode DPoPMode
	// Algorithms are the signature algorithms accepted in proofs and named in challenges, of those that the function
	// [Algorithms] returns. Empty means only ES256. EdDSA stands for Ed25519 as well.
	Algorithms []string
	// MaxAge is how old a proof may be, by its iat. Zero means 300 seconds.
	MaxAge time.Duration
	// Leeway is how far ahead a proof's iat may be. Zero means 30 seconds, negative none.
	Leeway time.Duration
	// MaxProofBytes bounds a proof before it is parsed. Zero means 8 KiB, and where Algorithms has ML-DSA-44, -65 or
	// -87 also 6, 8 or 11 KiB more, as their keys and signatures take.
	MaxProofBytes int
	// ReplayStore remembers which proofs were used. Nil means a memory.ReplayStore: right for one process, while a
	// fleet must share a store, or a proof can be used once in each process.
	ReplayStore ports.ReplayStore
	// ReplayTimeout is how long the replay store may take for one proof. Zero means 500 milliseconds. After that the
	// request is undecidable. A store that timed out five times in a row is asked by one request at a time until it
	// answers again; meanwhile the others are undecidable at once. The embedded store never waits, and has no timeout.
	ReplayTimeout time.Duration `default:"500ms"`
	// MaxProofsPerKey bounds how many proofs of one key this process accepts in the time that a proof is remembered
	// (MaxAge and twice Leeway), so that one client can't fill the replay store for all others: over it, that client's
	// requests are undecidable. The proofs may come at once, so the store never holds more than twice as many of one key.
	// Zero means 262,144, about 700 a second, by which one client takes at most half of a memory.ReplayStore of default
	// size; for a smaller store set it to a quarter of what the store holds. Negative means no bound.
	MaxProofsPerKey int `default:"262144" negative:"none"`
	// InsecureAcceptWithoutReplayStore accepts a proof when the replay store fails or does not answer in time. A stolen
	// proof can then be used again while the store is away. Otherwise the request is undecidable. That the client hangs
	// up is not a failure of the store.
	InsecureAcceptWithoutReplayStore bool
	// InsecureAcceptBoundTokensAsBearer, in mode DPoPDisabled, accepts a bound token without the proof that it asks
	// for. It makes a stolen token as good as its owner's; it is for the time until an API's clients have moved.
	InsecureAcceptBoundTokensAsBearer bool

	// Nonce says whether the server's nonces are wanted in proofs (RFC 9449 section 9).
	Nonce NonceMode
	// NonceSecrets authenticate nonces: the first one makes them, all of them check. Each has at least 32 bytes,
	// and they are the same in a whole fleet. Without any, a process knows only its own nonces.
	NonceSecrets [][]byte
	// NonceLifetime is how long a nonce is valid. Zero means 5 minutes.
	NonceLifetime time.Duration
}

// DPoPMode says which schemes are offered.
type DPoPMode int

const (
	// DPoPAllowed offers Bearer and DPoP. A bound token must come with the DPoP scheme and a proof; one that is not
	// bound, with Bearer and none.
	DPoPAllowed DPoPMode = iota
	// DPoPRequired offers only DPoP.
	DPoPRequired
	// DPoPDisabled offers only Bearer. A bound token is rejected.
	DPoPDisabled
)

// NonceMode says whether proofs have a nonce of the server's.
type NonceMode int

const (
	// NonceOff: no nonces are made, and the nonce of a proof is ignored.
	NonceOff NonceMode = iota
	// NonceOffered: answers bring nonces, and a proof that has one must have a good one.
	NonceOffered
	// NonceRequired: a proof without a good nonce is rejected, with a new one to use.
	NonceRequired
)

// MTLSMode says whether access tokens are bound to client certificates.
type MTLSMode int

const (
	// MTLSOff: a token that is bound to a certificate is rejected.
	MTLSOff MTLSMode = iota
	// MTLSOn: a token that is bound to a certificate must come over a connection with that certificate.
	MTLSOn
	// MTLSRequired: each token must be bound to a certificate.
	MTLSRequired
)

// KeyPolicy says how long fetched keys serve and how often issuers are asked. Zero values mean the defaults.
type KeyPolicy struct {
	// SoftTTL is how long keys are used without asking again, unless the issuer says less. A key that the issuer has
	// withdrawn is used for no longer, unless the issuer was asked and failed. Default 10 minutes.
	SoftTTL time.Duration `default:"10m"`
	// MinTTL is how long they are used even if the issuer says less, so that a max-age of 15 seconds does not put
	// a fetch on every fourth request. Default 1 minute; negative means no such floor.
	MinTTL time.Duration `default:"1m" negative:"none"`
	// HardTTL is how long keys are used while the issuer can't be reached. After that nothing can be decided.
	// Default 24 hours.
	HardTTL time.Duration `default:"24h"`
	// Cooldown is how long after one fetch that an unknown key ID forced no other is forced. Default 30 seconds.
	Cooldown time.Duration `default:"30s"`
	// FetchTimeout bounds the fetching of metadata and keys together. Default 10 seconds.
	FetchTimeout time.Duration `default:"10s"`
	// WaitTimeout bounds how long a request waits for keys. Then the answer is 503 while the fetch goes on, or, if keys
	// past SoftTTL are held, they are used. [Verifier.Warm] waits longer. Default 2 seconds.
	WaitTimeout time.Duration `default:"2s"`
	// MaxFetches bounds the fetches under way at once, over all issuers. Issuers of which no keys are held get half of
	// them. Default 64.
	MaxFetches int `default:"64"`
	// MaxDocumentBytes bounds each of the two documents. Default 1 MiB. The Fetcher has a bound of its own.
	MaxDocumentBytes int `default:"1 MiB"`
	// MaxKeys bounds the keys of one set. A larger set is refused as a whole, as if the issuer could not be reached.
	// Default 100.
	MaxKeys int `default:"100"`
	// MaxIssuers bounds the issuers whose keys are held, and the domains of a resolver that need not be read again. The one
	// evicted is that used longest ago, of 64 that are looked at. Default 10,000.
	MaxIssuers int `default:"10000"`
}
