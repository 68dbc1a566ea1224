package httpfetch

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// header makes an http.Header of lines.
func header(lines ...string) http.Header {
	h := make(http.Header)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return h
}

func TestFreshness(t *testing.T) {
	const (
		date    = "Date: Sun, 01 Mar 2026 12:00:00 GMT"
		expires = "Expires: Sun, 01 Mar 2026 12:01:00 GMT"
		atDate  = "Expires: Sun, 01 Mar 2026 12:00:00 GMT"
		minute  = "Cache-Control: max-age=60"
	)
	now := time.Date(2026, 3, 1, 12, 0, 20, 0, time.UTC)
	tests := []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"CACHE-01 max-age", header(minute), time.Minute},
		{"CACHE-01 max-age=1", header("Cache-Control: max-age=1"), time.Second},
		{"CACHE-02 max-age=0", header("Cache-Control: max-age=0"), stale},
		{"CACHE-01 max-age with leading zeros", header("Cache-Control: max-age=0060"), time.Minute},
		{"CACHE-01 max-age in quotes", header(`Cache-Control: max-age="60"`), time.Minute},
		{"CACHE-01 max-age in capitals", header("Cache-Control: MAX-AGE=60"), time.Minute},
		{"CACHE-01 max-age with blanks", header("Cache-Control:  public ,\tmax-age = 60 , must-revalidate"), time.Minute},
		{"CACHE-01 max-age among empty members", header("Cache-Control: ,, max-age=60,"), time.Minute},
		{"CACHE-01 max-age behind a quoted comma", header(`Cache-Control: private="a, b", max-age=60`), time.Minute},
		{"CACHE-01 max-age inside a quoted string", header(`Cache-Control: private="a, max-age=5, b", max-age=60`), time.Minute},
		{"CACHE-01 max-age behind an escaped quotation mark", header(`Cache-Control: ext="\", max-age=5, b", max-age=60`), time.Minute},
		{"CACHE-01 another directive that ends so", header("Cache-Control: x-max-age=5, max-age=60"), time.Minute},
		{"CACHE-01 s-maxage is for shared caches", header("Cache-Control: s-maxage=5, max-age=60"), time.Minute},
		{"CACHE-02 only s-maxage", header("Cache-Control: s-maxage=5"), 0},
		{"CACHE-01 private and must-revalidate", header("Cache-Control: private, must-revalidate, max-age=60"), time.Minute},
		{"CACHE-01 two times, the shorter last", header("Cache-Control: max-age=90, max-age=60"), time.Minute},
		{"CACHE-01 two times, the shorter first", header("Cache-Control: max-age=60, max-age=90"), time.Minute},
		{"CACHE-01 two fields, the shorter last", header("Cache-Control: max-age=90", minute), time.Minute},
		{"CACHE-01 two fields, the shorter first", header(minute, "Cache-Control: max-age=90"), time.Minute},
		{"CACHE-01 two times, one unreadable", header("Cache-Control: max-age=soon, max-age=60"), time.Minute},

		{"CACHE-01 Age", header(minute, "Age: 20"), 40 * time.Second},
		{"CACHE-01 Age one second short of max-age", header(minute, "Age: 59"), time.Second},
		{"CACHE-01 Age as max-age", header(minute, "Age: 60"), stale},
		{"CACHE-01 Age over max-age", header(minute, "Age: 61"), stale},
		{"CACHE-01 Age of a list", header(minute, "Age: 20, 50"), 40 * time.Second},
		{"CACHE-01 Age twice", header(minute, "Age: 20", "Age: 50"), 40 * time.Second},
		{"CACHE-01 huge Age", header(minute, "Age: 99999999999999999999"), stale},
		{"CACHE-02 negative Age", header(minute, "Age: -20"), time.Minute},
		{"CACHE-02 unreadable Age", header(minute, "Age: old"), time.Minute},
		{"CACHE-02 only Age", header("Age: 20"), 0},

		{"CACHE-02 no-store", header("Cache-Control: no-store"), stale},
		{"CACHE-02 no-store before max-age", header("Cache-Control: no-store, max-age=60"), stale},
		{"CACHE-02 no-store in another field", header(minute, "Cache-Control: No-Store"), stale},
		{"CACHE-02 no-cache", header("Cache-Control: no-cache"), stale},
		{"CACHE-02 no-cache behind max-age", header("Cache-Control: max-age=60, NO-CACHE"), stale},
		{"CACHE-02 no-cache with field names", header(`Cache-Control: no-cache="a, b", max-age=60`), stale},
		{"CACHE-02 no-store next to Expires", header("Cache-Control: no-store", date, expires), stale},
		{"CACHE-02 no-store inside a quoted string", header(`Cache-Control: ext="a, no-store, b", max-age=60`), time.Minute},
		{"CACHE-02 no-store behind an open quotation mark", header(`Cache-Control: max-age=60, ext="a, no-store`), stale},
		{"CACHE-02 Pragma is for requests", header("Pragma: no-cache", minute), time.Minute},

		{"CACHE-02 nothing", header(), 0},
		{"CACHE-02 empty Cache-Control", header("Cache-Control: "), 0},
		{"CACHE-02 other directives", header("Cache-Control: public, immutable"), 0},
		{"CACHE-02 max-age without a number", header("Cache-Control: max-age"), 0},
		{"CACHE-02 empty max-age", header("Cache-Control: max-age="), 0},
		{"CACHE-02 empty max-age in quotes", header(`Cache-Control: max-age=""`), 0},
		{"CACHE-02 negative max-age", header("Cache-Control: max-age=-60"), 0},
		{"CACHE-02 max-age with a sign", header("Cache-Control: max-age=+60"), 0},
		{"CACHE-02 max-age with a fraction", header("Cache-Control: max-age=60.5"), 0},
		{"CACHE-02 max-age in hexadecimal", header("Cache-Control: max-age=0x60"), 0},
		{"CACHE-02 max-age with a unit", header("Cache-Control: max-age=60s"), 0},
		{"CACHE-02 max-age in other digits", header("Cache-Control: max-age=\u0666\u0660"), 0},
		{"CACHE-02 unreadable and long", header("Cache-Control: max-age=99999999999999999999s"), 0},
		{"CACHE-02 unreadable max-age next to Expires", header("Cache-Control: max-age=soon", date, expires), 0},
		{"CACHE-02 one short of 2^31", header("Cache-Control: max-age=2147483647"), maxLifetime - time.Second},
		{"CACHE-02 2^31", header("Cache-Control: max-age=2147483648"), maxLifetime},
		{"CACHE-02 over 2^31", header("Cache-Control: max-age=2147483649"), maxLifetime},
		{"CACHE-02 over 2^64", header("Cache-Control: max-age=99999999999999999999"), maxLifetime},

		{"CACHE-01 Expires", header(date, expires), time.Minute},
		{"CACHE-01 Expires by an asctime date", header(date, "Expires: Sun Mar  1 12:01:00 2026"), time.Minute},
		{"CACHE-01 Expires less Age", header(date, expires, "Age: 20"), 40 * time.Second},
		{"CACHE-01 Expires at Date", header(date, atDate), stale},
		{"CACHE-01 Expires before Date", header(date, "Expires: Sun, 01 Mar 2026 11:59:59 GMT"), stale},
		{"CACHE-01 Expires long before Date", header(date, "Expires: Mon, 01 Jan 0001 00:00:00 GMT", "Age: 99999999999"), stale},
		{"CACHE-01 Expires without Date", header(expires), 40 * time.Second},
		{"CACHE-01 Expires with an unreadable Date", header("Date: today", expires), 40 * time.Second},
		{"CACHE-01 two Expires", header(date, expires, atDate), stale},
		{"CACHE-01 max-age beats Expires", header(minute, date, atDate), time.Minute},
		{"CACHE-01 Expires next to other directives", header("Cache-Control: public", date, expires), time.Minute},
		{"CACHE-02 Expires far ahead", header(date, "Expires: Fri, 31 Dec 9999 23:59:59 GMT"), maxLifetime},
		{"CACHE-02 Expires is 0", header(date, "Expires: 0"), stale},
		{"CACHE-02 Expires is -1", header(date, "Expires: -1"), stale},
		{"CACHE-02 Expires is empty", header(date, "Expires: "), stale},
		{"CACHE-02 one of two Expires is 0", header(date, expires, "Expires: 0"), stale},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := freshness(tt.header, now); got != tt.want {
				t.Errorf("freshness is %v, want %v", got, tt.want)
			}
		})
	}
}

func TestMembers(t *testing.T) {
	tests := []struct {
		list string
		want []string
	}{
		{``, []string{``}},
		{`a`, []string{`a`}},
		{`a,b`, []string{`a`, `b`}},
		{`a,,b,`, []string{`a`, ``, `b`, ``}},
		{`a="b,c",d`, []string{`a="b,c"`, `d`}},
		{`a="b\",c",d`, []string{`a="b\",c"`, `d`}},
		{`a\",b",c`, []string{`a\",b"`, `c`}},
		{`a="b,c\`, []string{`a="b`, `c\`}},
		{`a,b="c,d`, []string{`a`, `b="c`, `d`}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, slices.Collect(members(tt.list))); diff != "" {
			t.Errorf("members of %s (-want +got):\n%s", tt.list, diff)
		}
	}
}

func FuzzFreshness(f *testing.F) {
	f.Add("max-age=60", "1", "0", "0")
	f.Add(`no-cache="a, b", MAX-AGE="9"`, "-1", "Sun, 01 Mar 2026 12:00:00 GMT", "Sun, 01 Mar 2026 12:00:01 GMT")
	f.Add(`ext="\", max-age=5`, "1, 2", "Sun Mar  1 12:01:00 2026", "")
	f.Add("public", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "Sunday, 01-Mar-26 12:00:00 GMT")
	f.Fuzz(func(t *testing.T, control, age, date, expires string) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		if joined := strings.Join(slices.Collect(members(control)), ","); joined != control {
			t.Errorf("the members of %q make %q", control, joined)
		}
		answer := header("Cache-Control: "+control, "Age: "+age, "Date: "+date, "Expires: "+expires)
		got := freshness(answer, now)
		if got != stale && (got < 0 || got > maxLifetime) {
			t.Errorf("freshness is %v", got)
		}
		answer.Add("Cache-Control", "max-age=1")
		if shorter := freshness(answer, now); shorter != stale && shorter != time.Second {
			t.Errorf("freshness with max-age=1 is %v", shorter)
		}
		answer.Add("Cache-Control", "no-store")
		if never := freshness(answer, now); never != stale {
			t.Errorf("freshness with no-store is %v", never)
		}
	})
}
