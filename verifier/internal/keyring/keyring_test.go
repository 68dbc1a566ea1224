package keyring

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const issuerURL = "https://issuer.example/"

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

var errDown = errors.New("connection refused")

// An environment is a ring, the issuer it asks, a clock that stands still, and what happens between them.
type environment struct {
	*Ring
	issuer *verifiertest.Issuer
	clock  *verifiertest.Clock

	mu     sync.Mutex
	down   error                                   // what every fetch fails with, nil while the issuer is up
	answer func(url string) (ports.Document, bool) // answers instead of the issuer where it reports true
	hold   chan struct{}                           // every fetch waits for it, if not nil
	delay  time.Duration                           // of every fetch
	hangs  bool                                    // as ignoring has it
	events []ports.KeyEvent
}

// newEnvironment returns an environment without jitter, where edit may change the policy.
func newEnvironment(t *testing.T, edit func(*Config)) *environment {
	t.Helper()
	env := &environment{clock: verifiertest.NewClock(noon)}
	env.issuer = newIssuer(t, issuerURL, "key-1")
	env.issuer.Fresh = 10 * time.Minute
	config := Config{
		Fetcher:      env,
		Clock:        env.clock,
		Observe:      env.observe,
		MetadataURL:  issuerurl.OpenIDConfiguration,
		Soft:         10 * time.Minute,
		Floor:        time.Minute,
		Hard:         24 * time.Hour,
		Cooldown:     30 * time.Second,
		FetchTimeout: 10 * time.Second,
		WaitTimeout:  2 * time.Second,
		MaxFetches:   64,
		MaxBytes:     1 << 20,
		MaxKeys:      100,
		MaxIssuers:   100,
		Rand:         func(int64) int64 { return 0 },
	}
	if edit != nil {
		edit(&config)
	}
	env.Ring = New(config)
	t.Cleanup(env.Close)
	return env
}

// newIssuer returns an issuer with small keys of these IDs.
func newIssuer(t *testing.T, url string, ids ...string) *verifiertest.Issuer {
	t.Helper()
	issuer := verifiertest.MustIssuer(t, url, newKeys(t, ids...)...)
	return issuer
}

func newKeys(t *testing.T, ids ...string) []*verifiertest.Key {
	t.Helper()
	keys := make([]*verifiertest.Key, len(ids))
	for i, id := range ids {
		var err error
		if keys[i], err = verifiertest.NewKey("ES256", id); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

func (env *environment) Fetch(ctx context.Context, url string) (ports.Document, error) {
	env.mu.Lock()
	down, answer, hold, delay := env.down, env.answer, env.hold, env.delay
	env.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return ports.Document{}, ctx.Err()
	}
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return ports.Document{}, ctx.Err()
		}
	}
	document, err := env.issuer.Fetch(ctx, url) // which counts
	if down != nil {
		return ports.Document{}, down
	}
	if answer != nil {
		if other, instead := answer(url); instead {
			return other, nil
		}
	}
	return document, err
}

func (env *environment) observe(event ports.KeyEvent) {
	env.mu.Lock()
	defer env.mu.Unlock()
	env.events = append(env.events, event)
}

func (env *environment) set(change func()) {
	env.mu.Lock()
	defer env.mu.Unlock()
	change()
}

// of is an issuer whose keys are found by its metadata.
func of(issuer string) Source { return Location{Issuer: issuer}.Source() }

// find looks for a key and reports the outcome: found, unknown, or unavailable.
func (env *environment) find(t *testing.T, kid string) string {
	t.Helper()
	keys, err := env.Keys(t.Context(), of(issuerURL), Selector{KeyID: kid, HasKeyID: true})
	var unavailable *UnavailableError
	switch {
	case err == nil && len(keys) == 1 && keys[0].ID == kid:
		return "found"
	case errors.Is(err, ErrUnknownKey):
		return "unknown"
	case errors.As(err, &unavailable):
		if unavailable.RetryAfter <= 0 {
			t.Errorf("retry after %v", unavailable.RetryAfter)
		}
		return "unavailable"
	}
	t.Fatalf("Keys(%q) = %v, %v", kid, keys, err)
	return ""
}

// want checks what a search comes to, and how often the issuer's keys have been asked for in all.
func (env *environment) want(t *testing.T, kid, outcome string, asked int) {
	t.Helper()
	if got := env.find(t, kid); got != outcome {
		t.Errorf("key %q is %s, want %s", kid, got, outcome)
	}
	env.settle()
	if _, keys := env.issuer.Fetched(); keys != asked {
		t.Errorf("the issuer was asked %d times for its keys, want %d", keys, asked)
	}
}

// settle returns when no fetch is under way.
func (env *environment) settle() {
	env.Ring.held.bySource.Range(func(_, held any) bool {
		i := held.(*issuer)
		for {
			current := i.flight.Load()
			if current == nil {
				return true
			}
			<-current.done
		}
	})
	env.slots.launched.Wait()
}

func TestSoftTTL(t *testing.T) {
	for _, c := range []struct {
		name  string
		fresh time.Duration
		want  time.Duration // after which they are stale; the keys are asked for again when 95 % of it have passed
	}{
		{"CACHE-01 max-age under the soft TTL", 5 * time.Minute, 5 * time.Minute},
		{"CACHE-01 max-age over the soft TTL", time.Hour, 10 * time.Minute},
		{"CACHE-01 max-age under the floor", 15 * time.Second, time.Minute},
		{"CACHE-02 nothing said", 0, 10 * time.Minute},
		{"CACHE-02 no-store", -1, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := newEnvironment(t, nil)
			env.issuer.Fresh = c.fresh
			env.want(t, "key-1", "found", 1)
			env.clock.Advance(c.want*95/100 - time.Nanosecond)
			env.want(t, "key-1", "found", 1)
			env.clock.Advance(time.Nanosecond)
			env.want(t, "key-1", "found", 2)
		})
	}
}

func TestCACHE03OneRefreshAheadOfTheSoftTTL(t *testing.T) {
	env := newEnvironment(t, nil)
	env.want(t, "key-1", "found", 1)
	hold := make(chan struct{})
	env.set(func() { env.hold = hold })
	env.clock.Advance(10*time.Minute - time.Nanosecond)
	for range 100 { // none of them waits
		if got := env.find(t, "key-1"); got != "found" {
			t.Fatalf("key is %s while a fetch runs", got)
		}
	}
	close(hold)
	env.want(t, "key-1", "found", 2)
	for _, event := range env.events {
		if event.Kind == ports.KeysServedStale {
			t.Error("told that keys served stale")
		}
	}
}

func TestCACHE04HardTTL(t *testing.T) {
	env := newEnvironment(t, nil)
	env.want(t, "key-1", "found", 1)
	env.set(func() { env.down = errDown })
	env.clock.Advance(24*time.Hour - time.Nanosecond)
	if got := env.find(t, "key-1"); got != "found" {
		t.Errorf("key is %s just before the hard TTL", got)
	}
	env.settle()
	env.clock.Advance(time.Hour)
	if got := env.find(t, "key-1"); got != "unavailable" {
		t.Errorf("key is %s after the hard TTL", got)
	}
	env.set(func() { env.down = nil })
	env.clock.Advance(maxBackoff)
	if got := env.find(t, "key-1"); got != "found" {
		t.Errorf("key is %s once the issuer is back", got)
	}
}

func TestCACHE05UnknownKeyForcesOneFetchACooldown(t *testing.T) {
	env := newEnvironment(t, nil)
	env.want(t, "key-1", "found", 1)
	// A rotation right after start-up is seen at once.
	env.issuer.SetKeys(newKeys(t, "key-2", "key-1")...)
	env.want(t, "key-2", "found", 2)
	// Within the cooldown unknown keys are answered from memory.
	for range 100 {
		env.want(t, "random", "unknown", 2)
	}
	env.issuer.SetKeys(newKeys(t, "key-3")...)
	env.clock.Advance(30*time.Second - time.Nanosecond)
	env.want(t, "key-3", "unknown", 2)
	env.clock.Advance(time.Nanosecond)
	env.want(t, "key-3", "found", 3)
}

func TestCACHE05ConcurrentUnknownKeysShareOneFetch(t *testing.T) {
	env := newEnvironment(t, nil)
	env.want(t, "key-1", "found", 1)
	env.issuer.SetKeys(newKeys(t, "key-2")...)
	var found sync.WaitGroup
	for n := range 50 {
		found.Go(func() {
			env.find(t, fmt.Sprintf("random-%d", n))
			if got := env.find(t, "key-2"); got != "found" {
				t.Errorf("the new key is %s", got)
			}
		})
	}
	found.Wait()
	env.want(t, "key-2", "found", 2)
}

func TestCACHE06UnknownKeyIsUndecidableWhileTheIssuerIsDown(t *testing.T) {
	env := newEnvironment(t, nil)
	env.want(t, "key-1", "found", 1)
	env.set(func() { env.down = errDown })
	env.want(t, "key-2", "unavailable", 1) // the metadata could not even be fetched
	env.want(t, "key-1", "found", 1)
	env.want(t, "key-2", "unavailable", 1)
	metadata, _ := env.issuer.Fetched()
	if metadata != 2 {
		t.Errorf("metadata was asked for %d times, want one more than at start", metadata)
	}
	env.set(func() { env.down = nil })
	env.clock.Advance(30 * time.Second)
	env.want(t, "key-2", "unknown", 2)
}

func TestCACHE06ReachingTheIssuerEndsTheDoubt(t *testing.T) {
	env := newEnvironment(t, func(c *Config) { c.Cooldown = time.Hour })
	env.want(t, "key-1", "found", 1)
	env.set(func() { env.down = errDown })
	env.want(t, "key-2", "unavailable", 1)
	env.set(func() { env.down = nil })
	env.clock.Advance(10 * time.Minute)
	env.want(t, "key-1", "found", 2) // in the background
	env.want(t, "key-2", "unknown", 2)
}

func TestCACHE07WaitersShareAFetchThatOutlivesThem(t *testing.T) {
	env := newEnvironment(t, nil)
	hold := make(chan struct{})
	env.set(func() { env.hold = hold })

	first, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := env.Keys(first, of(issuerURL), Selector{KeyID: "key-1", HasKeyID: true})
		left <- err
	}()
	for env.underWay() == nil {
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the one that left got %v", err)
	}

	var waiting sync.WaitGroup
	for range 1000 {
		waiting.Go(func() {
			if got := env.find(t, "key-1"); got != "found" {
				t.Errorf("key is %s", got)
			}
		})
	}
	close(hold)
	waiting.Wait()
	metadata, keys := env.issuer.Fetched()
	if metadata != 1 || keys != 1 {
		t.Errorf("%d metadata and %d key fetches, want 1 and 1", metadata, keys)
	}
}

// underWay returns the flight of the one issuer, nil while there is none.
func (env *environment) underWay() (current *flight) {
	env.Ring.held.bySource.Range(func(_, held any) bool {
		current = held.(*issuer).flight.Load()
		return false
	})
	return current
}

func TestCACHE08WithdrawnKeyIsGone(t *testing.T) {
	env := newEnvironment(t, nil)
	env.want(t, "key-1", "found", 1)
	env.issuer.SetKeys(newKeys(t, "key-2")...)
	env.clock.Advance(10*time.Minute - time.Nanosecond)
	hold := make(chan struct{})
	env.set(func() { env.hold = hold })
	for range 10 { // the refresh ahead of the soft TTL is under way
		if got := env.find(t, "key-1"); got != "found" {
			t.Errorf("key is %s before the soft TTL", got)
		}
	}
	close(hold)
	env.settle()
	env.want(t, "key-1", "unknown", 3)
}

func TestCACHE14FailingIssuerIsLeftAlone(t *testing.T) {
	env := newEnvironment(t, nil)
	env.set(func() { env.down = errDown })
	asked := 0
	// The backoff doubles: 1, 2, 4, 8, 16, 30, 30 seconds, without jitter.
	for _, wait := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		asked++
		for range 10 {
			if got := env.find(t, "key-1"); got != "unavailable" {
				t.Fatalf("key is %s", got)
			}
		}
		if metadata, _ := env.issuer.Fetched(); metadata != asked {
			t.Fatalf("the issuer was asked %d times, want %d", metadata, asked)
		}
		env.clock.Advance(wait*time.Second - time.Nanosecond)
		env.find(t, "key-1")
		if metadata, _ := env.issuer.Fetched(); metadata != asked {
			t.Fatalf("the issuer was asked before its backoff of %d s was over", wait)
		}
		env.clock.Advance(time.Nanosecond)
	}
	env.set(func() { env.down = nil })
	env.want(t, "key-1", "found", 1)
}

func TestBackoffStaysWithinItsBounds(t *testing.T) {
	for _, jitter := range []func(int64) int64{func(int64) int64 { return 0 }, func(n int64) int64 { return n - 1 }} {
		r := New(Config{Rand: jitter})
		for failures := range 40 {
			if wait := r.backoff(failures); wait < minBackoff || wait > maxBackoff {
				t.Errorf("CACHE-14: backoff after %d failures is %v", failures, wait)
			}
		}
	}
}

func TestEvents(t *testing.T) {
	env := newEnvironment(t, nil)
	env.answer = func(url string) (ports.Document, bool) {
		document, err := env.issuer.Fetch(context.Background(), url)
		document.Body = []byte(strings.Replace(string(document.Body), `{"keys":[`, `{"keys":[{"kty":"AKP","kid":"pq\n1"},`, 1))
		return document, err == nil
	}
	env.find(t, "key-1")
	env.find(t, "random")
	env.settle()
	env.set(func() { env.down = errDown })
	env.clock.Advance(10 * time.Minute)
	env.find(t, "key-1")
	env.settle()
	var got []string
	for _, event := range env.events {
		if event.Issuer != issuerURL {
			t.Errorf("event of issuer %q", event.Issuer)
		}
		got = append(got, strings.TrimSpace(string(event.Kind)+" "+event.KeyID))
	}
	want := `key_skipped "pq\n1",keys_fetched,key_refresh_forced,key_skipped "pq\n1",keys_fetched,keys_refused,keys_served_stale`
	if strings.Join(got, ",") != want {
		t.Errorf("events are\n%s, want\n%s", strings.Join(got, ","), want)
	}
}

func TestCACHE06UnknownKeyIsUndecidableOnceClosed(t *testing.T) {
	env := newEnvironment(t, nil)
	env.want(t, "key-1", "found", 1)
	env.Close()
	for range 3 { // within the cooldown of the fetch that did not start, too
		env.want(t, "random", "unavailable", 1)
	}
	env.want(t, "key-1", "found", 1)
}
