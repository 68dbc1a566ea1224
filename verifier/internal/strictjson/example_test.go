package strictjson_test

import (
	"errors"
	"fmt"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// The header of a token, as RFC 7515 section 4 has it read: with case, and without a choice between two values.
func Example() {
	limits := strictjson.Limits{Depth: 8, Members: 64}

	header, err := strictjson.ParseObject([]byte(`{"Alg":"none","alg":"RS256","kid":"2026-11"}`), limits)
	if err != nil {
		fmt.Println(err)
		return
	}
	value, found := header.Lookup("alg")
	alg, isText := value.Text()
	fmt.Println(alg, isText, found)

	_, err = strictjson.ParseObject([]byte(`{"alg":"RS256","\u0061lg":"none"}`), limits)
	fmt.Println(err, errors.Is(err, strictjson.ErrDuplicate))
	// Output:
	// RS256 true true
	// JSON object has duplicate member names true
}

// A member that only looks like the one asked for is not there.
func ExampleObject_Lookup() {
	claims, err := strictjson.ParseObject([]byte(`{"EXP":9999999999}`), strictjson.Limits{Depth: 1, Members: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	value, found := claims.Lookup("exp")
	fmt.Println(found, value.Kind() == strictjson.Absent)
	// Output: false true
}
