package player

import (
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// Control returns a case that any API must accept: a good token, and a good proof where one is needed. What rejects that
// too has shown nothing by its rejections.
func Control() Case {
	return TokenCase("CRED-01.one", Accepted, "one Authorization field with a good token", Token{})
}

// Control returns a case that a target with the settings of c must accept.
func (c Case) Control() Case {
	control := Control()
	control.steps = []Step{{Want: Accepted, Send: func(run *Run) Request {
		config := run.Environment.Config(run.Mode)
		c.Configure(run.Environment, &config)
		return c.fitting(run, config)
	}}}
	return control
}

// fitting makes a request that a target of the configuration must accept.
func (c Case) fitting(run *Run, config verifier.Config) Request {
	t := Token{Claims: Fields{}, Header: Fields{}, Unbound: run.Mode != Required}
	switch {
	case len(config.Audiences) == 0: // a client and a value mark the token in its place
		t.Claims["aud"] = Absent
	case config.Audiences[0] != Audience:
		t.Claims["aud"] = config.Audiences[0]
	}
	if len(config.Algorithms) > 0 && config.Algorithms[0] != "RS256" {
		t.Key = config.Algorithms[0]
		Publish(t.Key, SigningKey)(run)
	}
	if len(config.Domains) > 0 {
		fitDomain(run, &t, config.Domains[0])
	}
	fitDemands(&t, config.RequiredClaims, config.RequiredValues)
	switch {
	case strings.HasPrefix(config.Organization, "org_"):
		t.Claims["org_id"] = config.Organization
	case config.Organization != "":
		t.Claims["org_name"] = strings.ToLower(config.Organization)
	}
	certificate := []byte(nil)
	if config.MTLS == verifier.MTLSRequired {
		certificate = run.Certificate(ClientKey)
		t.Claims["cnf"] = Fields{"x5t#S256": CertificateHash(certificate)}
	}
	proved := run.Mode == Required || len(config.DPoP.Algorithms) > 0
	p := Proof{}
	if len(config.DPoP.Algorithms) > 0 {
		p.Key = config.DPoP.Algorithms[0]
		t.Claims["cnf"] = Fields{"jkt": run.Thumbprint(p.Key)}
	}
	if c.front.PublicURL != "" {
		p.Claims = Fields{"htu": c.front.PublicURL + "/resource"}
	}
	signed := run.Sign(t)
	r := Bearer(signed)
	if proved {
		r = run.Proved(signed, p)
	}
	r.Certificate = certificate
	return r
}

// fitDomain has the token be of the issuer, as far as that is one of the environment.
func fitDomain(run *Run, t *Token, d ports.Domain) {
	t.Claims["iss"] = d.Issuer
	if d.Issuer == run.Environment.Other.URL || strings.HasPrefix(d.Keys.JWKSURL, run.Environment.Other.URL) {
		t.Key = OtherKey
	}
	if len(d.Audiences) > 0 {
		t.Claims["aud"] = d.Audiences[0]
	}
	if len(d.Algorithms) > 0 && d.Algorithms[0] != "RS256" {
		t.Key = d.Algorithms[0]
		Publish(t.Key, SigningKey)(run)
	}
	if len(d.Types) > 0 {
		t.Header["typ"] = d.Types[0]
	}
	if len(d.Clients) > 0 {
		t.Claims["client_id"] = d.Clients[0]
	}
	fitDemands(t, d.RequiredClaims, d.RequiredValues)
}

// fitDemands adds the claims that are demanded.
func fitDemands(t *Token, claims []string, values []ports.RequiredValue) {
	for _, claim := range claims {
		if claim != "sub" { // which a good token has
			t.Claims[claim] = true
		}
	}
	for _, v := range values {
		var value any = append(slices.Clone(v.Contains), v.ContainsAny...)
		if len(v.OneOf) > 0 {
			value = v.OneOf[0]
		}
		names := strings.Split(strings.TrimPrefix(v.Claim, "/"), "/")
		for i := len(names) - 1; i > 0; i-- {
			value = Fields{names[i]: value}
		}
		t.Claims[names[0]] = value
	}
}
