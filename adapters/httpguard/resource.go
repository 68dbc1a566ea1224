package httpguard

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// ResourceMetadata returns a handler that tells clients which issuers this API trusts, how tokens are sent, and the
// scopes named here (RFC 9728). It needs no token. Serve it at /.well-known/oauth-protected-resource, followed by the
// path of [verifier.Config.Resource] if that has one; without such a resource it answers 404. Scripts of any origin may
// read it: it answers their CORS preflight requests.
func (g *Guard) ResourceMetadata(scopes ...string) http.Handler {
	metadata, described := g.verifier.ResourceMetadata()
	metadata.ScopesSupported = scopes
	content, err := json.Marshal(metadata)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		switch {
		case !described || err != nil:
			http.NotFound(w, r)
		case r.Method == http.MethodOptions:
			header.Set("Allow", "GET, HEAD, OPTIONS")
			header.Set("Access-Control-Allow-Origin", "*")
			header.Set("Access-Control-Allow-Methods", "GET, HEAD")
			// Clients send fields that concern other requests, such as MCP-Protocol-Version. None counts here.
			header.Set("Access-Control-Allow-Headers", "*")
			header.Set("Access-Control-Max-Age", "3600")
			w.WriteHeader(http.StatusNoContent)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			header.Set("Allow", "GET, HEAD, OPTIONS")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		default:
			header.Set("Content-Type", "application/json")
			header.Set("Content-Length", strconv.Itoa(len(content)))
			header.Set("Cache-Control", "public, max-age=3600")
			// It is for anyone, a script in any page included.
			header.Set("Access-Control-Allow-Origin", "*")
			_, _ = w.Write(content)
		}
	})
}
