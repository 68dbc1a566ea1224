package verifier

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
	"github.com/holdfast-go/holdfast/verifier/internal/quote"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// A policy is what the tokens of one issuer must be. It is looked up once the issuer is known, and does not change. A token
// is remembered together with the policy that it was verified by, and is worth nothing under another.
type policy struct {
	issuer    string // its identifier
	source    keyring.Source
	audiences []string
	form      jwt.Form // its algorithms and types

	scopes   []jwt.Path // where scopes may be; the first that is there decides
	clients  []jwt.Path // what may name the client; they must not differ
	required requirement

	clientIDs []string // none where any client will do

	trustDomain string // of SPIFFE, that subjects must be of; empty where they are none
}

// Where scopes and clients are unless it is configured: RFC 9068 sections 2.2 and 2.2.3, then what issuers in the field
// write. Only what the issuer signed is read, and the first claim decides even if it can't be read: so no claim that
// somebody else can add to a token stands in for one that is there.
var (
	usualScopes  = paths("scope", "scp")
	usualClients = paths("client_id", "azp", "cid", "appid")
)

func paths(names ...string) []jwt.Path {
	all := make([]jwt.Path, len(names))
	for i, name := range names {
		all[i], _ = jwt.ParsePath(name)
	}
	return all
}

// What tokens' typ may be. An access token says at+jwt; many issuers still write JWT or nothing.
var (
	usualTypes   = []string{"at+jwt", "jwt", ""}
	profileTypes = []string{"at+jwt"}
	svidTypes    = []string{"jwt", "jose", ""} // JWT-SVID section 2.3
	// foreignTypes are those of JWTs that are something else (RFC 8725 section 3.11).
	foreignTypes = []string{
		"dpop+jwt", "logout+jwt", "secevent+jwt", "token-introspection+jwt", "oauth-authz-req+jwt", "client-authentication+jwt",
	}
)

var (
	errForeignType  = errors.New("is the type of JWTs that are not access tokens")
	errUnbound      = errors.New("is required; an issuer whose tokens have no aud is bound by Clients and RequiredValues of its entry in Domains")
	errAudiencesToo = errors.New("can't be combined with Audiences; remove one of them")
	errUnused       = &FieldError{"NoAccessTokens", errors.New("is set, so no access token is verified; remove it and name Audiences")}
	errUntold       = errors.New("is required of an issuer without Audiences: name a claim that marks access tokens, such as token_use with OneOf access")
	errProfile      = errors.New("can't be combined with RequireProfile, which accepts only at+jwt; remove one of them")
)

// A policyReader makes policies of domains.
type policyReader struct {
	defaults     policy // what holds where a domain says nothing
	profile      bool
	loopbackHTTP bool
	sources      sources
	unused       bool // no access tokens are verified
}

func newPolicyReader(c *checker) policyReader {
	r := policyReader{
		profile: c.RequireProfile, loopbackHTTP: c.InsecureAllowLoopbackHTTP, sources: newSources(c), unused: c.NoAccessTokens,
	}
	if r.unused && len(c.Audiences) > 0 {
		c.Fault("NoAccessTokens", errAudiencesToo)
	}
	p := &r.defaults
	p.audiences = c.Texts("Audiences", c.Audiences)
	p.form = jwt.Form{Algorithms: c.AlgorithmNames("Algorithms"), Types: usualTypes, TypeRule: "TYP-02"}
	if r.profile {
		p.form.Types, p.form.TypeRule = profileTypes, "TYP-04"
	}
	p.scopes, p.clients = usualScopes, usualClients
	p.readClaims(ports.Domain{ScopeClaim: c.ScopeClaim, ClientClaim: c.ClientClaim, RequiredClaims: c.RequiredClaims, RequiredValues: c.RequiredValues}, c.Fault)
	return r
}

// read reads a domain.
func (r *policyReader) read(d ports.Domain, fault faultFunc) *policy {
	p := r.defaults
	var err error
	if p.issuer, err = issuerurl.Identifier(d, r.loopbackHTTP); err != nil {
		fault("", err)
		p.source = keyring.Location{}.Source()
	} else {
		p.source = r.sources.read(p.issuer, d.Keys, fault)
	}
	if len(d.Audiences) > 0 {
		p.audiences = slices.Clone(d.Audiences)
		fault.each("Audiences", d.Audiences, settings.NotBlank)
	}
	if p.trustDomain = d.Keys.SPIFFETrustDomain; p.trustDomain != "" {
		p.form.Types = svidTypes
		if r.profile {
			fault("Keys.SPIFFETrustDomain", errProfile)
		}
	}
	p.clientIDs = slices.Clone(d.Clients)
	fault.each("Clients", d.Clients, settings.NotBlank)
	if len(d.Algorithms) > 0 {
		p.form.Algorithms = jwk.Allowed(d.Algorithms)
		fault.each("Algorithms", d.Algorithms, jwk.CheckAlgorithm)
	}
	if len(d.Types) > 0 {
		p.form.Types = mediaTypes(d.Types)
		fault.each("Types", p.form.Types, checkType)
		if r.profile {
			fault("Types", errProfile)
		}
	}
	p.readClaims(d, fault)
	if len(p.audiences) == 0 {
		r.checkBound(&p, d, fault)
	}
	return &p
}

// checkBound refuses an issuer whose tokens nothing binds to this API: a token for another API of the issuer would be as
// good. Where there are no audiences, the clients do, together with a value that tells access tokens from others, which
// the issuer signs with the same key.
func (r *policyReader) checkBound(p *policy, d ports.Domain, fault faultFunc) {
	others := slices.Concat(p.clients, usualClients, paths("iss", "sub"))
	tells := func(written ports.RequiredValue) bool {
		path, err := jwt.ParsePath(written.Claim)
		return err == nil && !slices.ContainsFunc(others, path.Same)
	}
	switch {
	case r.unused:
	case len(d.Clients) == 0 || r.profile:
		fault("Audiences", errUnbound)
	case !slices.ContainsFunc(d.RequiredValues, tells):
		fault("RequiredValues", errUntold)
	}
}

// readClaims reads which claims count. Required claims add to those that are required already.
func (p *policy) readClaims(d ports.Domain, fault faultFunc) {
	if d.ScopeClaim != "" {
		p.scopes = fault.paths("ScopeClaim", d.ScopeClaim)
	}
	if d.ClientClaim != "" {
		p.clients = fault.paths("ClientClaim", d.ClientClaim)
	}
	p.required = p.required.and(d.RequiredClaims, d.RequiredValues, fault)
}

// mediaTypes returns types as a header's typ is compared with them.
func mediaTypes(written []string) []string {
	types := make([]string, len(written))
	for i, one := range written {
		types[i] = strings.TrimPrefix(strings.ToLower(one), "application/")
	}
	return types
}

func checkType(name string) error {
	if slices.Contains(foreignTypes, name) {
		return errForeignType
	}
	return nil
}

// readAudiences reads aud. A token without is for no API in particular: where no audience is configured it must have none,
// or it would be for somebody else (RFC 7519 section 4.1.3).
func (p *policy) readAudiences(r *jwt.Reader) []string {
	if _, found := r.Claims.Lookup("aud"); len(p.audiences) == 0 && !found {
		return nil
	}
	return r.NeedAudiences("CLAIM-AUD-01", "CLAIM-AUD-03")
}

// checkBinding checks that the token is for this API, and from a client that may use it.
func (p *policy) checkBinding(says *Verified) *Error {
	switch {
	case len(p.audiences) == 0 && says.Audiences != nil:
		return audienceMismatch.fail("CLAIM-CLI-03", fmt.Sprintf("aud is %s, and no audience is configured for its issuer", quote.Few(says.Audiences)))
	case len(p.audiences) > 0 && !slices.ContainsFunc(p.audiences, func(allowed string) bool { return slices.Contains(says.Audiences, allowed) }):
		return audienceMismatch.fail("CLAIM-AUD-02", otherAudience(says.Audiences, p.audiences))
	case len(p.clientIDs) > 0 && !slices.Contains(p.clientIDs, says.ClientID):
		return clientMismatch.fail("CLAIM-CLI-02", "the client is none of "+quote.Few(p.clientIDs))
	}
	return nil
}

// otherAudience names the audiences that came, those that are configured, and the likely mistake.
func otherAudience(came, allowed []string) string {
	detail := fmt.Sprintf("aud is %s, not one of %s", quote.Few(came), quote.Few(allowed))
	twin := func(audience string) bool {
		bare, slash := strings.CutSuffix(audience, "/")
		return slash && slices.Contains(allowed, bare) || slices.Contains(allowed, audience+"/")
	}
	if slices.ContainsFunc(came[:min(len(came), quote.Most)], twin) {
		detail += "; they differ by the trailing slash"
	}
	return detail
}

// checkSubject checks that the subject of a JWT-SVID is of the trust domain whose keys signed it, and that no other token is
// without iss.
func (p *policy) checkSubject(r *jwt.Reader, subject string) {
	switch {
	case p.trustDomain == "" && !r.Has("iss"):
		r.Missing("iss", "CLAIM-ISS-01")
	case p.trustDomain != "":
		if of, isID := trustDomainOf(subject); !isID || of != spiffeScheme+p.trustDomain {
			r.Malformed("sub", "CLAIM-SUB-02", fmt.Sprintf("is not a SPIFFE ID of the trust domain %q", p.trustDomain))
		}
	}
}

// readScopes copies the scopes. Ones that can't be read are a fault only where scopes are needed.
func (p *policy) readScopes(payload strictjson.Object, says *Verified) {
	for _, path := range p.scopes {
		value, found := path.In(payload)
		if !found {
			continue
		}
		list, isText := value.Text()
		if isText {
			says.Scopes = strings.FieldsFunc(list, func(r rune) bool { return r == ' ' })
		} else if says.Scopes, isText = value.Strings(); !isText {
			says.token.malformedScopes = path.String()
		}
		return
	}
}

// readClient returns the client, empty if the token names none.
func (p *policy) readClient(r *jwt.Reader) string {
	client, by := "", ""
	for _, path := range p.clients {
		value, found := path.In(r.Claims)
		if !found {
			continue
		}
		name, isText := value.Text()
		switch {
		case !isText:
			r.Malformed(path.String(), "CLAIM-CLI-01", jwt.ErrText.Error())
		case client == "":
			client, by = name, path.String()
		case name != "" && name != client:
			r.Malformed(path.String(), "CLAIM-CLI-01",
				fmt.Sprintf("names another client than %q; if one of them means something else, name the other as ClientClaim", by))
		}
	}
	return client
}
