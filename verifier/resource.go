package verifier

import (
	"net/url"
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
	if v.resource == "" {
		return ResourceMetadata{}, false
	}
	metadata := ResourceMetadata{
		Resource:                              v.resource,
		BearerMethodsSupported:                []string{},
		DPoPSigningAlgValuesSupported:         strings.Fields(v.proofAlgorithms),
		DPoPBoundAccessTokensRequired:         !slices.Contains(v.schemes, Bearer),
		TLSClientCertificateBoundAccessTokens: v.mtls != MTLSOff,
	}
	if slices.Contains(v.schemes, Bearer) {
		metadata.BearerMethodsSupported = []string{"header"}
	}
	for issuer := range v.domains.byIssuer {
		metadata.AuthorizationServers = append(metadata.AuthorizationServers, issuer)
	}
	slices.Sort(metadata.AuthorizationServers)
	return metadata, true
}

// resource checks the resource identifier, and returns it with the address of its metadata: a path of their own in
// front of the identifier's (RFC 9728 section 3).
func (c *checker) resource() (identifier, metadata string) {
	if c.Resource == "" {
		return "", ""
	}
	u, err := issuerurl.CheckURL(c.Resource, c.InsecureAllowLoopbackHTTP)
	if err == nil && strings.Contains(c.Resource, "?") {
		err = issuerurl.ErrQuery
	}
	if err != nil {
		c.fault("Resource", err)
		return "", ""
	}
	path := u.EscapedPath()
	if path == "/" {
		path = ""
	}
	address := url.URL{Scheme: u.Scheme, Host: u.Host}
	return c.Resource, address.String() + "/.well-known/oauth-protected-resource" + path
}
