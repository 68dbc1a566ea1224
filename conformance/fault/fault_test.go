package fault_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/conformance/fault"
)

// An API asks its issuer for keys; any handler can have a fault.
func ExampleOver() {
	keys := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"keys":[]}`) })
	server := httptest.NewServer(fault.Over(keys, fault.Outage.At(fault.Keys)))
	defer server.Close()
	for _, path := range []string{"/jwks", "/.well-known/openid-configuration"} {
		answer, err := http.Get(server.URL + path)
		if err != nil {
			panic(err)
		}
		answer.Body.Close()
		fmt.Println(path, answer.Status)
	}
	// Output:
	// /jwks 503 Service Unavailable
	// /.well-known/openid-configuration 200 OK
}

// The guide lists every fault as it is, and no two have one name.
func TestGuideListsTheFaults(t *testing.T) {
	guide, err := os.ReadFile("../../docs/guide/test.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range fault.List() {
		endpoint := cmp.Or(map[fault.Endpoint]string{fault.Metadata: "metadata", fault.Keys: "keys"}[f.Endpoint], "every one")
		row := fmt.Sprintf("| `%s` | %s | %s |\n", f.Name, f.Does, endpoint)
		if !strings.Contains(string(guide), row) {
			t.Errorf("docs/guide/test.md lacks the row\n%s", row)
		}
		if seen[f.Name] {
			t.Errorf("two faults are called %s", f.Name)
		}
		seen[f.Name] = true
	}
}
