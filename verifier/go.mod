module github.com/holdfast-go/holdfast/verifier

go 1.26.0

require (
	github.com/go-jose/go-jose/v4 v4.1.8
	github.com/holdfast-go/holdfast/ports v0.1.0
	go.uber.org/goleak v1.3.0
)

require github.com/google/go-cmp v0.7.0

require github.com/hashicorp/golang-lru/v2 v2.0.7

replace github.com/holdfast-go/holdfast/ports => ../ports
