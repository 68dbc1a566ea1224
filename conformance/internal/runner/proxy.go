package runner

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A proxy is one by which a target reaches the issuer under the host of its identifier (RFC 9110 section 9.3.6). It connects to
// nothing else.
type proxy struct {
	address string
	server  *http.Server
	ended   sync.WaitGroup
}

// newProxy connects those who ask for host to an address.
func newProxy(host, address string) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(host, ":")
	p := &proxy{address: listener.Addr().String()}
	p.server = &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, _, err := net.SplitHostPort(r.Host)
		if r.Method != http.MethodConnect || err != nil || asked != name {
			http.Error(w, "this proxy connects only to the issuer", http.StatusForbidden)
			return
		}
		connect(w, address)
	})}
	p.ended.Go(func() { _ = p.server.Serve(listener) })
	return p, nil
}

// connect joins the client's connection and one to address until either ends.
func connect(w http.ResponseWriter, address string) {
	issuer, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		http.Error(w, "the issuer can't be reached", http.StatusBadGateway)
		return
	}
	defer issuer.Close()
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "the connection can't be used", http.StatusInternalServerError)
		return
	}
	defer client.Close()
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connected\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{}, 2)
	copyTo := func(to net.Conn, from io.Reader) {
		_, _ = io.Copy(to, from)
		done <- struct{}{}
	}
	go copyTo(issuer, buffered)
	go copyTo(client, issuer)
	<-done
}

func (p *proxy) close() {
	_ = p.server.Close()
	p.ended.Wait()
}
