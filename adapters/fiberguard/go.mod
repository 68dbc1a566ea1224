module github.com/holdfast-go/holdfast/adapters/fiberguard

go 1.26.0

require (
	github.com/gofiber/fiber/v3 v3.1.0
	github.com/holdfast-go/holdfast/adapters/httpguard v0.1.0
)

require (
	github.com/andybalholm/brotli v1.2.0 // indirect
	github.com/go-jose/go-jose/v4 v4.1.8 // indirect
	github.com/gofiber/schema v1.7.0 // indirect
	github.com/gofiber/utils/v2 v2.0.2 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/hashicorp/golang-lru/v2 v2.0.7 // indirect
	github.com/holdfast-go/holdfast/ports v0.1.0 // indirect
	github.com/klauspost/compress v1.18.4 // indirect
	github.com/mattn/go-colorable v0.1.14 // indirect
	github.com/mattn/go-isatty v0.0.20 // indirect
	github.com/philhofer/fwd v1.2.0 // indirect
	github.com/tinylib/msgp v1.6.3 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	github.com/valyala/fasthttp v1.69.0 // indirect
	golang.org/x/crypto v0.48.0 // indirect
	golang.org/x/net v0.50.0 // indirect
	golang.org/x/sys v0.41.0 // indirect
	golang.org/x/text v0.34.0 // indirect
)

// Only for tests.
require (
	github.com/google/go-cmp v0.7.0
	github.com/holdfast-go/holdfast/verifier v0.1.0
	go.uber.org/goleak v1.3.0
)

replace (
	github.com/holdfast-go/holdfast/adapters/httpguard => ../httpguard
	github.com/holdfast-go/holdfast/ports => ../../ports
	github.com/holdfast-go/holdfast/verifier => ../../verifier
)
