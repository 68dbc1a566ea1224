module github.com/holdfast-go/holdfast/adapters/fastverify

go 1.26.0

require (
	filippo.io/bigmod v0.1.0
	filippo.io/edwards25519 v1.2.0
	filippo.io/nistec v0.0.4
	github.com/hashicorp/golang-lru/v2 v2.0.7
	github.com/holdfast-go/holdfast/ports v0.1.0
)

require golang.org/x/sys v0.36.0 // indirect

replace github.com/holdfast-go/holdfast/ports => ../../ports
