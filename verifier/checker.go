package verifier

import (
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// A checker reads a configuration, and collects what is wrong with it. Each stage is made by one, and reads the fields
// that it is about.
type checker struct {
	Config
	*settings.Checker
	signatures *jwk.Verifier
}

func newChecker(config Config) *checker {
	c := &checker{Config: config, Checker: settings.Of(config, func(field string, err error) error { return &FieldError{Field: field, Err: err} })}
	if c.Port("Clock", c.Clock); outbound.IsNil(c.Clock) {
		c.Clock = memory.Clock{}
	}
	c.Port("SignatureVerifier", c.SignatureVerifier)
	c.signatures = jwk.NewVerifier(c.SignatureVerifier, c.Logger)
	return c
}

// port is the way to one of the application's parts.
func (c *checker) port(name string, timeout time.Duration) *outbound.Port {
	return &outbound.Port{Name: name, Timeout: timeout, Logger: c.Logger}
}
