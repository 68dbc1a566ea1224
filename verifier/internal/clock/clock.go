// Package clock reads the Clock field of a configuration.
package clock

import (
	"fmt"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
)

var errNil = fmt.Errorf("%s holds a nil pointer; leave it unset for the system's clock", "Clock")

// Or returns the configured clock, or the system's where there is none. A clock that would panic when it is asked is an
// error, which names the field.
func Or(configured, system ports.Clock) (ports.Clock, error) {
	switch {
	case configured == nil:
		return system, nil
	case outbound.IsNil(configured):
		return nil, errNil
	}
	return configured, nil
}
