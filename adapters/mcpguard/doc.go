// Package mcpguard protects a Model Context Protocol server that is built with the official SDK,
// github.com/modelcontextprotocol/go-sdk, as the protocol's authorization specification demands:
//
//	guard, err := mcpguard.New(v, server, mcpguard.Config{Scopes: []string{"mcp"}})
//	http.Handle("/mcp", guard)
//	http.Handle("/.well-known/oauth-protected-resource/mcp", guard)
//
// Here v is a [verifier.Verifier] whose Config.Resource is the URL of the MCP endpoint, https://tools.example/mcp, and whose
// Audiences have the same value, so that a token for another server does not pass. A tool reads the token of its call with
// [httpguard.From].
//
// What the guard sees to, of each request:
//
//   - The token, as package httpguard does: 401 with resource_metadata and the needed scopes, 403 for a missing scope, 503
//     where nothing can be decided. Clients see fixed texts only. The metadata (RFC 9728) is served by the guard.
//   - The session: it belongs to the issuer, subject, client and acting party of the token that began it. For anyone else it
//     does not exist: 404, for POST, for the event stream (GET) and for DELETE. A renewed token of the same party goes on.
//     Sessions are bounded in number and idle time.
//   - The tool: [Config.Tools] says what it needs of the token, as a [verifier.Route]: scopes, authorization details, a key that
//     it is bound to (DPoP), step-up and more; and who may call it on behalf of others. A missing scope is answered 403 with the scopes to ask for, before the SDK sees the call. What
//     the tool is called by is read a second time behind the SDK's own parser.
//   - The acting party: a token with an act claim (RFC 8693 section 4.1) passes only if [Config.Actors] has the party.
//   - The page that a browser's request comes from: an Origin that is not the server's own must be in [Config.Origins].
//   - The event stream: it ends when its token expires.
//
// Each call of a tool is one line of [Config.Audit]: who, on whose behalf, by which client, which tool, and whether it was
// allowed; never its arguments, and never a token.
package mcpguard
