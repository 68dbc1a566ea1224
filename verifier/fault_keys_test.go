package verifier_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// slowly answers from the issuer after a while, for each document.
func slowly(issuer ports.Fetcher, delay time.Duration) func(context.Context, string) (ports.Document, error) {
	return func(ctx context.Context, url string) (ports.Document, error) {
		select {
		case <-time.After(delay):
			return issuer.Fetch(ctx, url)
		case <-ctx.Done():
			return ports.Document{}, ctx.Err()
		}
	}
}

// verifyIn verifies a token and reports how long it took.
func verifyIn(env *environment, token string) (time.Duration, error) {
	began := time.Now()
	_, err := env.VerifyAccessToken(context.Background(), token)
	return time.Since(began), err
}

// wantIn checks what comes of a token, and how long that takes.
func wantIn(t *testing.T, env *environment, token string, code verifier.Code, took time.Duration) {
	t.Helper()
	waited, err := verifyIn(env, token)
	wantCode(t, err, code)
	if waited != took {
		t.Errorf("it took %v, want %v", waited, took)
	}
}

// inFaultBench runs a test in a bubble, with a verifier behind a network.
func inFaultBench(t *testing.T, edit func(*verifier.Config), test func(*testing.T, *environment, *network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		env, n := newFaultBench(t, both(byDefault, edit))
		test(t, env, n)
	})
}

func TestFaultFetcherIgnoresItsContext(t *testing.T) {
	inFaultBench(t, nil, func(t *testing.T, env *environment, n *network) {
		ended := make(chan struct{})
		defer close(ended)
		n.fail(func(context.Context, string) (ports.Document, error) {
			<-ended
			return ports.Document{}, errors.New("too late")
		})
		good := longToken(t, env)
		wantIn(t, env, good, verifier.CodeIssuerUnavailable, 2*time.Second)
		wantIn(t, env, good, verifier.CodeIssuerUnavailable, 0)
		time.Sleep(8 * time.Second) // the fetch has ended, and is not tried again for now
		synctest.Wait()
		wantIn(t, env, good, verifier.CodeIssuerUnavailable, 0)
		n.fail(nil)
		env.clock.Advance(30 * time.Second)
		wantIn(t, env, good, "", 0)

		env.clock.Advance(time.Hour)
		n.fail(func(context.Context, string) (ports.Document, error) { <-ended; return ports.Document{}, nil })
		wantIn(t, env, good, "", 2*time.Second)
		began := time.Now()
		if err := env.Close(); err != nil || time.Since(began) != 0 {
			t.Errorf("Close = %v after %v", err, time.Since(began))
		}
	})
}

func TestFaultFetcherPanics(t *testing.T) {
	events := make(chan ports.KeyEvent, 2)
	env, n := newFaultBench(t, func(c *verifier.Config) { c.Observer = func(e ports.KeyEvent) { events <- e } })
	wantEvent := func(kind ports.KeyEventKind) {
		t.Helper()
		if e := <-events; e.Kind != kind {
			t.Errorf("event is %v, want %s", e, kind)
		}
	}
	good := longToken(t, env)
	n.fail(func(context.Context, string) (ports.Document, error) { panic("no such host") })
	_, err := verify(t, env, good)
	wantCode(t, err, verifier.CodeIssuerUnavailable)
	wantEvent(ports.KeysRefused) // it is told after the request was answered
	n.fail(nil)
	env.clock.Advance(time.Second)
	_, err = verify(t, env, good)
	wantCode(t, err, "")
	wantEvent(ports.KeysFetched)
}

func TestFaultOneIssuerHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := verifiertest.NewClock(noon)
		good := newIssuer(t, issuerURL, clock, key(t, "RS256", "key-1"))
		hanging := newIssuer(t, "https://hanging.example/", clock, key(t, "RS256", "key-1"))
		env := newEnvironment(t, func(c *verifier.Config) {
			byDefault(c)
			c.Clock = clock
			c.Domain, c.Domains = "", []ports.Domain{{Issuer: good.URL}, {Issuer: hanging.URL}}
			c.Fetcher = ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
				if strings.HasPrefix(url, hanging.URL) {
					return hang(ctx, url)
				}
				return good.Fetch(ctx, url)
			})
		})
		for range 20 { // far more time-outs in a row than make another port count as away
			wantIn(t, env, token(t, hanging, nil), verifier.CodeIssuerUnavailable, 2*time.Second)
			time.Sleep(8 * time.Second)
			synctest.Wait()
			clock.Advance(time.Minute)
			wantIn(t, env, token(t, good, nil), "", 0)
		}
	})
}

// tenants is a resolver that accepts the issuers https://tenant-N.example/, and the one of the environment.
func tenants(_ context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
	if strings.HasPrefix(q.UnverifiedIssuer, "https://tenant-") {
		return []ports.Domain{{Issuer: strings.Clone(q.UnverifiedIssuer)}}, nil
	}
	return []ports.Domain{{Issuer: issuerURL}}, nil
}

func TestFaultTenThousandIssuers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, all atomic.Int64
		env, n := newFaultBench(t, func(c *verifier.Config) {
			byDefault(c)
			c.Domain, c.Resolver = "", ports.DomainResolverFunc(tenants)
		})
		good := longToken(t, env)
		wantIn(t, env, good, "", 0)
		n.fail(func(ctx context.Context, url string) (ports.Document, error) {
			if strings.HasPrefix(url, issuerURL) {
				return env.issuer.Fetch(ctx, url)
			}
			all.Add(1)
			defer now.Add(-1)
			if at := now.Add(1); at > most.Load() {
				most.Store(at)
			}
			return hang(ctx, url)
		})
		forged := make([]string, 10_001)
		for i := range forged {
			forged[i] = sign(t, env.issuer, key(t, "ES256", "key-1"), nil,
				fmt.Sprintf(`{"iss":"https://tenant-%d.example/","aud":%q,"iat":%d,"exp":%d}`, i, audience, noon.Unix(), noon.Unix()+60))
		}
		before := runtime.NumGoroutine()
		senders, leave := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer leave()
		var sent sync.WaitGroup
		for _, token := range forged[:10_000] {
			sent.Go(func() { _, _ = env.VerifyAccessToken(senders, token) })
		}
		sent.Wait()
		synctest.Wait()
		if more := runtime.NumGoroutine() - before; more > 200 {
			t.Errorf("CACHE-19: %d goroutines more", more)
		}
		if most.Load() != 32 || all.Load() != 32 {
			t.Errorf("CACHE-19: %d fetches at once of %d, want 32", most.Load(), all.Load())
		}
		wantIn(t, env, good, "", 0) // keys that are known, and fresh
		env.clock.Advance(time.Hour)
		wantIn(t, env, good, "", 0) // and those that must be refreshed first
		waited, err := verifyIn(env, forged[10_000])
		wantCode(t, err, verifier.CodeIssuerUnavailable)
		if e := refusal(t, err); waited != 0 || e.Status != 503 || e.Header["Retry-After"][0] != "1" {
			t.Errorf("CACHE-19: beyond the bound: %v, %v after %v", e.Status, e.Header, waited)
		}
		time.Sleep(time.Hour)
		if all.Load() != 32+1024 {
			t.Errorf("CACHE-19: %d fetches in all, want those that had a slot or a place in the queue", all.Load())
		}
	})
}

func TestFaultRequestsWaitForKeysForTheirTime(t *testing.T) {
	for name, c := range map[string]struct {
		configured, want time.Duration
	}{
		"CACHE-18 2 s by default": {0, 2 * time.Second},
		"CACHE-18 as configured":  {300 * time.Millisecond, 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			inFaultBench(t, func(config *verifier.Config) { config.Keys.WaitTimeout = c.configured }, func(t *testing.T, env *environment, n *network) {
				n.fail(slowly(env.issuer, 3*time.Second))
				good := longToken(t, env)
				var requests sync.WaitGroup
				for range 100 {
					requests.Go(func() {
						if waited, err := verifyIn(env, good); !errors.Is(err, verifier.CodeIssuerUnavailable) || waited != c.want {
							t.Errorf("%v after %v", err, waited)
						}
					})
				}
				requests.Wait()
				time.Sleep(6 * time.Second) // the fetch went on behind
				wantIn(t, env, good, "", 0)
				wantFetched(t, env, 2, 2) // each is counted twice: by the network, and by slowly
			})
		})
	}
	t.Run("CACHE-18 also for a remembered token", func(t *testing.T) {
		inFaultBench(t, nil, func(t *testing.T, env *environment, n *network) {
			good := token(t, env.issuer, verifiertest.Claims{"exp": noon.Add(100 * time.Hour).Unix()})
			for range 3 {
				wantIn(t, env, good, "", 0)
			}
			env.clock.Advance(25 * time.Hour)
			n.fail(hang)
			wantIn(t, env, good, verifier.CodeIssuerUnavailable, 2*time.Second)
		})
	})
	t.Run("CACHE-18 Warm waits longer", func(t *testing.T) {
		inFaultBench(t, nil, func(t *testing.T, env *environment, n *network) {
			n.fail(slowly(env.issuer, 3*time.Second))
			began := time.Now()
			if err := env.Warm(t.Context()); err != nil || time.Since(began) != 6*time.Second {
				t.Errorf("Warm = %v after %v", err, time.Since(began))
			}
		})
	})
}

func TestFaultWarmOfManyIssuersThatHang(t *testing.T) {
	inFaultBench(t, func(c *verifier.Config) {
		c.Domain = ""
		for n := range 16 {
			c.Domains = append(c.Domains, ports.Domain{Issuer: fmt.Sprintf("https://tenant-%d.example/", n)})
		}
	}, func(t *testing.T, env *environment, n *network) {
		n.fail(hang)
		began := time.Now()
		err := env.Warm(t.Context())
		if waited := time.Since(began); !errors.Is(err, verifier.CodeIssuerUnavailable) || waited != 10*time.Second {
			t.Errorf("CACHE-18: Warm = %v after %v, want 10 s for all", err, waited)
		}
	})
}

func TestFaultCooldownShorterThanAFetch(t *testing.T) {
	inFaultBench(t, func(c *verifier.Config) { c.Keys.Cooldown = 30 * time.Millisecond }, func(t *testing.T, env *environment, n *network) {
		wantIn(t, env, longToken(t, env), "", 0)
		n.fail(slowly(env.issuer, 20*time.Millisecond))
		unknown := sign(t, env.issuer, key(t, "ES256", "key-2"), nil, "")
		before, _ := env.issuer.Fetched()
		wantIn(t, env, unknown, verifier.CodeKeyUnknown, 40*time.Millisecond)
		if after, _ := env.issuer.Fetched(); after-before != 2 { // one fetch, counted twice
			t.Errorf("CACHE-05: %d fetches by one request", (after-before)/2)
		}
	})
}

func TestFaultIssuersStateKeepsNothingOfTheToken(t *testing.T) {
	const issuers = 500
	env := newEnvironment(t, func(c *verifier.Config) {
		c.Domain, c.Resolver, c.Fetcher = "", ports.DomainResolverFunc(tenants), ports.FetcherFunc(unavailable)
	})
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	pad := strings.Repeat("x", 11_000)
	before := heap()
	for i := range issuers {
		payload := fmt.Sprintf(`{"pad":%q,"iss":"https://tenant-%d.example/"}`, pad, i)
		_, err := verify(t, env, signRaw(t, env.issuer, key(t, "RS256", "key-1"), `{"alg":"RS256","kid":"key-1"}`, payload))
		wantCode(t, err, verifier.CodeIssuerUnavailable)
	}
	if each := (heap() - before) / issuers; each > 3<<10 {
		t.Errorf("CACHE-12: each issuer holds %d bytes after tokens of 14 KB", each)
	}
	runtime.KeepAlive(env)
}
