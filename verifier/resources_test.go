package verifier_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const (
	ordersAPI = "https://api.example/orders"
	usersAPI  = "https://api.example/users?tenant=1"
)

// described is a resource of which all is said that can be.
func described() verifier.Resource {
	return verifier.Resource{
		Identifier: ordersAPI, Audiences: []string{audience}, Scopes: []string{"read", "write"}, AuthorizationDetailsTypes: []string{"payment"},
		Name:              verifier.Localized{"": "Orders", "de": "Bestellungen", "pt-BR": `"Pedidos"`},
		Documentation:     verifier.Localized{"": "http://docs.example/#orders"},
		PolicyURI:         verifier.Localized{"": "https://api.example/policy"},
		TermsOfServiceURI: verifier.Localized{"": "https://api.example/terms", "de": "https://api.example/agb"},
		JWKSURI:           "https://api.example/keys", SigningAlgorithms: []string{"ES256"},
	}
}

// serving returns a verifier of one resource, of an environment that has its audience and others.
func serving(t *testing.T, env *environment, r verifier.Resource) *verifier.Verifier {
	t.Helper()
	v, err := env.For(r)
	wantCode(t, err, "")
	return v
}

// TestResource writes all members of RFC 9728 section 2.
func TestResource(t *testing.T) {
	env := newEnvironment(t, nil)
	resource := described()
	v := serving(t, env, resource)
	resource.Scopes[0], resource.Name["de"] = "changed", "changed" // it was copied
	metadata, _ := v.ResourceMetadata()
	metadata.ScopesSupported[1], metadata.ResourceName[""] = "changed", "changed"
	metadata, ok := v.ResourceMetadata()
	written, err := json.Marshal(metadata)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	const want = `{"resource":"https://api.example/orders","authorization_servers":["https://issuer.example/"],"jwks_uri":"https://api.example/keys",` +
		`"scopes_supported":["read","write"],"bearer_methods_supported":["header"],"resource_signing_alg_values_supported":["ES256"],` +
		`"authorization_details_types_supported":["payment"],"dpop_signing_alg_values_supported":["ES256"],` +
		`"resource_name":"Orders","resource_name#de":"Bestellungen","resource_name#pt-BR":"\"Pedidos\"",` +
		`"resource_documentation":"http://docs.example/#orders","resource_policy_uri":"https://api.example/policy",` +
		`"resource_tos_uri":"https://api.example/terms","resource_tos_uri#de":"https://api.example/agb"}`
	if diff := cmp.Diff(want, string(written)); diff != "" {
		t.Errorf("META-02, META-06 (-want +got):\n%s", diff)
	}
	if _, ok := env.ResourceMetadata(); ok {
		t.Error("the verifier that For was called on has a resource")
	}
}

// TestResourceRefused: META-06: what can't be right is refused when the resource is described.
func TestResourceRefused(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(edit func(*verifier.MetadataSignature)) func(*verifier.Resource) {
		return func(r *verifier.Resource) {
			r.Signature = &verifier.MetadataSignature{Issuer: "https://trust.example", Key: verifier.SigningKey{Signer: private}}
			edit(r.Signature)
		}
	}
	env := newEnvironment(t, nil)
	for _, c := range []struct {
		name string
		edit func(*verifier.Resource)
		want []string
	}{
		{"nothing wrong", func(*verifier.Resource) {}, nil},
		{"the identifier is the audience", func(r *verifier.Resource) { r.Identifier, r.Audiences = audience, nil }, nil},
		{"the identifier is not an audience", func(r *verifier.Resource) { r.Audiences = nil }, []string{"Audiences"}},
		{"an audience that is not accepted", func(r *verifier.Resource) { r.Audiences = []string{audience, audience + "/"} }, []string{"Audiences[1]"}},
		{"no identifier", func(r *verifier.Resource) { r.Identifier = "" }, []string{"Identifier"}},
		{"an identifier over http", func(r *verifier.Resource) { r.Identifier = "http://api.example" }, []string{"Identifier"}},
		{"an identifier with a fragment", func(r *verifier.Resource) { r.Identifier = "https://api.example/#a" }, []string{"Identifier"}},
		{"an identifier with a dot segment", func(r *verifier.Resource) { r.Identifier = "https://api.example/./a" }, []string{"Identifier"}},
		{"an identifier with dots", func(r *verifier.Resource) { r.Identifier = "https://api.example/..a/.well" }, nil},
		{"scopes", func(r *verifier.Resource) { r.Scopes = []string{"a", "a b", ""} }, []string{"Scopes[1]", "Scopes[2]"}},
		{"a blank type", func(r *verifier.Resource) { r.AuthorizationDetailsTypes = []string{" "} }, []string{"AuthorizationDetailsTypes[0]"}},
		{"issuers that are known", func(r *verifier.Resource) { r.AuthorizationServers = []string{"https://other.example"} }, []string{"AuthorizationServers"}},
		{"no text for everybody", func(r *verifier.Resource) { delete(r.Name, "") }, []string{"Name"}},
		{"a blank name", func(r *verifier.Resource) { r.Name["de"] = "" }, []string{`Name["de"]`}},
		{"a name that is not UTF-8", func(r *verifier.Resource) { r.Name[""] = "\xff" }, []string{`Name[""]`}},
		{"tags that differ by case", func(r *verifier.Resource) { r.Name["PT-br"] = "Pedidos" }, []string{`Name["pt-BR"]`}},
		{"tags that are none", func(r *verifier.Resource) {
			r.TermsOfServiceURI["d1"], r.TermsOfServiceURI["de-"], r.TermsOfServiceURI["de_AT"], r.TermsOfServiceURI["de#"] = "", "", "", ""
		}, []string{`TermsOfServiceURI["d1"]`, `TermsOfServiceURI["de#"]`, `TermsOfServiceURI["de-"]`, `TermsOfServiceURI["de_AT"]`}},
		{"tags of the longest parts", func(r *verifier.Resource) { r.Name["abcdefgh-12345678"] = "a" }, nil},
		{"tags of longer parts", func(r *verifier.Resource) { r.Name["abcdefghi"], r.Name["de-123456789"] = "a", "b" }, []string{`Name["abcdefghi"]`, `Name["de-123456789"]`}},
		{"pages that are not URLs", func(r *verifier.Resource) {
			r.Documentation[""], r.PolicyURI[""], r.TermsOfServiceURI["de"] = "/docs", "javascript:alert(1)", "https://u:p@api.example/"
		}, []string{`Documentation[""]`, `PolicyURI[""]`, `TermsOfServiceURI["de"]`}},
		{"a page with a space", func(r *verifier.Resource) { r.Documentation[""] = "https://docs.example/a b" }, []string{`Documentation[""]`}},
		{"keys over http", func(r *verifier.Resource) { r.JWKSURI = "http://api.example/keys" }, []string{"JWKSURI"}},
		{"algorithms that don't sign", func(r *verifier.Resource) { r.SigningAlgorithms = []string{"none", "None", "", "RS 256", "HS256"} },
			[]string{"SigningAlgorithms[0]", "SigningAlgorithms[1]", "SigningAlgorithms[2]", "SigningAlgorithms[3]"}},
		{"a signature", signed(func(*verifier.MetadataSignature) {}), nil},
		{"a signature of no one", signed(func(s *verifier.MetadataSignature) { s.Issuer = " " }), []string{"Signature.Issuer"}},
		{"a signature without a key", signed(func(s *verifier.MetadataSignature) { s.Key.Signer = (*ecdsa.PrivateKey)(nil) }), []string{"Signature.Key.Signer"}},
		{"a signature by another algorithm", signed(func(s *verifier.MetadataSignature) { s.Key.Algorithm = "RS256" }), []string{"Signature.Key"}},
		{"a key that fails", signed(func(s *verifier.MetadataSignature) { s.Key.Signer = failingSigner{private} }), []string{"Signature.Key"}},
		{"several faults", func(r *verifier.Resource) { r.Identifier, r.JWKSURI, r.Audiences = "", "x", []string{"x"} },
			[]string{"Identifier", "JWKSURI", "Audiences[0]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			resource := described()
			c.edit(&resource)
			v, err := env.For(resource)
			if diff := cmp.Diff(c.want, faultyFields(err)); diff != "" || (v == nil) != (c.want != nil) {
				t.Errorf("META-06: fields (-want +got):\n%s\n%v", diff, err)
			}
			if err != nil {
				wantCode(t, err, verifier.CodeConfig)
			}
		})
	}
}

// failingSigner is a key in a key management system that is away.
type failingSigner struct{ *ecdsa.PrivateKey }

func (failingSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("the key management system is away")
}

// TestResourceOfAResolver: META-02: only where the issuers are not known may they be told.
func TestResourceOfAResolver(t *testing.T) {
	env := newEnvironment(t, func(c *verifier.Config) { c.Domain, c.Resolver = "", resolved() })
	resource := described()
	resource.AuthorizationServers = []string{"https://b.example/", "https://a.example"}
	metadata, _ := serving(t, env, resource).ResourceMetadata()
	if diff := cmp.Diff([]string{"https://a.example", "https://b.example/"}, metadata.AuthorizationServers); diff != "" {
		t.Errorf("META-02 (-want +got):\n%s", diff)
	}
	resource.AuthorizationServers = []string{"http://a.example", "https://a.example?b", "https://a.example"}
	_, err := env.For(resource)
	if diff := cmp.Diff([]string{"AuthorizationServers[0]", "AuthorizationServers[1]"}, faultyFields(err)); diff != "" {
		t.Errorf("META-06 (-want +got):\n%s", diff)
	}
}

// TestSignedMetadata verifies the signature by another library.
func TestSignedMetadata(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	env := newEnvironment(t, nil)
	resource := described()
	resource.Signature = &verifier.MetadataSignature{Issuer: "https://trust.example", Key: verifier.SigningKey{Signer: private, KeyID: "trust-1"}}
	metadata, _ := serving(t, env, resource).ResourceMetadata()
	signed, err := jose.ParseSignedCompact(metadata.SignedMetadata, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if id := signed.Signatures[0].Header.KeyID; id != "trust-1" {
		t.Errorf("META-04: kid is %q", id)
	}
	payload, err := signed.Verify(&private.PublicKey)
	if err != nil {
		t.Fatalf("META-04: %v", err)
	}
	var claims, plain map[string]any
	written, err := json.Marshal(metadata)
	if err := errors.Join(err, json.Unmarshal(payload, &claims), json.Unmarshal(written, &plain)); err != nil {
		t.Fatal(err)
	}
	delete(plain, "signed_metadata")
	plain["iss"], plain["iat"] = "https://trust.example", float64(noon.Unix())
	if diff := cmp.Diff(plain, claims); diff != "" {
		t.Errorf("META-04: plain and signed members (-plain +signed):\n%s", diff)
	}
}

// TestResources has two resources on one keyring: META-03, META-05.
func TestResources(t *testing.T) {
	env := newEnvironment(t, func(c *verifier.Config) { c.Audiences = []string{ordersAPI, usersAPI, audience} })
	orders := serving(t, env, verifier.Resource{Identifier: ordersAPI})
	users := serving(t, env, verifier.Resource{Identifier: usersAPI, Audiences: []string{"https://api.example", usersAPI}})
	const other = `error="invalid_token", error_description="The access token is for another audience"`
	address := map[*verifier.Verifier]string{
		orders: `resource_metadata="https://api.example/.well-known/oauth-protected-resource/orders"`,
		users:  `resource_metadata="https://api.example/.well-known/oauth-protected-resource/users?tenant=1"`,
	}
	for _, c := range []struct {
		name string
		at   *verifier.Verifier
		aud  any
		want verifier.Code
	}{
		{"META-05 its own", orders, ordersAPI, ""},
		{"META-05 of several, its own", orders, []string{usersAPI, ordersAPI}, ""},
		{"META-05 the other's", orders, usersAPI, verifier.CodeAudience},
		{"META-05 one that only the other accepts", orders, audience, verifier.CodeAudience},
		{"META-05 the first of its two", users, audience, ""},
		{"META-05 the second of its two", users, usersAPI, ""},
		{"META-05 the other's here", users, ordersAPI, verifier.CodeAudience},
	} {
		t.Run(c.name, func(t *testing.T) {
			minted := token(t, env.issuer, verifiertest.Claims{"aud": c.aud})
			for range 3 { // the third is of a token that is remembered
				verified, err := c.at.VerifyRequest(t.Context(), get("Bearer "+minted))
				wantCode(t, err, c.want)
				if _, err := c.at.VerifyAccessToken(t.Context(), minted); c.want != "" || err != nil {
					wantCode(t, err, c.want)
				}
				if c.want != "" {
					wantRule(t, err, c.name, "")
					if challenge := refusal(t, err).Header["Www-Authenticate"][0]; challenge != "Bearer "+other+", "+address[c.at] {
						t.Errorf("META-03: the challenge is %s", challenge)
					}
					continue
				}
				refused := refusal(t, verified.RequireScopes("none"))
				if challenge := refused.Header["Www-Authenticate"][0]; !strings.HasSuffix(challenge, address[c.at]) {
					t.Errorf("META-03: the challenge of what a handler needs is %s", challenge)
				}
			}
		})
	}
	for at, want := range address {
		for _, err := range []error{at.Malformed("", ""), at.Misdirected("", "")} {
			if challenge := refusal(t, err).Header["Www-Authenticate"][0]; !strings.HasSuffix(challenge, want) {
				t.Errorf("META-03: the challenge of a bad request is %s", challenge)
			}
		}
	}
	// The verifier itself is as it was configured: it takes the tokens of all of them, and names no metadata.
	_, err := env.VerifyRequest(t.Context(), verifier.Request{})
	if diff := cmp.Diff([]string{`Bearer realm="api"`, `DPoP algs="ES256"`}, refusal(t, err).Header["Www-Authenticate"]); diff != "" {
		t.Errorf("META-03: challenges of the verifier that For was called on (-want +got):\n%s", diff)
	}
	_, err = env.VerifyRequest(t.Context(), get("Bearer "+token(t, env.issuer, verifiertest.Claims{"aud": usersAPI})))
	wantCode(t, err, "")
}

// TestResourcesRememberedElsewhere: META-03: a token that one resource's verifier remembered is refused by another as that one answers.
func TestResourcesRememberedElsewhere(t *testing.T) {
	env := newEnvironment(t, func(c *verifier.Config) { c.Audiences = []string{ordersAPI, usersAPI} })
	orders := serving(t, env, verifier.Resource{Identifier: ordersAPI})
	users := serving(t, env, verifier.Resource{Identifier: usersAPI})
	minted := token(t, env.issuer, verifiertest.Claims{"aud": []string{ordersAPI, usersAPI}})
	for range 3 {
		_, err := orders.VerifyRequest(t.Context(), get("Bearer "+minted))
		wantCode(t, err, "")
	}
	const address = `resource_metadata="https://api.example/.well-known/oauth-protected-resource/users?tenant=1"`
	request := get("Bearer " + minted)
	verified, err := users.VerifyRequest(t.Context(), request)
	wantCode(t, err, "")
	request.Route = verifier.Route{Scopes: []string{"none"}}
	_, ofRoute := users.VerifyRequest(t.Context(), request)
	for by, err := range map[string]error{"a route": ofRoute, "a handler": verified.RequireScopes("none")} {
		wantCode(t, err, verifier.CodeScope)
		if challenge := refusal(t, err).Header["Www-Authenticate"][0]; !strings.HasSuffix(challenge, address) {
			t.Errorf("META-03: the challenge of what %s needs is %s", by, challenge)
		}
	}
}

// TestResourceOfADomain: META-05: each issuer's own audiences hold as well.
func TestResourceOfADomain(t *testing.T) {
	env := newEnvironment(t, func(c *verifier.Config) {
		c.Domain, c.Domains = "", []ports.Domain{{Issuer: issuerURL}, {Issuer: "https://other.example/", Audiences: []string{ordersAPI}}}
	})
	orders := serving(t, env, verifier.Resource{Identifier: ordersAPI})
	_, err := orders.VerifyRequest(t.Context(), get("Bearer "+token(t, env.issuer, verifiertest.Claims{"aud": ordersAPI})))
	wantCode(t, err, verifier.CodeAudience)
	wantRule(t, err, "CLAIM-AUD-02", "")
}

// TestCheckRouteOfAResource: META-06: what routes need of authorization details, clients can learn.
func TestCheckRouteOfAResource(t *testing.T) {
	env := newEnvironment(t, nil)
	route := verifier.Route{AuthorizationDetails: []verifier.AuthorizationDetail{{Type: "payment"}, {Type: "account"}}}
	resource := described()
	v := serving(t, env, resource)
	if diff := cmp.Diff([]string{"AuthorizationDetails[1].Type"}, faultyFields(v.CheckRoute(route))); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	resource.AuthorizationDetailsTypes = nil
	if err := serving(t, env, resource).CheckRoute(route); err != nil {
		t.Errorf("where no types are told: %v", err)
	}
}
