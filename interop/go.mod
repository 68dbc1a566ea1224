module github.com/holdfast-go/holdfast/interop

go 1.26.0

require (
	github.com/auth0/go-jwt-middleware/v3 v3.3.0
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.22.1
	github.com/go-jose/go-jose/v4 v4.1.8
	github.com/google/go-cmp v0.7.0
	github.com/holdfast-go/holdfast/adapters/httpfetch v0.1.0
	github.com/holdfast-go/holdfast/adapters/httpguard v0.1.0
	github.com/holdfast-go/holdfast/ports v0.1.0
	github.com/holdfast-go/holdfast/verifier v0.1.0
)

require (
	github.com/google/jsonschema-go v0.4.3 // indirect
	github.com/segmentio/encoding v0.5.4 // indirect
	github.com/yosida95/uritemplate/v3 v3.0.2 // indirect
	golang.org/x/oauth2 v0.35.0 // indirect
	golang.org/x/sync v0.20.0 // indirect
	golang.org/x/time v0.15.0 // indirect
)

require (
	github.com/decred/dcrd/dcrec/secp256k1/v4 v4.4.0 // indirect
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/goccy/go-json v0.10.5 // indirect
	github.com/hashicorp/golang-lru/v2 v2.0.7 // indirect
	github.com/holdfast-go/holdfast/adapters/mcpguard v0.1.0
	github.com/holdfast-go/holdfast/conformance v0.1.0
	github.com/lestrrat-go/blackmagic v1.0.4 // indirect
	github.com/lestrrat-go/dsig v1.0.0 // indirect
	github.com/lestrrat-go/dsig-secp256k1 v1.0.0 // indirect
	github.com/lestrrat-go/httpcc v1.0.1 // indirect
	github.com/lestrrat-go/httprc/v3 v3.0.3 // indirect
	github.com/lestrrat-go/jwx/v3 v3.0.13 // indirect
	github.com/lestrrat-go/option/v2 v2.0.0 // indirect
	github.com/modelcontextprotocol/go-sdk v1.8.0
	github.com/segmentio/asm v1.2.1 // indirect
	github.com/valyala/fastjson v1.6.7 // indirect
	golang.org/x/crypto v0.52.0 // indirect
	golang.org/x/sys v0.45.0 // indirect
)

replace (
	github.com/holdfast-go/holdfast/adapters/httpfetch => ../adapters/httpfetch
	github.com/holdfast-go/holdfast/adapters/httpguard => ../adapters/httpguard
	github.com/holdfast-go/holdfast/ports => ../ports
	github.com/holdfast-go/holdfast/verifier => ../verifier
)

replace github.com/holdfast-go/holdfast/adapters/mcpguard => ../adapters/mcpguard

replace github.com/holdfast-go/holdfast/conformance => ../conformance
