package integration

import (
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/holdfast-go/holdfast/integration/internal/servers"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// TestFaultCache holds that a shared cache that is refused, hung, flushed or full costs fetches, never a decision: of a
// verifier that has its keys no round trip at all, of a new one a fetch of its own.
func TestFaultCache(t *testing.T) {
	redisCacheOf := func(server *servers.Server) ports.Cache {
		return redisCache(t, redisClient(t, goredis.UniversalOptions{Addrs: []string{server.Address}}))
	}
	memcachedCacheOf := func(server *servers.Server) ports.Cache { return memcachedCache(t, memcachedClient(t, server.Address)) }
	full := func(server *servers.Server) {
		limit(t, redisClient(t, goredis.UniversalOptions{Addrs: []string{server.Address}}), "1")
	}
	for _, c := range []struct {
		name  string
		start func() *servers.Server
		cache func(*servers.Server) ports.Cache
		fault func(*servers.Server)
		reads bool // the cache can still be read
	}{
		{"Redis refused", func() *servers.Server { return servers.Redis(t) }, redisCacheOf, (*servers.Server).Kill, false},
		{"Redis hung", func() *servers.Server { return servers.Redis(t) }, redisCacheOf, (*servers.Server).Stop, false},
		{"Redis flushed", func() *servers.Server { return servers.Redis(t) }, redisCacheOf, func(s *servers.Server) { s.Kill(); s.Restart() }, false},
		{"Redis full", func() *servers.Server { return servers.Redis(t) }, redisCacheOf, full, true},
		{"Memcached refused", func() *servers.Server { return servers.Memcached(t) }, memcachedCacheOf, (*servers.Server).Kill, false},
		{"Memcached hung", func() *servers.Server { return servers.Memcached(t) }, memcachedCacheOf, (*servers.Server).Stop, false},
		{"Memcached flushed", func() *servers.Server { return servers.Memcached(t) }, memcachedCacheOf, func(s *servers.Server) { s.Kill(); s.Restart() }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			issuer := verifiertest.MustIssuer(t, fleetIssuer)
			token := issuer.MustToken(t, verifiertest.Claims{"aud": fleetAudience})
			server := c.start()
			fetched := make(chan struct{}, 100)
			open := func() *verifier.Verifier {
				v, err := verifier.New(verifier.Config{
					Domain: fleetIssuer, Audiences: []string{fleetAudience}, Fetcher: issuer, Cache: c.cache(server),
					CacheSecrets: [][]byte{[]byte("one secret of 32 bytes for the fleet")},
					Observer: func(e ports.KeyEvent) {
						if e.Kind == ports.KeysFetched {
							fetched <- struct{}{}
						}
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { v.Close() })
				return v
			}
			verify := func(v *verifier.Verifier, times int) {
				t.Helper()
				for range times {
					if err := inTime(t, func() error { _, err := v.VerifyAccessToken(t.Context(), token); return err }); err != nil {
						t.Fatal(err)
					}
				}
			}

			old := open()
			verify(old, 1)
			<-fetched
			c.fault(server)
			verify(old, 1000)
			if _, keys := issuer.Fetched(); keys != 1 {
				t.Errorf("%d fetches, want one", keys)
			}
			verify(open(), 1)
			if c.reads {
				return
			}
			select {
			case <-fetched:
			case <-time.After(patience):
				t.Error("a new process did not fetch")
			}
		})
	}
}
