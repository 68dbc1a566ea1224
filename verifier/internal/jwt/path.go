package jwt

import (
	"errors"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// A Path says where a claim is: its name, or, where that begins with a slash, a JSON Pointer (RFC 6901) into objects.
type Path struct {
	written string
	names   []string
}

// maxPath bounds how deep a pointer goes: each step reads an object again.
const maxPath = 8

var (
	errPathBlank = errors.New("is blank")
	errPathEmpty = errors.New("is a JSON Pointer with an empty name; write /realm_access/roles, say")
	errPathDepth = errors.New("is a JSON Pointer of over 8 names")
	errPathTilde = errors.New("is a JSON Pointer with a ~ that neither 0 nor 1 follows")
)

// ParsePath reads a path. Its error follows the name of the field that has it.
func ParsePath(written string) (Path, error) {
	if strings.TrimSpace(written) == "" {
		return Path{}, errPathBlank
	}
	if written[0] != '/' {
		return Path{written, []string{written}}, nil
	}
	names := strings.Split(written[1:], "/")
	if len(names) > maxPath {
		return Path{}, errPathDepth
	}
	for i, name := range names {
		switch {
		case name == "":
			return Path{}, errPathEmpty
		case strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(name), "~"):
			return Path{}, errPathTilde
		}
		names[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
	}
	return Path{written, names}, nil
}

// String returns the path as it was written.
func (p Path) String() string { return p.written }

// Same reports whether two paths are of one place, however they are written.
func (p Path) Same(q Path) bool { return slices.Equal(p.names, q.names) }

// In returns what is there, and whether there is anything. Where an object is expected and something else is found, or an
// object that names a member twice, the value is one of no kind: it is there, and can't be read.
func (p Path) In(claims strictjson.Object) (strictjson.Value, bool) {
	value, found := claims.Lookup(p.names[0])
	for _, name := range p.names[1:] {
		if !found {
			break
		}
		inner, err := value.Object()
		if err != nil {
			return strictjson.Value{}, true
		}
		value, found = inner.Lookup(name)
	}
	return value, found
}
