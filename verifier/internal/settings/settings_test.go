package settings

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/ports"
)

type sample struct {
	Size       int           `default:"16 KiB"`
	Leeway     time.Duration `default:"1m" max:"5 minutes"`
	Many       int           `default:"10" max:"20" negative:"none"`
	Plain      int
	Algorithms []string `default:"RS256"`
	Inside     struct {
		Wait time.Duration `default:"500ms"`
	}
}

type system struct{}

func (system) Now() time.Time { return time.Time{} }

func TestNumbers(t *testing.T) {
	read := func(edit func(*sample)) (got []int64, faults string) {
		var config sample
		edit(&config)
		c := In("test", config)
		got = []int64{
			int64(c.Int("Size")), int64(c.Duration("Leeway")), int64(c.Int("Many")), int64(c.Int("Plain")), int64(c.Duration("Inside.Wait")),
		}
		return got, fmt.Sprint(c.Err())
	}
	for _, c := range []struct {
		name   string
		edit   func(*sample)
		want   []int64
		faults string
	}{
		{"defaults", func(*sample) {}, []int64{16384, 6e10, 10, 0, 5e8}, "<nil>"},
		{"as set", func(s *sample) { s.Size, s.Leeway, s.Many, s.Plain, s.Inside.Wait = 1, 2, 3, 4, 5 }, []int64{1, 2, 3, 4, 5}, "<nil>"},
		{"the most", func(s *sample) { s.Leeway, s.Many = 5*time.Minute, 20 }, []int64{16384, 3e11, 20, 0, 5e8}, "<nil>"},
		{"over it", func(s *sample) { s.Leeway, s.Many = 5*time.Minute+1, 21 }, []int64{16384, 3e11 + 1, 21, 0, 5e8}, "test: Leeway is over 5 minutes\ntest: Many is over 20"},
		{"negative", func(s *sample) { s.Size, s.Many, s.Inside.Wait = -1, -1, -1 }, []int64{0, 6e10, 0, 0, 0}, "test: Size must not be negative\ntest: Inside.Wait must not be negative"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, faults := read(c.edit)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			if faults != c.faults {
				t.Errorf("the faults are %q, want %q", faults, c.faults)
			}
		})
	}
}

func TestLists(t *testing.T) {
	c := In("test", sample{})
	if got := c.AlgorithmNames("Algorithms"); !cmp.Equal(got, []string{"RS256"}) {
		t.Errorf("the default is %q", got)
	}
	written := []string{"a"}
	copied := c.Texts("Texts", written)
	if written[0] = "b"; copied[0] != "a" {
		t.Error("a list is not copied")
	}
	secret := make([]byte, 32)
	secrets := c.Secrets("Secrets", [][]byte{secret})
	if secret[0] = 1; secrets[0][0] != 0 {
		t.Error("a secret is not copied")
	}
	if err := c.Err(); err != nil {
		t.Error(err)
	}

	c = In("test", sample{Algorithms: []string{"RS256", "none"}})
	c.AlgorithmNames("Algorithms")
	c.Texts("Texts", []string{"a", " "})
	c.Secrets("Secrets", [][]byte{make([]byte, 32), make([]byte, 31)})
	c.Required("Text", "\t")
	var nilClock *system
	c.Port("Port", nilClock)
	c.Port("Port", nil)
	if got := c.ClockOr(nil, system{}); got != (system{}) {
		t.Errorf("the clock is %v", got)
	}
	c.ClockOr(ports.Clock(nilClock), system{})
	outer := Of(struct{}{}, func(field string, err error) error { return errors.New(field) })
	outer.Adopt("Of.", c.Err())
	want := "Of.Algorithms[1]\nOf.Texts[1]\nOf.Secrets[1]\nOf.Text\nOf.Port\nOf.Clock"
	if got := fmt.Sprint(outer.Err()); got != want {
		t.Errorf("the faults are %q, want %q", got, want)
	}
}
