module github.com/holdfast-go/holdfast/adapters/grpcguard

go 1.26.0

require (
	github.com/holdfast-go/holdfast/verifier v0.1.0
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260817212433-ac3dfec99bb1
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
)

require (
	github.com/go-jose/go-jose/v4 v4.1.8 // indirect
	github.com/hashicorp/golang-lru/v2 v2.0.7 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.42.0 // indirect
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
