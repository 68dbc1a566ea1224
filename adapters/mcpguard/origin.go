package mcpguard

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// origins are those of the web pages whose requests are answered.
type origins []string

func newOrigins(resource *url.URL, others []string) origins {
	own := strings.ToLower(resource.Scheme + "://" + resource.Host)
	return append(origins{own}, others...)
}

// What scripts may send and read, for requests from other origins (CORS). DPoP is there as well as the protocol's own.
const (
	corsMethods = "GET, POST, DELETE"
	corsSend    = "Authorization, Content-Type, DPoP, Last-Event-ID, Mcp-Method, Mcp-Name, Mcp-Protocol-Version, Mcp-Session-Id"
	corsRead    = "DPoP-Nonce, Mcp-Session-Id, WWW-Authenticate"
)

// handler refuses requests of pages of other origins, which a browser would send to a server in its own network under a
// name that it was made to resolve to that server (DNS rebinding). It answers CORS for the others.
func (o origins) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := r.Header.Values("Origin")
		if len(sent) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		header := w.Header()
		header.Add("Vary", "Origin")
		if len(sent) > 1 || !slices.Contains(o, sent[0]) {
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
			return
		}
		header.Set("Access-Control-Allow-Origin", o[slices.Index(o, sent[0])])
		header.Set("Access-Control-Expose-Headers", corsRead)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			header.Set("Access-Control-Allow-Methods", corsMethods)
			header.Set("Access-Control-Allow-Headers", corsSend)
			header.Set("Access-Control-Max-Age", "3600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}
