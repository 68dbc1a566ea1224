module github.com/holdfast-go/holdfast/adapters/oauth2

go 1.26.0

require (
	github.com/holdfast-go/holdfast/verifier v0.1.0
	golang.org/x/oauth2 v0.37.0
)

require (
	github.com/go-jose/go-jose/v4 v4.1.8 // indirect
	github.com/hashicorp/golang-lru/v2 v2.0.7 // indirect
)

// Only for tests.
require (
	github.com/holdfast-go/holdfast/ports v0.1.0
	go.uber.org/goleak v1.3.0
)

replace (
	github.com/holdfast-go/holdfast/ports => ../../ports
	github.com/holdfast-go/holdfast/verifier => ../../verifier
)
