package exchange_test

import (
	"errors"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
)

func TestXCHG17RetryAfter(t *testing.T) {
	type header = map[string][]string
	const longest = 5 * time.Minute
	date := func(at time.Time) string { return at.Format("Mon, 02 Jan 2006 15:04:05 GMT") }
	reset := func(value string) header { return header{"X-Ratelimit-Reset": {value}} }
	for _, c := range []struct {
		name   string
		status int // 429 if zero
		header header
		want   time.Duration
	}{
		{name: "nothing is said"},
		{name: "seconds", header: header{"Retry-After": {"30"}}, want: 30 * time.Second},
		{name: "seconds with 503", status: 503, header: header{"Retry-After": {"30"}}, want: 30 * time.Second},
		{name: "seconds with 400", status: 400, header: header{"Retry-After": {"30"}}, want: 30 * time.Second},
		{name: "no seconds", header: header{"Retry-After": {"0"}}},
		{name: "at the bound", header: header{"Retry-After": {"300"}}, want: longest},
		{name: "over the bound", header: header{"Retry-After": {"301"}}, want: longest},
		{name: "over 63 bits of nanoseconds", header: header{"Retry-After": {"9223372037"}}, want: longest},
		{name: "over 64 bits", header: header{"Retry-After": {"99999999999999999999999"}}, want: longest},
		{name: "negative", header: header{"Retry-After": {"-30"}}},
		{name: "with a sign", header: header{"Retry-After": {"+30"}}},
		{name: "with a fraction", header: header{"Retry-After": {"30.5"}}},
		{name: "with a space", header: header{"Retry-After": {" 30"}}},
		{name: "a word", header: header{"Retry-After": {"later"}}},
		{name: "empty", header: header{"Retry-After": {""}}},
		{name: "twice", header: header{"Retry-After": {"30", "30"}}},
		{name: "no value", header: header{"Retry-After": {}}},

		{name: "date", header: header{"Retry-After": {date(noon.Add(time.Minute))}}, want: time.Minute},
		{name: "date of RFC 850", header: header{"Retry-After": {"Sunday, 01-Mar-26 12:01:00 GMT"}}, want: time.Minute},
		{name: "date of asctime", header: header{"Retry-After": {"Sun Mar  1 12:01:00 2026"}}, want: time.Minute},
		{name: "date that is past", header: header{"Retry-After": {date(noon.Add(-time.Minute))}}},
		{name: "date that is now", header: header{"Retry-After": {date(noon)}}},
		{name: "date in a year", header: header{"Retry-After": {date(noon.AddDate(1, 0, 0))}}, want: longest},
		{name: "date of the last year", header: header{"Retry-After": {"Fri, 31 Dec 9999 23:59:59 GMT"}}, want: longest},
		{name: "date by the clock of the issuer", header: header{
			"Retry-After": {date(noon.Add(time.Hour + time.Minute))}, "Date": {date(noon.Add(time.Hour))},
		}, want: time.Minute},
		{name: "date next to a malformed Date", header: header{"Retry-After": {date(noon.Add(time.Minute))}, "Date": {"today"}}, want: time.Minute},
		{name: "seconds next to a Date", header: header{"Retry-After": {"30"}, "Date": {date(noon.Add(time.Hour))}}, want: 30 * time.Second},

		{name: "reset in seconds", header: reset("30"), want: 30 * time.Second},
		{name: "reset by Unix time", header: reset("1772366460"), want: time.Minute}, // 12:01
		{name: "reset by Unix time and the clock of the issuer", header: header{
			"X-Ratelimit-Reset": {"1772366460"}, "Date": {date(noon.Add(-time.Minute))},
		}, want: 2 * time.Minute},
		{name: "reset that is past", header: reset("1772366340")},
		{name: "reset at the last time there is", header: reset("9223372036854775807"), want: longest},
		{name: "reset of Okta", header: header{"X-Rate-Limit-Reset": {"1772366460"}}, want: time.Minute},
		{name: "reset of the drafts", header: header{"Ratelimit-Reset": {"45"}}, want: 45 * time.Second},
		{name: "malformed reset", header: reset("soon")},
		{name: "malformed reset next to a good one", header: header{"X-Ratelimit-Reset": {"soon"}, "Ratelimit-Reset": {"45"}}, want: 45 * time.Second},
		{name: "reset next to Retry-After", header: header{"X-Ratelimit-Reset": {"30"}, "Retry-After": {"10"}}, want: 10 * time.Second},
		{name: "reset next to a malformed Retry-After", header: header{"X-Ratelimit-Reset": {"30"}, "Retry-After": {"later"}}, want: 30 * time.Second},
		{name: "reset with 503 is of another thing", status: 503, header: reset("30")},
	} {
		t.Run("XCHG-17 "+c.name, func(t *testing.T) {
			if c.status == 0 {
				c.status = 429
			}
			client, _ := newClient(t, nil, ports.TokenResponse{Status: c.status, Header: c.header, Body: []byte(`{"error":"x"}`)})
			_, err := client.Exchange(t.Context(), profile)
			failed, ok := errors.AsType[*exchange.Error](err)
			if !ok || failed.RetryAfter != c.want {
				t.Errorf("the error is %v, with RetryAfter %v, want %v", err, failed.RetryAfter, c.want)
			}
		})
	}
}

// What the keyring knows of an issuer that is away is told too.
func TestXCHG17RetryAfterOfMetadata(t *testing.T) {
	v := newVerifier(t, ports.FetcherFunc(down))
	client, err := exchange.New(v, exchange.Config{Endpoint: &endpoint{}, ClientID: "c", ClientAuth: exchange.PublicClient})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Exchange(t.Context(), profile)
	failed, ok := errors.AsType[*exchange.Error](err)
	if !ok || failed.Class != verifier.Undecidable || failed.RetryAfter < time.Second || failed.RetryAfter > 30*time.Second {
		t.Errorf("the error is %v, with RetryAfter %v", err, failed.RetryAfter)
	}
}
