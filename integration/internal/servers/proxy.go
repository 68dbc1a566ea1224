package servers

import (
	"net"
	"sync"
	"sync/atomic"
)

// A Proxy is a network path to a server: it can lose replies, or go dark.
type Proxy struct {
	// Address is what clients connect to.
	Address string

	target string
	lose   atomic.Int64 // so many replies yet
	dark   atomic.Bool

	mu    sync.Mutex
	conns map[net.Conn]bool // nil once the proxy is closed
	wg    sync.WaitGroup
}

// NewProxy starts a proxy before target, which ends with the test.
func NewProxy(t T, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Address: listener.Addr().String(), target: target, conns: make(map[net.Conn]bool)}
	p.wg.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.mu.Lock()
		for conn := range p.conns {
			_ = conn.Close()
		}
		p.conns = nil
		p.mu.Unlock()
		p.wg.Wait()
	})
	return p
}

// LoseReplies lets the server have the next n requests, and closes the connection instead of passing its reply on.
func (p *Proxy) LoseReplies(n int) { p.lose.Store(int64(n)) }

// GoDark makes the proxy take connections and bytes, and pass nothing on, in either direction, as a network does that loses
// packets. No connection is closed.
func (p *Proxy) GoDark(dark bool) { p.dark.Store(dark) }

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	if !p.hold(client, server) {
		return
	}
	defer p.release(client, server)
	p.wg.Go(func() { p.pass(server, client, func() bool { return true }) })
	p.pass(client, server, func() bool { return p.lose.Add(-1) < 0 })
}

// pass copies what one side sends to the other, each piece if the path is not dark and keep says so.
func (p *Proxy) pass(to, from net.Conn, keep func() bool) {
	defer to.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if p.dark.Load() {
			continue
		}
		if !keep() {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (p *Proxy) hold(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		return false
	}
	for _, conn := range conns {
		p.conns[conn] = true
	}
	return true
}

func (p *Proxy) release(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		delete(p.conns, conn)
	}
}
