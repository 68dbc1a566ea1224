package main

import (
	"context"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

var identityProviders = []provider{
	{
		name: "Auth0",
		domain: ports.Domain{
			Issuer:    "tenant.us.auth0.com",
			Audiences: []string{"https://api.example.com"},
		},
		header: claims{"typ": "at+jwt"},
		claims: claims{
			"iss": "https://tenant.us.auth0.com/", "sub": "auth0|5f7c", "aud": []string{"https://api.example.com", "https://tenant.us.auth0.com/userinfo"},
			"azp": "spa", "scope": "openid read:orders", "permissions": []string{"read:orders"},
		},
		scopes: []string{"openid", "read:orders"}, client: "spa",
		wrongAudience: other{claims: claims{"aud": []string{"https://tenant.us.auth0.com/userinfo"}}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://tenant.eu.auth0.com/"}, Code: verifier.CodeIssuer},
		documented:    "https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles",
		odd: []string{
			"A client that asks for no audience gets an opaque token: no API can verify it.",
			"`typ` is `at+jwt` in the RFC 9068 profile and `JWT` in Auth0's own. The client is in `client_id` or in `azp`. Both work.",
			"With RBAC, `permissions` says what the user may do: set `ScopeClaim: \"permissions\"`.",
		},
	},
	{
		name: "Entra, v2.0 tokens",
		domain: ports.Domain{
			Issuer:    "https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0",
			Audiences: []string{"6e74172b-be56-4843-9ff4-e66a39bb12e3"},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0", "aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
			"sub": "HKZpfaHyWadeOouYlitjrI", "oid": "690222be-ff1a", "azp": "a1dd-client", "azpacr": "0", "scp": "Orders.Read Orders.Write",
			"tid": "9122040d-6c67-4c5b-b112-36a304b66dad", "ver": "2.0",
		},
		scopes: []string{"Orders.Read", "Orders.Write"}, client: "a1dd-client",
		wrongAudience: other{claims: claims{"aud": "00000003-0000-0000-c000-000000000000"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0"}, Code: verifier.CodeIssuer},
		documented:    "https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference",
		odd: []string{
			"The API decides which version it gets, by `requestedAccessTokenVersion` in its manifest, not the endpoint that the client asks.",
			"`aud` is the API's client ID, without `api://`.",
			"Tokens of applications without a user have `roles` and no `scp`: set `ScopeClaim: \"roles\"` for an API that only they call.",
			"Tokens for Microsoft Graph can't be verified by anyone else.",
		},
	},
	{
		name: "Entra, v1.0 tokens",
		domain: ports.Domain{
			Issuer:    "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/",
			Audiences: []string{"api://6e74172b-be56-4843-9ff4-e66a39bb12e3"},
		},
		header: claims{"typ": "JWT", "x5t": "RS256-key"},
		claims: claims{
			"iss": "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/", "aud": "api://6e74172b-be56-4843-9ff4-e66a39bb12e3",
			"sub": "HKZpfaHyWadeOouYlitjrI", "appid": "a1dd-client", "appidacr": "0", "scp": "Orders.Read", "tid": "72f988bf-86f1-41af-91ab-2d7cd011db47", "ver": "1.0",
		},
		scopes: []string{"Orders.Read"}, client: "a1dd-client",
		wrongAudience: other{claims: claims{"aud": "https://graph.microsoft.com"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://sts.windows.net/aaaabbbb-0000-cccc-1111-dddd2222eeee/"}, Code: verifier.CodeIssuer},
		documented:    "https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference",
		odd: []string{
			"The default for an API that says nothing in its manifest, also where the client asked the v2.0 endpoint. The issuer is at `sts.windows.net` and has a trailing slash.",
			"`aud` is the application ID URI, usually with `api://`.",
		},
	},
	{
		name:     "Entra, several tenants",
		domain:   entraTenant("11112222-bbbb-3333-cccc-4444dddd5555"),
		resolver: entraResolver,
		header:   claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://login.microsoftonline.com/11112222-bbbb-3333-cccc-4444dddd5555/v2.0", "aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
			"sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "azp": "a1dd-client", "scp": "Orders.Read", "tid": "11112222-bbbb-3333-cccc-4444dddd5555", "ver": "2.0",
		},
		scopes: []string{"Orders.Read"}, client: "a1dd-client",
		wrongAudience: other{claims: claims{"aud": "00000003-0000-0000-c000-000000000000"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"tid": "aaaabbbb-0000-cccc-1111-dddd2222eeee"}, Code: verifier.CodeClaimValue},
		documented:    "https://learn.microsoft.com/entra/identity-platform/howto-convert-app-to-be-multi-tenant",
		odd: []string{
			"One domain for each tenant that is your customer, in `Domains`, or by `Resolver` where the list changes. A tenant that is not in the list is refused with `issuer_not_allowed`.",
			"The resolver only compares the issuer that the token names with those of the list. Where the URL tells the tenant, [choose by the URL](guide/issuers.md#tenants).",
			"Tokens never have `common` or `organizations` in their issuer. Its metadata has `{tenantid}` there, which `New` refuses.",
			"All tenants sign by the same keys, so only `iss` and `tid` tell them apart.",
		},
	},
	{
		name: "Okta",
		domain: ports.Domain{
			Issuer:    "https://org.okta.com/oauth2/default",
			Audiences: []string{"api://default"},
		},
		header: claims{},
		claims: claims{
			"ver": 1, "jti": "AT.0mP4", "iss": "https://org.okta.com/oauth2/default", "aud": "api://default", "sub": "ada@example.com",
			"cid": "0oa1", "uid": "00u1", "scp": []string{"openid", "read:orders"}, "auth_time": noon,
		},
		scopes: []string{"openid", "read:orders"}, client: "0oa1",
		wrongAudience: other{claims: claims{"aud": "api://other"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://other.okta.com/oauth2/default"}, Code: verifier.CodeIssuer},
		documented:    "https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/",
		odd: []string{
			"Tokens of the organization's own server (`https://org.okta.com`, without `/oauth2/`) are only for Okta. Use a custom authorization server.",
			"There is no `typ`.",
		},
	},
	{
		name: "Ping (PingOne)",
		domain: ports.Domain{
			Issuer:    "https://auth.pingone.com/5caa81af-ec05-41ff-a709-c7378007a99c/as",
			Audiences: []string{"https://api.example.com"},
		},
		header: claims{"typ": "at+jwt"},
		claims: claims{
			"iss": "https://auth.pingone.com/5caa81af-ec05-41ff-a709-c7378007a99c/as", "aud": []string{"https://api.example.com"},
			"sub": "8fa7b2d0", "client_id": "2bb2", "scope": "orders:read", "sid": "4d1c", "env": "5caa81af-ec05-41ff-a709-c7378007a99c",
		},
		scopes: []string{"orders:read"}, client: "2bb2",
		wrongAudience: other{claims: claims{"aud": []string{"https://api.pingone.com"}}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://auth.pingone.com/00000000-0000-0000-0000-000000000000/as"}, Code: verifier.CodeIssuer},
		documented:    "https://developer.pingidentity.com/pingone-api/foundations/authentication-concepts/access-tokens-and-id-tokens/token-claims.html",
		odd: []string{
			"`aud` is what the custom resource says; without one it is the PingOne API, whose tokens must not be accepted.",
			"Tokens of client credentials have no `sub`. `typ` is left out or `at+jwt`; both work.",
		},
	},
	{
		name: "Keycloak",
		domain: ports.Domain{
			Issuer:    "https://id.example.com/realms/main",
			Audiences: []string{"orders-api"},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://id.example.com/realms/main", "aud": []string{"orders-api", "account"}, "sub": "f81d", "typ": "Bearer", "azp": "shop", "sid": "9a1b",
			"scope": "profile orders:read", "realm_access": claims{"roles": []string{"clerk"}},
		},
		scopes: []string{"profile", "orders:read"}, client: "shop",
		wrongAudience: other{claims: claims{"aud": "account"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://id.example.com/realms/other"}, Code: verifier.CodeIssuer},
		documented:    "https://www.keycloak.org/docs/latest/server_admin/#_audience",
		odd: []string{
			"Needs an audience mapper in a client scope of the clients: by default `aud` is `account` or missing.",
			"For roles set `ScopeClaim: \"/realm_access/roles\"`.",
			"Before version 24 access tokens have `nonce`, as ID tokens do, and are refused. Upgrade.",
		},
	},
	{
		name: "Keycloak without audience mapper",
		domain: ports.Domain{
			Issuer:         "https://id.example.com/realms/plain",
			Clients:        []string{"shop"},
			RequiredValues: []ports.RequiredValue{{Claim: "typ", OneOf: []string{"Bearer"}}},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://id.example.com/realms/plain", "sub": "f81d", "typ": "Bearer", "azp": "shop", "sid": "9a1b", "scope": "profile",
		},
		scopes: []string{"profile"}, client: "shop",
		wrongAudience: other{claims: claims{"azp": "another-client"}, Code: verifier.CodeClient},
		wrongTenant:   other{claims: claims{"iss": "https://id.example.com/realms/other"}, Code: verifier.CodeIssuer},
		idToken:       other{claims: claims{"typ": "ID", "aud": "shop"}, Code: verifier.CodeClaimValue},
		documented:    "https://www.keycloak.org/docs/latest/server_admin/#_audience",
		odd: []string{
			"Tokens without `aud` are bound by the clients they were issued to. The claim `typ` is `ID` in ID tokens and `Refresh` in refresh tokens.",
			"A token with `aud` is refused here, also one for `account`. Prefer an audience mapper.",
		},
	},
	{
		name: "Ory",
		domain: ports.Domain{
			Issuer:    "https://slug.projects.oryapis.com",
			Exact:     true,
			Audiences: []string{"https://api.example.com"},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://slug.projects.oryapis.com", "aud": []string{"https://api.example.com"}, "sub": "ada", "client_id": "7c2e", "ext": claims{}, "nbf": noon,
			"jti": "b1c7", "scp": []string{"openid", "orders.read"},
		},
		scopes: []string{"openid", "orders.read"}, client: "7c2e",
		wrongAudience: other{claims: claims{"aud": []string{"https://other.example"}}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://other.projects.oryapis.com"}, Code: verifier.CodeIssuer},
		documented:    "https://www.ory.com/docs/oauth2-oidc/jwt-access-token",
		odd: []string{
			"Access tokens are opaque by default: set the access token strategy to `jwt`.",
			"A client that asks for no `audience` gets an empty `aud`, which is refused (CLAIM-AUD-03).",
			"A self-hosted Hydra writes its configured issuer, often with a trailing slash. Then leave `Exact` out.",
		},
	},
	{
		name: "Zitadel",
		domain: ports.Domain{
			Issuer:         "https://instance.zitadel.cloud",
			Exact:          true,
			Audiences:      []string{"164849783284391234"},
			RequiredClaims: []string{"jti"},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://instance.zitadel.cloud", "aud": []string{"170079991923474689@orders", "164849783284391234"}, "sub": "170079991923474444",
			"azp": "170079991923474689@orders", "jti": "170079991923475555", "nbf": noon,
		},
		client:        "170079991923474689@orders",
		wrongAudience: other{claims: claims{"aud": []string{"999999999999999999"}}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://other.zitadel.cloud"}, Code: verifier.CodeIssuer},
		idToken:       other{claims: claims{"jti": nil}, Code: verifier.CodeClaimMissing},
		documented:    "https://zitadel.com/docs/apis/openidoauth/claims",
		odd: []string{
			"Access tokens are opaque by default: choose JWT in the application's token settings.",
			"The audience is the project's ID. Clients ask for it by the scope `urn:zitadel:iam:org:project:id:164849783284391234:aud`.",
			"ID tokens are for the project too; only access tokens have `jti`. The client is in `azp` or `client_id`. Both work.",
			"There are no scopes in the token. Roles are an object, which Holdfast does not take as scopes: read them with `Verified.Decode`.",
		},
	},
	{
		name: "Duende IdentityServer",
		domain: ports.Domain{
			Issuer:    "https://identity.example.com",
			Exact:     true,
			Audiences: []string{"orders"},
		},
		header: claims{"typ": "at+jwt"},
		claims: claims{
			"iss": "https://identity.example.com", "aud": "orders", "sub": "88421113", "client_id": "web_viewer", "nbf": noon, "auth_time": noon, "idp": "local",
			"jti": "2C56A356", "scope": []string{"openid", "orders.read"},
		},
		scopes: []string{"openid", "orders.read"}, client: "web_viewer",
		wrongAudience: other{claims: claims{"aud": "customers"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://identity.example.org"}, Code: verifier.CodeIssuer},
		documented:    "https://docs.duendesoftware.com/identityserver/fundamentals/resources/api-resources",
		odd: []string{
			"`aud` needs an `ApiResource`; scopes without one give tokens without `aud`, which are refused.",
			"`scope` is an array, or a string with `EmitScopesAsSpaceDelimitedStringInJwt`. Both work.",
			"Reference tokens are opaque.",
		},
	},
	{
		name: "OneLogin",
		domain: ports.Domain{
			Issuer:    "https://acme.onelogin.com/oidc/2",
			Audiences: []string{"9a6d6350-2af8-0136-197b-06acc76d34b4"},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://acme.onelogin.com/oidc/2", "aud": "9a6d6350-2af8-0136-197b-06acc76d34b4", "jti": "u7aSD824WkJwtwvng6Nmf", "sub": "29334820", "scope": "openid profile",
		},
		scopes:        []string{"openid", "profile"},
		wrongAudience: other{claims: claims{"aud": "00000000-2af8-0136-197b-06acc76d34b4"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://other.onelogin.com/oidc/2"}, Code: verifier.CodeIssuer},
		documented:    "https://developers.onelogin.com/openid-connect/api/upgrade",
		unconfirmed:   "`sub` and `scope`",
		odd:           []string{"`aud` is the client's ID: nothing in the token says which API it is for."},
	},
	{
		name: "Authentik",
		domain: ports.Domain{
			Issuer:         "https://authentik.company/application/o/orders/",
			Audiences:      []string{"cEDhWe5VwBqW"},
			RequiredClaims: []string{"uid"},
		},
		header: claims{"typ": "JWT"},
		claims: claims{
			"iss": "https://authentik.company/application/o/orders/", "aud": "cEDhWe5VwBqW", "sub": "6f1b", "azp": "cEDhWe5VwBqW", "uid": "Xh1vPq", "sid": "0d3e",
			"acr": "goauthentik.io/providers/oauth2/default", "amr": []string{"pwd"}, "auth_time": noon,
		},
		client:        "cEDhWe5VwBqW",
		wrongAudience: other{claims: claims{"aud": "another-client", "azp": "another-client"}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://authentik.company/application/o/other/"}, Code: verifier.CodeIssuer},
		idToken:       other{claims: claims{"uid": nil, "azp": nil}, Code: verifier.CodeClaimMissing},
		documented:    "https://docs.goauthentik.io/add-secure-apps/providers/oauth2/",
		odd: []string{
			"Choose a signing key in the provider: without one it signs by HS256, which is refused.",
			"`aud` is the client's ID, also in ID tokens; only access tokens have `uid`.",
		},
	},
	{
		name: "Authelia",
		domain: ports.Domain{
			Issuer:    "https://auth.example.com",
			Exact:     true,
			Audiences: []string{"https://api.example.com"},
		},
		header: claims{"typ": "at+jwt"},
		claims: claims{
			"iss": "https://auth.example.com", "aud": []string{"https://api.example.com"}, "sub": "0c5c", "client_id": "shop", "jti": "1f0a", "scp": []string{"openid"},
		},
		scopes: []string{"openid"}, client: "shop",
		wrongAudience: other{claims: claims{"aud": []string{"https://other.example"}}, Code: verifier.CodeAudience},
		wrongTenant:   other{claims: claims{"iss": "https://auth.example.org"}, Code: verifier.CodeIssuer},
		documented:    "https://www.authelia.com/configuration/identity-providers/openid-connect/clients/",
		unconfirmed:   "`scp`",
		odd: []string{
			"Access tokens are opaque by default: set `access_token_signed_response_alg` of the client to `RS256`. They are then of the profile of RFC 9068.",
			"List your API in the client's `audience`; clients ask for it by `audience` or `resource`.",
		},
	},
}

// entraTenant returns the domain of one tenant. The keys are the same for all of them.
func entraTenant(id string) ports.Domain {
	return ports.Domain{
		Issuer:         "https://login.microsoftonline.com/" + id + "/v2.0",
		Audiences:      []string{"6e74172b-be56-4843-9ff4-e66a39bb12e3"},
		RequiredValues: []ports.RequiredValue{{Claim: "tid", OneOf: []string{id}}},
	}
}

// entraResolver accepts these tenants.
func entraResolver(tenants []string) ports.DomainResolver {
	var all []ports.Domain
	known := make(map[string]ports.Domain)
	for _, id := range tenants {
		domain := entraTenant(id)
		all, known[domain.Issuer] = append(all, domain), domain
	}
	return ports.DomainResolverFunc(func(_ context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
		if domain, found := known[q.UnverifiedIssuer]; found {
			return []ports.Domain{domain}, nil
		}
		return all, nil // none of which issued the token
	})
}
