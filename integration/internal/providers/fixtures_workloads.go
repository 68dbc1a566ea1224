package main

import (
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

var workloads = []provider{
	{
		name: "Google ID tokens",
		domain: ports.Domain{
			Issuer:         "https://accounts.google.com",
			Exact:          true,
			Audiences:      []string{"https://orders-abc.run.app"},
			RequiredValues: []ports.RequiredValue{{Claim: "email", OneOf: []string{"shop@project.iam.gserviceaccount.com"}}},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://accounts.google.com", "aud": "https://orders-abc.run.app", "azp": "112010400000000710080", "sub": "112010400000000710080",
			"email": "shop@project.iam.gserviceaccount.com", "email_verified": true,
		},
		client:        "112010400000000710080",
		wrongAudience: other{claims: claims{"aud": "https://other-abc.run.app"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"email": "shop@other.iam.gserviceaccount.com"}, Code: verifier.CodeClaimValue},
		documented:    "https://cloud.google.com/docs/authentication/token-types",
		odd: []string{
			"For services that call services. Anyone who has an account can get a token with any audience, so name the callers.",
			"Google's access tokens are opaque.",
			"ID tokens of users who logged in have `at_hash` or `nonce` and are refused: verify them with package idtoken.",
		},
	},
	{
		name: "GitHub Actions",
		domain: ports.Domain{
			Issuer:    "https://token.actions.githubusercontent.com",
			Exact:     true,
			Audiences: []string{"https://api.example.com"},
			RequiredValues: []ports.RequiredValue{
				{Claim: "repository_owner_id", OneOf: []string{"65"}},
				{Claim: "repository_id", OneOf: []string{"74"}},
				{Claim: "ref", OneOf: []string{"refs/heads/main"}},
			},
		},
		header: claims{"typ": "JWT", "x5t": "RS256-key"},
		claims: claims{
			"iss": "https://token.actions.githubusercontent.com", "aud": "https://api.example.com", "sub": "repo:octo-org/octo-repo:ref:refs/heads/main",
			"ref": "refs/heads/main", "ref_type": "branch", "repository": "octo-org/octo-repo", "repository_id": "74", "repository_owner": "octo-org", "repository_owner_id": "65",
			"workflow": "deploy", "event_name": "push", "run_id": "3025", "runner_environment": "github-hosted", "jti": "example-id", "nbf": noon,
		},
		wrongAudience: other{claims: claims{"aud": "https://github.com/octo-org"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"repository_owner_id": "66", "repository_owner": "someone-else"}, Code: verifier.CodeClaimValue},
		documented:    "https://docs.github.com/actions/reference/security/oidc",
		odd: []string{
			"The issuer is the same for all of GitHub, and every workflow chooses its audience: without `RequiredValues` any repository gets in.",
			"IDs are strings, and stay when a repository or its owner is renamed. A name can be taken by someone else.",
		},
	},
	{
		name: "GitLab CI",
		domain: ports.Domain{
			Issuer:    "https://gitlab.com",
			Exact:     true,
			Audiences: []string{"https://api.example.com"},
			RequiredValues: []ports.RequiredValue{
				{Claim: "project_id", OneOf: []string{"22"}},
				{Claim: "ref_protected", OneOf: []string{"true"}},
			},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://gitlab.com", "aud": "https://api.example.com", "sub": "project_path:my-group/my-project:ref_type:branch:ref:main", "namespace_id": "72",
			"namespace_path": "my-group", "project_id": "22", "project_path": "my-group/my-project", "ref": "main", "ref_type": "branch", "ref_protected": "true",
			"pipeline_id": "212", "job_id": "302", "jti": "235b3a54", "nbf": noon,
		},
		wrongAudience: other{claims: claims{"aud": "https://vault.example.com"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"project_id": "23", "project_path": "someone/else"}, Code: verifier.CodeClaimValue},
		documented:    "https://docs.gitlab.com/ci/secrets/id_token_authentication/",
		odd: []string{
			"As with GitHub, every project chooses its audience. IDs and `ref_protected` are strings.",
			"The issuer of a self-managed GitLab is its URL.",
		},
	},
	{
		name: "Kubernetes service accounts",
		domain: ports.Domain{
			Issuer:    "https://kubernetes.default.svc.cluster.local",
			Exact:     true,
			Audiences: []string{"https://orders.shop.svc"},
			Keys:      ports.KeySource{JWKSURL: "https://kubernetes.default.svc/openid/v1/jwks"},
			RequiredValues: []ports.RequiredValue{
				{Claim: "sub", OneOf: []string{"system:serviceaccount:shop:cart"}},
				{Claim: "/kubernetes.io/namespace", OneOf: []string{"shop"}},
			},
		},
		header: claims{},
		claims: claims{
			"iss": "https://kubernetes.default.svc.cluster.local", "aud": []string{"https://orders.shop.svc"}, "sub": "system:serviceaccount:shop:cart", "nbf": noon, "jti": "ea28",
			"kubernetes.io": claims{"namespace": "shop", "pod": claims{"name": "cart-7d4", "uid": "8d2c"}, "serviceaccount": claims{"name": "cart", "uid": "2b3f"}},
		},
		wrongAudience: other{claims: claims{"aud": []string{"https://kubernetes.default.svc.cluster.local"}}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"sub": "system:serviceaccount:other:cart", "kubernetes.io": claims{"namespace": "other"}}, Code: verifier.CodeClaimValue},
		documented:    "https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/",
		odd: []string{
			"Callers mount a projected token with your audience. Never take one for the API server: whoever sees it can use it there.",
			"The API server gives its keys only to whom it authenticates: see [Keys](guide/issuers.md#keys). Managed clusters, such as EKS, publish metadata at their issuer; leave `Keys` out there.",
			"Legacy tokens in Secrets have `kubernetes/serviceaccount` as issuer and neither `aud` nor `exp`. They are refused.",
		},
	},
	{
		name: "SPIFFE by an OIDC discovery provider",
		domain: ports.Domain{
			Issuer:         "https://oidc-discovery.example.org",
			Exact:          true,
			Audiences:      []string{"spiffe://example.org/orders"},
			Algorithms:     []string{"ES256"},
			RequiredValues: []ports.RequiredValue{{Claim: "sub", OneOf: []string{"spiffe://example.org/shop"}}},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://oidc-discovery.example.org", "aud": []string{"spiffe://example.org/orders"}, "sub": "spiffe://example.org/shop",
		},
		wrongAudience: other{claims: claims{"aud": []string{"spiffe://example.org/other"}}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"sub": "spiffe://other.example/shop"}, Code: verifier.CodeClaimValue},
		documented:    "https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md",
		odd: []string{
			"Set `jwt_issuer` of the SPIRE server to the discovery provider's URL. Without a discovery provider, take the trust bundle itself: the next section.",
		},
	},
	{
		name: "SPIFFE trust bundles",
		domain: ports.Domain{
			Issuer:         "spiffe://example.org",
			Exact:          true,
			Audiences:      []string{"spiffe://example.org/orders"},
			Algorithms:     []string{"ES256"},
			Keys:           ports.KeySource{JWKSURL: "https://spire.example.org:8443", SPIFFETrustDomain: "example.org"},
			RequiredValues: []ports.RequiredValue{{Claim: "sub", OneOf: []string{"spiffe://example.org/shop"}}},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"aud": []string{"spiffe://example.org/orders"}, "sub": "spiffe://example.org/shop",
		},
		wrongAudience: other{claims: claims{"aud": []string{"spiffe://example.org/other"}}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"sub": "spiffe://other.example/shop"}, Code: verifier.CodeIssuer},
		documented:    "https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md",
		odd: []string{
			"A JWT-SVID needs no `iss`: the trust domain of its `sub` says whose bundle to use (CLAIM-ISS-06). With `iss`, as SPIRE writes it where `jwt_issuer` is set, name that issuer; `sub` must be of the trust domain all the same (CLAIM-SUB-02).",
			"The bundle is at SPIRE's bundle endpoint (profile `https_web`), or in a file, as `spire-server bundle show -format spiffe` writes it: `Keys.File`. Only its keys of use `jwt-svid` are taken (KEYS-13).",
			"Name the workloads that may call, or leave `RequiredValues` out and decide by `Verified.Subject`. One domain for each trust domain that you federate with.",
		},
	},
	{
		name: "Google IAP",
		domain: ports.Domain{
			Issuer:     "https://cloud.google.com/iap",
			Audiences:  []string{"/projects/1/global/backendServices/2"},
			Algorithms: []string{"ES256"},
			Keys:       ports.KeySource{JWKSURL: "https://www.gstatic.com/iap/verify/public_key-jwk"},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://cloud.google.com/iap", "aud": "/projects/1/global/backendServices/2", "azp": "/projects/1/global/backendServices/2",
			"sub": "accounts.google.com:1045", "email": "ada@example.com", "hd": "example.com",
		},
		client:        "/projects/1/global/backendServices/2",
		wrongAudience: other{claims: claims{"aud": "/projects/1/global/backendServices/3"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"aud": "/projects/9/global/backendServices/2"}, Code: verifier.CodeAudience},
		documented:    "https://cloud.google.com/iap/docs/signed-headers-howto",
		odd: []string{
			"The token comes in `X-Goog-IAP-JWT-Assertion`: give it to `Verifier.VerifyAccessToken`.",
			"The audience names project and service, so it is what separates tenants.",
		},
	},
}
