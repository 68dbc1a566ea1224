package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A load is requests that one server gets, by callers who send the next one when they have the answer.
type load struct {
	callers int
	token   func(i int) string // of request i
	most    int                // requests; zero for as many as there is time for
	time    time.Duration
}

// A loadMeasure is how a server bore a load.
type loadMeasure struct {
	took     time.Duration
	times    []time.Duration // of the requests, sorted
	statuses map[int]int     // 0 for no answer
}

// run sends a load. (vegeta, whose library does the same, can't be had from every module proxy.)
func (l load) run(ctx context.Context, url string) loadMeasure {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: l.callers}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	if l.time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.time)
		defer cancel()
	}
	var (
		sent  atomic.Int64
		group sync.WaitGroup
		mu    sync.Mutex // guards m
		m     = loadMeasure{statuses: make(map[int]int)}
		start = time.Now()
	)
	for range l.callers {
		group.Go(func() {
			var times []time.Duration
			statuses := make(map[int]int)
			for ctx.Err() == nil {
				i := int(sent.Add(1)) - 1
				if l.most > 0 && i >= l.most {
					break
				}
				began := time.Now()
				status := get(context.WithoutCancel(ctx), client, url, l.token(i))
				times = append(times, time.Since(began))
				statuses[status]++
			}
			mu.Lock()
			defer mu.Unlock()
			m.times = append(m.times, times...)
			for status, n := range statuses {
				m.statuses[status] += n
			}
		})
	}
	group.Wait()
	m.took = time.Since(start)
	slices.Sort(m.times)
	return m
}

// get returns the status of the answer, 0 if there is none.
func get(ctx context.Context, client *http.Client, url, token string) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/orders", nil)
	if err != nil {
		return 0
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// percentile is that of the requests' times.
func (m loadMeasure) percentile(p int) time.Duration {
	if len(m.times) == 0 {
		return 0
	}
	return m.times[(len(m.times)-1)*p/100]
}

// passed is an error if not all requests have.
func (m loadMeasure) passed() error {
	if m.statuses[http.StatusOK] != len(m.times) || len(m.times) == 0 {
		return fmt.Errorf("answers of good requests are %v", m.statuses)
	}
	return nil
}

// taking returns a load that sends tokens in turn.
func taking(tokens []string, callers int, d time.Duration) load {
	var next atomic.Int64
	return load{callers: callers, time: d, token: func(int) string { return tokens[int(next.Add(1)-1)%len(tokens)] }}
}

var errGarbageAccepted = errors.New("a token with another signature is accepted")

// check shows that a server accepts good tokens, and rejects one that was tampered with unless it verifies nothing.
func (s *server) check(ctx context.Context, good string) error {
	for range 2 {
		if status := get(ctx, http.DefaultClient, s.url, good); status != http.StatusOK {
			return fmt.Errorf("%s: the answer to a good token is %d", s.name, status)
		}
	}
	if status := get(ctx, http.DefaultClient, s.url, withOtherSignature(good)); !s.bare && status != http.StatusUnauthorized {
		return fmt.Errorf("%s: %w", s.name, errGarbageAccepted)
	}
	return nil
}
