package catalogue

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
)

// servedCases are about the metadata of a protected resource (RFC 9728), which the authorization of MCP demands of every server.
func servedCases() []Case {
	const resource = "https://api.example/v1"
	return []Case{
		servedCase("META-01.served", resource, "/v1", "served at the well-known path, before the resource's own", nil),
		servedCase("META-01.served-root", "https://api.example", "", "served at the well-known path of a resource without path", nil),
		servedCase("META-01.media-type", resource, "/v1", "served as application/json", func(run *Run, a Answer, _ described) {
			if kind := strings.Join(a.Values("Content-Type"), ","); !strings.HasPrefix(kind, "application/json") {
				run.Errorf("Content-Type is %q", kind)
			}
		}).Needing(Guard),
		servedCase("META-01.cors", resource, "/v1", "readable by scripts of any origin", func(run *Run, a Answer, _ described) {
			if origins := a.Values("Access-Control-Allow-Origin"); !slices.Equal(origins, []string{"*"}) {
				run.Errorf("Access-Control-Allow-Origin is %q", origins)
			}
		}).Needing(Guard),
		servedCase("META-02.resource", resource, "/v1", "resource is the identifier, byte for byte", func(run *Run, _ Answer, d described) {
			if d.Resource != resource {
				run.Errorf("resource is %q", d.Resource)
			}
		}),
		servedCase("META-02.issuer", resource, "/v1", "authorization_servers has the issuer", func(run *Run, _ Answer, d described) {
			if !slices.Contains(d.AuthorizationServers, run.Environment.IssuerURL()) {
				run.Errorf("authorization_servers are %q", d.AuthorizationServers)
			}
		}),
		servedCase("META-02.bearer", resource, "/v1", "tokens are taken in the header only", func(run *Run, _ Answer, d described) {
			if !slices.Equal(d.BearerMethods, []string{"header"}) {
				run.Errorf("bearer_methods_supported are %q", d.BearerMethods)
			}
		}),
		servedCase("META-02.dpop", resource, "/v1", "the algorithms of proofs", func(run *Run, _ Answer, d described) {
			if !slices.Contains(d.DPoPAlgorithms, "ES256") {
				run.Errorf("dpop_signing_alg_values_supported are %q", d.DPoPAlgorithms)
			}
		}),
		answerCase("META-03.no-credentials", NoCredentials, "the address of the metadata, without credentials", withoutCredentials, namesMetadata(resource)).
			Configured(resourceOf(resource)).ReportedAs("CRED-01"),
		answerCase("META-03.bad-token", BadToken, "the address of the metadata, of a bad token",
			Carrying(Token{Claims: Fields{"exp": In(-3600), "iat": In(-7200)}}), namesMetadata(resource)).
			In(Allowed, Disabled).Configured(resourceOf(resource)).ReportedAs("CLAIM-EXP-02"),
		answerCase("META-03.scope", NoScope, "the address of the metadata, of a missing scope", Scoped(Token{}), namesMetadata(resource)).
			In(Allowed, Disabled).Configured(resourceOf(resource)).ReportedAs("CLAIM-SCP-02"),
	}
}

// described is what of metadata is looked at.
type described struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"`
	BearerMethods        []string `json:"bearer_methods_supported"`
	DPoPAlgorithms       []string `json:"dpop_signing_alg_values_supported"`
}

// servedCase asks for the metadata of a resource, without a token.
func servedCase(id, resource, path, reason string, check func(*Run, Answer, described)) Case {
	return RequestCase(id, Accepted, reason, func(*Run) Request { return Get().At(MetadataPath + path) }).
		In(Allowed).Configured(resourceOf(resource)).Checked(func(run *Run, a Answer) {
		var d described
		if err := json.Unmarshal(a.Body, &d); err != nil || a.Status != http.StatusOK {
			run.Errorf("the metadata are %d, %v", a.Status, err)
			return
		}
		if check != nil {
			check(run, a, d)
		}
	})
}

func resourceOf(identifier string) Policy {
	return func(_ *Environment, c *verifier.Config) { c.Resource = identifier }
}

// namesMetadata holds that a challenge names the address of the resource's metadata.
func namesMetadata(resource string) func(*Run, Answer) {
	base, path, _ := strings.Cut(strings.TrimPrefix(resource, "https://"), "/")
	address := "https://" + base + MetadataPath + "/" + path
	return func(run *Run, a Answer) {
		challenges, err := ParseChallenges(a.Values("Www-Authenticate"))
		run.Must(err)
		if !slices.ContainsFunc(challenges, func(c Challenge) bool { return c.Params["resource_metadata"] == address }) {
			run.Errorf("no challenge has resource_metadata=%q", address)
		}
	}
}
