package jwt

import (
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

func TestNumericDate(t *testing.T) {
	for written, want := range map[string]time.Time{
		"0":              time.Unix(0, 0),
		"1772366400":     time.Unix(1772366400, 0),
		"1772366400.5":   time.Unix(1772366400, 5e8),
		"1.7723664e9":    time.Unix(1772366400, 0),
		"253402300799":   time.Unix(253402300799, 0),
		"253402300799.5": {},
		"253402300800":   {},
		"-1":             {},
		"-0.001":         {},
		"1e300":          {},
		"1e400":          {},
		`"1772366400"`:   {},
		"null":           {},
		"true":           {},
		"[1772366400]":   {},
	} {
		object, err := strictjson.ParseObject([]byte(`{"exp":`+written+`}`), strictjson.Limits{Depth: 2, Members: 1})
		if err != nil {
			t.Fatal(err)
		}
		value, _ := object.Lookup("exp")
		got, ok := NumericDate(value)
		if !got.Equal(want) || ok == want.IsZero() {
			t.Errorf("CLAIM-EXP-03: %s is %v, %v; want %v", written, got, ok, want)
		}
	}
}
