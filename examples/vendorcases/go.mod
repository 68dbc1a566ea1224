module github.com/holdfast-go/holdfast/examples/vendorcases

go 1.26.0

require (
	github.com/holdfast-go/holdfast/conformance v0.1.0
	github.com/holdfast-go/holdfast/verifier v0.1.0
)

require (
	github.com/go-jose/go-jose/v4 v4.1.8 // indirect
	github.com/hashicorp/golang-lru/v2 v2.0.7 // indirect
	github.com/holdfast-go/holdfast/ports v0.1.0 // indirect
	github.com/holdfast-go/holdfast/rules v0.1.0 // indirect
)

replace (
	github.com/holdfast-go/holdfast/conformance => ../../conformance
	github.com/holdfast-go/holdfast/ports => ../../ports
	github.com/holdfast-go/holdfast/rules => ../../rules
	github.com/holdfast-go/holdfast/verifier => ../../verifier
)
