package decode

import (
	"encoding"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/go-jose/go-jose/v4/json"
)

// A plan is how values of one type are read.
type plan struct {
	kind   kind
	bits   int     // of numbers
	inner  *plan   // of elements, and of what is pointed to
	fields []field // of structs
	// own is true if no part of a value is read by others, so that a copy can be made that shares nothing which can be
	// changed. Flat is true if an assignment makes one.
	own, flat bool
}

type kind int

const (
	other kind = iota // is left to go-jose's json
	text
	boolean
	signed
	unsigned
	float
	list
	pointer
	structure
)

type field struct {
	name  string
	index int
	plan  *plan
}

var plans sync.Map // of *plan, by reflect.Type

// planOf returns the plan of a type, of which a program has few.
func planOf(t reflect.Type) *plan {
	if known, found := plans.Load(t); found {
		return known.(*plan)
	}
	made, _ := plans.LoadOrStore(t, newPlan(t, nil))
	return made.(*plan)
}

// leftOver reads whatever has no plan of its own.
var leftOver = &plan{}

var (
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// newPlan makes the plan of a type that is inside others. A type that has itself inside is left over.
func newPlan(t reflect.Type, inside []reflect.Type) *plan {
	if slices.Contains(inside, t) {
		return leftOver
	}
	inside = append(inside, t)
	if at := reflect.PointerTo(t); at.Implements(unmarshaler) || at.Implements(textUnmarshaler) {
		return leftOver
	}
	switch t.Kind() {
	case reflect.String:
		return &plan{kind: text, own: true, flat: true}
	case reflect.Bool:
		return &plan{kind: boolean, own: true, flat: true}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &plan{kind: signed, bits: t.Bits(), own: true, flat: true}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &plan{kind: unsigned, bits: t.Bits(), own: true, flat: true}
	case reflect.Float32, reflect.Float64:
		return &plan{kind: float, bits: t.Bits(), own: true, flat: true}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 { // base64
			return leftOver
		}
		return around(list, newPlan(t.Elem(), inside))
	case reflect.Pointer:
		if t.Name() != "" {
			return leftOver
		}
		return around(pointer, newPlan(t.Elem(), inside))
	case reflect.Struct:
		return structPlan(t, inside)
	}
	return leftOver
}

func around(kind kind, inner *plan) *plan { return &plan{kind: kind, inner: inner, own: inner.own} }

// structPlan leaves structs over in which it takes more rules to know which field a member is for.
func structPlan(t reflect.Type, inside []reflect.Type) *plan {
	p := &plan{kind: structure, own: true, flat: true}
	names := make(map[string]bool)
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		if f.Anonymous {
			return leftOver
		}
		if !f.IsExported() || tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "" {
			name = f.Name
		}
		if names[name] || strings.ContainsFunc(name, isOdd) || strings.Contains(options, "string") {
			return leftOver
		}
		names[name] = true
		inner := newPlan(f.Type, inside)
		p.fields = append(p.fields, field{name, i, inner})
		p.own, p.flat = p.own && inner.own, p.flat && inner.flat
	}
	return p
}

// isOdd reports whether a character makes a tag's name one that json may not take.
func isOdd(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-./:#", r))
}
