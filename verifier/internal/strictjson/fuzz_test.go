package strictjson

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// fuzzed limits are narrow, so that a short input gets past them, and let more than few members in.
var fuzzed = Limits{Depth: 4, Members: few + 4}

// FuzzParseObject holds ParseObject against encoding/json: the same texts except for what this package refuses on
// purpose, and the same members in them.
func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` {"alg":"RS256","typ":"at+jwt","kid":"1"} `, `{"iss":"https://issuer.example/","aud":["a","b"],"exp":1700000000.5}`,
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"a":1,"A":2}`, `{"a":{"b":1,"b":2}}`, `{"a":[{"b":[1]}]}`, `{"a":[{"b":[[]]}]}`,
		`{"a":"\ud83d\ude00"}`, `{"a":"\ud83d"}`, "{\"a\":\"\xff\"}", "\ufeff{}", `{"a":01}`, `{"a":1e400}`, `{"a":-0.5E+7,"b":[true,false,null]}`,
		"{\"a\":\"\n\"}", `{"a":1}{}`, `[1]`, `null`, ``, `{` + numbered(few+4) + `}`, `{` + numbered(few+5) + `}`, `{` + numbered(few+3) + `,"n0":0}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		input := bytes.Clone(data)
		object, err := ParseObject(data, fuzzed)
		want := examine(data)
		if want.replaced && err != nil {
			// The text held U+FFFD, or encoding/json put it where there was no character. It doesn't tell
			// which.
			return
		}
		if got := err == nil; got != want.acceptable {
			t.Fatalf("error %v; encoding/json finds it acceptable: %v", err, want.acceptable)
		}
		if err != nil {
			return
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(data, &members); err != nil {
			t.Fatal(err)
		}
		if object.Len() != len(members) {
			t.Fatalf("%d members, encoding/json has %d", object.Len(), len(members))
		}
		for name, raw := range members {
			value, found := object.Lookup(name)
			if !found || value.Raw() != string(raw) {
				t.Errorf("%q is %q, encoding/json has %q", name, value.Raw(), raw)
			}
			compareValue(t, value)
		}
		if got := object.CheckDuplicates() != nil; got != want.innerDuplicates {
			t.Errorf("duplicates at any depth: %v, encoding/json finds %v", got, want.innerDuplicates)
		}
		if !bytes.Equal(data, input) {
			t.Error("the input was changed")
		}
	})
}

// compareValue holds the methods of a value, and of those inside it, against encoding/json.
func compareValue(t *testing.T, value Value) {
	t.Helper()
	var want any
	decodeErr := json.Unmarshal([]byte(value.Raw()), &want)
	text, isText := value.Text()
	if wantText, wantIsText := want.(string); text != wantText || isText != wantIsText {
		t.Errorf("text of %q is %q, %v", value.Raw(), text, isText)
	}
	isTrue, isBool := value.Bool()
	if wantTrue, wantIsBool := want.(bool); isTrue != wantTrue || isBool != wantIsBool {
		t.Errorf("%q is the boolean %v, %v", value.Raw(), isTrue, isBool)
	}
	if number, isNumber := value.Number(); decodeErr == nil {
		if wantNumber, wantIsNumber := want.(float64); number != wantNumber || isNumber != wantIsNumber {
			t.Errorf("number of %q is %v, %v", value.Raw(), number, isNumber)
		}
	} else if isNumber {
		t.Errorf("number of %q is %v, encoding/json: %v", value.Raw(), number, decodeErr)
	}
	if isNull := value.Kind() == Null; isNull != (value.Raw() == "null") {
		t.Errorf("%q is null: %v", value.Raw(), isNull)
	}
	var raws []json.RawMessage
	wantArray := value.Raw()[0] == '[' && json.Unmarshal([]byte(value.Raw()), &raws) == nil
	elements, isArray := value.Array()
	if isArray != wantArray || len(elements) != len(raws) {
		t.Fatalf("%q is an array: %v, of %d; encoding/json: %d", value.Raw(), isArray, len(elements), len(raws))
	}
	for i, element := range elements {
		if element.Raw() != string(raws[i]) {
			t.Errorf("element %q, encoding/json has %q", element.Raw(), raws[i])
		}
		compareValue(t, element)
	}
	if inner, err := value.Object(); err == nil {
		for _, member := range inner.members {
			compareValue(t, member.value)
		}
	} else if value.Kind() == ObjectKind && err != ErrDuplicate {
		t.Errorf("object %q: %v", value.Raw(), err)
	}
}

// FuzzText holds Text against encoding/json, for what stands between quotation marks.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		``, `RS256`, `é€😀`, `\"\\\/\b\f\n\r\t`, `\u0061`, `\ud83d\ude00`, `\ud83d`, `\ude00\ud83d`, `\u12`, `\x`, `\`, "\n", "\xff", `\u0000`, `a","b":"c`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, quoted string) {
		document := []byte(`{"v":"` + quoted + `"}`)
		object, err := ParseObject(document, fuzzed)
		want := examine(document)
		if got := err == nil; got != want.acceptable && !want.replaced {
			t.Fatalf("error %v; encoding/json finds it acceptable: %v", err, want.acceptable)
		}
		if value, _ := object.Lookup("v"); err == nil {
			compareValue(t, value)
		}

		// The other way round: what encoding/json writes for a text is read as that text.
		if !utf8.ValidString(quoted) {
			return
		}
		written, err := json.Marshal(map[string]string{quoted: quoted})
		if err != nil {
			t.Fatal(err)
		}
		if object, err = ParseObject(written, fuzzed); err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		value, found := object.Lookup(quoted)
		if text, isText := value.Text(); !found || !isText || text != quoted {
			t.Errorf("%s is read as %q", written, text)
		}
	})
}

// A finding is what encoding/json lets one know of a text.
type finding struct {
	acceptable      bool // to ParseObject with the fuzzed limits, unless replaced
	innerDuplicates bool // at any depth
	replaced        bool // U+FFFD is in a string or name
}

// examine walks over the tokens that encoding/json finds, and counts.
func examine(data []byte) finding {
	if !json.Valid(data) || !utf8.Valid(data) || !bytes.HasPrefix(bytes.TrimSpace(data), []byte{'{'}) {
		return finding{}
	}
	type container struct {
		isObject bool
		tokens   int
		names    map[string]bool
	}
	var (
		open    []container
		found   = finding{acceptable: true}
		decoder = json.NewDecoder(bytes.NewReader(data))
	)
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return found
		}
		if err != nil {
			return finding{}
		}
		if token == json.Delim('}') || token == json.Delim(']') {
			open = open[:len(open)-1]
			continue
		}
		text, isText := token.(string)
		found.replaced = found.replaced || strings.ContainsRune(text, utf8.RuneError)
		if len(open) > 0 {
			inside := &open[len(open)-1]
			isName := inside.isObject && inside.tokens%2 == 0
			if inside.tokens++; isName && isText {
				if inside.names[text] {
					found.innerDuplicates = true
					found.acceptable = found.acceptable && len(open) > 1
				}
				inside.names[text] = true
			}
			most := fuzzed.Members
			if inside.isObject {
				most *= 2
			}
			found.acceptable = found.acceptable && inside.tokens <= most
		}
		if token == json.Delim('{') || token == json.Delim('[') {
			open = append(open, container{isObject: token == json.Delim('{'), names: make(map[string]bool)})
			found.acceptable = found.acceptable && len(open) <= fuzzed.Depth
		}
	}
}
