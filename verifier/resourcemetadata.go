package verifier

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
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
