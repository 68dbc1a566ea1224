package verifier

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
)

// TestFaultEveryCodeHasAnAnswer finds the constants of type Code in the source: one that was forgotten in answers would
// be a status of 0.
func TestFaultEveryCodeHasAnAnswer(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, isValue := node.(*ast.ValueSpec)
		if !isValue {
			return true
		}
		if of, named := spec.Type.(*ast.Ident); !named || of.Name != "Code" {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		declared++
		code := Code(text)
		a, found := answers[code]
		if !found {
			t.Errorf("%s has no answer", spec.Names[0].Name)
		}
		if a.Status < 400 || a.Status > 599 || a.Description == "" || a.Class == "" {
			t.Errorf("the answer to %s is %+v", spec.Names[0].Name, a)
		}
		return true
	})
	if declared != len(answers) {
		t.Errorf("%d codes are declared in errors.go, and %d have an answer", declared, len(answers))
	}
}

// TestFaultEveryFaultOfTheFrontHasAnAnswer reads the codes that package jwt shares with this one.
func TestFaultEveryFaultOfTheFrontHasAnAnswer(t *testing.T) {
	for _, code := range []string{
		jwt.CodeTooLarge, jwt.CodeMalformed, jwt.CodeAlgorithm, jwt.CodeType, jwt.CodeKeyIDMissing, jwt.CodeKeyUnknown, jwt.CodeSignature,
		jwt.CodeClaimMissing, jwt.CodeClaimMalformed, jwt.CodeUndecodable, jwt.CodeIssuerUnavailable, jwt.CodeCanceled,
	} {
		if e := refused(&jwt.Fault{Code: code}); e.Code != Code(code) {
			t.Errorf("%s is answered as %s", code, e.Code)
		}
	}
	if e := refused(&jwt.Fault{Code: "forgotten"}); e.Class != Misconfigured || e.Status != 500 {
		t.Errorf("an unknown code is %v with status %d", e, e.Status)
	}
}
