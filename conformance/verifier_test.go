package conformance_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/conformance"
	"github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

func TestCatalogue(t *testing.T) {
	conformance.TestVerifier(t, conformance.Wiring{Fetcher: following(3), Guard: guarding(false)})
}

// brokenWirings are each wrong in one thing. What TestVerifier makes of them is seen in a process of its own.
var brokenWirings = map[string]struct {
	wiring conformance.Wiring
	fails  []string // in mode allowed
}{
	"replay store that forgets": {
		conformance.Wiring{ReplayStore: func(*testing.T) ports.ReplayStore { return forgetful{} }},
		[]string{
			"DPOP-RPL-01.other-query", "DPOP-RPL-01.other-url", "DPOP-RPL-01.same-request", "DPOP-RPL-01.third-time",
			"DPOP-RPL-03.at-once", "DPOP-RPL-03.at-once-at-both", "DPOP-RPL-03.two-processes", "DPOP-RPL-04.bad-first", "DPOP-RPL-04.to-the-end",
		},
	},
	"cache that stores for ever": {
		conformance.Wiring{Cache: func(t *testing.T) ports.Cache { return eternal{openCache(t)} }},
		[]string{"CACHE-13.negative", "CACHE-13.zero"},
	},
	"fetcher that follows any redirect": {
		conformance.Wiring{Fetcher: following(99)}, []string{"DISC-07.four"},
	},
	"fetcher that follows none": {
		conformance.Wiring{Fetcher: following(0)}, []string{"DISC-07.once", "DISC-07.three"},
	},
	"guard that believes everybody": {
		conformance.Wiring{Guard: guarding(true)},
		[]string{"PROXY-02.ignored", "PROXY-02.x-forwarded-host"},
	},
}

const brokenVariable = "CONFORMANCE_TEST_BROKEN_WIRING"

func TestBrokenWirings(t *testing.T) {
	if name := os.Getenv(brokenVariable); name != "" {
		conformance.TestVerifier(t, brokenWirings[name].wiring)
		return
	}
	for name, broken := range brokenWirings {
		t.Run(name, func(t *testing.T) {
			fails, err := playElsewhere(t, "TestBrokenWirings", "DPOP-RPL|CACHE-13|DISC-07|PROXY-0[23]|CLAIM-AUD", brokenVariable+"="+name)
			if err == nil {
				t.Error("the suite passes")
			}
			slices.Sort(fails)
			if diff := cmp.Diff(broken.fails, fails); diff != "" {
				t.Errorf("cases that fail (-want +got):\n%s", diff)
			}
		})
	}
}

// playElsewhere runs a test of the catalogue in a process of its own, in mode allowed, for the cases whose IDs start so,
// and returns those that failed and how the process ended.
func playElsewhere(t *testing.T, test, cases, variable string) ([]string, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	suite := exec.CommandContext(t.Context(), self, "-test.run", "^"+test+"$/^allowed$/^("+cases+")")
	suite.Env = append(os.Environ(), variable)
	output, err := suite.CombinedOutput()
	var fails []string
	for _, match := range regexp.MustCompile(`(?m)^\s*--- FAIL: `+test+`/allowed/(\S+)`).FindAllStringSubmatch(string(output), -1) {
		fails = append(fails, match[1])
	}
	return fails, err
}

func openCache(t *testing.T) ports.Cache {
	t.Helper()
	cache, err := memory.NewCache(memory.CacheConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

const slowVariable = "CONFORMANCE_TEST_SLOW_CACHE"

// TestSlowCache holds that a cache that takes its time is not a fault of the wiring: what the cases wait for comes
// after it.
func TestSlowCache(t *testing.T) {
	if os.Getenv(slowVariable) != "" {
		conformance.TestVerifier(t, conformance.Wiring{Cache: func(t *testing.T) ports.Cache {
			return slow{openCache(t)}
		}})
		return
	}
	if fails, err := playElsewhere(t, "TestSlowCache", "CACHE-(0[1238]|09.cut|11)|KEYS-09.known", slowVariable+"=1"); err != nil {
		t.Errorf("%v: %v", err, fails)
	}
}

// slow is a cache on a bad line.
type slow struct{ ports.Cache }

func (s slow) Get(ctx context.Context, key string) ([]byte, error) {
	time.Sleep(50 * time.Millisecond)
	return s.Cache.Get(ctx, key)
}

func (s slow) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	time.Sleep(50 * time.Millisecond)
	return s.Cache.Set(ctx, key, value, ttl)
}

// forgetful says of every use that it is the first.
type forgetful struct{}

func (forgetful) FirstUse(context.Context, string, time.Duration) (bool, error) { return true, nil }

// eternal does not look at TTLs.
type eternal struct{ ports.Cache }

func (e eternal) Set(ctx context.Context, key string, value []byte, _ time.Duration) error {
	return e.Cache.Set(ctx, key, value, time.Hour)
}

// following returns fetchers that follow so many redirects, from https to https.
func following(redirects int) func(*testing.T, *x509.CertPool) ports.Fetcher {
	return func(t *testing.T, roots *x509.CertPool) ports.Fetcher {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
		t.Cleanup(transport.CloseIdleConnections)
		client := &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Scheme != "https" || len(via) > redirects {
				return errors.New("a redirect that is not followed")
			}
			return nil
		}}
		return ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				return ports.Document{}, err
			}
			answer, err := client.Do(request)
			if err != nil {
				return ports.Document{}, err
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				return ports.Document{}, errors.New(answer.Status)
			}
			body, err := io.ReadAll(io.LimitReader(answer.Body, 2<<20))
			return ports.Document{Body: body, Fresh: freshness[answer.Header.Get("Cache-Control")]}, err
		})
	}
}

// freshness is what a fetcher makes of what the suite's issuers say.
var freshness = map[string]time.Duration{
	"max-age=15": 15 * time.Second, "max-age=120": 2 * time.Minute, "max-age=864000": 240 * time.Hour, "no-store": -1,
}

// guarding returns APIs that know their URL from the Host field, and from X-Forwarded-Host if they believe everybody.
func guarding(everybody bool) func(*testing.T, *verifier.Verifier, player.Front) http.Handler {
	return func(t *testing.T, v *verifier.Verifier, front player.Front) http.Handler {
		if front.Proxy || front.Forwarded || front.Optional || front.PublicURL != "" || front.Hosts != nil {
			t.Skip("this guard knows no proxies, public URLs or hosts, and lets no one pass as anonymous")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			host := r.Host
			if forwarded := r.Header.Get("X-Forwarded-Host"); everybody && forwarded != "" {
				host = forwarded
			}
			if strings.HasPrefix(r.URL.Path, player.MetadataPath) {
				metadata, _ := v.ResourceMetadata()
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Access-Control-Allow-Origin", "*")
				_ = json.NewEncoder(w).Encode(metadata)
				return
			}
			_, port, err := net.SplitHostPort(r.Host)
			if r.URL.Scheme == "https" || r.URL.User != nil || r.Host == "" || strings.Contains(r.Host, ",") || err == nil && strings.Trim(port, "0123456789") != "" {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			_, err = v.VerifyRequest(r.Context(), verifier.Request{Method: r.Method, URL: "http://" + host + r.URL.RequestURI(), Header: r.Header})
			var refusal *verifier.Error
			if errors.As(err, &refusal) {
				for name, values := range refusal.Header {
					w.Header()[name] = values
				}
				w.WriteHeader(refusal.Status)
			}
		})
	}
}
