package httpfetch

import (
	"net/http"
	"testing"
	"time"
)

func TestFreshness(t *testing.T) {
	const date = "Sun, 01 Mar 2026 12:00:00 GMT"
	for _, c := range []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"CACHE-01 max-age", http.Header{"Cache-Control": {"max-age=60"}}, time.Minute},
		{"CACHE-01 max-age less Age", http.Header{"Cache-Control": {"max-age=60"}, "Age": {"20"}}, 40 * time.Second},
		{"CACHE-01 Age over max-age", http.Header{"Cache-Control": {"max-age=60"}, "Age": {"60"}}, stale},
		{"CACHE-01 Age that is no number", http.Header{"Cache-Control": {"max-age=60"}, "Age": {"-20"}}, time.Minute},
		{"CACHE-01 among others, any case", http.Header{"Cache-Control": {"public, MAX-AGE=60 , must-revalidate"}}, time.Minute},
		{"CACHE-01 s-maxage is for shared caches", http.Header{"Cache-Control": {"s-maxage=600, max-age=60"}}, time.Minute},
		{"CACHE-01 in quotes", http.Header{"Cache-Control": {`max-age="60"`}}, time.Minute},
		{"CACHE-01 two of them", http.Header{"Cache-Control": {"max-age=60, max-age=30"}}, 30 * time.Second},
		{"CACHE-01 two fields", http.Header{"Cache-Control": {"max-age=60", "max-age=90"}}, time.Minute},
		{"CACHE-01 Expires", http.Header{"Date": {date}, "Expires": {"Sun, 01 Mar 2026 12:01:00 GMT"}}, time.Minute},
		{"CACHE-01 Expires in the past", http.Header{"Date": {date}, "Expires": {"Sun, 01 Mar 2026 11:59:00 GMT"}}, stale},
		{"CACHE-01 max-age beats Expires", http.Header{"Cache-Control": {"max-age=60"}, "Date": {date}, "Expires": {date}}, time.Minute},
		{"CACHE-02 nothing", http.Header{}, 0},
		{"CACHE-02 no-store", http.Header{"Cache-Control": {"no-store"}}, stale},
		{"CACHE-02 no-cache beside max-age", http.Header{"Cache-Control": {"max-age=60, no-cache"}}, stale},
		{"CACHE-02 max-age 0", http.Header{"Cache-Control": {"max-age=0"}}, stale},
		{"CACHE-02 negative", http.Header{"Cache-Control": {"max-age=-1"}}, 0},
		{"CACHE-02 no number", http.Header{"Cache-Control": {"max-age=soon"}}, 0},
		{"CACHE-02 empty", http.Header{"Cache-Control": {"max-age="}}, 0},
		{"CACHE-02 huge", http.Header{"Cache-Control": {"max-age=99999999999999999999"}}, maxFresh},
		{"CACHE-02 Expires without Date", http.Header{"Expires": {date}}, 0},
		{"CACHE-02 Expires 0", http.Header{"Date": {date}, "Expires": {"0"}}, 0},
		{"CACHE-02 garbage", http.Header{"Cache-Control": {`,,="=,max-age`}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := freshness(c.header); got != c.want {
				t.Errorf("freshness is %v, want %v", got, c.want)
			}
		})
	}
}

func FuzzFreshness(f *testing.F) {
	f.Add("max-age=60", "1", "0", "0")
	f.Add("no-cache, max-age=\"9\"", "-1", "Sun, 01 Mar 2026 12:00:00 GMT", "Sun, 01 Mar 2026 12:00:01 GMT")
	f.Fuzz(func(t *testing.T, control, age, date, expires string) {
		header := http.Header{"Cache-Control": {control}, "Age": {age}, "Date": {date}, "Expires": {expires}}
		if got := freshness(header); got < stale || got > maxFresh {
			t.Errorf("freshness is %v", got)
		}
	})
}
