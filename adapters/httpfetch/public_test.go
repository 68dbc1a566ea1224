package httpfetch

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
)

func TestPublicAddresses(t *testing.T) {
	tests := []struct {
		name   string
		public []string // the nearest addresses on either side, and others
		not    []string // the first and the last address, and others
	}{
		{name: "unspecified and this network", public: []string{"1.0.0.0"}, not: []string{"0.0.0.0", "0.255.255.255", "::"}},
		{name: "10.0.0.0/8", public: []string{"9.255.255.255", "11.0.0.0"}, not: []string{"10.0.0.0", "10.255.255.255"}},
		{name: "100.64.0.0/10", public: []string{"100.63.255.255", "100.128.0.0"}, not: []string{"100.64.0.0", "100.100.100.200", "100.127.255.255"}},
		{name: "loopback", public: []string{"126.255.255.255", "128.0.0.0"}, not: []string{"127.0.0.0", "127.0.0.1", "127.255.255.255", "::1", "::2"}},
		{name: "168.63.129.16", public: []string{"168.63.129.15", "168.63.129.17"}, not: []string{"168.63.129.16"}},
		{name: "169.254.0.0/16", public: []string{"169.253.255.255", "169.255.0.0"}, not: []string{"169.254.0.0", "169.254.169.254", "169.254.255.255"}},
		{name: "172.16.0.0/12", public: []string{"172.15.255.255", "172.32.0.0"}, not: []string{"172.16.0.0", "172.31.255.255"}},
		{name: "192.0.0.0/24", public: []string{"191.255.255.255", "192.0.1.0"}, not: []string{"192.0.0.0", "192.0.0.192", "192.0.0.255"}},
		{name: "192.0.2.0/24", public: []string{"192.0.1.255", "192.0.3.0"}, not: []string{"192.0.2.0", "192.0.2.255"}},
		{name: "192.88.99.0/24", public: []string{"192.88.98.255", "192.88.100.0"}, not: []string{"192.88.99.0", "192.88.99.255"}},
		{name: "192.168.0.0/16", public: []string{"192.167.255.255", "192.169.0.0"}, not: []string{"192.168.0.0", "192.168.255.255"}},
		{name: "198.18.0.0/15", public: []string{"198.17.255.255", "198.20.0.0"}, not: []string{"198.18.0.0", "198.19.255.255"}},
		{name: "198.51.100.0/24", public: []string{"198.51.99.255", "198.51.101.0"}, not: []string{"198.51.100.0", "198.51.100.255"}},
		{name: "203.0.113.0/24", public: []string{"203.0.112.255", "203.0.114.0"}, not: []string{"203.0.113.0", "203.0.113.255"}},
		{name: "multicast, reserved and broadcast", public: []string{"223.255.255.255"}, not: []string{"224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.254", "255.255.255.255"}},

		{
			name:   "IPv4 in IPv6",
			public: []string{"::ffff:1.1.1.1", "::ffff:9.255.255.255"},
			not: []string{
				"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0",
				"::127.0.0.1", "::1.1.1.1", // compatible, deprecated
				"::ffff:0:127.0.0.1", "::ffff:0:1.1.1.1", // translated
			},
		},
		{
			name:   "64:ff9b::/96, NAT64, is what it embeds",
			public: []string{"64:ff9b::1.1.1.1", "64:ff9b::9.255.255.255", "64:ff9b::11.0.0.0"},
			not: []string{
				"64:ff9b::", "64:ff9b::10.0.0.0", "64:ff9b::10.255.255.255", "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::ffff:ffff",
				"64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", "64:ff9b::1:0:0", "64:ff9b:1::1.1.1.1", // local use
			},
		},
		{
			name:   "global unicast",
			public: []string{"2001:200::", "2606:4700:4700::1111", "2a00:1450:4001:82a::200e", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
			not:    []string{"1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "100::", "100:0:0:1::", "5f00::"},
		},
		{
			name: "2001::/23", public: []string{"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
			not: []string{"2001::", "2001:2::", "2001:10::", "2001:20::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"},
		},
		{
			name: "2001:db8::/32", public: []string{"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
			not: []string{"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
		},
		{
			name: "2002::/16", public: []string{"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"},
			not: []string{"2002::", "2002:7f00:1::", "2002:101:101::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		},
		{
			name: "3fff::/20", public: []string{"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"},
			not: []string{"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"},
		},
		{name: "unique local", not: []string{"fc00::", "fd00:ec2::254", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fbff:ffff::"}},
		{name: "link-local and site-local", not: []string{"fe80::", "fe80::1%eth0", "febf:ffff::", "fec0::", "feff::"}},
		{name: "multicast of IPv6", not: []string{"ff00::", "ff02::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}},
	}
	for _, tt := range tests {
		t.Run("FETCH-03 "+tt.name, func(t *testing.T) {
			for want, addresses := range map[bool][]string{true: tt.public, false: tt.not} {
				for _, address := range addresses {
					if got := public(netip.MustParseAddr(address)); got != want {
						t.Errorf("%s is public: %t, want %t", address, got, want)
					}
				}
			}
		})
	}
	if public(netip.Addr{}) {
		t.Error("FETCH-03 no address is public")
	}
}

func TestUnreadableAddressIsRefused(t *testing.T) {
	always := func(netip.Addr) bool { return true }
	for address, want := range map[string]bool{"192.0.2.1:443": true, "[2001:db8::1]:443": true, "": false, "/run/socket": false, "id.example.com:443": false} {
		if err := refuseNonPublic(always)(t.Context(), "tcp", address, nil); (err == nil) != want {
			t.Errorf("FETCH-03 address %q: %v", address, err)
		}
	}
}

// privateIssuer starts a TLS server, and returns the port that it listens on, all of 127.0.0.0/8, and how many
// connections it got.
func privateIssuer(t *testing.T, handler http.HandlerFunc) (server *httptest.Server, port string, connections *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	connections = new(atomic.Int32)
	server = httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = listener
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, fmt.Sprint(listener.Addr().(*net.TCPAddr).Port), connections
}

func TestFaultPrivateAddressIsNotConnectedTo(t *testing.T) {
	server, port, connections := privateIssuer(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "{}") })
	own, err := New(Config{PublicAddressesOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := New(Config{PublicAddressesOnly: true, Client: &http.Client{
		Transport: &http.Transport{TLSClientConfig: server.Client().Transport.(*http.Transport).TLSClientConfig},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if own.documents.transport.Proxy != nil || own.tokens.transport.Proxy != nil {
		t.Error("FETCH-03 a proxy of the environment would be asked")
	}
	unchecked := trusting(t, server)
	if _, err := unchecked.Fetch(t.Context(), "https://127.0.0.1:"+port); err != nil {
		t.Fatalf("FETCH-03 without the option: %v", err)
	}
	connections.Store(0)
	for host, address := range map[string]string{
		"127.0.0.1": "127.0.0.1", "localhost": "(127.0.0.1|::1)", "[::1]": "::1", "[::ffff:127.0.0.1]": "127.0.0.1",
	} {
		for client, fetcher := range map[string]*Fetcher{"own client": own, "a transport of the application": theirs} {
			for kind, ask := range kinds {
				err := ask(t.Context(), fetcher, "https://"+host+":"+port)
				if err == nil || !strings.Contains(err.Error(), `"https://`+host+":"+port+`"`) ||
					!strings.Contains(err.Error(), ", which is not a public address (Config.PublicAddressesOnly)") ||
					host == address && !strings.Contains(err.Error(), `not connected to "`+address+":"+port+`"`) {
					t.Errorf("FETCH-03 %s of %s by %s: %v", kind, host, client, err)
				}
			}
		}
	}
	if got := connections.Load(); got != 0 {
		t.Errorf("FETCH-03 %d connections were made", got)
	}
}

// fencedFrom makes a fetcher take 127.0.0.2 for the only public address, and ask resolver for names.
func fencedFrom(t *testing.T, server *httptest.Server, resolver *net.Resolver) *Fetcher {
	fetcher := trusting(t, server)
	dialer := &net.Dialer{
		Resolver:       resolver,
		ControlContext: refuseNonPublic(func(a netip.Addr) bool { return a == netip.MustParseAddr("127.0.0.2") }),
	}
	for _, l := range []*lane{fetcher.documents, fetcher.tokens} {
		l.transport.DialContext = dialer.DialContext
		l.transport.TLSClientConfig.ServerName = "example.com" // as in the certificate of httptest
	}
	return fetcher
}

func TestFaultRedirectToPrivateAddress(t *testing.T) {
	var server *httptest.Server
	var port string
	var connections *atomic.Int32
	server, port, connections = privateIssuer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			fmt.Fprint(w, "{}")
			return
		}
		http.Redirect(w, r, "https://"+r.URL.Path[1:]+":"+port+"/keys", http.StatusFound)
	})
	fetcher := fencedFrom(t, server, nil)
	asked := "https://127.0.0.2:" + port
	if _, err := fetcher.Fetch(t.Context(), asked+"/127.0.0.2"); err != nil {
		t.Errorf("FETCH-03 redirect to a public address: %v", err)
	}
	fetcher.Close()
	connections.Store(0)
	_, err := fetcher.Fetch(t.Context(), asked+"/127.0.0.1")
	want := fmt.Sprintf(`holdfast/httpfetch: GET "%s/127.0.0.1", redirected to "https://127.0.0.1:%s/keys": no whole answer: `+
		`not connected to "127.0.0.1:%s", which is not a public address (Config.PublicAddressesOnly)`, asked, port, port)
	if err == nil || err.Error() != want {
		t.Errorf("FETCH-03 redirect to a private address:\n%v, want\n%s", err, want)
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("FETCH-03 %d connections were made, want 1", got)
	}
}

// A name server that names a public address first and a private one then.
func TestFaultDNSRebinding(t *testing.T) {
	server, port, connections := privateIssuer(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "{}") })
	var lookups atomic.Int32
	resolver := nameServer(t, func() [4]byte {
		if lookups.Add(1) == 1 {
			return [4]byte{127, 0, 0, 2}
		}
		return [4]byte{127, 0, 0, 1}
	})
	fetcher := fencedFrom(t, server, resolver)
	url := "https://tenant.example.:" + port
	if _, err := fetcher.Fetch(t.Context(), url); err != nil {
		t.Fatalf("FETCH-03 while the name has a public address: %v", err)
	}
	fetcher.Close()
	if _, err := fetcher.Fetch(t.Context(), url); err == nil || !strings.Contains(err.Error(), `not connected to "127.0.0.1:`+port+`"`) {
		t.Errorf("FETCH-03 when the name has a private address: %v", err)
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("FETCH-03 %d connections were made, want 1", got)
	}
}

// nameServer returns a resolver that asks a name server which answers every question for an A record with what address
// returns, and all others with nothing.
func nameServer(t *testing.T, address func() [4]byte) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-done })
	go func() {
		defer close(done)
		query := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(query)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(dnsAnswer(query[:n], address), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp4", conn.LocalAddr().String())
	}}
}

// dnsAnswer answers a query of one question (RFC 1035 section 4.1).
func dnsAnswer(query []byte, address func() [4]byte) []byte {
	const header = 12
	end := header
	for query[end] != 0 { // the labels of the name
		end += 1 + int(query[end])
	}
	end += 5 // its end, the type and the class
	answer := append([]byte(nil), query[:end]...)
	copy(answer[2:header], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}) // a response with one question
	if binary.BigEndian.Uint16(query[end-4:]) == 1 {                   // A
		answer[7] = 1                                                       // with one answer:
		answer = append(answer, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4) // the name, A, IN, for 0 seconds, 4 bytes
		found := address()
		answer = append(answer, found[:]...)
	}
	return answer
}

func TestNewRefusesWhatCannotBeChecked(t *testing.T) {
	const plain = ": give it an &http.Transport{...} without Proxy, dial functions and TLSNextProto, or leave Client nil"
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, nil }
	with := func(change func(*http.Transport)) *http.Client {
		transport := &http.Transport{ForceAttemptHTTP2: true}
		change(transport)
		return &http.Client{Transport: transport}
	}
	tests := []struct {
		name     string
		client   *http.Client
		variable string // of the environment, which names a proxy
		insecure bool
		want     string // "" where New succeeds
	}{
		{name: "own client"},
		{name: "transport", client: with(func(*http.Transport) {})},
		{name: "transport with a TLS configuration", client: with(func(t *http.Transport) { t.TLSClientConfig = &tls.Config{} })},
		{name: "transport without HTTP/2", client: with(func(t *http.Transport) {
			t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
		})},
		{name: "transport, and a proxy in the environment", client: with(func(*http.Transport) {}), variable: "HTTPS_PROXY"},
		{name: "HTTPS_PROXY", variable: "HTTPS_PROXY", want: "HTTPS_PROXY is set, and the proxy would choose the address: have the proxy refuse private addresses, " +
			"or set a Client with &http.Transport{ForceAttemptHTTP2: true}, which uses no proxy"},
		{name: "https_proxy", variable: "https_proxy", want: "https_proxy is set, and the proxy would choose the address: have the proxy refuse private addresses, " +
			"or set a Client with &http.Transport{ForceAttemptHTTP2: true}, which uses no proxy"},
		{name: "HTTP_PROXY, which is not for https", variable: "HTTP_PROXY"},
		{name: "default transport", client: &http.Client{}, want: "Client.Transport is nil, which means http.DefaultTransport with its own dialler" + plain},
		{name: "another RoundTripper", client: &http.Client{Transport: odd{}}, want: "Client.Transport is a httpfetch.odd, which dials as it likes" + plain},
		{name: "Proxy", client: with(func(t *http.Transport) { t.Proxy = http.ProxyFromEnvironment }), want: "Client.Transport has a Proxy, which would choose the address" + plain},
		{name: "DialContext", client: with(func(t *http.Transport) { t.DialContext = dial }), want: "Client.Transport has a dial function" + plain},
		{name: "DialTLSContext", client: with(func(t *http.Transport) { t.DialTLSContext = dial }), want: "Client.Transport has a dial function" + plain},
		//lint:ignore SA1019 applications may still set it
		{name: "Dial", client: with(func(t *http.Transport) { t.Dial = net.Dial }), want: "Client.Transport has a dial function" + plain},
		//lint:ignore SA1019 applications may still set it
		{name: "DialTLS", client: with(func(t *http.Transport) { t.DialTLS = net.Dial }), want: "Client.Transport has a dial function" + plain},
		{name: "TLSNextProto", client: with(func(t *http.Transport) {
			t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{"h2": nil}
		}), want: "Client.Transport has a TLSNextProto, which may have connections of its own" + plain},
	}
	for _, tt := range tests {
		t.Run("FETCH-03 "+tt.name, func(t *testing.T) {
			for _, variable := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY"} {
				t.Setenv(variable, "")
			}
			if tt.variable != "" {
				t.Setenv(tt.variable, "http://proxy.example:3128")
			}
			got, want := "", tt.want
			if want != "" {
				want = "holdfast/httpfetch: Config.PublicAddressesOnly can't be kept: " + want
			}
			if _, err := New(Config{PublicAddressesOnly: true, Client: tt.client}); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("New fails with\n%q, want\n%q", got, want)
			}
			if _, err := New(Config{Client: tt.client}); err != nil {
				t.Errorf("without the option: %v", err)
			}
		})
	}
	_, err := New(Config{PublicAddressesOnly: true, InsecureAllowLoopbackHTTP: true})
	if want := "holdfast/httpfetch: Config.PublicAddressesOnly contradicts InsecureAllowLoopbackHTTP: leave one of them out"; err == nil || err.Error() != want {
		t.Errorf("FETCH-03 with InsecureAllowLoopbackHTTP: %v", err)
	}
}

type odd struct{ http.RoundTripper }
