package verifier

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/internal/signing"
)

// ResourceMetadata describes an API to its clients (RFC 9728 section 2). It is written by encoding/json.
type ResourceMetadata struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers,omitempty"`
	JWKSURI              string   `json:"jwks_uri,omitempty"`
	ScopesSupported      []string `json:"scopes_supported,omitempty"`
	// BearerMethodsSupported has only the header, or nothing where Bearer is not offered.
	BearerMethodsSupported                []string `json:"bearer_methods_supported"`
	ResourceSigningAlgValuesSupported     []string `json:"resource_signing_alg_values_supported,omitempty"`
	AuthorizationDetailsTypesSupported    []string `json:"authorization_details_types_supported,omitempty"`
	DPoPSigningAlgValuesSupported         []string `json:"dpop_signing_alg_values_supported,omitempty"`
	DPoPBoundAccessTokensRequired         bool     `json:"dpop_bound_access_tokens_required,omitempty"`
	TLSClientCertificateBoundAccessTokens bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	// ResourceName and the three after it are members with and without the tag of a language (RFC 9728 section 2.1).
	ResourceName          Localized `json:"-"`
	ResourceDocumentation Localized `json:"-"`
	ResourcePolicyURI     Localized `json:"-"`
	ResourceTOSURI        Localized `json:"-"`
	// SignedMetadata is a JWT with the same members (RFC 9728 section 2.2).
	SignedMetadata string `json:"signed_metadata,omitempty"`
}

// MarshalJSON returns the metadata as a JSON object.
func (m ResourceMetadata) MarshalJSON() ([]byte, error) {
	type plain ResourceMetadata // without this method
	text, err := json.Marshal(plain(m))
	if err != nil {
		return nil, err
	}
	text = text[:len(text)-1]
	for _, member := range []struct {
		name   string
		values Localized
	}{
		{"resource_name", m.ResourceName}, {"resource_documentation", m.ResourceDocumentation},
		{"resource_policy_uri", m.ResourcePolicyURI}, {"resource_tos_uri", m.ResourceTOSURI},
	} {
		for _, tag := range slices.Sorted(maps.Keys(member.values)) {
			name := member.name
			if tag != "" {
				name += "#" + tag
			}
			one, err := json.Marshal(map[string]string{name: member.values[tag]})
			if err != nil {
				return nil, err
			}
			text = append(append(text, ','), one[1:len(one)-1]...)
		}
	}
	return append(text, '}'), nil
}

// Address returns the URL of the metadata: that of the resource, with a well-known path in front of its own (RFC 9728 section
// 3.1).
func (m ResourceMetadata) Address() string { return metadataAddress(m.Resource) }

// metadataAddress returns an empty address for an identifier that can't be read.
func metadataAddress(identifier string) string {
	u, err := url.Parse(identifier)
	if err != nil || identifier == "" {
		return ""
	}
	path := u.EscapedPath()
	if path == "/" {
		path = ""
	}
	address := (&url.URL{Scheme: u.Scheme, Host: u.Host}).String() + "/.well-known/oauth-protected-resource" + path
	if u.RawQuery != "" {
		address += "?" + u.RawQuery
	}
	return address
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
