package player

import (
	"maps"
	"slices"
)

// A Power is what a target can do besides the least that every one does: it takes a setting from its environment, or
// serves a path. Each is optional: cases that take a power which a target does not declare are not counted.
type Power struct {
	// Name is what a target declares.
	Name string `json:"name"`
	// Variables are the environment variables that tell the target a setting; none for what it always does.
	Variables []string `json:"variables,omitempty"`
	// Means is what the target does, in a line.
	Means string `json:"means"`
}

// Powers returns all powers, those of tokens first.
func Powers() []Power { return slices.Clone(powers) }

var powers = []Power{
	{"algorithms", []string{"HOLDFAST_ALGORITHMS"}, "accepts access tokens by these algorithms only, as in `ES256 EdDSA`"},
	{"audiences", []string{"HOLDFAST_AUDIENCES"}, "accepts any of these audiences, in place of HOLDFAST_AUDIENCE"},
	{"profile", []string{"HOLDFAST_PROFILE"}, "`rfc9068`: accepts only tokens of that profile: typ at+jwt and all its claims"},
	{"leeway", []string{"HOLDFAST_LEEWAY"}, "accepts a token so many seconds after exp, and before nbf and iat"},
	{"token-age", []string{"HOLDFAST_TOKEN_AGE"}, "accepts no token whose iat was longer ago, in seconds"},
	{"required-claims", []string{"HOLDFAST_REQUIRED_CLAIMS"}, "accepts only tokens that have these claims, as in `tier region`"},
	{"required-values", []string{"HOLDFAST_REQUIRED_VALUES"}, "accepts only tokens whose claims have these values, a JSON array (see below)"},
	{"scope-claim", []string{"HOLDFAST_SCOPE_CLAIM"}, "reads scopes from this claim only; one that begins with a slash is a JSON Pointer"},
	{"organization", []string{"HOLDFAST_ORGANIZATION"}, "accepts only tokens whose `org_id` (if the value begins with `org_`) or `org_name` is this"},
	{"id-tokens", []string{"HOLDFAST_ID_TOKENS"}, "`accepted`: does not refuse an access token for claims that ID tokens have"},
	{"key-id", []string{"HOLDFAST_KEY_ID"}, "`optional`: accepts a token without kid whose issuer has one key that fits"},
	{"issuers", []string{"HOLDFAST_ISSUERS"}, "trusts these issuers in place of HOLDFAST_ISSUER, a JSON array (see below)"},
	{"static-keys", []string{"HOLDFAST_JWKS"}, "takes the keys of HOLDFAST_ISSUER from this JWK Set, and fetches none"},
	{"key-times", []string{"HOLDFAST_KEY_TIMES"}, "keeps and awaits keys for these times, a JSON object (see below)"},
	{"realm", []string{"HOLDFAST_REALM"}, "names this realm in challenges"},
	{"metadata", []string{"HOLDFAST_RESOURCE"}, "is this protected resource: serves its metadata, and names them in challenges (RFC 9728)"},

	{"proof-algorithms", []string{"HOLDFAST_PROOF_ALGORITHMS"}, "accepts DPoP proofs by these algorithms only"},
	{"proof-age", []string{"HOLDFAST_PROOF_AGE", "HOLDFAST_PROOF_LEEWAY"}, "accepts proofs so many seconds old, and so many ahead"},
	{"nonce", []string{"HOLDFAST_NONCE", "HOLDFAST_NONCE_SECRET"}, "`required` or `offered`: the server's DPoP nonces; processes of one secret accept each other's"},
	{"bound-as-bearer", []string{"HOLDFAST_BOUND_TOKENS"}, "`bearer`: accepts bound tokens as Bearer where DPoP is disabled"},
	{"replay-store", []string{ReplayStore}, "remembers proofs in the store at this URL, which it shares with other processes (see below)"},
	{"replay-choice", []string{"HOLDFAST_REPLAY_STORE_AWAY"}, "`accept`: accepts proofs while the store is away"},
	{"proofs-per-key", []string{"HOLDFAST_PROOFS_PER_KEY"}, "remembers so many proofs of one key, and accepts no more"},
	{"mtls", []string{"HOLDFAST_MTLS", "HOLDFAST_TLS_CERT", "HOLDFAST_TLS_KEY"}, "`off`, `accepted` or `required`: tokens bound to client certificates; listens with TLS by these PEM files and asks for a certificate, which needs no chain"},

	{"optional", []string{"HOLDFAST_CREDENTIALS"}, "`optional`: lets requests without credentials pass"},
	{"public-url", []string{"HOLDFAST_PUBLIC_URL"}, "is known to clients by this URL, whose path goes in front"},
	{"path-prefixes", []string{"HOLDFAST_PATH_PREFIXES"}, "is known by other paths, as in `/resource=/v2/things`"},
	{"hosts", []string{"HOLDFAST_HOSTS"}, "is known by these hosts only"},
	{"proxy", []string{"HOLDFAST_PROXY"}, "`x-forwarded` or `forwarded`: trusts a proxy at 127.0.0.1 that writes X-Forwarded-For, -Proto and -Host, or Forwarded"},
	{"forwarded-certificate", []string{"HOLDFAST_FORWARDED_CERTIFICATE"}, "`client-cert`, `xfcc` or `escaped-pem`: how the proxy forwards the client's certificate: Client-Cert (RFC 9440), X-Forwarded-Client-Cert, X-SSL-Client-Cert"},

	{"clock", []string{"HOLDFAST_CLOCK"}, "takes the time from this file: seconds since 1970, read each time"},
	{"refusal", nil, "ends with an exit status other than 0 when a setting can't work, and does not get healthy"},
	{"routes", nil, "serves the paths below /route/ (see below)"},
	{"client", nil, "serves /client: the client of the token as JSON, `{\"client\":\"client-1\"}`, empty if it names none"},
	{"actors", nil, "serves /actors: who acts for the subject as JSON, the newest first, `{\"actors\":[{\"iss\":\"\",\"sub\":\"service-1\"}]}`"},
	{"any-path", nil, "serves every path that it does not know like /resource"},
	{"bounds", nil, "has the bounds that Holdfast documents, accepts what is just under them, and looks at no claim that a request does not need"},
}

// Settings are the environment variables of a target, without those that every target gets.
type Settings map[string]string

// The variables whose values depend on the run.
const (
	TLSCert   = "HOLDFAST_TLS_CERT"
	TLSKey    = "HOLDFAST_TLS_KEY"
	ClockFile = "HOLDFAST_CLOCK"
)

// What a target elsewhere is told of the store that proofs are remembered in; the runner puts an address in its place.
const (
	ReplayStore = "HOLDFAST_REPLAY_STORE"
	StoreShared = "shared" // by two processes
	StoreAway   = "away"
	StoreHangs  = "hangs"
)

// OverTLS reports whether the target listens with TLS: where it is asked for certificates, and no proxy forwards them.
func (s Settings) OverTLS() bool {
	return s["HOLDFAST_MTLS"] != "" && s["HOLDFAST_FORWARDED_CERTIFICATE"] == ""
}

// Key is the same for equal settings.
func (s Settings) Key() string {
	key := ""
	for _, name := range slices.Sorted(maps.Keys(s)) {
		key += name + "=" + s[name] + "\x00"
	}
	return key
}

// powers are those that take the settings.
func (s Settings) powers() []string {
	var names []string
	for _, p := range powers {
		if slices.ContainsFunc(p.Variables, func(v string) bool { _, set := s[v]; return set }) {
			names = append(names, p.Name)
		}
	}
	return names
}
