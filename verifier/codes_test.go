package verifier

import (
	"os"
	"regexp"
	"testing"

	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
)

// TestFaultEveryCodeHasAnAnswer finds the codes in the source, those of the front that tokens of all kinds share included.
func TestFaultEveryCodeHasAnAnswer(t *testing.T) {
	constant := regexp.MustCompile(`(?m)^\tCode\w+ +(?:Code )?= "(\w+)"`)
	declared := make(map[Code]bool)
	for _, name := range []string{"errors.go", "internal/jwt/fault.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range constant.FindAllSubmatch(source, -1) {
			declared[Code(match[1])] = true
		}
	}
	for code := range declared {
		if a := answers[code]; a.Status < 400 || a.Status > 599 || a.Description == "" || a.Class == "" {
			t.Errorf("the answer to %s is %+v", code, a)
		}
	}
	if len(declared) < 35 || len(declared) != len(answers) {
		t.Errorf("%d codes are declared, and %d have an answer", len(declared), len(answers))
	}
	if e := refused(&jwt.Fault{Code: "forgotten"}); e.Class != Misconfigured || e.Status != 500 {
		t.Errorf("an unknown code is %v with status %d", e, e.Status)
	}
}
