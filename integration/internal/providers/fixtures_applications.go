package main

import (
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

var applicationProviders = []provider{
	{
		name: "Amazon Cognito",
		domain: ports.Domain{
			Issuer:         "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_example",
			Clients:        []string{"1example23456789"},
			RequiredValues: []ports.RequiredValue{{Claim: "token_use", OneOf: []string{"access"}}},
		},
		header: claims{},
		claims: claims{
			"iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_example", "sub": "aaaaaaaa-bbbb", "client_id": "1example23456789", "token_use": "access",
			"scope": "openid orders/read", "auth_time": noon, "version": 2, "jti": "cccc-dddd", "username": "ada", "cognito:groups": []string{"clerks"},
		},
		scopes: []string{"openid", "orders/read"}, client: "1example23456789",
		wrongAudience: other{claims: claims{"client_id": "another-client"}, Code: verifier.CodeClient},
		wrongTenant:   other{claims: claims{"iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_other"}, Code: verifier.CodeIssuer},
		idToken:       other{claims: claims{"token_use": "id", "aud": "1example23456789", "client_id": nil}, Code: verifier.CodeClaimValue},
		documented:    "https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html",
		odd: []string{
			"Access tokens have no `aud`, so the clients stand for it. ID tokens are signed by the same keys: `token_use` tells them apart.",
			"With resource binding, access tokens have `aud`: set `Audiences` instead.",
		},
	},
	{
		name: "Azure AD B2C",
		domain: ports.Domain{
			Issuer:         "https://tenant.b2clogin.com/7f3a0c1e-0000-4a4a-9b9b-1c1c1c1c1c1c/v2.0/",
			Audiences:      []string{"orders"},
			Keys:           ports.KeySource{MetadataURL: "https://tenant.b2clogin.com/tenant.onmicrosoft.com/B2C_1_signin/v2.0/.well-known/openid-configuration"},
			RequiredValues: []ports.RequiredValue{{Claim: "tfp", OneOf: []string{"B2C_1_signin"}}},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://tenant.b2clogin.com/7f3a0c1e-0000-4a4a-9b9b-1c1c1c1c1c1c/v2.0/", "aud": "orders", "sub": "884408e1", "azp": "spa", "scp": "read write",
			"tfp": "B2C_1_signin", "ver": "1.0", "nbf": noon,
		},
		scopes: []string{"read", "write"}, client: "spa",
		wrongAudience: other{claims: claims{"aud": "another-app"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://tenant.b2clogin.com/00000000-0000-4a4a-9b9b-1c1c1c1c1c1c/v2.0/"}, Code: verifier.CodeIssuer},
		documented:    "https://learn.microsoft.com/azure/active-directory-b2c/tokens-overview",
		odd: []string{
			"Each user flow has metadata of its own; the issuer does not name the flow, so `tfp` does. Policies may write `acr` instead.",
			"With the issuer format that contains the flow, write that issuer and leave `Keys` out.",
		},
	},
	{
		name: "Firebase",
		domain: ports.Domain{
			Issuer:    "https://securetoken.google.com/my-project",
			Audiences: []string{"my-project"},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://securetoken.google.com/my-project", "aud": "my-project", "sub": "uJ3x", "user_id": "uJ3x", "auth_time": noon,
			"email": "ada@example.com", "firebase": claims{"sign_in_provider": "password"},
		},
		wrongAudience: other{claims: claims{"aud": "another-project"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://securetoken.google.com/another-project"}, Code: verifier.CodeIssuer},
		documented:    "https://firebase.google.com/docs/auth/admin/verify-id-tokens",
		odd: []string{
			"What Firebase calls an ID token is what its clients send to APIs. The project is both issuer and audience.",
			"With several tenants of Identity Platform, require `/firebase/tenant` by `RequiredValues`.",
		},
	},
	{
		name: "Clerk",
		domain: ports.Domain{
			Issuer:         "https://clerk.example.com",
			Exact:          true,
			Clients:        []string{"https://app.example.com"},
			RequiredValues: []ports.RequiredValue{{Claim: "sts", OneOf: []string{"active"}}},
		},
		header: claims{"typ": "JWT", "cat": "cl_B7d4PD111AAA"},
		claims: claims{
			"iss": "https://clerk.example.com", "sub": "user_2a", "azp": "https://app.example.com", "sid": "sess_2b", "sts": "active", "v": 2, "fva": []int{7, -1}, "nbf": noon - 10,
		},
		client:        "https://app.example.com",
		wrongAudience: other{claims: claims{"azp": "https://evil.example"}, Code: verifier.CodeClient},
		wrongTenant:   other{claims: claims{"iss": "https://clerk.example.org"}, Code: verifier.CodeIssuer},
		documented:    "https://clerk.com/docs/guides/sessions/session-tokens",
		unconfirmed:   "`sts`",
		odd: []string{
			"Session tokens have no `aud`. `azp` is the origin of the page that asked; it is left out for clients without one, whose tokens are refused.",
			"With a JWT template that sets `aud`, set `Audiences` instead: that says which API the token is for.",
		},
	},
	{
		name: "WorkOS AuthKit",
		domain: ports.Domain{
			Issuer:     "https://api.workos.com",
			Exact:      true,
			Audiences:  []string{"https://api.example.com"},
			Keys:       ports.KeySource{JWKSURL: "https://api.workos.com/sso/jwks/client_01EXAMPLE"},
			ScopeClaim: "permissions",
		},
		header: claims{},
		claims: claims{
			"iss": "https://api.workos.com", "aud": "https://api.example.com", "sub": "user_01HBEQ", "sid": "session_01HQSX", "org_id": "org_01HRDM", "role": "member",
			"permissions": []string{"orders:read"}, "jti": "01HQSX",
		},
		scopes:        []string{"orders:read"},
		wrongAudience: other{claims: claims{"aud": "https://other.example"}, Code: verifier.CodeAudience},
		wrongTenant:   other{key: true, Code: verifier.CodeKeyUnknown},
		documented:    "https://workos.com/docs/reference/authkit/session-tokens",
		odd: []string{
			"Needs a JWT template that sets `aud`: by default nothing in the token says whom it is for, and it is refused.",
			"All customers may have the same issuer. What separates them is the key set of your client.",
			"Copy `iss` from one of your tokens: others are `https://api.workos.com/`, `https://api.workos.com/user_management/` with your client ID, or your own domain.",
		},
	},
	{
		name: "Supabase",
		domain: ports.Domain{
			Issuer:     "https://ref.supabase.co/auth/v1",
			Audiences:  []string{"authenticated"},
			Algorithms: []string{"ES256"},
			Keys:       ports.KeySource{JWKSURL: "https://ref.supabase.co/auth/v1/.well-known/jwks.json"},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://ref.supabase.co/auth/v1", "aud": "authenticated", "sub": "d0714948", "role": "authenticated", "aal": "aal1", "session_id": "1c6a",
			"email": "ada@example.com", "phone": "", "is_anonymous": false,
		},
		wrongAudience: other{claims: claims{"aud": "anon", "role": "anon"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://other.supabase.co/auth/v1"}, Code: verifier.CodeIssuer},
		documented:    "https://supabase.com/docs/guides/auth/jwt-fields",
		odd: []string{
			"Change the project to asymmetric signing keys. Tokens signed by the shared secret (HS256) are refused.",
			"`aud` is the same for all projects: the issuer is what separates them. Anonymous users have it too: look at `is_anonymous`.",
		},
	},
	{
		name: "FusionAuth",
		domain: ports.Domain{
			Issuer:         "acme.com",
			Exact:          true,
			Audiences:      []string{"85a03867-dccf-4882-adde-1a79aeec50df"},
			Keys:           ports.KeySource{JWKSURL: "https://fusionauth.example.com/.well-known/jwks.json"},
			RequiredValues: []ports.RequiredValue{{Claim: "tid", OneOf: []string{"30663132-6464-6665-3032-326466613934"}}},
			ScopeClaim:     "roles",
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "acme.com", "aud": "85a03867-dccf-4882-adde-1a79aeec50df", "sub": "3b1c", "applicationId": "85a03867-dccf-4882-adde-1a79aeec50df",
			"tid": "30663132-6464-6665-3032-326466613934", "roles": []string{"clerk"}, "authenticationType": "PASSWORD", "jti": "7d1e", "auth_time": noon,
		},
		scopes:        []string{"clerk"},
		wrongAudience: other{claims: claims{"aud": "00000000-dccf-4882-adde-1a79aeec50df"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"tid": "00000000-6464-6665-3032-326466613934"}, Code: verifier.CodeClaimValue},
		documented:    "https://fusionauth.io/docs/lifecycle/authenticate-users/oauth/tokens",
		odd: []string{
			"The issuer is a text of the tenant's settings, `acme.com` unless you change it, and not a URL. Tenants can have the same one: require `tid`.",
			"Choose an RSA or EC key in the tenant's JWT settings: the default signs by HS256, which is refused.",
		},
	},
	{
		name: "Descope",
		domain: ports.Domain{
			Issuer:         "P2abcdefghijklmnopqrstuvwxyz",
			Exact:          true,
			Audiences:      []string{"https://api.example.com"},
			Keys:           ports.KeySource{JWKSURL: "https://api.descope.com/P2abcdefghijklmnopqrstuvwxyz/.well-known/jwks.json"},
			RequiredValues: []ports.RequiredValue{{Claim: "drn", OneOf: []string{"DS"}}},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "P2abcdefghijklmnopqrstuvwxyz", "aud": []string{"https://api.example.com"}, "sub": "U2xyz", "drn": "DS", "amr": []string{"email"}, "dct": "T2abc",
			"tenants": claims{"T2abc": claims{"roles": []string{"clerk"}}},
		},
		wrongAudience: other{claims: claims{"aud": "https://other.example"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "P2zzzzzzzzzzzzzzzzzzzzzzzzzz"}, Code: verifier.CodeIssuer},
		documented:    "https://docs.descope.com/session-overview",
		unconfirmed:   "`aud`",
		odd: []string{
			"The issuer of session tokens is the project's ID, or a URL that contains it. Tokens of OAuth clients have `https://api.descope.com/v1/apps/` and the ID, and the same keys. Copy `iss` from one of your tokens.",
			"Needs a JWT template that sets `aud`. The refresh token has another `drn`.",
			"To accept only one tenant, require `dct` by `RequiredValues`.",
		},
	},
	{
		name: "Stytch",
		domain: ports.Domain{
			Issuer:    "stytch.com/project-live-1234",
			Exact:     true,
			Audiences: []string{"https://api.example.com"},
			Keys:      ports.KeySource{JWKSURL: "https://api.stytch.com/v1/sessions/jwks/project-live-1234"},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "stytch.com/project-live-1234", "aud": []string{"project-live-1234", "https://api.example.com"}, "client_id": "connected-app-live-5678", "sub": "user-live-9abc", "jti": "04e1",
			"scope": "openid read:orders", "nbf": noon,
		},
		scopes: []string{"openid", "read:orders"}, client: "connected-app-live-5678",
		wrongAudience: other{claims: claims{"aud": []string{"project-live-1234"}}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "stytch.com/project-test-1234"}, Code: verifier.CodeIssuer},
		documented:    "https://stytch.com/docs/api-reference/b2b/api/connected-apps/tokens/connected-app-access-token-object",
		odd: []string{
			"The tokens of Connected Apps. The issuer is not a URL; with a custom domain it is.",
			"By default `aud` names only the project. For your API set `access_token_custom_audience` of the client.",
			"Session tokens are opaque. Session JWTs are signed by the same keys, so the audience is what tells them apart.",
		},
	},
}
