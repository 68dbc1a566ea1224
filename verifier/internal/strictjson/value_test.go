package strictjson

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// valueOf parses text as the value of a member.
func valueOf(t testing.TB, text string) Value {
	t.Helper()
	value, found := mustParse(t, `{"v": `+text+` }`).Lookup("v")
	if !found {
		t.Fatal("no member v")
	}
	return value
}

// Each value answers to its own kind only, so that a string is never taken for a number or the other way round.
func TestKinds(t *testing.T) {
	type answers struct {
		Kind                                       Kind
		Text, Bool, Number, Array, Strings, Object bool
	}
	for text, want := range map[string]answers{
		`null`:      {Kind: Null},
		`true`:      {Kind: Bool, Bool: true},
		`false`:     {Kind: Bool, Bool: true},
		`0`:         {Kind: Number, Number: true},
		`-1.5`:      {Kind: Number, Number: true},
		`""`:        {Kind: String, Text: true},
		`"true"`:    {Kind: String, Text: true},
		`"1"`:       {Kind: String, Text: true},
		`[]`:        {Kind: Array, Array: true, Strings: true},
		`["a"]`:     {Kind: Array, Array: true, Strings: true},
		`["a",1]`:   {Kind: Array, Array: true},
		`["a",[]]`:  {Kind: Array, Array: true},
		`[null]`:    {Kind: Array, Array: true},
		`{}`:        {Kind: ObjectKind, Object: true},
		`{"0":"a"}`: {Kind: ObjectKind, Object: true},
	} {
		t.Run(text, func(t *testing.T) {
			value := valueOf(t, text)
			got := answers{Kind: value.Kind()}
			_, got.Text = value.Text()
			_, got.Bool = value.Bool()
			_, got.Number = value.Number()
			_, got.Array = value.Array()
			_, got.Strings = value.Strings()
			_, err := value.Object()
			got.Object = err == nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("of %s (-want +got):\n%s", text, diff)
			}
			if string(value.Raw()) != text {
				t.Errorf("Raw() = %q, want %q", value.Raw(), text)
			}
			if !got.Object && err != ErrNotObject {
				t.Errorf("Object: error %v, want %v", err, ErrNotObject)
			}
		})
	}
}

// Callers ask what Lookup returned before, or without, looking at whether it was found.
func TestZeroValue(t *testing.T) {
	var value Value
	_, isText := value.Text()
	_, isBool := value.Bool()
	_, isNumber := value.Number()
	_, isArray := value.Array()
	_, areStrings := value.Strings()
	_, err := value.Object()
	if isText || isBool || isNumber || isArray || areStrings || err != ErrNotObject || value.Kind() != Absent || value.Raw() != "" {
		t.Error("the zero Value answers to a kind")
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		`""`:                           "",
		`"RS256"`:                      "RS256",
		`"é€😀"`:                        "é€😀",
		`"\u0061"`:                     "a",
		`"https:\/\/issuer.example\/"`: "https://issuer.example/",
		`"\"\\\/\b\f\n\r\t"`:           "\"\\/\b\f\n\r\t",
		`"\u00e9\u20AC"`:               "é€",
		`"\ud83d\ude00!"`:              "😀!",
		`"\udbff\udfff"`:               "\U0010ffff",
		`"\u0000"`:                     "\x00",
		`"\ufffd"`:                     "\ufffd",
		`"\\ud800"`:                    `\ud800`,
		`"a\\"`:                        `a\`,
	} {
		if got, isText := valueOf(t, text).Text(); got != want || !isText {
			t.Errorf("Text of %s = %q, %v; want %q", text, got, isText, want)
		}
	}
}

func TestBool(t *testing.T) {
	for text, want := range map[string]bool{`true`: true, `false`: false} {
		if got, isBool := valueOf(t, text).Bool(); got != want || !isBool {
			t.Errorf("Bool of %s = %v, %v; want %v", text, got, isBool, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]float64{
		`0`: 0, `-0`: math.Copysign(0, -1), `1700000000`: 1700000000, `1700000000.5`: 1700000000.5, `1.7e9`: 1700000000, `-1`: -1,
		`1.7976931348623157e308`: math.MaxFloat64, `-1.7976931348623157e308`: -math.MaxFloat64, `1e-400`: 0,
	} {
		got, isNumber := valueOf(t, text).Number()
		if math.Float64bits(got) != math.Float64bits(want) || !isNumber {
			t.Errorf("Number of %s = %v, %v; want %v", text, got, isNumber, want)
		}
	}
	for _, text := range []string{`1.8e308`, `-1.8e308`, `1e400`, `1e99999999999999999999`} {
		if got, isNumber := valueOf(t, text).Number(); isNumber || got != 0 {
			t.Errorf("Number of %s = %v, %v; want none, since it is beyond float64", text, got, isNumber)
		}
	}
}

func TestArray(t *testing.T) {
	value := valueOf(t, ` [ 1 , "a" , [ 2 ] , { "b" : null } ] `)
	elements, isArray := value.Array()
	if !isArray {
		t.Fatal("not an array")
	}
	var got []string
	for _, element := range elements {
		got = append(got, string(element.Raw()))
	}
	if diff := cmp.Diff([]string{`1`, `"a"`, `[ 2 ]`, `{ "b" : null }`}, got); diff != "" {
		t.Errorf("elements (-want +got):\n%s", diff)
	}
	object, err := elements[3].Object()
	if inner, found := object.Lookup("b"); err != nil || !found || inner.Kind() != Null {
		t.Errorf("the last element: %v, %v, %v", inner, found, err)
	}
}

func TestStrings(t *testing.T) {
	for text, want := range map[string][]string{
		`[]`:                    {},
		`["https://api/"]`:      {"https://api/"},
		`["a", "\u0062", "a" ]`: {"a", "b", "a"},
	} {
		got, areStrings := valueOf(t, text).Strings()
		if diff := cmp.Diff(want, got); diff != "" || !areStrings {
			t.Errorf("Strings of %s: %v (-want +got):\n%s", text, areStrings, diff)
		}
	}
	if got, areStrings := valueOf(t, `["a",1]`).Strings(); got != nil || areStrings {
		t.Errorf(`Strings of ["a",1] = %q, %v; want none`, got, areStrings)
	}
}

// What was within the limits stays within them: an inner object is as readable as the outermost.
func TestInnerObjectsAtTheLimit(t *testing.T) {
	object, err := ParseObject([]byte(`{"act":{"act":{"sub":"a","act":{}}}}`), Limits{Depth: 4, Members: 2})
	if err != nil {
		t.Fatal(err)
	}
	for depth := 2; depth <= 4; depth++ {
		value, found := object.Lookup("act")
		if object, err = value.Object(); !found || err != nil {
			t.Fatalf("act at depth %d: %v, %v", depth, found, err)
		}
	}
}
