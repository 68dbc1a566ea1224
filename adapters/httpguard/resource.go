package httpguard

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
)

// ResourceMetadata returns a handler that tells clients which issuers this API trusts, how tokens are sent, and what else is
// known of its [verifier.Resource] (RFC 9728). It needs no token. Serve it at [Guard.ResourceMetadataPath]; without a resource it
// answers 404. Of a resource whose identifier has a query, it answers only requests with that query. Scripts of any origin may
// read it: it answers their CORS preflight requests. Clients may keep it for an hour, and ask by its ETag whether it has changed.
//
// The scopes are those of the resource, or, where it has none, those named here.
func (g *Guard) ResourceMetadata(scopes ...string) http.Handler {
	metadata, described := g.verifier.ResourceMetadata()
	if len(metadata.ScopesSupported) == 0 {
		metadata.ScopesSupported = scopes
	}
	content, err := json.Marshal(metadata)
	if !described || err != nil {
		return http.NotFoundHandler()
	}
	sum := sha256.Sum256(content)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	query := metadataURL(metadata).RawQuery
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		switch {
		case query != "" && r.URL.RawQuery != query: // it is another resource's
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
			header.Set("Cache-Control", "public, max-age=3600")
			header.Set("ETag", tag)
			// It is for anyone, a script in any page included.
			header.Set("Access-Control-Allow-Origin", "*")
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
		}
	})
}

// ResourceMetadataPath returns the path at which clients look for the metadata of the guard's resource: a well-known one in front
// of that of its identifier (RFC 9728 section 3.1), with escapes. It is empty if there is no resource.
func (g *Guard) ResourceMetadataPath() string {
	metadata, _ := g.verifier.ResourceMetadata()
	return metadataURL(metadata).EscapedPath()
}

// metadataURL returns where the metadata is, the zero URL if there is no resource.
func metadataURL(metadata verifier.ResourceMetadata) *url.URL {
	if u, err := url.Parse(metadata.Address()); err == nil {
		return u
	}
	return new(url.URL)
}
