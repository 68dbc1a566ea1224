package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/adapters/memcached"
	"github.com/holdfast-go/holdfast/adapters/redis"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// apiVariable is set for the process that is the API.
const apiVariable = "HOLDFAST_LOAD_API"

// A setting is what the API is told. Beyond it everything is as it comes by default, and as the adapters' packages advise.
type setting struct {
	Store     string   // "redis", "cluster", "memcached" or ""
	Addresses []string // of the store
	Issuers   string   // the start of their identifiers
}

// A usage is what the process of the API holds.
type usage struct {
	Goroutines, PeakGoroutines   int
	Descriptors, PeakDescriptors int
}

// An api is the process, as its parent sees it.
type api struct {
	host     *host
	url      string
	requests *json.Encoder
	answers  *json.Decoder
}

// startAPI starts the process.
func startAPI(h *host, s setting) *api {
	executable, err := os.Executable()
	h.must(err)
	child := exec.Command(executable)
	child.Env = append(os.Environ(), apiVariable+"=1")
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	h.must(err)
	out, err := child.StdoutPipe()
	h.must(err)
	h.must(child.Start())
	h.Cleanup(func() {
		_ = in.Close() // ends it
		_ = child.Wait()
	})
	a := &api{host: h, requests: json.NewEncoder(in), answers: json.NewDecoder(out)}
	h.must(a.requests.Encode(s))
	h.must(a.answers.Decode(&a.url))
	return a
}

// usage asks the process. Peaks are those since it was asked before.
func (a *api) usage() (u usage) {
	a.host.must(a.requests.Encode("usage"))
	a.host.must(a.answers.Decode(&u))
	return u
}

// serveAPI is the process: it reads its setting, answers its URL, and then each line with its usage, until in ends.
func serveAPI(in io.Reader, out io.Writer) error {
	logging.Disable() // of go-redis
	requests, answers := json.NewDecoder(in), json.NewEncoder(out)
	var s setting
	if err := requests.Decode(&s); err != nil {
		return err
	}
	handler, err := s.handler()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	if err := answers.Encode("http://" + listener.Addr().String() + "/resource"); err != nil {
		return err
	}
	m := newMeter()
	for {
		var line string
		if err := requests.Decode(&line); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := answers.Encode(m.read()); err != nil {
			return err
		}
	}
}

// handler is the API: a guard of a verifier.
func (s setting) handler() (http.Handler, error) {
	fetcher, err := httpfetch.New(httpfetch.Config{InsecureAllowLoopbackHTTP: true})
	if err != nil {
		return nil, err
	}
	config := verifier.Config{
		Audiences: []string{audience}, Algorithms: []string{"ES256"}, Fetcher: fetcher, InsecureAllowLoopbackHTTP: true,
		Resolver: ports.DomainResolverFunc(func(_ context.Context, q ports.DomainQuery) ([]ports.Domain, error) {
			if !strings.HasPrefix(q.UnverifiedIssuer, s.Issuers) {
				return nil, nil
			}
			return []ports.Domain{{Issuer: q.UnverifiedIssuer}}, nil
		}),
	}
	const timeout = 200 * time.Millisecond
	switch s.Store {
	case "redis", "cluster":
		client := goredis.NewUniversalClient(&goredis.UniversalOptions{
			Addrs: s.Addresses, ContextTimeoutEnabled: true, DialerRetries: 1,
			DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout, PoolTimeout: timeout,
		})
		config.DPoP.ReplayStore, err = redis.NewReplayStore(client, redis.Config{})
	case "memcached":
		client := memcache.New(s.Addresses...)
		client.Timeout, client.MaxIdleConns = timeout, 64
		config.DPoP.ReplayStore, err = memcached.NewReplayStore(client, memcached.Config{})
	case "":
	default:
		err = fmt.Errorf("there is no store %q", s.Store)
	}
	if err != nil {
		return nil, err
	}
	v, err := verifier.New(config)
	if err != nil {
		return nil, err
	}
	guard, err := httpguard.New(v, httpguard.Config{})
	if err != nil {
		return nil, err
	}
	return guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })), nil
}

// A meter looks at the process every 20 ms.
type meter struct {
	mu   sync.Mutex
	peak usage
}

func newMeter() *meter {
	m := &meter{}
	go func() {
		for range time.Tick(20 * time.Millisecond) {
			m.look()
		}
	}()
	return m
}

func (m *meter) look() (goroutines, descriptors int) {
	open, _ := os.ReadDir("/dev/fd")
	goroutines, descriptors = runtime.NumGoroutine(), len(open)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.peak.PeakGoroutines = max(m.peak.PeakGoroutines, goroutines)
	m.peak.PeakDescriptors = max(m.peak.PeakDescriptors, descriptors)
	return goroutines, descriptors
}

// read returns the usage, and starts new peaks.
func (m *meter) read() usage {
	goroutines, descriptors := m.look()
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.peak
	u.Goroutines, u.Descriptors = goroutines, descriptors
	m.peak = usage{}
	return u
}
