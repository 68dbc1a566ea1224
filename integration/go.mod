module github.com/holdfast-go/holdfast/integration

go 1.26.0

require (
	github.com/bradfitz/gomemcache v0.0.0-20260422231931-4d751bb6e37c
	github.com/google/go-cmp v0.7.0
	github.com/holdfast-go/holdfast/adapters/httpfetch v0.1.0
	github.com/holdfast-go/holdfast/adapters/httpguard v0.1.0
	github.com/holdfast-go/holdfast/adapters/memcached v0.1.0
	github.com/holdfast-go/holdfast/adapters/redis v0.1.0
	github.com/holdfast-go/holdfast/conformance v0.1.0
	github.com/holdfast-go/holdfast/ports v0.1.0
	github.com/holdfast-go/holdfast/rules v0.1.0
	github.com/redis/go-redis/v9 v9.23.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
	go.uber.org/goleak v1.3.0
)

require (
	github.com/go-jose/go-jose/v4 v4.1.8 // indirect
	github.com/hashicorp/golang-lru/v2 v2.0.7 // indirect
	golang.org/x/text v0.14.0 // indirect
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/holdfast-go/holdfast/verifier v0.1.0
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
)

replace (
	github.com/holdfast-go/holdfast/adapters/httpfetch => ../adapters/httpfetch
	github.com/holdfast-go/holdfast/adapters/httpguard => ../adapters/httpguard
	github.com/holdfast-go/holdfast/adapters/memcached => ../adapters/memcached
	github.com/holdfast-go/holdfast/adapters/redis => ../adapters/redis
	github.com/holdfast-go/holdfast/conformance => ../conformance
	github.com/holdfast-go/holdfast/ports => ../ports
	github.com/holdfast-go/holdfast/rules => ../rules
	github.com/holdfast-go/holdfast/verifier => ../verifier
)
