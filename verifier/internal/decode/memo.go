package decode

import (
	"reflect"
	"sync/atomic"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// A Memo keeps the claims of a token as one type has read them, so that they are read once and then copied. It is safe for
// concurrent use.
type Memo struct {
	kept atomic.Pointer[reading]
}

// A reading is a value that no caller has, and that does not change.
type reading struct {
	of    reflect.Type
	value reflect.Value
}

// Into is the function [Into], and keeps what was read, of the first type in which nothing is shared and that takes at most
// most bytes. Only values that are zero are written by a copy. The claims are asked for only if they must be read.
func (m *Memo) Into(claims func() strictjson.Object, target any, most int) error {
	to := reflect.ValueOf(target)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return errPointer
	}
	to = to.Elem()
	kept := m.kept.Load()
	p := planOf(to.Type())
	if p.kind != structure || !p.own || kept != nil && kept.of != to.Type() || !to.IsZero() {
		return Into(claims(), target)
	}
	if kept == nil {
		read := reflect.New(to.Type())
		if err := Into(claims(), read.Interface()); err != nil {
			return Into(claims(), target)
		}
		kept = &reading{of: to.Type(), value: read.Elem()}
		if p.size(kept.value) <= most {
			m.kept.CompareAndSwap(nil, kept)
		}
	}
	p.copy(to, kept.value)
	return nil
}

// copy makes a copy that shares nothing which can be changed.
func (p *plan) copy(to, from reflect.Value) {
	if to.Set(from); p.flat {
		return
	}
	switch p.kind {
	case structure:
		for _, f := range p.fields {
			if !f.plan.flat {
				f.plan.copy(to.Field(f.index), from.Field(f.index))
			}
		}
	case pointer:
		if !from.IsNil() {
			to.Set(reflect.New(to.Type().Elem()))
			p.inner.copy(to.Elem(), from.Elem())
		}
	case list:
		n := from.Len()
		if n == 0 {
			return // nothing in it can be changed
		}
		to.SetZero()
		to.Grow(n)
		to.SetLen(n)
		reflect.Copy(to, from)
		for i := range n {
			if p.inner.flat {
				break
			}
			p.inner.copy(to.Index(i), from.Index(i))
		}
	}
}

// size is about how many bytes a value takes, without its texts, which are parts of the claims.
func (p *plan) size(v reflect.Value) int {
	size := int(v.Type().Size())
	switch {
	case p.flat:
	case p.kind == structure:
		for _, f := range p.fields {
			size += f.plan.size(v.Field(f.index)) - int(v.Field(f.index).Type().Size())
		}
	case p.kind == pointer && !v.IsNil():
		size += p.inner.size(v.Elem())
	case p.kind == list:
		for i := range v.Len() {
			size += p.inner.size(v.Index(i))
		}
	}
	return size
}
