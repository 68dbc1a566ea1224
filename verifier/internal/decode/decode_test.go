package decode_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	josejson "github.com/go-jose/go-jose/v4/json"
	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/verifier/internal/decode"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// byJSON is what Into must do, and not by a plan.
func byJSON(claims strictjson.Object, target any) error {
	if err := claims.CheckDuplicates(); err != nil {
		return err
	}
	return josejson.Unmarshal([]byte(claims.Raw()), target)
}

type inner struct {
	Name  string `json:"name"`
	Level int8   `json:"level,omitempty"`
	Deep  *inner `json:"deep"`
}

type flat struct {
	Sub     string  `json:"sub"`
	Count   uint16  `json:"count"`
	Exp     int64   `json:"exp"`
	Ratio   float32 `json:"ratio"`
	Active  bool    `json:"active"`
	Plain   string
	Skipped string `json:"-"`
	hidden  string
}

type lists struct {
	Permissions []string           `json:"permissions"`
	Groups      [][]string         `json:"groups"`
	Places      []place            `json:"places"`
	Pointers    []*place           `json:"pointers"`
	Numbers     []float64          `json:"https://acme.example/numbers"`
	Maybe       *string            `json:"maybe"`
	Twice       **int              `json:"twice"`
	In          struct{ A []bool } `json:"in"`
}

type place struct {
	Name string `json:"name"`
	X    int    `json:"x"`
}

type mixed struct {
	Sub   string            `json:"sub"`
	At    time.Time         `json:"at"`
	Any   any               `json:"any"`
	Raw   json.RawMessage   `json:"raw"`
	Map   map[string]string `json:"map"`
	Bytes []byte            `json:"bytes"`
	Exact josejson.Number   `json:"exact"`
	Fixed [2]int            `json:"fixed"`
	Shout shout             `json:"shout"`
	Loud  []shout           `json:"loud"`
	In    inner             `json:"in"`
}

// shout keeps what it was given.
type shout struct{ text string }

func (s *shout) UnmarshalJSON(raw []byte) error {
	s.text = strings.ToUpper(string(raw))
	return nil
}

func (s shout) Equal(other shout) bool { return s == other }

type embedded struct {
	flat2
	Name string `json:"name"`
}

type flat2 struct {
	Sub string `json:"sub"`
}

type quoted struct {
	Count int `json:"count,string"`
}

// ambiguous has two fields of one name.
var ambiguous = reflect.StructOf([]reflect.StructField{
	{Name: "A", Type: reflect.TypeFor[string](), Tag: `json:"sub"`}, {Name: "B", Type: reflect.TypeFor[string](), Tag: `json:"sub"`},
})

// targets make the values that claims are decoded into: zero ones, and such as hold something already.
var targets = map[string]func() any{
	"flat":      func() any { return new(flat) },
	"lists":     func() any { return new(lists) },
	"mixed":     func() any { return new(mixed) },
	"inner":     func() any { return new(inner) },
	"embedded":  func() any { return new(embedded) },
	"quoted":    func() any { return new(quoted) },
	"ambiguous": func() any { return reflect.New(ambiguous).Interface() },
	"map":       func() any { return new(map[string]any) },
	"any":       func() any { return new(any) },
	"text":      func() any { return new(string) },
	"pointer":   func() any { return new(*flat) },
	"not zero":  func() any { return &flat{Sub: "before", Count: 7, Skipped: "s", hidden: "h"} },
	"lists that hold something": func() any {
		return &lists{Permissions: []string{"a", "b", "c"}, Places: []place{{"before", 1}}, Maybe: new(string)}
	},
	"not a pointer": func() any { return flat{} },
	"nil pointer":   func() any { return (*flat)(nil) },
	"nil":           func() any { return nil },
}

var texts = []string{
	`{}`,
	`{"sub":"user","count":65535,"exp":-9223372036854775808,"ratio":1.5e3,"active":true,"Plain":"p","Skipped":"x","hidden":"y"}`,
	`{"SUB":"user","Sub":"x","plain":"p"}`,
	`{"sub":"\u00e9\n\"","count":0,"exp":0,"ratio":-0,"active":false}`,
	`{"sub":null,"count":null,"permissions":null,"maybe":null,"twice":null,"places":[null,{"x":1}],"pointers":[null],"in":null,"any":null,"deep":null}`,
	`{"count":65536}`, `{"count":-1}`, `{"count":1.0}`, `{"exp":9223372036854775808}`, `{"ratio":1e39}`, `{"sub":1}`, `{"active":"true"}`,
	`{"sub":"first","active":1,"Plain":"after"}`, `{"Plain":"first","active":[],"sub":"after"}`, `{"count":"5"}`, `{"count":"x"}`,
	`{"permissions":["a","b"],"groups":[["a"],[]],"places":[{"name":"n","x":1},{"NAME":"m"}],"pointers":[{"x":2}],"maybe":"m","twice":3,"in":{"A":[true,false]}}`,
	`{"permissions":[],"groups":[],"places":[],"pointers":[]}`, `{"permissions":["a",null,"b"]}`, `{"permissions":["a",1]}`, `{"permissions":"a"}`,
	`{"permissions":{"a":1}}`, `{"in":{"A":[1]}}`, `{"in":[]}`, `{"https://acme.example/numbers":[1,2.5,-3e2]}`,
	`{"sub":"s","at":"2026-01-02T03:04:05Z","any":{"a":[1,"b",null,true]},"raw":{"x": [1, 2]},"map":{"a":"b"},"bytes":"aGk=","exact":1.50,"fixed":[1,2,3],"shout":"abc","loud":["a","b"],"in":{"name":"n","level":127,"deep":{"name":"m"}}}`,
	`{"at":"never"}`, `{"at":1}`, `{"bytes":"?"}`, `{"exact":"1.5"}`, `{"map":{"a":1}}`, `{"in":{"level":128}}`, `{"name":"n","deep":{"deep":{"level":1}}}`,
	`{"odd":{"a":1,"a":2}}`, `{"odd":[{"a":1},{"a":1,"b":2}]}`, `{"sub":"s","odd":[[{"a":1,"\u0061":2}]]}`, `{"any":{"a":{"b":1,"b":1}}}`,
}

// TestIntoIsJSON decodes each text into each target, by plans and without.
func TestIntoIsJSON(t *testing.T) {
	for _, text := range texts {
		t.Run(text, func(t *testing.T) { compare(t, text) })
	}
}

func FuzzInto(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { compare(t, text) })
}

// all may look into any type.
var all = cmp.Exporter(func(reflect.Type) bool { return true })

func compare(t *testing.T, text string) {
	claims, err := strictjson.ParseObject(text, strictjson.Limits{Depth: 40, Members: math.MaxInt})
	if err != nil {
		return
	}
	for name, make := range targets {
		want, got := make(), make()
		wantErr, gotErr := byJSON(claims, want), decode.Into(claims, got)
		if (wantErr == nil) != (gotErr == nil) {
			t.Errorf("%s: error is %v, want %v", name, gotErr, wantErr)
		}
		if diff := cmp.Diff(want, got, all); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		var memo decode.Memo
		for i := range 3 {
			got := make()
			gotErr := memo.Into(func() strictjson.Object { return claims }, got, math.MaxInt)
			if (wantErr == nil) != (gotErr == nil) {
				t.Errorf("%s, copy %d: error is %v, want %v", name, i, gotErr, wantErr)
			}
			if diff := cmp.Diff(want, got, all); diff != "" {
				t.Errorf("%s, copy %d (-want +got):\n%s", name, i, diff)
			}
			if gotErr == nil {
				spoil(reflect.ValueOf(got)) // as the caller may
			}
		}
	}
}

// spoil overwrites all that can be reached from a value.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			spoil(v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.CanSet() {
			v.SetLen(v.Cap())
		}
		for i := range v.Len() {
			spoil(v.Index(i))
		}
	case reflect.Map:
		if !v.IsNil() && v.Type().Key().Kind() == reflect.String && v.Type().Elem().Kind() != reflect.Interface {
			v.SetMapIndex(reflect.ValueOf("spoiled"), reflect.Zero(v.Type().Elem()))
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString("spoiled")
		}
	case reflect.Bool:
		if v.CanSet() {
			v.SetBool(!v.Bool())
		}
	case reflect.Int, reflect.Int8, reflect.Int64, reflect.Int16, reflect.Int32:
		if v.CanSet() {
			v.SetInt(v.Int() ^ 1)
		}
	}
}

// counted returns claims, and how often they were asked for.
func counted(t *testing.T, text string) (claims func() strictjson.Object, asked *int) {
	t.Helper()
	object, err := strictjson.ParseObject(text, strictjson.Limits{Depth: 40, Members: math.MaxInt})
	if err != nil {
		t.Fatal(err)
	}
	asked = new(int)
	return func() strictjson.Object { *asked++; return object }, asked
}

func TestMemoReadsOnce(t *testing.T) {
	for _, c := range []struct {
		name   string
		target func() any
		text   string
		most   int
		want   int // of three times
	}{
		{"flat", targets["flat"], `{"sub":"s"}`, 1 << 10, 1},
		{"lists", targets["lists"], `{"permissions":["a","b"],"pointers":[{"x":1}]}`, 1 << 10, 1},
		{"no more than may be kept", targets["lists"], `{"permissions":["a","b"]}`, int(reflect.TypeFor[lists]().Size()) + 32, 1},
		{"more than may be kept", targets["lists"], `{"permissions":["a","b"]}`, int(reflect.TypeFor[lists]().Size()) + 31, 3},
		{"structs that take more than their text", targets["lists"], `{"places":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}`, 600, 3},
		{"a type that shares", targets["mixed"], `{"sub":"s"}`, 1 << 10, 3},
		{"a map", targets["map"], `{"sub":"s"}`, 1 << 10, 3},
		{"a target that is not zero", targets["not zero"], `{"sub":"s"}`, 1 << 10, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims, asked := counted(t, c.text)
			var memo decode.Memo
			for range 3 {
				if err := memo.Into(claims, c.target(), c.most); err != nil {
					t.Fatal(err)
				}
			}
			if *asked != c.want {
				t.Errorf("the claims were read %d times, want %d", *asked, c.want)
			}
		})
	}
}

// TestMemoKeepsTheFirstType has a second type not drive it out.
func TestMemoKeepsTheFirstType(t *testing.T) {
	claims, asked := counted(t, `{"sub":"s","name":"n"}`)
	var memo decode.Memo
	for range 2 {
		var first flat
		var second place
		if memo.Into(claims, &first, 1<<10) != nil || memo.Into(claims, &second, 1<<10) != nil || first.Sub != "s" || second.Name != "n" {
			t.Fatalf("read %+v and %+v", first, second)
		}
	}
	if *asked != 3 {
		t.Errorf("the claims were read %d times, want 3", *asked)
	}
}
