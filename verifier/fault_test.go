package verifier_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A network is between a verifier and its issuer, and fails as it is told to.
type network struct {
	issuer *verifiertest.Issuer

	mu    sync.Mutex
	delay time.Duration
	fault func(ctx context.Context, url string) (ports.Document, error) // instead of the issuer, nil for none
}

func (n *network) Fetch(ctx context.Context, url string) (ports.Document, error) {
	n.mu.Lock()
	delay, fault := n.delay, n.fault
	n.mu.Unlock()
	time.Sleep(delay)
	document, err := n.issuer.Fetch(ctx, url) // which counts
	if fault != nil {
		return fault(ctx, url)
	}
	return document, err
}

func (n *network) fail(fault func(context.Context, string) (ports.Document, error)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fault = fault
}

func hang(ctx context.Context, _ string) (ports.Document, error) {
	<-ctx.Done()
	return ports.Document{}, ctx.Err()
}

func unavailable(context.Context, string) (ports.Document, error) {
	return ports.Document{}, errors.New("the status is 503")
}

// answer is a fault that answers every request, or only those for the keys, with body.
func answer(body string, keysAlone bool, issuer *verifiertest.Issuer) func(context.Context, string) (ports.Document, error) {
	return func(ctx context.Context, url string) (ports.Document, error) {
		if keysAlone && !strings.HasSuffix(url, "/jwks") {
			return issuer.Fetch(ctx, url)
		}
		return ports.Document{Body: []byte(body)}, nil
	}
}

// newFaultBench returns a verifier of ES256 tokens behind a network.
func newFaultBench(t testing.TB, edit func(*verifier.Config)) (*environment, *network) {
	t.Helper()
	n := &network{}
	env := newEnvironment(t, func(c *verifier.Config) {
		c.Algorithms = []string{"ES256"}
		n.issuer = newIssuer(t, issuerURL, c.Clock, key(t, "ES256", "key-1"))
		c.Fetcher = n
		if edit != nil {
			edit(c)
		}
	})
	env.issuer = n.issuer
	return env, n
}

// longToken is good for a day.
func longToken(t testing.TB, env *environment) string {
	t.Helper()
	return token(t, env.issuer, verifiertest.Claims{"exp": env.clock.Now().Add(24 * time.Hour).Unix()})
}

func wantFetched(t testing.TB, env *environment, metadata, keys int) {
	t.Helper()
	if m, k := env.issuer.Fetched(); m != metadata || k != keys {
		t.Errorf("%d metadata and %d key fetches, want %d and %d", m, k, metadata, keys)
	}
}

// wantSoon waits until a condition holds that a fetch in the background brings about.
func wantSoon(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

func TestFaultColdStart(t *testing.T) {
	t.Run("1,000 concurrent requests, issuer answers after 50 ms", func(t *testing.T) {
		env, n := newFaultBench(t, nil)
		n.delay = 25 * time.Millisecond // for each of metadata and keys
		good := longToken(t, env)
		verifyAll(t, 1000, func(int) error { _, err := env.VerifyAccessToken(context.Background(), good); return err })
		wantFetched(t, env, 1, 1)
	})
	t.Run("the same from 4 processes that share a cache", func(t *testing.T) {
		cache, err := memory.NewCache(memory.CacheConfig{})
		if err != nil {
			t.Fatal(err)
		}
		first, n := newFaultBench(t, func(c *verifier.Config) { c.Cache, c.CacheSecrets = cache, secrets })
		n.delay = 25 * time.Millisecond
		members := []*environment{first}
		for range 3 {
			other, _ := newFaultBench(t, func(c *verifier.Config) { c.Cache, c.CacheSecrets, c.Fetcher = cache, secrets, n })
			members = append(members, other)
		}
		good := longToken(t, first)
		verifyAll(t, 1000, func(i int) error { _, err := members[i%4].VerifyAccessToken(context.Background(), good); return err })
		if m, k := first.issuer.Fetched(); m > 4 || k > 4 {
			t.Errorf("%d metadata and %d key fetches, want at most 4 of each", m, k)
		}
	})
}

// verifyAll runs requests at once, all of which must pass.
func verifyAll(t *testing.T, requests int, verify func(int) error) {
	t.Helper()
	var all sync.WaitGroup
	for i := range requests {
		all.Go(func() {
			if err := verify(i); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestFaultRandomKeyIDs(t *testing.T) {
	env, _ := newFaultBench(t, nil)
	good := longToken(t, env)
	if _, err := verify(t, env, good); err != nil {
		t.Fatal(err)
	}
	payload, err := env.issuer.Payload(verifiertest.Claims{"aud": audience, "iat": env.clock.Now().Add(-2 * time.Minute).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	random := func(n int) string {
		return sign(t, env.issuer, key(t, "ES256", "key-1"), header{"kid": fmt.Sprint("random-", n)}, string(payload))
	}
	t.Run("2,000 tokens, one after the other", func(t *testing.T) {
		for n := range 2000 {
			_, err := verify(t, env, random(n))
			wantCode(t, err, verifier.CodeKeyUnknown)
		}
		wantFetched(t, env, 2, 2)
	})
	env.clock.Advance(verifierCooldown)
	t.Run("2,000 tokens from 50 goroutines", func(t *testing.T) {
		var all sync.WaitGroup
		for g := range 50 {
			all.Go(func() {
				for n := range 40 {
					_, err := env.VerifyAccessToken(context.Background(), random(g*40+n))
					if !errors.Is(err, verifier.CodeKeyUnknown) {
						t.Errorf("error is %v", err)
					}
				}
			})
		}
		all.Wait()
		wantFetched(t, env, 3, 3)
	})
}

func TestFaultRotation(t *testing.T) {
	t.Run("the first token of the new kid after exactly one refresh", func(t *testing.T) {
		env, _ := newFaultBench(t, nil)
		old := longToken(t, env)
		_, err := verify(t, env, old)
		wantCode(t, err, "")
		env.issuer.SetKeys(key(t, "ES256", "key-2"), key(t, "ES256", "key-1"))
		_, err = verify(t, env, longToken(t, env))
		wantCode(t, err, "")
		_, err = verify(t, env, old)
		wantCode(t, err, "")
		wantFetched(t, env, 2, 2)
	})
	t.Run("key withdrawn: rejected from the next refresh on", func(t *testing.T) {
		env, _ := newFaultBench(t, nil)
		old := longToken(t, env)
		_, err := verify(t, env, old)
		wantCode(t, err, "")
		env.issuer.SetKeys(key(t, "ES256", "key-2"))
		_, err = verify(t, env, old)
		wantCode(t, err, "")
		env.clock.Advance(10 * time.Minute)
		wantSoon(t, "rejected", func() bool {
			_, err := env.VerifyAccessToken(t.Context(), old)
			return errors.Is(err, verifier.CodeKeyUnknown)
		})
	})
}

func TestFaultIssuerAwayForAnHour(t *testing.T) {
	for name, fault := range map[string]func(context.Context, string) (ports.Document, error){"hangs": hang, "answers 503": unavailable} {
		t.Run("issuer "+name, func(t *testing.T) {
			env, n := newFaultBench(t, func(c *verifier.Config) { c.Keys.FetchTimeout = 20 * time.Millisecond })
			good := longToken(t, env)
			unknown := sign(t, env.issuer, key(t, "ES256", "key-2"), nil, "")
			_, err := verify(t, env, good)
			wantCode(t, err, "")
			n.fail(fault)
			for range 60 {
				env.clock.Advance(time.Minute)
				for range 20 {
					_, err := verify(t, env, good)
					wantCode(t, err, "")
				}
				_, err = verify(t, env, unknown)
				wantCode(t, err, verifier.CodeIssuerUnavailable)
			}

			// Back again: fresh keys within one backoff step, which is 30 s at most.
			n.fail(nil)
			env.issuer.SetKeys(key(t, "ES256", "key-2"))
			env.clock.Advance(30 * time.Second)
			wantSoon(t, "fresh keys", func() bool {
				_, err := env.VerifyAccessToken(t.Context(), good)
				return errors.Is(err, verifier.CodeKeyUnknown)
			})
		})
	}
}

func TestCHAL09RetryAfterIsAsLongAsAskingMakesNoSense(t *testing.T) {
	env, n := newFaultBench(t, nil)
	_, err := verify(t, env, longToken(t, env))
	wantCode(t, err, "")
	n.fail(unavailable)
	unknown := sign(t, env.issuer, key(t, "ES256", "key-2"), nil, "")
	_, err = verify(t, env, unknown) // which forces a fetch, and with it the cooldown
	wantCode(t, err, verifier.CodeIssuerUnavailable)
	env.clock.Advance(10*time.Second + time.Millisecond)
	_, err = verify(t, env, unknown)
	wantCode(t, err, verifier.CodeIssuerUnavailable)
	if got := refusal(t, err).Header["Retry-After"]; len(got) != 1 || got[0] != "20" {
		t.Errorf("Retry-After is %q, want 20", got)
	}
}

func TestFaultIssuerLies(t *testing.T) {
	jwk, err := key(t, "ES256", "key-2").JWK()
	if err != nil {
		t.Fatal(err)
	}
	wrongIssuer, err := json.Marshal(map[string]string{"issuer": "https://evil.example/", "jwks_uri": issuerURL + "jwks"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body      string
		keysAlone bool
	}{
		"garbage":                   {"<html>", false},
		"garbage for keys":          {"\x00\xff{", true},
		"50 MB":                     {strings.Repeat(" ", 50<<20), true},
		"10,000 keys":               {`{"keys":[` + strings.Repeat(string(jwk)+",", 9999) + string(jwk) + `]}`, true},
		"wrong issuer in discovery": {string(wrongIssuer), false},
	} {
		t.Run(name+": known keys keep serving", func(t *testing.T) {
			env, n := newFaultBench(t, func(c *verifier.Config) { c.Keys.MaxDocumentBytes = 4 << 20 })
			good := longToken(t, env)
			_, err := verify(t, env, good)
			wantCode(t, err, "")
			n.fail(answer(c.body, c.keysAlone, env.issuer))
			env.clock.Advance(time.Hour)
			_, err = verify(t, env, sign(t, env.issuer, key(t, "ES256", "key-2"), nil, ""))
			wantCode(t, err, verifier.CodeIssuerUnavailable)
			_, err = verify(t, env, good)
			wantCode(t, err, "")

			cold, n := newFaultBench(t, nil)
			n.fail(answer(c.body, c.keysAlone, cold.issuer))
			_, err = verify(t, cold, good)
			wantCode(t, err, verifier.CodeIssuerUnavailable)
		})
	}
}

func TestFaultOddKeys(t *testing.T) {
	jwk, err := key(t, "ES256", "key-1").JWK()
	if err != nil {
		t.Fatal(err)
	}
	other, err := key(t, "ES256", "key-2").JWK()
	if err != nil {
		t.Fatal(err)
	}
	duplicate := strings.Replace(string(other), `"key-2"`, `"key-1"`, 1)
	withoutID := strings.Replace(string(other), `"kid":"key-2",`, "", 1)
	for name, odd := range map[string]string{
		"PQC":           `{"kty":"AKP","alg":"ML-DSA-65","kid":"key-1","pub":"AA"}`,
		"oct":           `{"kty":"oct","kid":"key-1","k":"AA"}`,
		"RSA-1024":      `{"kty":"RSA","kid":"key-1","e":"AQAB","n":"` + strings.Repeat("w", 170) + `A"}`,
		"duplicate kid": duplicate,
		"missing kid":   withoutID,
	} {
		t.Run(name+": the others serve", func(t *testing.T) {
			env, n := newFaultBench(t, nil)
			n.fail(answer(`{"keys":[`+odd+","+string(jwk)+`]}`, true, env.issuer))
			_, err := verify(t, env, longToken(t, env))
			wantCode(t, err, "")
		})
	}
}

func TestFaultCallerLeaves(t *testing.T) {
	t.Run("the shared fetch and the other waiters go on", func(t *testing.T) {
		env, n := newFaultBench(t, nil)
		release := make(chan struct{})
		asked := make(chan struct{}, 2)
		n.fail(func(ctx context.Context, url string) (ports.Document, error) {
			asked <- struct{}{}
			<-release
			return env.issuer.Fetch(ctx, url)
		})
		good := longToken(t, env)
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error)
		go func() { _, err := env.VerifyAccessToken(ctx, good); left <- err }()
		<-asked
		stayed := make(chan error)
		go func() { _, err := env.VerifyAccessToken(context.Background(), good); stayed <- err }()
		leave()
		wantCode(t, <-left, verifier.CodeCanceled)
		close(release)
		wantCode(t, <-stayed, "")
	})
}

// secrets authenticate the entries of shared caches.
var secrets = [][]byte{[]byte(strings.Repeat("s", 32))}

// A faultyCache counts what it is asked, and answers as it is told to.
type faultyCache struct {
	calls atomic.Int64
	fault func(context.Context) error
}

func (c *faultyCache) Get(ctx context.Context, _ string) ([]byte, error) {
	c.calls.Add(1)
	return nil, c.fault(ctx)
}
func (c *faultyCache) Set(ctx context.Context, _ string, _ []byte, _ time.Duration) error {
	c.calls.Add(1)
	return c.fault(ctx)
}
func (c *faultyCache) Delete(ctx context.Context, _ string) error { return c.fault(ctx) }

func TestFaultCache(t *testing.T) {
	for name, fault := range map[string]func(context.Context) error{
		"refused": func(context.Context) error { return errors.New("connection refused") },
		"hung":    func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"flushed": func(context.Context) error { return ports.ErrMiss },
		"full":    func(context.Context) error { return errors.New("out of memory") },
	} {
		t.Run("shared cache "+name+": verification goes on, without a round trip", func(t *testing.T) {
			cache := &faultyCache{fault: fault}
			env, _ := newFaultBench(t, func(c *verifier.Config) { c.Cache, c.CacheSecrets = cache, secrets })
			good := longToken(t, env)
			_, err := verify(t, env, good)
			wantCode(t, err, "")
			wantSoon(t, "the cache is written", func() bool { return cache.calls.Load() == 2 })
			for range 1000 {
				_, err := verify(t, env, good)
				wantCode(t, err, "")
			}
			if calls := cache.calls.Load(); calls != 2 {
				t.Errorf("the cache was asked %d times, want once read and once written", calls)
			}
			wantFetched(t, env, 1, 1)
		})
	}
}
