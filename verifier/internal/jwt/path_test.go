package jwt

import (
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

func TestPath(t *testing.T) {
	const payload = `{"a":"1","a.b":"2","https://x.example/a":"3","o":{"a":"4","/":"5","~":"6","o":{"a":"7"}},"twice":{"a":"8","a":"9"},"list":["10"]}`
	claims, err := strictjson.ParseObject(payload, strictjson.Limits{Depth: 9, Members: 99})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, want string
		found      bool
	}{
		{"a", "1", true}, {"a.b", "2", true}, {"https://x.example/a", "3", true},
		{"/a", "1", true}, {"/o/a", "4", true}, {"/o/~1", "5", true}, {"/o/~0", "6", true}, {"/o/o/a", "7", true},
		{"b", "", false}, {"/o/b", "", false}, {"/b/a", "", false}, {"o.a", "", false},
		// These are there, and can't be read.
		{"/twice/a", "", true}, {"/list/0", "", true}, {"/a/a", "", true},
	} {
		path, err := ParsePath(c.path)
		if err != nil || path.String() != c.path {
			t.Fatalf("ParsePath(%q) = %q, %v", c.path, path, err)
		}
		value, found := path.In(claims)
		if text, _ := value.Text(); text != c.want || found != c.found {
			t.Errorf("%q is %q, %v; want %q, %v", c.path, text, found, c.want, c.found)
		}
	}
	for _, bad := range []string{"", " ", "/", "//", "/a/", "/a//b", "/~", "/~2", "/a~", strings.Repeat("/a", maxPath+1)} {
		if _, err := ParsePath(bad); err == nil {
			t.Errorf("ParsePath(%q) succeeds", bad)
		}
	}
}

func FuzzPath(f *testing.F) {
	f.Add("/realm_access/roles", `{"realm_access":{"roles":["a"]}}`)
	f.Add("a", `{"a":1}`)
	f.Add("/~01", `{"~1":{}}`)
	f.Fuzz(func(t *testing.T, written, payload string) {
		path, err := ParsePath(written)
		claims, errClaims := strictjson.ParseObject(payload, strictjson.Limits{Depth: 40, Members: 10_000})
		if err != nil || errClaims != nil {
			return
		}
		if value, found := path.In(claims); !found && value.Kind() != (strictjson.Value{}).Kind() {
			t.Errorf("%q is not found, and is %v", written, value.Kind())
		}
	})
}
