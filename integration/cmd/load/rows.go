package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/integration/internal/servers"
)

// A row is one situation.
type row struct {
	name  string
	rate  int    // requests a second that need what fails
	total int    // of these requests
	kind  string // of these requests: "dpop", "bearer" or "issuers"
	store string // "redis", "cluster", "memcached", or "" for the memory of the process
	// fault lets the part fail. Nil for one that fails from the start.
	fault func(*servers.Server, *servers.Proxy)
}

func rows() []row {
	const rate, total = 400, 2400
	all := []row{{"nothing", rate, total, "dpop", "redis", func(*servers.Server, *servers.Proxy) {}}}
	for _, store := range []string{"redis", "memcached"} {
		title := strings.ToUpper(store[:1]) + store[1:]
		all = append(all,
			row{title + ", paused (SIGSTOP)", rate, total, "dpop", store, func(s *servers.Server, _ *servers.Proxy) { s.Stop() }},
			row{title + ", killed", rate, total, "dpop", store, func(s *servers.Server, _ *servers.Proxy) { s.Kill() }},
			row{title + ", dark: no reply, no reset", rate, total, "dpop", store, func(_ *servers.Server, p *servers.Proxy) { p.GoDark(true) }})
	}
	return append(all,
		row{"a master of a Redis Cluster is killed, and its replica takes over", rate, 2 * total, "dpop", "cluster",
			func(s *servers.Server, _ *servers.Proxy) { s.Kill() }},
		row{name: "the issuer of a fresh process hangs", rate: rate, total: total, kind: "bearer"},
		row{name: "10,000 issuers of a resolver hang", rate: 1000, total: 10_000, kind: "issuers"})
}

// seconds is how long the row lasts.
func (r row) seconds() int { return r.total / r.rate }

func (r row) named(text string) bool {
	return strings.Contains(strings.ToLower(r.name), strings.ToLower(text))
}

// bearerRate is how many Bearer requests a second of an issuer that answers go on meanwhile.
const bearerRate = 100

// healthy is how long nothing fails.
const healthy = time.Second

// measure plays the row.
func (r row) measure() (line string, err error) {
	host := &host{}
	defer host.clean()
	defer func() {
		if failed, ok := recover().(fatal); ok {
			err = failed
		}
	}()
	var server *servers.Server
	var proxy *servers.Proxy
	var addresses []string
	switch r.store {
	case "cluster":
		cluster := servers.RedisClusterWithReplicas(host)
		server, addresses = cluster.Masters[0], cluster.Addresses()
	case "redis":
		server = servers.Redis(host)
	case "memcached":
		server = servers.Memcached(host, "-c", "4096")
	}
	if server != nil && addresses == nil {
		proxy = servers.NewProxy(host, server.Address)
		addresses = []string{proxy.Address}
	}
	mint := newMint(host)
	api := startAPI(host, setting{Store: r.store, Addresses: addresses, Issuers: mint.issuer.URL})
	bearer := mint.requests("good", bearerRate*r.seconds(), api.url)
	requests := mint.requests(r.kind, r.total, api.url)
	if err := warm(mint.requests("good", 1, api.url)[0]); err != nil {
		return "", err
	}

	before := api.usage()
	if r.fault != nil {
		time.AfterFunc(healthy, func() { r.fault(server, proxy) })
	}
	var other tally
	done := make(chan struct{})
	go func() {
		defer close(done)
		other = drive(bearer, bearerRate)
	}()
	measured := drive(requests, r.rate)
	<-done
	time.Sleep(time.Second) // for connections to be closed, and calls to end
	after := api.usage()
	return fmt.Sprintf("| %s | %d s of %d %s | %s | %s | %s | %s; %s | %s | %s |", r.name, r.seconds(), r.rate, r.title(),
		measured.answers(), measured.quantiles(503), measured.quantiles(200), other.answers(), other.quantiles(200),
		span(before.Goroutines, after.PeakGoroutines, after.Goroutines),
		span(before.Descriptors, after.PeakDescriptors, after.Descriptors)), nil
}

func (r row) title() string {
	if r.kind == "dpop" {
		return "DPoP"
	}
	return "Bearer"
}

func span(before, peak, after int) string { return fmt.Sprintf("%d, %d, %d", before, peak, after) }
