package verifier

import (
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/shared"
)

// New returns a verifier by config. It needs no issuer to be up: keys are fetched when they are first needed, or by
// [Verifier.Warm].
//
// Its error, of class [Misconfigured], tells all that is wrong at once, each fault as a [*FieldError] that errors.As
// finds.
func New(config Config) (*Verifier, error) {
	c := newChecker(config)
	schemes := schemesOf(c.DPoP.Mode)
	v := &Verifier{issuers: newIssuers(c), claims: newClaims(c)}
	v.form = newForm(c, &v.issuers)
	v.credentials = credentials{schemes: schemes, maxBytes: v.form.MaxBytes}
	v.confirmation = newConfirmation(c)
	v.responder = newResponder(c, schemes, v.confirmation.algorithms())
	v.origin = &origin{v.responder, c.Clock, v.claims.leeway, v.claims.maxTokenAge}
	v.remembered = newTokenMemory(c.Int("MaxRememberedTokens"), c.Int("MaxRememberedBytes"))
	v.keys = newKeys(c, v.issuers.fixed)
	v.observer = newDecisionObserver(c)
	v.shared = shared.Verifier{
		Domain: theDomain(c, v.issuers.fixed), Keys: v.keys.Ring, Source: v.issuers.source, Clock: c.Clock, Signatures: v.keys.Signatures, Logger: c.Logger, LoopbackHTTP: c.InsecureAllowLoopbackHTTP,
	}
	if c.Resource != "" {
		v.serve(Resource{Identifier: c.Resource}, func(_ string, err error) { c.Fault("Resource", err) })
	}
	if err := c.Err(); err != nil {
		return nil, configInvalid.because(err)
	}
	return v, nil
}

// schemesOf returns the schemes that a mode offers.
func schemesOf(mode DPoPMode) []Scheme {
	switch mode {
	case DPoPRequired:
		return []Scheme{DPoPScheme}
	case DPoPDisabled:
		return []Scheme{Bearer}
	}
	return []Scheme{Bearer, DPoPScheme}
}

// theDomain returns the identifier of the one issuer that Domain names, empty if there is none.
func theDomain(c *checker, allowed policies) string {
	if c.Domain == "" {
		return ""
	}
	identifier, err := issuerurl.Identifier(ports.Domain{Issuer: c.Domain, Exact: c.ExactDomain}, c.InsecureAllowLoopbackHTTP)
	if err != nil && (c.Domains != nil || c.Resolver != nil) {
		c.Fault("Domain", err) // otherwise it is one of the issuers, and told there
	}
	if p := allowed.byIssuer[identifier]; p != nil && p.trustDomain != "" {
		c.Fault("Domain", errTrustDomainToo)
	}
	return identifier
}
