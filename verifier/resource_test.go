package verifier_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

func TestResourceMetadata(t *testing.T) {
	const resource = "https://api.example/orders"
	for _, c := range []struct {
		name   string
		config func(*verifier.Config)
		want   string
	}{
		{
			name: "META-02 as by default",
			want: `{"resource":"https://api.example/orders","authorization_servers":["https://issuer.example/"],"bearer_methods_supported":["header"],"dpop_signing_alg_values_supported":["ES256"]}`,
		},
		{
			name: "META-02 DPoP required",
			config: func(c *verifier.Config) {
				c.DPoP.Mode, c.DPoP.Algorithms = verifier.DPoPRequired, []string{"ES256", "EdDSA"}
			},
			want: `{"resource":"https://api.example/orders","authorization_servers":["https://issuer.example/"],"bearer_methods_supported":[],"dpop_signing_alg_values_supported":["ES256","EdDSA","Ed25519"],"dpop_bound_access_tokens_required":true}`,
		},
		{
			name: "META-02 DPoP disabled, mTLS on, two issuers",
			config: func(c *verifier.Config) {
				c.DPoP.Mode, c.MTLS = verifier.DPoPDisabled, verifier.MTLSOn
				c.Domain, c.Domains = "", []ports.Domain{{Issuer: issuerURL}, {Issuer: "https://a.example/"}}
			},
			want: `{"resource":"https://api.example/orders","authorization_servers":["https://a.example/","https://issuer.example/"],"bearer_methods_supported":["header"],"tls_client_certificate_bound_access_tokens":true}`,
		},
		{
			name:   "META-02 a resolver",
			config: func(c *verifier.Config) { c.Domain, c.Resolver = "", resolved() },
			want:   `{"resource":"https://api.example/orders","bearer_methods_supported":["header"],"dpop_signing_alg_values_supported":["ES256"]}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, func(config *verifier.Config) {
				config.Resource = resource
				if c.config != nil {
					c.config(config)
				}
			})
			metadata, described := env.ResourceMetadata()
			written, err := json.Marshal(metadata)
			if err != nil || !described || string(written) != c.want {
				t.Errorf("ResourceMetadata is\n%s, %v, want\n%s", written, described, c.want)
			}
		})
	}
	if metadata, described := newEnvironment(t, nil).ResourceMetadata(); described {
		t.Errorf("no resource is described as %+v", metadata)
	}
}

func TestResourceMetadataAddress(t *testing.T) {
	for resource, want := range map[string]string{
		"http://localhost:8080/v1":     "http://localhost:8080/.well-known/oauth-protected-resource/v1",
		"https://api.example/a%2Fb":    "https://api.example/.well-known/oauth-protected-resource/a%2Fb",
		"https://api.example":          "https://api.example/.well-known/oauth-protected-resource",
		"https://api.example/":         "https://api.example/.well-known/oauth-protected-resource",
		"https://api.example:8443/v1":  "https://api.example:8443/.well-known/oauth-protected-resource/v1",
		"https://api.example/v1?a=%41": "https://api.example/.well-known/oauth-protected-resource/v1?a=%41",
		"https://api.example/?a":       "https://api.example/.well-known/oauth-protected-resource?a",
		"https://api.example/a/b/":     "https://api.example/.well-known/oauth-protected-resource/a/b/",
	} {
		t.Run("META-01 "+resource, func(t *testing.T) {
			env := newEnvironment(t, func(c *verifier.Config) { c.Resource, c.InsecureAllowLoopbackHTTP = resource, true })
			_, err := env.VerifyRequest(t.Context(), verifier.Request{})
			if metadata, _ := env.ResourceMetadata(); metadata.Resource != resource || metadata.Address() != want {
				t.Errorf("META-01: the address of %s is %s, want %s", metadata.Resource, metadata.Address(), want)
			}
			challenges := refusal(t, err).Header["Www-Authenticate"]
			for _, challenge := range challenges {
				if !strings.Contains(challenge, ` resource_metadata="`+want+`"`) {
					t.Errorf("META-03: the challenge is %s, want it to name %s", challenge, want)
				}
			}
		})
	}
}
