// Package clock reads the Clock field of a configuration.
package clock

import (
	"errors"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
)

var errNil = errors.New("Clock holds a nil pointer; leave it unset for the system's clock")

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
