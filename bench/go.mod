module github.com/holdfast-go/holdfast/bench

go 1.26.0

replace (
	github.com/holdfast-go/holdfast/adapters/fastverify => ../adapters/fastverify
	github.com/holdfast-go/holdfast/adapters/httpfetch => ../adapters/httpfetch
	github.com/holdfast-go/holdfast/adapters/httpguard => ../adapters/httpguard
	github.com/holdfast-go/holdfast/adapters/redis => ../adapters/redis
	github.com/holdfast-go/holdfast/ports => ../ports
	github.com/holdfast-go/holdfast/verifier => ../verifier
)

require (
	github.com/MicahParks/keyfunc/v3 v3.9.0
	github.com/auth0/go-jwt-middleware/v3 v3.3.0
	github.com/coreos/go-oidc/v3 v3.21.0
	github.com/go-jose/go-jose/v4 v4.1.8
	github.com/golang-jwt/jwt/v5 v5.3.1
	github.com/holdfast-go/holdfast/adapters/fastverify v0.1.0
	github.com/holdfast-go/holdfast/adapters/httpfetch v0.1.0
	github.com/holdfast-go/holdfast/adapters/httpguard v0.1.0
	github.com/holdfast-go/holdfast/adapters/redis v0.1.0
	github.com/holdfast-go/holdfast/ports v0.1.0
	github.com/holdfast-go/holdfast/verifier v0.1.0
	github.com/lestrrat-go/httprc/v3 v3.0.6
	github.com/lestrrat-go/jwx/v3 v3.3.0
	github.com/redis/go-redis/v9 v9.23.0
	golang.org/x/perf v0.0.0-20260908200009-22c9c6c9d4da
)

require (
	filippo.io/bigmod v0.1.0 // indirect
	filippo.io/edwards25519 v1.2.0 // indirect
	filippo.io/nistec v0.0.4 // indirect
	github.com/MicahParks/jwkset v0.11.3 // indirect
	github.com/aclements/go-moremath v0.0.0-20210112150236-f10218a38794 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/decred/dcrd/dcrec/secp256k1/v4 v4.4.1 // indirect
	github.com/goccy/go-json v0.10.6 // indirect
	github.com/hashicorp/golang-lru/v2 v2.0.7 // indirect
	github.com/lestrrat-go/blackmagic v1.0.4 // indirect
	github.com/lestrrat-go/dsig v1.4.0 // indirect
	github.com/lestrrat-go/dsig-secp256k1 v1.0.0 // indirect
	github.com/lestrrat-go/httpcc v1.0.1 // indirect
	github.com/lestrrat-go/option/v2 v2.0.0 // indirect
	github.com/segmentio/asm v1.2.1 // indirect
	github.com/valyala/fastjson v1.6.10 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/crypto v0.57.0 // indirect
	golang.org/x/oauth2 v0.37.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/time v0.15.0 // indirect
)
