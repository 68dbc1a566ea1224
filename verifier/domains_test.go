package verifier

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
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
		known := &readDomain{before, &policy{}}
		list := []ports.Domain{{Issuer: "other"}, *domain}
		m.remember(known)
		m.rememberList(&readList{domains: []*readDomain{{written: list[0]}, known}})
		if m.recall(domain) != known || m.recallList(list) == nil {
			t.Fatal("the same domain is not known")
		}
		fill(v)
		list[1] = *domain
		if sameDomain(&before, domain) || m.recall(domain) != nil || m.recallList(list) != nil {
			t.Errorf("%s does not count", path)
		}
		if v.Kind() != reflect.Slice {
			return
		}
		one := cloneDomain(*domain)
		if !sameDomain(&one, domain) {
			t.Errorf("a copy with another %s", path)
		}
		v.Index(0).SetZero()
		if sameDomain(&one, domain) {
			t.Errorf("the copy shares %s", path)
		}
	}
	var domain ports.Domain
	visit("Domain", &domain, reflect.ValueOf(&domain).Elem())
}

// What is remembered of lists is bounded by the domains in them, the list used longest ago going first.
func TestListsAreBounded(t *testing.T) {
	const most = 10
	m := newDomainMemory(most)
	lists := make(map[string][]ports.Domain)
	add := func(name string, domains int) {
		l := &readList{}
		for n := range domains {
			d := ports.Domain{Issuer: fmt.Sprint(name, n)}
			lists[name] = append(lists[name], d)
			l.domains = append(l.domains, &readDomain{written: d})
		}
		m.rememberList(l)
	}
	known := func() (names string) {
		for _, name := range slices.Sorted(maps.Keys(lists)) {
			if m.recallList(lists[name]) != nil {
				names += name
			}
		}
		return names
	}
	for _, step := range []struct {
		name    string
		domains int
		want    string
	}{
		{"a", 4, "a"}, {"b", 6, "ab"}, {"c", 1, "bc"}, {"d", 10, "d"}, {"e", 11, "d"}, {"f", 1, "f"},
	} {
		add(step.name, step.domains)
		if got := known(); got != step.want {
			t.Errorf("after %s of %d domains it knows %q, want %q", step.name, step.domains, got, step.want)
		}
	}
	for range 2 * most {
		m.rememberList(&readList{domains: []*readDomain{{written: lists["f"][0]}}})
	}
	if m.listed != 1 {
		t.Errorf("%d domains are counted, want 1", m.listed)
	}
	if m.recallList(slices.Concat(lists["f"], lists["f"])) != nil || m.recallList(nil) != nil {
		t.Error("a longer list, or an empty one, is taken for one that is known")
	}
}
