package verifier_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/idtoken"
)

// TestNothingInternalIsExported follows what is exported from the types that users hold. What is of an internal package
// could be reached by other modules, although they can't import it.
func TestNothingInternalIsExported(t *testing.T) {
	seen := make(map[reflect.Type]bool)
	var visit func(path string, reached reflect.Type)
	visit = func(path string, reached reflect.Type) {
		if seen[reached] {
			return
		}
		seen[reached] = true
		if strings.Contains(reached.PkgPath(), "holdfast/verifier/internal/") {
			t.Errorf("%s is a %s", path, reached)
			return
		}
		for method := range reached.Methods() {
			visit(path+"."+method.Name, method.Type)
		}
		switch reached.Kind() {
		case reflect.Func:
			for parameter := range reached.Ins() {
				visit(path+" takes "+parameter.String(), parameter)
			}
			for result := range reached.Outs() {
				visit(path+" returns "+result.String(), result)
			}
		case reflect.Struct:
			for field := range reached.Fields() {
				if field.IsExported() {
					visit(path+"."+field.Name, field.Type)
				}
			}
		case reflect.Map:
			visit(path+" key", reached.Key())
			visit(path+" element", reached.Elem())
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Chan:
			visit(path, reached.Elem())
		}
	}
	for _, entry := range []any{
		verifier.New, (*verifier.Error)(nil), (*verifier.FieldError)(nil),
		idtoken.New, exchange.New, exchange.NewSource, (*exchange.Error)(nil), dpop.New, dpop.NewNonces,
	} {
		visit(reflect.TypeOf(entry).String(), reflect.TypeOf(entry))
	}
}
