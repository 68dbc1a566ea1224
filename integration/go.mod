module github.com/holdfast-go/holdfast/integration

go 1.26.0

require (
	github.com/bradfitz/gomemcache v0.0.0-20260422231931-4d751bb6e37c
	github.com/dgraph-io/ristretto/v2 v2.4.2
	github.com/google/go-cmp v0.7.0
	github.com/holdfast-go/holdfast/adapters/fastverify v0.1.0
	github.com/holdfast-go/holdfast/adapters/httpfetch v0.1.0
	github.com/holdfast-go/holdfast/adapters/httpguard v0.1.0
	github.com/holdfast-go/holdfast/adapters/memcached v0.1.0
	github.com/holdfast-go/holdfast/adapters/otel v0.1.0
	github.com/holdfast-go/holdfast/adapters/redis v0.1.0
	github.com/holdfast-go/holdfast/conformance v0.1.0
	github.com/holdfast-go/holdfast/ports v0.1.0
	github.com/holdfast-go/holdfast/rules v0.1.0
	github.com/prometheus/client_golang v1.24.1
	github.com/redis/go-redis/v9 v9.23.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
	go.opentelemetry.io/otel/exporters/prometheus v0.69.0
	go.opentelemetry.io/otel/sdk/metric v1.47.0
	go.uber.org/goleak v1.3.0
)

require (
	filippo.io/bigmod v0.1.0 // indirect
	filippo.io/edwards25519 v1.2.0 // indirect
	filippo.io/nistec v0.0.4 // indirect
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/dustin/go-humanize v1.0.1 // indirect
	github.com/go-jose/go-jose/v4 v4.1.8 // indirect
	github.com/go-logr/logr v1.4.4 // indirect
	github.com/go-logr/stdr v1.2.2 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/hashicorp/golang-lru/v2 v2.0.7 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/prometheus/client_model v0.6.3 // indirect
	github.com/prometheus/common v0.72.0 // indirect
	github.com/prometheus/otlptranslator v1.0.0 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	go.opentelemetry.io/auto/sdk v1.2.1 // indirect
	go.opentelemetry.io/otel v1.47.0 // indirect
	go.opentelemetry.io/otel/log v1.47.0 // indirect
	go.opentelemetry.io/otel/metric v1.47.0 // indirect
	go.opentelemetry.io/otel/sdk v1.47.0 // indirect
	go.opentelemetry.io/otel/trace v1.47.0 // indirect
	golang.org/x/text v0.42.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/holdfast-go/holdfast/verifier v0.1.0
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
)

replace (
	github.com/holdfast-go/holdfast/adapters/fastverify => ../adapters/fastverify
	github.com/holdfast-go/holdfast/adapters/httpfetch => ../adapters/httpfetch
	github.com/holdfast-go/holdfast/adapters/httpguard => ../adapters/httpguard
	github.com/holdfast-go/holdfast/adapters/memcached => ../adapters/memcached
	github.com/holdfast-go/holdfast/adapters/otel => ../adapters/otel
	github.com/holdfast-go/holdfast/adapters/redis => ../adapters/redis
	github.com/holdfast-go/holdfast/conformance => ../conformance
	github.com/holdfast-go/holdfast/ports => ../ports
	github.com/holdfast-go/holdfast/rules => ../rules
	github.com/holdfast-go/holdfast/verifier => ../verifier
)
