package integration

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/conformance"
	"github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/integration/internal/servers"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// TestCatalogue plays the catalogue of rules on verifiers that are wired with our adapters, stores on real servers.
func TestCatalogue(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		conformance.TestVerifier(t, conformance.Wiring{Fetcher: catalogueFetcher, Guard: catalogueGuard, Cache: func(t *testing.T) ports.Cache {
			cache, err := memory.NewCache(memory.CacheConfig{})
			if err != nil {
				t.Fatal(err)
			}
			return cache
		}})
	})
	t.Run("Redis", func(t *testing.T) {
		client := redisClient(t, goredis.UniversalOptions{Addrs: []string{servers.Redis(t).Address}})
		conformance.TestVerifier(t, conformance.Wiring{
			Fetcher:     catalogueFetcher,
			Guard:       catalogueGuard,
			Cache:       func(t *testing.T) ports.Cache { return redisCache(t, client) },
			ReplayStore: func(t *testing.T) ports.ReplayStore { return redisReplays(t, client) },
		})
	})
	t.Run("Memcached", func(t *testing.T) {
		client := memcachedClient(t, servers.Memcached(t).Address)
		conformance.TestVerifier(t, conformance.Wiring{
			Fetcher:     catalogueFetcher,
			Guard:       catalogueGuard,
			Cache:       func(t *testing.T) ports.Cache { return memcachedCache(t, client) },
			ReplayStore: func(t *testing.T) ports.ReplayStore { return memcachedReplays(t, client) },
		})
	})
}

const slowVariable = "HOLDFAST_SLOW_STORES"

// TestFaultSlowStores plays the cases that wait for a store on stores that take their time, as on a machine with none to
// spare, in a process of its own: what a case is about comes then, and the case waits for it.
func TestFaultSlowStores(t *testing.T) {
	if os.Getenv(slowVariable) != "" {
		client := memcachedClient(t, servers.Memcached(t).Address)
		conformance.TestVerifier(t, conformance.Wiring{
			Fetcher:     catalogueFetcher,
			Cache:       func(t *testing.T) ports.Cache { return slowCache{memcachedCache(t, client)} },
			ReplayStore: func(t *testing.T) ports.ReplayStore { return slowReplays{memcachedReplays(t, client)} },
		})
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	suite := exec.CommandContext(t.Context(), self, "-test.run", "^TestFaultSlowStores$/^allowed$/^(CACHE-(0[1238]|11)|KEYS-(09|10).known|DPOP-RPL)")
	suite.Env = append(os.Environ(), slowVariable+"=1")
	if output, err := suite.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

const slowness = 50 * time.Millisecond

type slowCache struct{ ports.Cache }

func (s slowCache) Get(ctx context.Context, key string) ([]byte, error) {
	time.Sleep(slowness)
	return s.Cache.Get(ctx, key)
}

func (s slowCache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	time.Sleep(slowness)
	return s.Cache.Set(ctx, key, value, ttl)
}

type slowReplays struct{ ports.ReplayStore }

func (s slowReplays) FirstUse(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	time.Sleep(slowness)
	return s.ReplayStore.FirstUse(ctx, key, ttl)
}

func catalogueFetcher(t *testing.T, roots *x509.CertPool) ports.Fetcher {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	fetcher, err := httpfetch.New(httpfetch.Config{Client: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	return fetcher
}

// catalogueGuard is an API behind httpguard.
func catalogueGuard(t *testing.T, v *verifier.Verifier, front player.Front) http.Handler {
	return catalogueGuardLogging(t, v, front, nil)
}

func catalogueGuardLogging(t *testing.T, v *verifier.Verifier, front player.Front, logger *slog.Logger) http.Handler {
	config := httpguard.Config{Logger: logger, Optional: front.Optional, PublicURL: front.PublicURL, PathPrefixes: front.PathPrefixes, Hosts: front.Hosts}
	if front.Proxy || front.Forwarded {
		config.Proxies.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		config.Proxies.Forwarded = httpguard.XForwardedFor | httpguard.XForwardedProto | httpguard.XForwardedHost
	}
	if front.Forwarded {
		config.Proxies.Forwarded = httpguard.Forwarded
	}
	switch {
	case front.Certificate:
		config.Proxies.Certificate = httpguard.CertificateRFC9440
	case front.XFCC:
		config.Proxies.Certificate = httpguard.CertificateXFCC
	case front.EscapedPEM:
		config.Proxies.Certificate = httpguard.CertificateEscapedPEM
	}
	guard, err := httpguard.New(v, config)
	if err != nil {
		t.Fatal(err)
	}
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux := http.NewServeMux()
	mux.Handle("/", guard.Handler(ok))
	mux.Handle(player.MetadataPath+"/", guard.ResourceMetadata())
	mux.Handle("/scoped", guard.Handler(ok, "read:conformance"))
	return mux
}
