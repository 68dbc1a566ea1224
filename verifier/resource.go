package verifier

import (
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
)

// ResourceMetadata describes an API to its clients (RFC 9728 section 2). It is written by encoding/json.
type ResourceMetadata struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers,omitempty"`
	ScopesSupported      []string `json:"scopes_supported,omitempty"`
	// BearerMethodsSupported has only the header, or nothing where Bearer is not offered.
	BearerMethodsSupported                []string `json:"bearer_methods_supported"`
	DPoPSigningAlgValuesSupported         []string `json:"dpop_signing_alg_values_supported,omitempty"`
	DPoPBoundAccessTokensRequired         bool     `json:"dpop_bound_access_tokens_required,omitempty"`
	TLSClientCertificateBoundAccessTokens bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"`
}

// ResourceMetadata returns what clients may know of this verifier's configuration, and false if there is no
// Config.Resource to describe. Where a resolver names the issuers, none is in it. Add ScopesSupported, which a verifier
// does not know.
func (v *Verifier) ResourceMetadata() (ResourceMetadata, bool) {
	r := v.responder
	if r.resource == "" {
		return ResourceMetadata{}, false
	}
	metadata := ResourceMetadata{
		Resource:                              r.resource,
		BearerMethodsSupported:                []string{},
		DPoPSigningAlgValuesSupported:         strings.Fields(r.proofAlgorithms),
		DPoPBoundAccessTokensRequired:         !slices.Contains(r.schemes, Bearer),
		TLSClientCertificateBoundAccessTokens: v.confirmation.mtls != MTLSOff,
	}
	if slices.Contains(r.schemes, Bearer) {
		metadata.BearerMethodsSupported = []string{"header"}
	}
	for issuer := range v.issuers.fixed.byIssuer {
		if !issuerurl.HasMetadata(issuer) {
			continue // RFC 9728 section 2: issuer identifiers are URLs
		}
		metadata.AuthorizationServers = append(metadata.AuthorizationServers, issuer)
	}
	slices.Sort(metadata.AuthorizationServers)
	return metadata, true
}
