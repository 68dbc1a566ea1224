package verifier

import (
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/decode"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// signedClaims are what a token says beyond what every Verified has.
type signedClaims struct {
	payload         string             // a strict JSON object
	parsed          *strictjson.Object // is the payload; nil in a token that is remembered
	malformedScopes string             // the scope claim, if it could not be read
	// decoded and permissions are what was read of a token that is remembered, for the next who asks.
	decoded, permissions decode.Memo
}

// roomToDecode bounds what each reading takes.
func (c *signedClaims) roomToDecode() int { return 256 + len(c.payload) }

// An origin is what a Verified needs of the verifier that it is from.
type origin struct {
	*responder
	clock       ports.Clock
	leeway      time.Duration
	maxTokenAge time.Duration // zero where only exp decides
}
