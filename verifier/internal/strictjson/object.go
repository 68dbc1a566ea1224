package strictjson

import (
	"errors"
	"math"
	"unicode/utf8"
)

// Why a text is refused. The errors are returned as they are, one where there are several faults.
var (
	// ErrNotObject: the value is something else than an object, or there is none.
	ErrNotObject = errors.New("not a JSON object")
	// ErrSyntax: the text is not JSON by RFC 8259, or something follows the object.
	ErrSyntax = errors.New("malformed JSON")
	// ErrUTF8: the text is not UTF-8 (RFC 8259 section 8.1).
	ErrUTF8 = errors.New("JSON is not UTF-8")
	// ErrSurrogate: an escape stands for half a surrogate pair, which is not a character (RFC 7493 section 2.1).
	ErrSurrogate = errors.New("JSON string has an unpaired surrogate")
	// ErrDuplicate: two members of an object have the same name (RFC 7515 section 4, RFC 7519 section 4).
	ErrDuplicate = errors.New("JSON object has duplicate member names")
	// ErrDepth: there are more containers inside one another than Limits.Depth.
	ErrDepth = errors.New("JSON is nested too deeply")
	// ErrMembers: an object or array holds more than Limits.Members.
	ErrMembers = errors.New("JSON object or array has too many members")
)

// Limits bound what is read. The size of the text is the caller's to bound, beforehand. The zero value permits
// nothing, and a negative limit no more than zero.
type Limits struct {
	// Depth is how many containers may be inside one another, the outermost object counting 1.
	Depth int
	// Members is how many members any one object, or elements any one array, may have.
	Members int
}

// unlimited is for reading again what the limits were held against before.
var unlimited = Limits{Depth: math.MaxInt, Members: math.MaxInt}

// An Object is a JSON object whose names differ. The zero Object has no members, and no text.
type Object struct {
	raw     string
	members []member
	// nested is whether any object inside has several members.
	nested bool
}

// A member of an object, or an element of an array, which has no name.
type member struct {
	name  string // decoded
	value Value
}

// ParseObject reads text, which must be exactly one JSON object. Its errors are the variables of this package. What is
// read of the object are parts of the text, which is kept as long as they are.
func ParseObject[T ~string | ~[]byte](text T, limits Limits) (Object, error) {
	return parseObject(string(text), limits)
}

func parseObject(data string, limits Limits) (Object, error) {
	if !utf8.ValidString(data) {
		return Object{}, ErrUTF8
	}
	s := scanner{data: data, limits: limits}
	s.skipSpace()
	if !s.at('{') {
		return Object{}, ErrNotObject
	}
	start := s.pos
	members, err := s.outermost()
	if err != nil {
		return Object{}, err
	}
	end := s.pos
	if s.skipSpace(); s.pos != len(data) {
		return Object{}, ErrSyntax
	}
	return Object{raw: data[start:end], members: members, nested: s.nested}, nil
}

// Lookup returns the member with the name, and whether there is one. It takes time in proportion to the number of
// members.
func (o Object) Lookup(name string) (Value, bool) {
	for i := range o.members {
		if o.members[i].name == name {
			return o.members[i].value, true
		}
	}
	return Value{}, false
}

// Text returns the text of the member with the name, and false if there is none or it is not a string.
func (o Object) Text(name string) (string, bool) {
	value, _ := o.Lookup(name)
	return value.Text()
}

// Len is how many members the object has.
func (o Object) Len() int { return len(o.members) }

// Raw is the text of the object as it was received, from brace to brace.
func (o Object) Raw() string { return o.raw }

// CheckDuplicates returns [ErrDuplicate] if any object inside o, at any depth, has two members of the same name. Call
// it before handing [Object.Raw] to a decoder that would make a choice between them.
func (o Object) CheckDuplicates() error {
	if o.raw != "" && !o.nested {
		return nil
	}
	s := scanner{data: o.raw, limits: unlimited, everyDepth: true}
	_, err := s.outermost()
	return err
}

// few is how many members are cheaper to compare with one another than to put into a map. A token rarely has more.
const few = 16

// repeat reports whether two members have the same name.
func repeat(members []member) bool {
	if len(members) > few {
		names := make(map[string]struct{}, len(members))
		for _, m := range members {
			names[m.name] = struct{}{}
		}
		return len(names) < len(members)
	}
	for i, m := range members {
		for _, earlier := range members[:i] {
			if m.name == earlier.name {
				return true
			}
		}
	}
	return false
}
