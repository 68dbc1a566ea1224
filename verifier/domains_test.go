package verifier

import (
	"reflect"
	"testing"

	"github.com/holdfast-go/holdfast/ports"
)

// TestSameDomain changes each field of a domain, also ones that are added after this was written: a policy of another
// domain must not be taken for its own (CLAIM-ISS-05).
func TestSameDomain(t *testing.T) {
	m := newDomainMemory(10)
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			v.SetString("x")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Uint8:
			v.SetUint('x')
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0))
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		default:
			t.Fatalf("a field of kind %v", v.Kind())
		}
	}
	var visit func(path string, domain *ports.Domain, v reflect.Value)
	visit = func(path string, domain *ports.Domain, v reflect.Value) {
		if v.Kind() == reflect.Struct {
			for i := range v.NumField() {
				visit(path+"."+v.Type().Field(i).Name, domain, v.Field(i))
			}
			return
		}
		before := cloneDomain(*domain)
		m.remember(before, &policy{})
		if m.recall(*domain) == nil {
			t.Fatal("the same domain is not known")
		}
		fill(v)
		if sameDomain(before, *domain) || m.recall(*domain) != nil {
			t.Errorf("%s does not count", path)
		}
		if v.Kind() != reflect.Slice {
			return
		}
		one := cloneDomain(*domain)
		if !sameDomain(one, *domain) {
			t.Errorf("a copy with another %s", path)
		}
		v.Index(0).SetZero()
		if sameDomain(one, *domain) {
			t.Errorf("the copy shares %s", path)
		}
	}
	var domain ports.Domain
	visit("Domain", &domain, reflect.ValueOf(&domain).Elem())
}
