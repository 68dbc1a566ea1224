module github.com/holdfast-go/holdfast/examples/vendorcache

go 1.26.0

require (
	github.com/holdfast-go/holdfast/conformance v0.1.0
	github.com/holdfast-go/holdfast/ports v0.1.0
)

replace (
	github.com/holdfast-go/holdfast/conformance => ../../conformance
	github.com/holdfast-go/holdfast/ports => ../../ports
	github.com/holdfast-go/holdfast/rules => ../../rules
	github.com/holdfast-go/holdfast/verifier => ../../verifier
)
