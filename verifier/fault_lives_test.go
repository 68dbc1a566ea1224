package verifier_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/idtoken"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A key that was stolen and withdrawn forges nothing, however long the process was idle and however slow its issuer is.
func TestFaultWithdrawnKeyInAnIdleProcess(t *testing.T) {
	for _, idle := range []time.Duration{10 * time.Minute, time.Hour, 23*time.Hour + 59*time.Minute} {
		for _, delay := range []time.Duration{0, 500 * time.Millisecond, 990 * time.Millisecond} {
			t.Run(fmt.Sprintf("CACHE-15 idle for %v, each document takes %v", idle, delay), func(t *testing.T) {
				inFaultBench(t, nil, func(t *testing.T, env *environment, n *network) {
					stolen := key(t, "ES256", "key-1")
					wantIn(t, env, longToken(t, env), "", 0)
					env.issuer.SetKeys(key(t, "ES256", "key-2"))
					env.clock.Advance(idle)
					n.fail(slowly(env.issuer, delay))
					forged := sign(t, env.issuer, stolen, nil, "")
					good := longToken(t, env)
					go func() { wantIn(t, env, good, "", 2*delay) }()
					for range 3 { // undecidable where it joined the fetch and has no time left for another
						go func() {
							waited, err := verifyIn(env, forged)
							if !errors.Is(err, verifier.CodeKeyUnknown) && !errors.Is(err, verifier.CodeIssuerUnavailable) || waited > 2*time.Second {
								t.Errorf("%v after %v", err, waited)
							}
						}()
					}
					time.Sleep(4 * time.Second)
					wantIn(t, env, good, "", 0)
				})
			})
		}
	}
}

// Also a token that was remembered, and in a process that is busy.
func TestFaultWithdrawnKeyOfARememberedToken(t *testing.T) {
	inFaultBench(t, nil, func(t *testing.T, env *environment, n *network) {
		good := longToken(t, env)
		for range 3 {
			wantIn(t, env, good, "", 0)
		}
		env.issuer.SetKeys(key(t, "ES256", "key-2"))
		for range 599 {
			env.clock.Advance(time.Second)
			_, _ = verifyIn(env, good)
		}
		env.clock.Advance(time.Second)
		wantIn(t, env, good, verifier.CodeKeyUnknown, 0)
	})
}

// An issuer that hangs is not an outage for those whose keys are known.
func TestFaultIssuerHangsPastTheSoftTTL(t *testing.T) {
	inFaultBench(t, nil, func(t *testing.T, env *environment, n *network) {
		good := longToken(t, env)
		wantIn(t, env, good, "", 0)
		n.fail(hang)
		env.clock.Advance(time.Hour)
		wantIn(t, env, good, "", 2*time.Second) // the first one waits
		waited := time.Duration(0)
		for range 600 { // ten minutes, in which no request waits again
			time.Sleep(time.Second)
			env.clock.Advance(time.Second)
			took, err := verifyIn(env, good)
			wantCode(t, err, "")
			waited += took
		}
		if waited != 0 {
			t.Errorf("CACHE-15: requests waited %v in all", waited)
		}
		n.fail(nil)
		env.issuer.SetKeys(key(t, "ES256", "key-2"))
		time.Sleep(11 * time.Second) // what hangs is given up after 10 s, and the issuer is left alone for up to 30 s
		env.clock.Advance(time.Minute)
		wantIn(t, env, good, verifier.CodeKeyUnknown, 0)
	})
}

// A stranger who holds the cooldown by made-up key IDs must not have good tokens of a new key rejected.
func TestFaultMadeUpKeyIDsDuringARotation(t *testing.T) {
	env, _ := newFaultBench(t, nil)
	ids, err := idtoken.New(env.Verifier, idtoken.Config{ClientID: "app-1", Algorithms: []string{"ES256"}})
	if err != nil {
		t.Fatal(err)
	}
	old := longToken(t, env)
	_, err = verify(t, env, old)
	wantCode(t, err, "")
	env.clock.Advance(2 * time.Minute)
	before := longToken(t, env)
	madeUp := func(issued time.Time) error {
		payload, err := env.issuer.Payload(verifiertest.Claims{"aud": audience, "iat": issued.Unix()})
		if err != nil {
			t.Fatal(err)
		}
		_, err = env.VerifyAccessToken(t.Context(), sign(t, env.issuer, key(t, "ES256", "key-1"), header{"kid": "made-up"}, string(payload)))
		return err
	}
	env.clock.Advance(2 * time.Minute)
	wantCode(t, madeUp(noon), verifier.CodeKeyUnknown)
	env.clock.Advance(time.Second)
	env.issuer.SetKeys(key(t, "ES256", "key-2"), key(t, "ES256", "key-1"))
	good := longToken(t, env)
	for _, since := range []time.Duration{0, 10 * time.Second, 18 * time.Second} {
		env.clock.Set(noon.Add(4*time.Minute + time.Second + since))
		_, err := verify(t, env, good)
		wantCode(t, err, verifier.CodeIssuerUnavailable)
		rest := fmt.Sprint(int((29*time.Second - since).Seconds()))
		if got := refusal(t, err).Header["Retry-After"]; len(got) != 1 || got[0] != rest {
			t.Errorf("CACHE-17: Retry-After is %q, want %s", got, rest)
		}
		wantCode(t, madeUp(noon), verifier.CodeKeyUnknown) // which is older than the keys
		wantCode(t, madeUp(noon.Add(1000*time.Hour)), verifier.CodeIssuerUnavailable)
		if _, err := ids.Verify(t.Context(), idToken(t, env), idtoken.Expect{}); !errors.Is(err, verifier.CodeIssuerUnavailable) {
			t.Errorf("CACHE-17: ID token: %v", err)
		}
		for _, known := range []string{old, before} {
			_, err = verify(t, env, known)
			wantCode(t, err, "")
		}
	}
	wantFetched(t, env, 2, 2)
	env.clock.Set(noon.Add(4*time.Minute + 30*time.Second))
	_, err = verify(t, env, good)
	wantCode(t, err, "")
	if _, err := ids.Verify(t.Context(), idToken(t, env), idtoken.Expect{}); err != nil {
		t.Errorf("CACHE-17: ID token: %v", err)
	}
	wantFetched(t, env, 3, 3)
}

// idToken is good for the client app-1.
func idToken(t *testing.T, env *environment) string {
	t.Helper()
	payload, err := env.issuer.Payload(verifiertest.Claims{"aud": "app-1"})
	if err != nil {
		t.Fatal(err)
	}
	signer := env.issuer.Keys()[0]
	return signRaw(t, env.issuer, signer, fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"JWT"}`, signer.Algorithm, signer.ID), string(payload))
}

// A set that is empty, has no usable key, or has too many, is as good as none: neither a reason to reject tokens nor the
// withdrawal of all keys.
func TestFaultKeySetOfNoUse(t *testing.T) {
	for name, set := range map[string]string{
		"KEYS-12 empty":         `{"keys":[]}`,
		"KEYS-12 no usable key": `{"keys":[{"kty":"oct","kid":"key-1","k":"AA"}]}`,
		"KEYS-10 over MaxKeys":  `{"keys":[{}` + strings.Repeat(",{}", 100) + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			env, n := newFaultBench(t, nil)
			good := token(t, env.issuer, verifiertest.Claims{"exp": noon.Add(100 * time.Hour).Unix()})
			_, err := verify(t, env, good)
			wantCode(t, err, "")
			n.fail(answer(set, true, env.issuer))
			for _, age := range []time.Duration{10 * time.Minute, time.Hour, 24*time.Hour - time.Second} {
				env.clock.Set(noon.Add(age))
				_, err = verify(t, env, good)
				wantCode(t, err, "")
			}
			env.clock.Set(noon.Add(24 * time.Hour))
			_, err = verify(t, env, good)
			wantCode(t, err, verifier.CodeIssuerUnavailable)
			n.fail(nil)
			env.clock.Advance(30 * time.Second)
			_, err = verify(t, env, good)
			wantCode(t, err, "")
		})
	}
}

func TestFaultClockSetBack(t *testing.T) {
	inFaultBench(t, nil, func(t *testing.T, env *environment, _ *network) {
		stolen := key(t, "ES256", "key-1")
		wantIn(t, env, longToken(t, env), "", 0)
		env.clock.Advance(-12 * time.Hour)
		env.issuer.SetKeys(key(t, "ES256", "key-2"))
		for range 13 {
			wantIn(t, env, sign(t, env.issuer, stolen, nil, ""), verifier.CodeKeyUnknown, 0)
			wantIn(t, env, longToken(t, env), "", 0)
			env.clock.Advance(time.Hour)
		}
	})
}

// The defaults of the bounds of keys, at both sides.
func TestFaultDefaultsOfKeys(t *testing.T) {
	good := func(t *testing.T, env *environment) string { return longToken(t, env) }
	t.Run("MinTTL is 1 minute", func(t *testing.T) {
		inFaultBench(t, nil, func(t *testing.T, env *environment, _ *network) {
			env.issuer.Fresh = 15 * time.Second
			wantIn(t, env, good(t, env), "", 0)
			env.clock.Advance(54*time.Second - 1) // 90 % of it
			wantIn(t, env, good(t, env), "", 0)
			synctest.Wait()
			wantFetched(t, env, 1, 1)
			env.clock.Advance(6*time.Second + 1)
			wantIn(t, env, good(t, env), "", 0)
			wantFetched(t, env, 2, 2)
		})
	})
	t.Run("FetchTimeout is 10 s", func(t *testing.T) {
		for delay, code := range map[time.Duration]verifier.Code{4999 * time.Millisecond: "", 5001 * time.Millisecond: verifier.CodeIssuerUnavailable} {
			inFaultBench(t, nil, func(t *testing.T, env *environment, n *network) {
				n.fail(slowly(env.issuer, delay))
				err := env.Warm(t.Context())
				if code == "" && err != nil || code != "" && !errors.Is(err, code) {
					t.Errorf("Warm = %v with documents that take %v", err, delay)
				}
			})
		}
	})
	t.Run("the shared cache has 1 s", func(t *testing.T) {
		hung := &faultyCache{fault: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		inFaultBench(t, func(c *verifier.Config) { c.Cache, c.CacheSecrets = hung, secrets }, func(t *testing.T, env *environment, _ *network) {
			wantIn(t, env, good(t, env), "", time.Second)
			time.Sleep(time.Second)
		})
	})
	t.Run("MaxDocumentBytes is 1 MiB", func(t *testing.T) {
		for size, code := range map[int]verifier.Code{1 << 20: "", 1<<20 + 1: verifier.CodeIssuerUnavailable} {
			env, n := newFaultBench(t, nil)
			document, err := env.issuer.Fetch(t.Context(), issuerURL+"jwks")
			if err != nil {
				t.Fatal(err)
			}
			n.fail(answer(string(document.Body)+strings.Repeat(" ", size-len(document.Body)), true, env.issuer))
			_, err = verify(t, env, good(t, env))
			wantCode(t, err, code)
		}
	})
	t.Run("MaxKeys is 100", func(t *testing.T) {
		jwk, err := key(t, "ES256", "key-1").JWK()
		if err != nil {
			t.Fatal(err)
		}
		for others, code := range map[int]verifier.Code{99: "", 100: verifier.CodeIssuerUnavailable} {
			env, n := newFaultBench(t, nil)
			n.fail(answer(`{"keys":[`+strings.Repeat("{},", others)+string(jwk)+`]}`, true, env.issuer))
			_, err := verify(t, env, good(t, env))
			wantCode(t, err, code)
		}
	})
	t.Run("MaxIssuers is 10,000", func(t *testing.T) {
		fetched := 0
		env := newEnvironment(t, func(c *verifier.Config) {
			c.Domain, c.Resolver = "", ports.DomainResolverFunc(tenants)
			c.Fetcher = ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
				fetched++
				return unavailable(ctx, url)
			})
		})
		ask := func(n int) {
			encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
			_, err := verify(t, env, encode(`{"alg":"RS256","kid":"key-1"}`)+"."+encode(fmt.Sprintf(`{"iss":"https://tenant-%d.example/"}`, n))+".AAAA")
			wantCode(t, err, verifier.CodeIssuerUnavailable)
		}
		for range 2 { // of an issuer that is held the failure is known
			for n := range 10_000 {
				ask(n)
			}
		}
		if fetched != 10_000 {
			t.Errorf("%d fetches, want one for each of the 10,000 that are held", fetched)
		}
		for n := 10_000; n >= 0; n-- { // the first drives one out
			ask(n)
		}
		if fetched <= 10_001 {
			t.Errorf("%d fetches, want one more also for the issuer that was driven out", fetched)
		}
	})
}

// A request asks for its keys once, whatever becomes of them while it waits: it may not wait twice.
func TestFaultRememberedTokenAsksForItsKeysOnce(t *testing.T) {
	env, n := newFaultBench(t, func(c *verifier.Config) { c.Keys.SoftTTL, c.Keys.HardTTL = time.Minute, time.Minute })
	good := longToken(t, env)
	for range 3 { // from the second one on it is remembered
		_, err := verify(t, env, good)
		wantCode(t, err, "")
	}
	var fetches atomic.Int64
	env.clock.Advance(time.Hour)
	n.fail(func(ctx context.Context, url string) (ports.Document, error) {
		fetches.Add(1)
		env.clock.Advance(time.Hour) // so that the keys are too old when they come
		return env.issuer.Fetch(ctx, url)
	})
	_, err := verify(t, env, good)
	wantCode(t, err, "")
	if asked := fetches.Load(); asked != 2 {
		t.Errorf("CACHE-15: %d documents were fetched for one request, want the metadata and the keys", asked)
	}
}
