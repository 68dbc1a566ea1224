package catalogue

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	. "github.com/holdfast-go/holdfast/conformance/player"

	"github.com/holdfast-go/holdfast/verifier"
)

// resourceCases are about what an API tells of itself, and about several APIs of one process.
func resourceCases() []Case {
	const orders, users = "https://api.example/orders", "https://api.example/users?tenant=1"
	const told = `resource_metadata="https://api.example/.well-known/oauth-protected-resource`
	cases := []Case{
		metadataCase("META-01.path", "the metadata is in front of the path of the resource", orders, func(m verifier.ResourceMetadata) bool {
			return m.Address() == "https://api.example/.well-known/oauth-protected-resource/orders"
		}),
		metadataCase("META-01.query", "the metadata is in front of the query of the resource", users, func(m verifier.ResourceMetadata) bool {
			return m.Address() == "https://api.example/.well-known/oauth-protected-resource/users?tenant=1"
		}),
		metadataCase("META-02.members", "the metadata says what the verifier does", orders, func(m verifier.ResourceMetadata) bool {
			return m.Resource == orders && len(m.AuthorizationServers) > 0 && slices.Equal(m.BearerMethodsSupported, []string{"header"}) &&
				len(m.DPoPSigningAlgValuesSupported) > 0 && !m.DPoPBoundAccessTokensRequired
		}),
		InsideCase("META-04.signed", Holds, "signed metadata is what another library verifies", Step{Do: signedMetadata}),

		forResourceCase("META-05.own", "", "a token for the resource", orders, orders, told+`/orders"`),
		forResourceCase("META-05.of-several", "", "a token for two resources", orders, []string{users, orders}, told+`/orders"`),
		forResourceCase("META-05.another", verifier.CodeAudience, "a token for another resource of the process", orders, users, told+`/orders"`),
		forResourceCase("META-03.of-the-resource", verifier.CodeAudience, "the challenge of a resource with a query", users, orders, told+`/users?tenant=1"`),
	}
	for _, c := range []struct {
		id, reason, field string
		edit              func(*verifier.Resource)
	}{
		{"http", "an identifier over http", "Identifier", func(r *verifier.Resource) { r.Identifier = "http://api.example" }},
		{"fragment", "an identifier with a fragment", "Identifier", func(r *verifier.Resource) { r.Identifier += "#a" }},
		{"audience", "an audience that the verifier does not accept", "Audiences[0]", func(r *verifier.Resource) { r.Audiences = []string{"other"} }},
		{"none", "the algorithm none", "SigningAlgorithms[0]", func(r *verifier.Resource) { r.SigningAlgorithms = []string{"none"} }},
		{"keys", "keys over http", "JWKSURI", func(r *verifier.Resource) { r.JWKSURI = "http://api.example/keys" }},
		{"tag", "a language tag that is malformed", `Name["d1"]`, func(r *verifier.Resource) { r.Name = verifier.Localized{"": "a", "d1": "b"} }},
		{"untagged", "no name without a language tag", "Name", func(r *verifier.Resource) { r.Name = verifier.Localized{"de": "b"} }},
		{"issuers", "other issuers than are configured", "AuthorizationServers", func(r *verifier.Resource) { r.AuthorizationServers = []string{"https://other.example"} }},
	} {
		cases = append(cases, InsideCase("META-06."+c.id, Holds, c.reason, Step{Do: func(run *Run) {
			resource := verifier.Resource{Identifier: orders, Audiences: []string{run.Audience}}
			c.edit(&resource)
			_, err := run.Process.Verifier.For(resource)
			if fault, found := errors.AsType[*verifier.FieldError](err); !found || fault.Field != c.field {
				run.Errorf("the error is %v, want one of %s", err, c.field)
			}
		}}))
	}
	return cases
}

// serve returns the verifier of a resource.
func serve(run *Run, resource verifier.Resource) *verifier.Verifier {
	v, err := run.Process.Verifier.For(resource)
	run.Must(err)
	return v
}

// metadataCase is a case of what a resource says of itself.
func metadataCase(id, reason, identifier string, holds func(verifier.ResourceMetadata) bool) Case {
	return InsideCase(id, Holds, reason, Step{Do: func(run *Run) {
		v := serve(run, verifier.Resource{Identifier: identifier, Audiences: []string{run.Audience}})
		if metadata, described := v.ResourceMetadata(); !described || !holds(metadata) {
			run.Errorf("the metadata is %+v, at %s", metadata, metadata.Address())
		}
	}})
}

// forResourceCase sends a token to one of several resources. Where it is refused, the challenge has a part.
func forResourceCase(id string, want verifier.Code, reason, identifier string, audiences any, challenge string) Case {
	return InsideCase(id, Holds, reason, Step{Do: func(run *Run) {
		_, err := serve(run, verifier.Resource{Identifier: identifier}).VerifyRequest(run.Context(), verifier.Request{
			Method: "GET", URL: identifier,
			Header: map[string][]string{"Authorization": {"Bearer " + run.Sign(Token{Claims: Fields{"aud": audiences}, Unbound: true})}},
		})
		if want == "" && err != nil || want != "" && !errors.Is(err, want) {
			run.Errorf("%v, want %q", err, want)
		}
		refusal, refused := errors.AsType[*verifier.Error](err)
		if refused && !strings.HasSuffix(refusal.Header["Www-Authenticate"][0], challenge) {
			run.Errorf("the challenges are %q, want them to end in %s", refusal.Header["Www-Authenticate"], challenge)
		}
	}}).Configured(func(_ *Environment, c *verifier.Config) {
		c.Audiences = append(slices.Clone(c.Audiences), "https://api.example/orders", "https://api.example/users?tenant=1")
	})
}

func signedMetadata(run *Run) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	run.Must(err)
	v := serve(run, verifier.Resource{
		Identifier: "https://api.example/orders", Audiences: []string{run.Audience},
		Signature: &verifier.MetadataSignature{Issuer: "https://trust.example", Key: verifier.SigningKey{Signer: private}},
	})
	metadata, _ := v.ResourceMetadata()
	signed, err := jose.ParseSignedCompact(metadata.SignedMetadata, []jose.SignatureAlgorithm{jose.ES256})
	run.Must(err)
	payload, err := signed.Verify(&private.PublicKey)
	run.Must(err)
	var claims map[string]any
	run.Must(json.Unmarshal(payload, &claims))
	if _, itself := claims["signed_metadata"]; itself || claims["iss"] != "https://trust.example" || claims["resource"] != "https://api.example/orders" {
		run.Errorf("the signed claims are %v", claims)
	}
}
