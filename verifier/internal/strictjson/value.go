package strictjson

import (
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Kind is what a [Value] is.
type Kind int

// The kinds of RFC 8259 section 3. Only the last one does not bear its name there, since the type [Object] does.
const (
	// Absent is the kind of the zero Value, which Lookup returns where there is no such member.
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Array
	ObjectKind
)

// A Value is one JSON value whose syntax, and that of all inside it, is right. The zero Value is none: every method
// that asks for a kind says no.
type Value struct {
	raw string
}

// Kind tells what v is.
func (v Value) Kind() Kind {
	if len(v.raw) == 0 {
		return Absent
	}
	switch v.raw[0] {
	case 'n':
		return Null
	case 't', 'f':
		return Bool
	case '"':
		return String
	case '[':
		return Array
	case '{':
		return ObjectKind
	default:
		return Number
	}
}

// Raw is the text of v as it was received, without white space around it.
func (v Value) Raw() string { return v.raw }

// Text returns the text of a string, its escapes decoded, and false if v is not a string. It may hold any character,
// U+0000 too.
func (v Value) Text() (string, bool) {
	if v.Kind() != String {
		return "", false
	}
	quoted := v.raw[1 : len(v.raw)-1]
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted, true
	}
	text, err := unescape(quoted)
	return text, err == nil
}

// Bool returns the value of true and false; its second result is false if v is neither.
func (v Value) Bool() (value, isBool bool) {
	return v.raw == "true", v.Kind() == Bool
}

// Number returns the nearest float64, and false if v is not a number or one beyond the range of float64.
func (v Value) Number() (float64, bool) {
	if v.Kind() != Number {
		return 0, false
	}
	number, err := strconv.ParseFloat(v.raw, 64)
	if err != nil || math.IsInf(number, 0) {
		return 0, false
	}
	return number, true
}

// Array returns the elements of an array, and false if v is not an array.
func (v Value) Array() ([]Value, bool) {
	if v.Kind() != Array {
		return nil, false
	}
	values := make([]Value, 0, min(strings.Count(v.raw, ",")+1, few))
	return slices.AppendSeq(values, v.Elements()), true
}

// Strings returns the elements of an array of strings, which may be empty, and false if v is anything else.
func (v Value) Strings() ([]string, bool) {
	if v.Kind() != Array {
		return nil, false
	}
	var few [32]string // most arrays fit, and then the result takes one allocation
	texts := few[:0]
	for element := range v.Elements() {
		text, isText := element.Text()
		if !isText {
			return nil, false
		}
		texts = append(texts, text)
	}
	return append(make([]string, 0, len(texts)), texts...), true
}

// Elements are those of an array, none if v is anything else.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() != Array {
			return
		}
		s := scanner{data: v.raw, pos: 1, limits: unlimited}
		for s.skipSpace(); !s.at(']'); s.skipSpace() {
			if s.takeByte(',') {
				s.skipSpace()
			}
			start := s.pos
			if err := s.value(1); err != nil || !yield(Value{v.raw[start:s.pos]}) { // it was read before, without one
				return
			}
		}
	}
}

// Object reads an object. It returns [ErrNotObject] if v is anything else, and [ErrDuplicate] if two of its members
// have the same name; objects inside it are not looked at. The limits of [ParseObject] hold for it already.
func (v Value) Object() (Object, error) {
	return ParseObject(v.raw, unlimited)
}
