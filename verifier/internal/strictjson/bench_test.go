package strictjson

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const (
	header  = `{"alg":"RS256","typ":"at+jwt","kid":"h3x1WqJk0cQ2mUuTn9sLr"}`
	payload = `{"iss":"https://tenant.eu.auth0.com/","sub":"auth0|64f1c0ffee","aud":["https://api.example.com/","https://tenant.eu.auth0.com/userinfo"],` +
		`"iat":1700000000,"exp":1700086400,"nbf":1700000000,"jti":"Zb2h8kQ1","azp":"k3XlYtWq9","client_id":"k3XlYtWq9","scope":"openid profile read:orders",` +
		`"org_id":"org_Xy12","cnf":{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}`
)

var typical = Limits{Depth: 40, Members: 1024}

func TestAllocations(t *testing.T) {
	for _, test := range []struct {
		name, text string
		limits     Limits
		most       float64
		err        error
	}{
		{"a header", header, typical, 1, nil},
		{"a payload of 12 members", payload, typical, 1, nil},
		{"a name with an escape", `{"\u0061lg":1}`, typical, 2, nil},
		{"an inner name with an escape", `{"a":{"\u0061lg":1}}`, typical, 1, nil},
		{"JWS-07 refused for its depth", `{"a":` + strings.Repeat(`[`, 1<<20), typical, 1, ErrDepth},
		{"JWS-07 refused for its members", `{"a":[` + strings.Repeat(`0,`, 1<<20), typical, 1, ErrMembers},
		{"JWS-07 refused for its outer members", `{` + numbered(1<<16), Limits{Depth: 1, Members: few}, 1, ErrMembers},
	} {
		t.Run(test.name, func(t *testing.T) {
			allocations := testing.AllocsPerRun(10, func() {
				if _, err := ParseObject(test.text, test.limits); err != test.err {
					t.Fatalf("error %v, want %v", err, test.err)
				}
			})
			if allocations > test.most {
				t.Errorf("%v allocations, want %v at most", allocations, test.most)
			}
		})
	}
	object := mustParse(t, payload)
	exp, _ := object.Lookup("exp")
	long, err := ParseObject([]byte(`{"a":[`+strings.Repeat(`0,`, 1000)+`0]}`), Limits{Depth: 2, Members: 1001})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		read func()
		most float64
	}{
		{"Lookup", func() { object.Lookup("nonce") }, 0},
		{"Kind", func() { _ = exp.Kind() }, 0},
		{"Number", func() { exp.Number() }, 0},
		{"CheckDuplicates", func() { _ = object.CheckDuplicates() }, 1},
		{"CheckDuplicates where there is a long array", func() { _ = long.CheckDuplicates() }, 1},
	} {
		if allocations := testing.AllocsPerRun(10, test.read); allocations > test.most {
			t.Errorf("%s: %v allocations, want %v at most", test.name, allocations, test.most)
		}
	}
}

func BenchmarkParseObject(b *testing.B) {
	for name, text := range map[string]string{"header": header, "payload": payload} {
		data := []byte(text)
		b.Run(name+"/strictjson", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := ParseObject(data, typical); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/encoding-json", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				var members map[string]json.RawMessage
				if err := json.Unmarshal(data, &members); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSize shows that the cost of a byte does not grow with size (rule JWS-07).
func BenchmarkSize(b *testing.B) {
	for _, members := range []int{10, 100, 1000, 10_000, 100_000} {
		data := []byte("{" + numbered(members) + "}")
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := ParseObject(data, Limits{Depth: 1, Members: members}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
