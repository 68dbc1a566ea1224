module github.com/holdfast-go/holdfast/adapters/httpfetch

go 1.26.0

require github.com/holdfast-go/holdfast/ports v0.1.0

// Only for tests.
require (
	github.com/google/go-cmp v0.7.0
	go.uber.org/goleak v1.3.0
)

replace github.com/holdfast-go/holdfast/ports => ../../ports
