package jwt

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

func TestAudiences(t *testing.T) {
	for written, want := range map[string][]string{
		`"a"`:       {"a"},
		`""`:        {""},
		`["a"]`:     {"a"},
		`["a","b"]`: {"a", "b"},
		`[]`:        nil,
		`["a",1]`:   nil,
		`[["a"]]`:   nil,
		`{"a":"a"}`: nil,
		`1`:         nil,
		`null`:      nil,
	} {
		object, err := strictjson.ParseObject([]byte(`{"aud":`+written+`}`), strictjson.Limits{Depth: 3, Members: 2})
		if err != nil {
			t.Fatal(err)
		}
		value, _ := object.Lookup("aud")
		got, ok := Audiences(value)
		if ok != (want != nil) || ok && !cmp.Equal(got, want) {
			t.Errorf("CLAIM-AUD-03: %s is %q, %v; want %q", written, got, ok, want)
		}
	}
}
