package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// roomy limits are out of the way of what a test is about.
var roomy = Limits{Depth: 100, Members: 100}

// A verdict is what ParseObject must say to a text: nil accepts it.
type verdict struct {
	name, text string
	want       error
}

func checkVerdicts(t *testing.T, limits Limits, verdicts []verdict) {
	t.Helper()
	for _, v := range verdicts {
		t.Run(v.name, func(t *testing.T) {
			if _, err := ParseObject([]byte(v.text), limits); err != v.want {
				t.Errorf("ParseObject(%q): error %v, want %v", v.text, err, v.want)
			}
		})
	}
}

func TestOneObject(t *testing.T) {
	checkVerdicts(t, roomy, []verdict{
		{"JWS-04 an object", `{"a":1}`, nil},
		{"JWS-04 an empty object", `{}`, nil},
		{"JWS-04 an empty object with white space in it", "{ \t\r\n}", nil},
		{"JWS-04 white space around everything", " \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : 3 } \t\r\n", nil},
		{"JWS-04 white space of another kind", "\u00a0{\"a\":1}", ErrNotObject},
		{"JWS-04 form feed is not white space", "{\f\"a\":1}", ErrSyntax},
		{"JWS-04 nothing", ``, ErrNotObject},
		{"JWS-04 only white space", ` `, ErrNotObject},
		{"JWS-04 byte order mark", "\ufeff{\"a\":1}", ErrNotObject},
		{"JWS-04 byte order mark after the object", "{\"a\":1}\ufeff", ErrSyntax},
		{"JWS-04 an array", `[{"a":1}]`, ErrNotObject},
		{"JWS-04 a string", `"{}"`, ErrNotObject},
		{"JWS-04 null", `null`, ErrNotObject},
		{"JWS-04 a second object", `{"a":1}{"a":1}`, ErrSyntax},
		{"JWS-04 a closing brace too many", `{"a":1}}`, ErrSyntax},
		{"JWS-04 a NUL after the object", "{\"a\":1}\x00", ErrSyntax},
		{"JWS-04 a line comment", "{\"a\":1}//", ErrSyntax},
		{"JWS-04 a comment inside", `{/**/"a":1}`, ErrSyntax},
		{"JWS-04 UTF-16", "{\x00\"\x00a\x00\"\x00:\x001\x00}\x00", ErrSyntax},
	})
}

func TestGrammar(t *testing.T) {
	checkVerdicts(t, roomy, []verdict{
		{"JWS-04 two members", `{"a":1,"b":2}`, nil},
		{"JWS-04 comma before the first member", `{,"a":1}`, ErrSyntax},
		{"JWS-04 a name without its first quotation mark", `{xa":1}`, ErrSyntax},
		{"JWS-04 a second name without its first quotation mark", `{"a":1,xb":2}`, ErrSyntax},
		{"JWS-04 comma after the last member", `{"a":1,}`, ErrSyntax},
		{"JWS-04 two commas", `{"a":1,,"b":2}`, ErrSyntax},
		{"JWS-04 no comma", `{"a":1 "b":2}`, ErrSyntax},
		{"JWS-04 semicolon", `{"a":1;"b":2}`, ErrSyntax},
		{"JWS-04 no colon", `{"a" 1}`, ErrSyntax},
		{"JWS-04 equals sign", `{"a"=1}`, ErrSyntax},
		{"JWS-04 no value", `{"a":}`, ErrSyntax},
		{"JWS-04 no name", `{:1}`, ErrSyntax},
		{"JWS-04 bare name", `{a:1}`, ErrSyntax},
		{"JWS-04 single quotes", `{'a':1}`, ErrSyntax},
		{"JWS-04 number as a name", `{1:1}`, ErrSyntax},
		{"JWS-04 closed by a bracket", `{"a":1]`, ErrSyntax},
		{"JWS-04 empty array", `{"a":[]}`, nil},
		{"JWS-04 two elements", `{"a":[1,2]}`, nil},
		{"JWS-04 comma before the first element", `{"a":[,1]}`, ErrSyntax},
		{"JWS-04 comma after the last element", `{"a":[1,]}`, ErrSyntax},
		{"JWS-04 array closed by a brace", `{"a":[1}}`, ErrSyntax},
		{"JWS-04 colon in an array", `{"a":[1:2]}`, ErrSyntax},
		{"JWS-04 the three words", `{"a":true,"b":false,"c":null}`, nil},
		{"JWS-04 words with case", `{"a":True}`, ErrSyntax},
		{"JWS-04 a word cut short", `{"a":tru}`, ErrSyntax},
		{"JWS-04 a word too long", `{"a":nulll}`, ErrSyntax},
		{"JWS-04 undefined", `{"a":undefined}`, ErrSyntax},
	})
	t.Run("JWS-04 cut short anywhere", func(t *testing.T) {
		whole := `{"a\n\ud83d\ude00":[-1.5e+3,"x",true,{"b":null}]}`
		checkVerdicts(t, roomy, []verdict{{"JWS-04 whole", whole, nil}})
		for end := 1; end < len(whole); end++ {
			if _, err := ParseObject([]byte(whole[:end]), roomy); !errors.Is(err, ErrSyntax) && !errors.Is(err, ErrSurrogate) {
				t.Errorf("ParseObject(%q): error %v, want %v", whole[:end], err, ErrSyntax)
			}
		}
	})
}

func TestNumberGrammar(t *testing.T) {
	for number, want := range map[string]error{
		"0": nil, "-0": nil, "10": nil, "1.0": nil, "0.05": nil, "1e5": nil, "1E+5": nil, "1.5e-05": nil, "1e400": nil,
		"+1": ErrSyntax, "01": ErrSyntax, "-01": ErrSyntax, "-": ErrSyntax, "--1": ErrSyntax, ".5": ErrSyntax, "1.": ErrSyntax,
		"1.e5": ErrSyntax, "1e": ErrSyntax, "1e+": ErrSyntax, "1e+-5": ErrSyntax, "1e5.0": ErrSyntax, "0x10": ErrSyntax, "1_000": ErrSyntax,
		"NaN": ErrSyntax, "Infinity": ErrSyntax, "-Infinity": ErrSyntax, "1 2": ErrSyntax, "١": ErrSyntax,
	} {
		checkVerdicts(t, roomy, []verdict{{"JWS-04 " + number, `{"n":` + number + `}`, want}})
	}
}

func TestUnicode(t *testing.T) {
	checkVerdicts(t, roomy, []verdict{
		{"JWS-04 two, three and four bytes", "{\"é\":\"€😀\"}", nil},
		{"JWS-04 the replacement character itself", "{\"a\":\"\ufffd\"}", nil},
		{"JWS-04 lone continuation byte", "{\"a\":\"\x80\"}", ErrUTF8},
		{"JWS-04 cut sequence", "{\"a\":\"\xe2\x82\"}", ErrUTF8},
		{"JWS-04 overlong", "{\"a\":\"\xc0\xaf\"}", ErrUTF8},
		{"JWS-04 surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", ErrUTF8},
		{"JWS-04 beyond U+10FFFF", "{\"a\":\"\xf4\x90\x80\x80\"}", ErrUTF8},
		{"JWS-04 not UTF-8 in a name", "{\"a\xff\":1}", ErrUTF8},
		{"JWS-04 not UTF-8 in an inner object", "{\"a\":{\"b\":[\"\xff\"]}}", ErrUTF8},
		{"JWS-04 not UTF-8 after the object", "{\"a\":1}\xff", ErrUTF8},

		{"JWS-04 every escape", `{"a":"\"\\\/\b\f\n\r\t\u00e9"}`, nil},
		{"JWS-04 unknown escape", `{"a":"\x41"}`, ErrSyntax},
		{"JWS-04 upper case U", `{"a":"\U00e9"}`, ErrSyntax},
		{"JWS-04 three hexadecimal digits", `{"a":"\u00e"}`, ErrSyntax},
		{"JWS-04 not hexadecimal", `{"a":"\u00eg"}`, ErrSyntax},
		{"JWS-04 space is the first that needs no escape", `{"a":" "}`, nil},
		{"JWS-04 control character", "{\"a\":\"\x1f\"}", ErrSyntax},
		{"JWS-04 line break", "{\"a\":\"\n\"}", ErrSyntax},
		{"JWS-04 NUL", "{\"a\":\"\x00\"}", ErrSyntax},
		{"JWS-04 control character in a name", "{\"a\t\":1}", ErrSyntax},
		{"JWS-04 delete needs no escape", "{\"a\":\"\x7f\"}", nil},
		{"JWS-04 escaped NUL is text", `{"\u0000":"\u0000"}`, nil},

		{"JWS-04 surrogate pair", `{"a":"\ud83d\uDE00"}`, nil},
		{"JWS-04 below the surrogates", `{"a":"\ud7ff"}`, nil},
		{"JWS-04 above the surrogates", `{"a":"\ue000"}`, nil},
		{"JWS-04 lone high surrogate", `{"a":"\ud83d"}`, ErrSurrogate},
		{"JWS-04 lone low surrogate", `{"a":"\ude00"}`, ErrSurrogate},
		{"JWS-04 surrogates the wrong way round", `{"a":"\ude00\ud83d"}`, ErrSurrogate},
		{"JWS-04 two high surrogates", `{"a":"\ud83d\ud83d"}`, ErrSurrogate},
		{"JWS-04 high surrogate and a character", `{"a":"\ud83dabcdef"}`, ErrSurrogate},
		{"JWS-04 high surrogate and another escape", `{"a":"\ud83d\n00000"}`, ErrSurrogate},
		{"JWS-04 high surrogate and what lacks the backslash", `{"a":"\ud83d-ude00"}`, ErrSurrogate},
		{"JWS-04 lone surrogate in a name", `{"\ud83d":1}`, ErrSurrogate},
		{"JWS-04 lone surrogate in an inner name", `{"a":{"\ud83d":1}}`, ErrSurrogate},
		{"JWS-04 the backslash was escaped", `{"a":"\\ud83d"}`, nil},
	})
}

func TestDuplicates(t *testing.T) {
	checkVerdicts(t, roomy, []verdict{
		{"JWS-05 different names", `{"a":1,"b":1}`, nil},
		{"JWS-05 the same name", `{"a":1,"a":1}`, ErrDuplicate},
		{"JWS-05 with others between", `{"a":1,"b":2,"c":3,"a":4}`, ErrDuplicate},
		{"JWS-05 the empty name", `{"":1,"":1}`, ErrDuplicate},
		{"JWS-05 once escaped", `{"a":1,"\u0061":1}`, ErrDuplicate},
		{"JWS-05 escaped in two ways", `{"\/":1,"\u002F":1}`, ErrDuplicate},
		{"JWS-05 a pair of surrogates and the character", `{"\ud83d\ude00":1,"😀":1}`, ErrDuplicate},
		{"JWS-05 what looks like an escape is not one", `{"a":1,"\\u0061":1}`, nil},
		{"JWS-05 no Unicode normalisation (RFC 8259 section 8.3)", `{"é":1,"e\u0301":1}`, nil},
		{"JWS-05 one name a prefix of another", `{"a":1,"a\u0000":1}`, nil},
		{"JWS-05 the same name at two depths", `{"a":{"a":[{"a":1},{"a":1}]}}`, nil},
		{"JWS-05 the value repeats the name", `{"a":"a","b":"a"}`, nil},
		{"JWS-05 an inner object is judged when it is read", `{"a":{"b":1,"b":1}}`, nil},
	})
	// On both sides of where names go into a map.
	for _, members := range []int{few - 1, few, few + 1, few + 2, 90} {
		t.Run(fmt.Sprintf("JWS-05 the last of %d members repeats the first", members), func(t *testing.T) {
			differ := numbered(members - 1)
			checkVerdicts(t, roomy, []verdict{
				{"all differ", "{" + differ + `,"n1000":0}`, nil},
				{"repeated", "{" + differ + `,"n0":0}`, ErrDuplicate},
				{"repeated escaped", "{" + differ + `,"\u006e0":0}`, ErrDuplicate},
			})
		})
	}
}

// numbered are members named n0, n1 and so on.
func numbered(members int) string {
	var b strings.Builder
	for i := range members {
		fmt.Fprintf(&b, `,"n%d":0`, i)
	}
	return strings.TrimPrefix(b.String(), ",")
}

func TestDuplicatesBelow(t *testing.T) {
	for _, test := range []struct {
		name, text string
		whenRead   error // by Value.Object
		anywhere   error // by Object.CheckDuplicates
	}{
		{"JWS-05 none", `{"v":{"a":1,"b":2}}`, nil, nil},
		{"JWS-05 in the object", `{"v":{"a":1,"a":2}}`, ErrDuplicate, ErrDuplicate},
		{"JWS-05 escaped, in the object", `{"v":{"a":1,"\u0061":2}}`, ErrDuplicate, ErrDuplicate},
		{"JWS-05 an object further in", `{"v":{"a":{"b":1,"b":2}}}`, nil, ErrDuplicate},
		{"JWS-05 escaped, further in", `{"v":{"a":{"b":1,"\u0062":2}}}`, nil, ErrDuplicate},
		{"JWS-05 an object in an array", `{"v":{"a":[1,{"b":1,"b":2}]}}`, nil, ErrDuplicate},
		{"JWS-05 an object in an object after others", `{"v":{"a":{"b":1},"c":{"b":1,"d":{"b":1},"b":2}}}`, nil, ErrDuplicate},
		{"JWS-05 names of neighbours", `{"v":{"a":{"b":1,"c":2},"d":{"b":1,"c":2},"e":[{"b":1},{"b":2}]}}`, nil, nil},
		{"JWS-05 names of those around", `{"v":{"a":{"v":{"a":1}}}}`, nil, nil},
		{"JWS-05 names of those around and before", `{"b":1,"v":{"c":1,"a":{"b":1,"c":1}}}`, nil, nil},
		{"JWS-05 an array repeats its elements", `{"v":{"a":["b","b"]}}`, nil, nil},
		{"JWS-05 among many", `{"v":{"a":{` + numbered(few+1) + `,"n0":0}}}`, nil, ErrDuplicate},
		{"JWS-05 many, and below them", `{"v":{` + numbered(few+1) + `,"a":{"b":1,"b":2}}}`, nil, ErrDuplicate},
	} {
		t.Run(test.name, func(t *testing.T) {
			object := mustParse(t, test.text)
			value, _ := object.Lookup("v")
			if _, err := value.Object(); err != test.whenRead {
				t.Errorf("Object: error %v, want %v", err, test.whenRead)
			}
			if err := object.CheckDuplicates(); err != test.anywhere {
				t.Errorf("CheckDuplicates: error %v, want %v", err, test.anywhere)
			}
		})
	}
}

func TestLookup(t *testing.T) {
	object := mustParse(t, ` { "Alg":1, "alg" : "RS256" ,"ISS":2,"e\u0078p":3,"":4,"\u0000":5,"ſub":6 } `)
	for _, test := range []struct {
		name, member string
		want         string // raw; empty if there must be none
	}{
		{"JWS-06 as it is", "alg", `"RS256"`},
		{"JWS-06 differs by case", "Alg", `1`},
		{"JWS-06 only another case is there", "iss", ""},
		{"JWS-06 a case that was not sent", "ALG", ""},
		{"JWS-06 escaped in the text", "exp", `3`},
		{"JWS-06 the text of the escape is not a name", `e\u0078p`, ""},
		{"JWS-06 what folds to a letter (long s)", "sub", ""},
		{"JWS-06 prefix", "al", ""},
		{"JWS-06 the empty name", "", `4`},
		{"JWS-06 NUL", "\x00", `5`},
	} {
		t.Run(test.name, func(t *testing.T) {
			value, found := object.Lookup(test.member)
			if found != (test.want != "") || string(value.Raw()) != test.want {
				t.Errorf("Lookup(%q) = %s, %v; want %s", test.member, value.Raw(), found, test.want)
			}
		})
	}
	if object.Len() != 7 {
		t.Errorf("Len() = %d, want 7", object.Len())
	}
}

func TestRaw(t *testing.T) {
	object := mustParse(t, " {\"a\" : [ 1 ] , \"b\":{ } }\n")
	if got, want := object.Raw(), `{"a" : [ 1 ] , "b":{ } }`; got != want {
		t.Errorf("Raw() = %s, want %s", got, want)
	}
}

func TestZeroObject(t *testing.T) {
	var object Object
	value, found := object.Lookup("")
	if diff := cmp.Diff(Absent, value.Kind()); diff != "" || found || object.Len() != 0 || object.Raw() != "" {
		t.Errorf("the zero Object has members or text: %v, %v, %d, %q", value, found, object.Len(), object.Raw())
	}
	if err := object.CheckDuplicates(); err == nil {
		t.Error("CheckDuplicates: the zero Object has no text to vouch for")
	}
}

// Errors reach logs and challenges.
func TestErrorsHoldNothingOfTheInput(t *testing.T) {
	for _, text := range []string{"SECRET", `{"SECRET":1,"SECRET":2}`, `{"SECRET":SECRET}`, "{\"SECRET\":\"\xff\"}", `{"SECRET":"\ud800"}`} {
		_, err := ParseObject([]byte(text), roomy)
		if err == nil || bytes.Contains([]byte(err.Error()), []byte("SECRET")) {
			t.Errorf("ParseObject(%q): error %v", text, err)
		}
	}
}

func mustParse(t testing.TB, text string) Object {
	t.Helper()
	object, err := ParseObject([]byte(text), roomy)
	if err != nil {
		t.Fatalf("ParseObject(%q): %v", text, err)
	}
	return object
}
