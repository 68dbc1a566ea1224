package verifier

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/internal/signing"
)

var (
	errNotAccepted  = errors.New("is not an audience that the verifier accepts, so no token is for the resource: add it to Audiences of its Config")
	errNotNamed     = errors.New("is required, since the Identifier is not an audience that the verifier accepts; or add it to Audiences of its Config")
	errServersKnown = errors.New("is set, and the issuers are those of Domain or Domains: leave it empty")
)

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
	given.checkMembers(v.shared.LoopbackHTTP, fault)
	if len(given.AuthorizationServers) > 0 && v.issuers.resolver == nil {
		fault("AuthorizationServers", errServersKnown)
	}
	responder := *v.responder
	responder.resourceMetadata = metadataAddress(r.Identifier)
	own := *v.origin
	own.responder = &responder
	v.resource, v.responder, v.origin = r, &responder, &own
	v.sign(r, fault)
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

// ResourceMetadata returns what clients may know of the resource and of this verifier's configuration, and false if there is
// no resource to describe, by Config.Resource or [Verifier.For]. Where a resolver names the issuers, they are those of
// Resource.AuthorizationServers.
func (v *Verifier) ResourceMetadata() (ResourceMetadata, bool) {
	if v.resource == nil {
		return ResourceMetadata{}, false
	}
	return v.metadata(v.resource), true
}

func (v *Verifier) metadata(r *resource) ResourceMetadata {
	m := ResourceMetadata{
		Resource:                           r.Identifier,
		AuthorizationServers:               slices.Clone(r.AuthorizationServers),
		JWKSURI:                            r.JWKSURI,
		ScopesSupported:                    slices.Clone(r.Scopes),
		BearerMethodsSupported:             []string{},
		ResourceSigningAlgValuesSupported:  slices.Clone(r.SigningAlgorithms),
		AuthorizationDetailsTypesSupported: slices.Clone(r.AuthorizationDetailsTypes),
		ResourceName:                       maps.Clone(r.Name),
		ResourceDocumentation:              maps.Clone(r.Documentation),
		ResourcePolicyURI:                  maps.Clone(r.PolicyURI),
		ResourceTOSURI:                     maps.Clone(r.TermsOfServiceURI),
		SignedMetadata:                     r.signed,

		DPoPSigningAlgValuesSupported:         slices.Clone(v.confirmation.algorithms()),
		DPoPBoundAccessTokensRequired:         !slices.Contains(v.responder.schemes, Bearer),
		TLSClientCertificateBoundAccessTokens: v.confirmation.mtls != MTLSOff,
	}
	if !m.DPoPBoundAccessTokensRequired {
		m.BearerMethodsSupported = []string{"header"}
	}
	for issuer := range v.issuers.fixed.byIssuer {
		if issuerurl.HasMetadata(issuer) { // RFC 9728 section 2: issuer identifiers are URLs
			m.AuthorizationServers = append(m.AuthorizationServers, issuer)
		}
	}
	slices.Sort(m.AuthorizationServers)
	return m
}

var errNoSigner = errors.New("is required; or leave Signature nil")

// sign has the metadata signed, if it is to be.
func (v *Verifier) sign(r *resource, fault faultFunc) {
	if r.Signature == nil {
		return
	}
	if settings.Blank(r.Signature.Issuer) {
		fault("Signature.Issuer", settings.ErrRequired)
	}
	if outbound.IsNil(r.Signature.Key.Signer) {
		fault("Signature.Key.Signer", errNoSigner)
		return
	}
	key, err := signing.New(signing.Key(r.Signature.Key), v.shared.Logger)
	if err != nil {
		fault("Signature.Key", err)
		return
	}
	claims, err := v.metadataClaims(r)
	if err == nil {
		r.signed, err = key.Sign(claims, "", false)
	}
	if err != nil {
		fault("Signature.Key", fmt.Errorf("does not sign: %w", err))
	}
}

// metadataClaims are what is signed: all members, who vouches for them, and when that was.
func (v *Verifier) metadataClaims(r *resource) (json.RawMessage, error) {
	members, err := json.Marshal(v.metadata(r))
	if err != nil {
		return nil, err
	}
	vouched, err := json.Marshal(struct {
		Issuer   string `json:"iss"`
		IssuedAt int64  `json:"iat"`
	}{r.Signature.Issuer, v.shared.Clock.Now().Unix()})
	if err != nil {
		return nil, err
	}
	return json.RawMessage(strings.TrimSuffix(string(vouched), "}") + "," + string(members[1:])), nil
}
