package vector

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// A Policy says what an API accepts. Times are in seconds.
type Policy struct {
	Issuers []Issuer `json:"issuers"`
	// Leeway is how far exp may be past, and nbf and iat ahead; Ahead is how much further nbf and iat may be ahead.
	Leeway int64 `json:"leeway"`
	Ahead  int64 `json:"ahead"`
	// MaxAge is how long ago a token may have been issued; 0 is no bound.
	MaxAge int64 `json:"maxAge"`
	// Profile accepts only tokens of RFC 9068.
	Profile bool `json:"profile"`
	// IDTokens accepts tokens with the marks of an ID token, MissingKeyID one without kid whose issuer has one key that fits.
	IDTokens     bool `json:"idTokens"`
	MissingKeyID bool `json:"missingKeyID"`
	// Organization is an ID of Auth0's or a name; empty means any.
	Organization string `json:"organization"`
	DPoP         DPoP   `json:"dpop"`
	// MTLS is off, on or required.
	MTLS string `json:"mtls"`
}

// An Issuer is one whose tokens are accepted, and what is demanded of them. A claim whose name begins with a slash is a
// JSON Pointer.
type Issuer struct {
	Issuer     string   `json:"issuer"`
	Audiences  []string `json:"audiences"`
	Algorithms []string `json:"algorithms"`
	// Types are what typ may be, in lower case and without application/; the empty string stands for a token without typ.
	Types []string `json:"types"`
	// RequiredClaims are those besides iss, aud, exp and iat.
	RequiredClaims []string `json:"requiredClaims"`
	// ScopeClaims are where the scopes are; the first one that a token has counts.
	ScopeClaims []string `json:"scopeClaims"`
	// ClientClaims name the client; they must not differ.
	ClientClaims []string `json:"clientClaims"`
}

// DPoP is the policy of proofs.
type DPoP struct {
	// Mode is allowed, required or disabled.
	Mode       string   `json:"mode"`
	Algorithms []string `json:"algorithms"`
	// MaxAge is how old a proof may be, Leeway how far ahead its times.
	MaxAge int64 `json:"maxAge"`
	Leeway int64 `json:"leeway"`
	// Nonce is off, offered or required.
	Nonce string `json:"nonce"`
	// BoundAsBearer accepts a bound token without a proof, where DPoP is disabled.
	BoundAsBearer bool `json:"boundAsBearer"`
}

// The words of the modes, in the order of package verifier's constants.
var (
	dpopModes  = []string{"allowed", "required", "disabled"}
	nonceModes = []string{"off", "offered", "required"}
	mtlsModes  = []string{"off", "on", "required"}
)

// What package verifier uses where nothing is configured.
const (
	tokenAhead = time.Minute
	proofAge   = 300 * time.Second
	proofAhead = 30 * time.Second
)

var (
	usualTypes   = []string{"at+jwt", "jwt", ""}
	profileTypes = []string{"at+jwt"}
	usualScopes  = []string{"scope", "scp"}
	usualClients = []string{"client_id", "azp", "cid", "appid"}
)

// policyOf returns the policy of a configuration, and whether it says all of it: whether the rest of the configuration is
// that of base.
func policyOf(config, base verifier.Config) (Policy, bool) {
	p := Policy{
		Leeway: seconds(config.Leeway), Ahead: seconds(tokenAhead), MaxAge: seconds(config.MaxTokenAge),
		Profile: config.RequireProfile, IDTokens: config.InsecureAllowIDTokens, MissingKeyID: config.AllowMissingKeyID,
		Organization: config.Organization,
		DPoP: DPoP{
			Mode: dpopModes[config.DPoP.Mode], Algorithms: either(config.DPoP.Algorithms, []string{"ES256"}),
			MaxAge: seconds(proofAge), Leeway: seconds(proofAhead),
			Nonce: nonceModes[config.DPoP.Nonce], BoundAsBearer: config.DPoP.InsecureAcceptBoundTokensAsBearer,
		},
		MTLS: mtlsModes[config.MTLS],
	}
	if config.DPoP.MaxAge > 0 {
		p.DPoP.MaxAge = seconds(config.DPoP.MaxAge)
	}
	if config.DPoP.Leeway != 0 {
		p.DPoP.Leeway = max(0, seconds(config.DPoP.Leeway))
	}
	domains := config.Domains
	if len(domains) == 0 {
		domains = []ports.Domain{{Issuer: config.Domain}}
	}
	types := usualTypes
	if p.Profile {
		types = profileTypes
	}
	whole := reflect.DeepEqual(withoutPolicy(config), withoutPolicy(base))
	for _, d := range domains {
		whole = whole && reflect.DeepEqual(d, ports.Domain{
			Issuer: d.Issuer, Exact: d.Exact, Audiences: d.Audiences, Algorithms: d.Algorithms, Types: d.Types,
			ScopeClaim: d.ScopeClaim, ClientClaim: d.ClientClaim, RequiredClaims: d.RequiredClaims,
		})
		p.Issuers = append(p.Issuers, Issuer{
			Issuer: d.Issuer, Audiences: either(d.Audiences, config.Audiences),
			Algorithms: either(d.Algorithms, config.Algorithms, []string{"RS256"}), Types: either(mediaTypes(d.Types), types),
			RequiredClaims: append(append([]string{}, config.RequiredClaims...), d.RequiredClaims...),
			ScopeClaims:    either(named(d.ScopeClaim), named(config.ScopeClaim), usualScopes),
			ClientClaims:   either(named(d.ClientClaim), named(config.ClientClaim), usualClients),
		})
	}
	return p, whole
}

// withoutPolicy leaves out of a configuration what a Policy says.
func withoutPolicy(c verifier.Config) verifier.Config {
	c.Domain, c.Domains, c.Audiences, c.Algorithms = "", nil, nil, nil
	c.RequiredClaims, c.ScopeClaim, c.ClientClaim = nil, "", ""
	c.Leeway, c.MaxTokenAge, c.RequireProfile = 0, 0, false
	c.InsecureAllowIDTokens, c.AllowMissingKeyID, c.Organization = false, false, ""
	c.MTLS = 0
	d := &c.DPoP
	d.Mode, d.Algorithms, d.MaxAge, d.Leeway, d.Nonce, d.InsecureAcceptBoundTokensAsBearer = 0, nil, 0, 0, 0, false
	return c
}

// config is what a verifier of the policy is made of, as Holdfast has it.
func (p Policy) config() verifier.Config {
	config := verifier.Config{
		Leeway: duration(p.Leeway), MaxTokenAge: duration(p.MaxAge), RequireProfile: p.Profile,
		InsecureAllowIDTokens: p.IDTokens, AllowMissingKeyID: p.MissingKeyID, Organization: p.Organization,
		MTLS: verifier.MTLSMode(indexOf(mtlsModes, p.MTLS)),
		DPoP: verifier.DPoP{
			Mode: verifier.DPoPMode(indexOf(dpopModes, p.DPoP.Mode)), Algorithms: p.DPoP.Algorithms,
			MaxAge: duration(p.DPoP.MaxAge), Leeway: duration(p.DPoP.Leeway),
			Nonce:                             verifier.NonceMode(indexOf(nonceModes, p.DPoP.Nonce)),
			InsecureAcceptBoundTokensAsBearer: p.DPoP.BoundAsBearer,
		},
	}
	if p.DPoP.Leeway == 0 {
		config.DPoP.Leeway = -1
	}
	for _, i := range p.Issuers {
		domain := ports.Domain{
			Issuer: i.Issuer, Exact: true, Audiences: i.Audiences, Algorithms: i.Algorithms, RequiredClaims: i.RequiredClaims,
		}
		// What is usual can't all be written in a configuration.
		if !slices.Equal(i.Types, usualTypes) && !p.Profile {
			domain.Types = i.Types
		}
		if !slices.Equal(i.ScopeClaims, usualScopes) {
			domain.ScopeClaim = i.ScopeClaims[0]
		}
		if !slices.Equal(i.ClientClaims, usualClients) {
			domain.ClientClaim = i.ClientClaims[0]
		}
		config.Domains = append(config.Domains, domain)
	}
	return config
}

// either returns the first list that has something.
func either(lists ...[]string) []string {
	for _, list := range lists {
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

func named(claim string) []string {
	if claim == "" {
		return nil
	}
	return []string{claim}
}

func mediaTypes(types []string) []string {
	var written []string
	for _, one := range types {
		written = append(written, strings.TrimPrefix(strings.ToLower(one), "application/"))
	}
	return written
}

func seconds(d time.Duration) int64  { return int64(d / time.Second) }
func duration(s int64) time.Duration { return time.Duration(s) * time.Second }

// indexOf returns where a word is, or past the end, which New refuses.
func indexOf(words []string, word string) int {
	if i := slices.Index(words, word); i >= 0 {
		return i
	}
	return len(words)
}
