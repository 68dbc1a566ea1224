package keyring

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// newManyIssuers returns a ring that holds the two RSA keys of each of n issuers, and their names.
func newManyIssuers(t testing.TB, n int) (*Ring, []string) {
	t.Helper()
	var keys []string
	for _, id := range []string{"key-1", "key-2"} {
		key := verifiertest.MustKey(t, "RS256", id)
		jwk, err := key.JWK()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, string(jwk))
	}
	ring := New(Config{
		Fetcher: ports.FetcherFunc(func(_ context.Context, url string) (ports.Document, error) {
			name, isMetadata := strings.CutSuffix(url, ".well-known/openid-configuration")
			if isMetadata {
				return ports.Document{Body: fmt.Appendf(nil, `{"issuer":%q,"jwks_uri":%q}`, name, name+"jwks")}, nil
			}
			return ports.Document{Body: []byte(`{"keys":[` + strings.Join(keys, ",") + `]}`)}, nil
		}),
		Clock: fixedClock{}, Observe: func(ports.KeyEvent) {}, MetadataURL: issuerurl.OpenIDConfiguration,
		Soft: 10 * time.Minute, Hard: 24 * time.Hour, Cooldown: time.Minute, FetchTimeout: time.Minute, WaitTimeout: time.Minute, MaxFetches: 64,
		MaxBytes: 1 << 20, MaxKeys: 100, MaxIssuers: n,
		Rand: func(int64) int64 { return 0 },
	})
	t.Cleanup(ring.Close)
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("https://tenant-%d.issuer.example/", i)
		if err := ring.Warm(t.Context(), of(names[i])); err != nil {
			t.Fatal(err)
		}
	}
	ring.slots.launched.Wait()
	return ring, names
}

// liveBytes is how much memory is in use after a collection.
func liveBytes() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestManyIssuersCostAtMost10KiBEach(t *testing.T) {
	const issuers = 10_000
	before := liveBytes()
	ring, names := newManyIssuers(t, issuers)
	each := (liveBytes() - before) / issuers
	t.Logf("%d bytes an issuer", each)
	if each > 10<<10 {
		t.Errorf("an issuer costs %d bytes", each)
	}
	runtime.KeepAlive(ring)
	runtime.KeepAlive(names)
}

func TestAllocsOfALookup(t *testing.T) {
	ring, names := newManyIssuers(t, 10)
	selector := Selector{KeyID: "key-2", HasKeyID: true}
	ctx := context.Background()
	if allocs := testing.AllocsPerRun(1000, func() {
		if keys, err := ring.Keys(ctx, of(names[3]), selector); len(keys) != 1 || err != nil {
			t.Fatal(keys, err)
		}
	}); allocs != 0 {
		t.Errorf("a lookup allocates %v times", allocs)
	}
}

func BenchmarkLookup(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("%d issuers", n), func(b *testing.B) {
			ring, names := newManyIssuers(b, n)
			selector := Selector{KeyID: "key-1", HasKeyID: true}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if i++; i == len(names) {
					i = 0
				}
				if _, err := ring.Keys(context.Background(), of(names[i]), selector); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
