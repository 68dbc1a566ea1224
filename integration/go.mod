module github.com/holdfast-go/holdfast/integration

go 1.26.0

require (
	github.com/holdfast-go/holdfast/ports v0.1.0
	github.com/holdfast-go/holdfast/verifier v0.1.0
	github.com/holdfast-go/holdfast/adapters/httpfetch v0.1.0
	github.com/holdfast-go/holdfast/adapters/redis v0.1.0
	github.com/holdfast-go/holdfast/adapters/memcached v0.1.0
)

replace (
	github.com/holdfast-go/holdfast/ports => ../ports
	github.com/holdfast-go/holdfast/verifier => ../verifier
	github.com/holdfast-go/holdfast/adapters/httpfetch => ../adapters/httpfetch
	github.com/holdfast-go/holdfast/adapters/redis => ../adapters/redis
	github.com/holdfast-go/holdfast/adapters/memcached => ../adapters/memcached
)
