package strictjson

import (
	"strings"
	"testing"
)

func TestLimits(t *testing.T) {
	checkVerdicts(t, Limits{Depth: 3, Members: 100}, []verdict{
		{"JWS-07 as deep as permitted", `{"a":{"b":[1]}}`, nil},
		{"JWS-07 an array too deep", `{"a":{"b":[[]]}}`, ErrDepth},
		{"JWS-07 an object too deep", `{"a":{"b":[{}]}}`, ErrDepth},
		{"JWS-07 neighbours do not add up", `{"a":{"b":[1]},"c":{"b":[1]},"d":[[],[],{}]}`, nil},
		{"JWS-07 too deep behind a neighbour", `{"a":{"b":[1]},"c":[[[]]]}`, ErrDepth},
		{"JWS-07 brackets in a string", `{"a":{"b":["[[[{{{"]}}`, nil},
	})
	checkVerdicts(t, Limits{Depth: 100, Members: 2}, []verdict{
		{"JWS-07 as many members as permitted", `{"a":1,"b":2}`, nil},
		{"JWS-07 a member too many", `{"a":1,"b":2,"c":3}`, ErrMembers},
		{"JWS-07 as many members as permitted, further in", `{"a":[{"a":1,"b":2}]}`, nil},
		{"JWS-07 a member too many, further in", `{"a":[{"a":1,"b":2,"c":3}]}`, ErrMembers},
		{"JWS-07 as many elements as permitted", `{"a":[1,2]}`, nil},
		{"JWS-07 an element too many", `{"a":[1,2,3]}`, ErrMembers},
		{"JWS-07 an element too many, further in", `{"a":{"b":[[1,2,3]]}}`, ErrMembers},
		{"JWS-07 containers do not add up", `{"a":[[1,2],[3,4]],"b":{"a":[1,2],"b":[3,4]}}`, nil},
	})
	checkVerdicts(t, Limits{Depth: 1, Members: 1}, []verdict{
		{"JWS-07 one member", `{"a":1}`, nil},
		{"JWS-07 no second container", `{"a":{}}`, ErrDepth},
	})
	checkVerdicts(t, Limits{Depth: 1}, []verdict{
		{"JWS-07 no members", `{}`, nil},
		{"JWS-07 one more than none", `{"a":1}`, ErrMembers},
	})
	checkVerdicts(t, Limits{}, []verdict{{"JWS-07 zero limits permit nothing", `{}`, ErrDepth}})
	checkVerdicts(t, Limits{Depth: 1, Members: -1}, []verdict{{"JWS-07 a negative limit allows nothing", `{"a":1}`, ErrMembers}})
	checkVerdicts(t, Limits{Depth: -1, Members: 1}, []verdict{{"JWS-07 a negative limit allows nothing", `{"a":1}`, ErrDepth}})
}

// The work on each of these is linear in the size: what is quadratic runs into the test's timeout, and what recurses
// without a bound runs out of stack.
func TestLargeInput(t *testing.T) {
	const size = 1 << 20
	large := Limits{Depth: 40, Members: size}
	checkVerdicts(t, large, []verdict{
		{"JWS-07 arrays in arrays", `{"a":` + strings.Repeat(`[`, size), ErrDepth},
		{"JWS-07 objects in objects", strings.Repeat(`{"a":`, size/5), ErrDepth},
		{"JWS-07 many members", `{` + numbered(size/10) + `}`, nil},
		{"JWS-07 many members, one twice", `{` + numbered(size/10) + `,"n0":0}`, ErrDuplicate},
		{"JWS-07 many elements", `{"a":[` + strings.Repeat(`0,`, size/2) + `0]}`, nil},
		{"JWS-07 many short objects", `{"a":[` + strings.Repeat(`{"":{}},`, size/8) + `0]}`, nil},
		{"JWS-07 a long string", `{"a":"` + strings.Repeat(`a`, size) + `"}`, nil},
		{"JWS-07 a long string of escapes", `{"a":"` + strings.Repeat(`\ud83d\ude00`, size/12) + `"}`, nil},
		{"JWS-07 a string without an end", `{"a":"` + strings.Repeat(`\"`, size/2), ErrSyntax},
		{"JWS-07 a long number", `{"a":` + strings.Repeat(`1`, size) + `}`, nil},
		{"JWS-07 much white space", `{` + strings.Repeat(` `, size) + `}`, nil},
	})
	t.Run("JWS-07 duplicates at every depth", func(t *testing.T) {
		object, err := ParseObject([]byte(`{"a":[`+strings.Repeat(`{"b":0,"c":{"b":0}},`, size/20)+`{"b":0,"b":0}]}`), large)
		if err != nil {
			t.Fatal(err)
		}
		if err := object.CheckDuplicates(); err != ErrDuplicate {
			t.Errorf("CheckDuplicates: error %v, want %v", err, ErrDuplicate)
		}
	})
}
