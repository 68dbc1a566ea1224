package settings

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type sample struct {
	Size       int           `default:"16 KiB"`
	Leeway     time.Duration `default:"1m" max:"5 minutes"`
	Many       int           `default:"10" max:"20" negative:"none"`
	Plain      int
	Algorithms []string `default:"RS256"`
	Inside     struct{ Wait time.Duration }
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		name   string
		config sample
		want   [4]int64
		faults string
	}{
		{"defaults", sample{}, [4]int64{16384, 6e10, 10, 0}, "<nil>"},
		{"as set", sample{Size: 1, Leeway: time.Millisecond, Many: 3, Plain: 4}, [4]int64{1, 1e6, 3, 4}, "<nil>"},
		{"without a unit", sample{Leeway: 60}, [4]int64{16384, 60, 10, 0},
			"test: Leeway is 60ns: a number without a unit is in nanoseconds; write 60 * time.Second, if that is meant"},
		{"under a millisecond", sample{Leeway: time.Millisecond - 1}, [4]int64{16384, 999_999, 10, 0},
			"test: Leeway is 999.999µs: a number without a unit is in nanoseconds; write 999999 * time.Second, if that is meant"},
		{"the most", sample{Leeway: 5 * time.Minute, Many: 20}, [4]int64{16384, 3e11, 20, 0}, "<nil>"},
		{"over it", sample{Leeway: 5*time.Minute + 1, Many: 21}, [4]int64{16384, 3e11 + 1, 21, 0}, "test: Leeway is 5m0.000000001s, over 5 minutes\ntest: Many is 21, over 20"},
		{"negative", sample{Size: -1, Many: -1}, [4]int64{0, 6e10, 0, 0}, "test: Size must not be negative"},
	} {
		check := In("test", c.config)
		got := [4]int64{int64(check.Int("Size")), int64(check.Duration("Leeway")), int64(check.Int("Many")), int64(check.Int("Plain"))}
		if faults := fmt.Sprint(check.Err()); got != c.want || faults != c.faults {
			t.Errorf("%s: %v, %q; want %v, %q", c.name, got, faults, c.want, c.faults)
		}
	}
	var config sample
	config.Inside.Wait = time.Second
	if got := In("test", config).Duration("Inside.Wait"); got != time.Second {
		t.Errorf("a field inside another is %v", got)
	}
}

type system struct{}

func (system) Now() time.Time { return time.Time{} }

func TestLists(t *testing.T) {
	c := In("test", sample{})
	text, secret := []string{"a"}, make([]byte, 32)
	texts, secrets := c.Texts("Texts", text), c.Secrets("Secrets", [][]byte{secret})
	if text[0], secret[0] = "b", 1; texts[0] != "a" || secrets[0][0] != 0 {
		t.Error("a list is not copied")
	}
	if got := c.AlgorithmNames("Algorithms"); !cmp.Equal(got, []string{"RS256"}) || c.ClockOr(nil, system{}) != (system{}) || c.Err() != nil {
		t.Errorf("the default is %q, the faults are %v", got, c.Err())
	}

	c = In("test", sample{Algorithms: []string{"RS256", "none"}})
	c.AlgorithmNames("Algorithms")
	c.Texts("Texts", []string{"a", " "})
	c.Secrets("Secrets", [][]byte{make([]byte, 32), make([]byte, 31)})
	c.Required("Text", "\t")
	c.Port("Port", (*system)(nil))
	c.Port("Port", nil)
	c.ClockOr((*system)(nil), system{})
	outer := Of(struct{}{}, func(field string, _ error) error { return errors.New(field) })
	outer.Adopt("Of.", c.Err())
	want := "Of.Algorithms[1]\nOf.Texts[1]\nOf.Secrets[1]\nOf.Text\nOf.Port\nOf.Clock"
	if got := fmt.Sprint(outer.Err()); got != want {
		t.Errorf("the faults are %q, want %q", got, want)
	}
}
