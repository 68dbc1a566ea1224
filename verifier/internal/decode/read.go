package decode

import (
	"errors"
	"reflect"
	"strconv"

	"github.com/go-jose/go-jose/v4/json"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// errPointer is about a target that can't be written.
var errPointer = errors.New("the target is not a pointer, or nil")

// Into writes claims into the value that target points to. What can't be read may have been written in part.
func Into(claims strictjson.Object, target any) error {
	if err := claims.CheckDuplicates(); err != nil {
		return err
	}
	to := reflect.ValueOf(target)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return errPointer
	}
	to = to.Elem()
	if p := planOf(to.Type()); p.kind == structure && to.IsZero() {
		if p.readObject(to, claims) {
			return nil
		}
		to.SetZero()
	}
	return json.Unmarshal([]byte(claims.Raw()), target)
}

// readObject reads a struct, which is zero. It reports false if the object does not fit: what is to be written then, and
// the error, are json's.
func (p *plan) readObject(v reflect.Value, object strictjson.Object) bool {
	for _, f := range p.fields {
		if value, found := object.Lookup(f.name); found && !f.plan.read(v.Field(f.index), value) {
			return false
		}
	}
	return true
}

// read reads one value into a zero one, as readObject does.
func (p *plan) read(v reflect.Value, value strictjson.Value) bool {
	if p.kind == other {
		return json.Unmarshal([]byte(value.Raw()), v.Addr().Interface()) == nil
	}
	if value.Kind() == strictjson.Null {
		return true // it changes nothing
	}
	switch p.kind {
	case text:
		read, isText := value.Text()
		v.SetString(read)
		return isText
	case boolean:
		read, isBool := value.Bool()
		v.SetBool(read)
		return isBool
	case signed:
		n, err := strconv.ParseInt(value.Raw(), 10, p.bits)
		v.SetInt(n)
		return err == nil
	case unsigned:
		n, err := strconv.ParseUint(value.Raw(), 10, p.bits)
		v.SetUint(n)
		return err == nil
	case float:
		n, err := strconv.ParseFloat(value.Raw(), p.bits)
		v.SetFloat(n)
		return err == nil
	case list:
		return p.readList(v, value)
	case pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return p.inner.read(v.Elem(), value)
	default:
		object, err := value.Object()
		return err == nil && p.readObject(v, object)
	}
}

func (p *plan) readList(v reflect.Value, value strictjson.Value) bool {
	if value.Kind() != strictjson.Array {
		return false
	}
	if texts, isTexts := v.Addr().Interface().(*[]string); isTexts {
		if read, areTexts := value.Strings(); areTexts {
			*texts = read
			return true
		}
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, 0)) // not nil, if it stays empty
	for element := range value.Elements() {
		v.Grow(1)
		v.SetLen(v.Len() + 1)
		if !p.inner.read(v.Index(v.Len()-1), element) {
			return false
		}
	}
	return true
}
