module github.com/holdfast-go/holdfast/examples

go 1.26.0

require (
	github.com/bradfitz/gomemcache v0.0.0-20260422231931-4d751bb6e37c
	github.com/coreos/go-oidc/v3 v3.21.0
	github.com/holdfast-go/holdfast/adapters/httpfetch v0.1.0
	github.com/holdfast-go/holdfast/adapters/httpguard v0.1.0
	github.com/holdfast-go/holdfast/conformance v0.1.0
	github.com/holdfast-go/holdfast/ports v0.1.0
	github.com/holdfast-go/holdfast/verifier v0.1.0
	github.com/redis/go-redis/v9 v9.23.0
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
)

require (
	github.com/alexedwards/scs/v2 v2.9.0
	github.com/go-jose/go-jose/v4 v4.1.8 // indirect
	github.com/hashicorp/golang-lru/v2 v2.0.7 // indirect
	github.com/holdfast-go/holdfast/adapters/memcached v0.1.0
	github.com/holdfast-go/holdfast/adapters/redis v0.1.0
	golang.org/x/oauth2 v0.37.0
)

replace (
	github.com/holdfast-go/holdfast/adapters/httpfetch => ../adapters/httpfetch
	github.com/holdfast-go/holdfast/adapters/httpguard => ../adapters/httpguard
	github.com/holdfast-go/holdfast/conformance => ../conformance
	github.com/holdfast-go/holdfast/ports => ../ports
	github.com/holdfast-go/holdfast/verifier => ../verifier
)

replace github.com/holdfast-go/holdfast/adapters/redis => ../adapters/redis

replace github.com/holdfast-go/holdfast/adapters/memcached => ../adapters/memcached

replace github.com/holdfast-go/holdfast/rules => ../rules
