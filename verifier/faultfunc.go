package verifier

import (
	"fmt"

	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
)

// A faultFunc is told what is wrong with a field. The field is empty where it is the issuer.
type faultFunc func(field string, err error)

// each checks the elements of a list.
func (fault faultFunc) each(field string, list []string, check func(string) error) {
	for i, element := range list {
		if err := check(element); err != nil {
			fault(fmt.Sprintf("%s[%d]", field, i), err)
		}
	}
}

// paths reads one path, and returns none that can't be read.
func (fault faultFunc) paths(field, written string) []jwt.Path {
	path, err := jwt.ParsePath(written)
	if err != nil {
		fault(field, err)
		return nil
	}
	return []jwt.Path{path}
}
