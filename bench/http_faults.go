package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// An interference is what a site does to a request instead of answering it, or before; it reports whether it has answered.
type interference func(http.ResponseWriter, *http.Request) bool

func slowKeys(d time.Duration) interference {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/jwks") {
			time.Sleep(d)
		}
		return false
	}
}

func down(w http.ResponseWriter, _ *http.Request) bool {
	w.WriteHeader(http.StatusServiceUnavailable)
	return true
}

// The life time of keys in memory, and how long there is no traffic so that it is over.
const (
	shortLife = time.Second
	idle      = 3 * shortLife / 2
)

// A faultTrial is one fault that a server bears.
type faultTrial struct {
	columns []string
	life    time.Duration // of keys; zero for the server's default
	before  interference  // while the server starts
	run     func(context.Context, *faultBench) []string
}

func faultTrials() []faultTrial {
	return []faultTrial{
		{[]string{"stampede: fetches, last answer"}, 0, slowKeys(200 * time.Millisecond), stampede},
		{[]string{"unknown keys: fetches, p99"}, 0, nil, unknownKeys},
		{[]string{"slow refresh: p99"}, shortLife, nil, slowRefresh},
		{[]string{"outage, keys known"}, shortLife, nil, outage},
		{[]string{"outage, cold", "issuer back"}, shortLife, down, coldOutage},
	}
}

// A faultBench is a server under a fault, and its issuer.
type faultBench struct {
	*server
	site *site
	plan httpPlan
	good []string
}

// measureFaults has one kind of server bear each fault, newly started for each.
func measureFaults(ctx context.Context, plan httpPlan, kind serverKind, s *site, trust string) ([]string, error) {
	t := s.tenants[0]
	good, err := mint(64, func(int) (string, error) { return t.Token(claims()) })
	if err != nil {
		return nil, err
	}
	line := []string{kind.name}
	for _, trial := range plan.trials {
		s.interfere(trial.before)
		started, err := kind.start(ctx, t, trust, trial.life)
		if err != nil {
			line = append(line, "does not start")
			line = append(line, make([]string, len(trial.columns)-1)...)
			s.interfere(nil)
			continue
		}
		line = append(line, trial.run(ctx, &faultBench{started, s, plan, good})...)
		started.stop()
		s.interfere(nil)
	}
	return line, ctx.Err()
}

// keySets is how often the issuer's keys were fetched.
func (b *faultBench) keySets() int {
	_, keys := b.site.tenants[0].Fetched()
	return keys
}

func stampede(ctx context.Context, b *faultBench) []string {
	before := b.keySets()
	m := load{callers: b.plan.stampede, most: b.plan.stampede, token: b.token}.run(ctx, b.url)
	return []string{fmt.Sprintf("%d, %s%s", b.keySets()-before, short(m.percentile(100)), others(m))}
}

func (b *faultBench) token(i int) string { return b.good[i%len(b.good)] }

func unknownKeys(ctx context.Context, b *faultBench) []string {
	made, err := mint(b.plan.flood, func(i int) (string, error) { return withKeyID(b.good[0], fmt.Sprint("unknown-", i)) })
	if err != nil {
		return []string{err.Error()}
	}
	taking(b.good, 2, 100*time.Millisecond).run(ctx, b.url)
	before := b.keySets()
	flooding, end := context.WithCancel(ctx)
	var good loadMeasure
	var group sync.WaitGroup
	group.Go(func() { good = load{callers: 2, token: b.token}.run(flooding, b.url) })
	load{callers: 8, most: len(made), token: func(i int) string { return made[i] }}.run(ctx, b.url)
	end()
	group.Wait()
	return []string{fmt.Sprintf("%d, %s%s", b.keySets()-before, short(good.percentile(99)), others(good))}
}

func slowRefresh(ctx context.Context, b *faultBench) []string {
	taking(b.good, 2, 100*time.Millisecond).run(ctx, b.url)
	time.Sleep(idle)
	b.site.interfere(slowKeys(time.Second))
	m := load{callers: 10, time: time.Second, token: b.token}.run(ctx, b.url)
	return []string{short(m.percentile(99)) + others(m)}
}

func outage(ctx context.Context, b *faultBench) []string {
	taking(b.good, 2, 100*time.Millisecond).run(ctx, b.url)
	b.site.interfere(down)
	time.Sleep(idle)
	return []string{statuses(taking(b.good, 2, 100*time.Millisecond).run(ctx, b.url))}
}

func coldOutage(ctx context.Context, b *faultBench) []string {
	cold := load{callers: 1, most: 3, token: b.token}.run(ctx, b.url)
	b.site.interfere(nil)
	time.Sleep(2 * time.Second) // longer than the first wait after a failure
	back := load{callers: 1, most: 3, token: b.token}.run(ctx, b.url)
	return []string{statuses(cold), statuses(back)}
}

// statuses names those of the answers, the same once.
func statuses(m loadMeasure) string {
	var names []string
	for _, status := range slices.Sorted(maps.Keys(m.statuses)) {
		if status == 0 {
			names = append(names, "no answer")
		} else {
			names = append(names, fmt.Sprint(status))
		}
	}
	return strings.Join(names, ", ")
}

// others names the answers if some are not 200.
func others(m loadMeasure) string {
	if m.passed() == nil {
		return ""
	}
	return " (" + statuses(m) + ")"
}

func short(d time.Duration) string { return fmt.Sprintf("%.1f ms", 1000*d.Seconds()) }

// withKeyID returns a token with another kid in its header, and the signature that it had.
func withKeyID(token, kid string) (string, error) {
	_, rest, _ := strings.Cut(token, ".")
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"alg":"RS256","kid":%q,"typ":"at+jwt"}`, kid)) + "." + rest, nil
}
