package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A tally has the times that answers took, by status. 0 stands for no answer.
type tally map[int][]time.Duration

// drive sends requests at a rate, whatever becomes of those before, and waits for all answers.
func drive(requests []*http.Request, rate int) tally {
	transport := &http.Transport{MaxIdleConnsPerHost: len(requests)}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	type answer struct {
		status int
		took   time.Duration
	}
	answers := make(chan answer, len(requests))
	var wg sync.WaitGroup
	start := time.Now()
	for i, r := range requests {
		time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		wg.Go(func() {
			began := time.Now()
			status := send(client, r)
			answers <- answer{status, time.Since(began)}
		})
	}
	wg.Wait()
	close(answers)
	t := make(tally)
	for a := range answers {
		t[a.status] = append(t[a.status], a.took)
	}
	for _, took := range t {
		slices.Sort(took)
	}
	return t
}

// send returns the status of the answer.
func send(client *http.Client, r *http.Request) int {
	answer, err := client.Do(r)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// warm has the API fetch the keys of the issuer that answers.
func warm(r *http.Request) error {
	if status := send(http.DefaultClient, r); status != http.StatusOK {
		return fmt.Errorf("a good request got status %d", status)
	}
	return nil
}

// answers are the numbers of answers by status.
func (t tally) answers() string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(t)) {
		name := fmt.Sprint(status)
		if status == 0 {
			name = "none"
		}
		parts = append(parts, fmt.Sprintf("%s: %d", name, len(t[status])))
	}
	return strings.Join(parts, ", ")
}

// quantiles are the median and the 99th percentile of a status.
func (t tally) quantiles(status int) string {
	took := t[status]
	if len(took) == 0 {
		return "-"
	}
	at := func(q float64) string {
		d := took[int(q*float64(len(took)-1))]
		if d >= 10*time.Millisecond {
			return d.Round(time.Millisecond).String()
		}
		return d.Round(100 * time.Microsecond).String()
	}
	return at(0.5) + ", " + at(0.99)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
