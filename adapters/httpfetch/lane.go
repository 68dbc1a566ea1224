package httpfetch

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// A lane is the way that one kind of request takes. Each has connections of its own, so that key sets never wait for
// token requests, however many there are (rule FETCH-02).
type lane struct {
	client    *http.Client
	transport *http.Transport // whose connections are the lane's own; nil for a RoundTripper of the application
}

// A capacity is how many connections a lane makes to one host, and keeps when they are idle.
type capacity struct{ perHost, idlePerHost int }

var (
	// documentCapacity is for a few requests an hour to many hosts; many issuers may share one.
	documentCapacity = capacity{perHost: 16, idlePerHost: 2}
	// tokenCapacity is for requests of users who wait, to few hosts. Over HTTP/1.1 a connection carries one at a time.
	tokenCapacity = capacity{perHost: 100, idlePerHost: 100}
)

// What the bounds are that a transport leaves at zero.
const (
	dialTimeout      = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	idleTimeout      = 30 * time.Second
	maxIdle          = 100      // connections of a lane, over all hosts
	maxHeaderBytes   = 64 << 10 // of an answer, interim answers included
	streamBuffer     = 256 << 10

	// An HTTP/2 connection on which nothing came for pingAfter is asked for a sign of life, and closed where none comes
	// within pingTimeout (rule FETCH-01). Together they are less than the default of Config.Timeout, so that a request
	// on a dark connection need not wait for its end.
	pingAfter   = 3 * time.Second
	pingTimeout = 3 * time.Second
)

// newLane returns a lane by config, with redirects as CheckRedirect says.
func newLane(config Config, bounds capacity, redirects redirectPolicy) *lane {
	l := &lane{client: &http.Client{}}
	if config.Client != nil {
		*l.client = *config.Client
	}
	l.client.CheckRedirect = redirects
	if base := baseTransport(config); base != nil {
		l.transport = bounded(base, bounds, config.PublicAddressesOnly)
		l.client.Transport = l.transport
	}
	return l
}

// baseTransport returns a transport that is free to be changed, or nil where the application has a RoundTripper that
// can't be copied.
func baseTransport(config Config) *http.Transport {
	if config.Client == nil {
		// No clone of http.DefaultTransport, which any package of the program may have changed.
		own := &http.Transport{
			Proxy:             http.ProxyFromEnvironment,
			TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2: true, // which net/http leaves out where the dialler or the TLS configuration is set
		}
		if config.PublicAddressesOnly {
			own.Proxy = nil
		}
		return own
	}
	theirs := config.Client.Transport
	if theirs == nil {
		theirs = http.DefaultTransport
	}
	if transport, ok := theirs.(*http.Transport); ok {
		return copyOf(transport)
	}
	return nil
}

// copyOf returns a copy that dials and speaks HTTP/2 as theirs does, which Clone leaves to the fields that are changed
// afterwards.
func copyOf(theirs *http.Transport) *http.Transport {
	t := theirs.Clone()
	if theirs.TLSNextProto["h2"] != nil {
		t.ForceAttemptHTTP2 = true
	}
	type dial = func(network, address string) (net.Conn, error)
	withContext := func(d dial) func(context.Context, string, string) (net.Conn, error) {
		return func(_ context.Context, network, address string) (net.Conn, error) { return d(network, address) }
	}
	//lint:ignore SA1019 applications may still set them
	oldDial, oldDialTLS := &t.Dial, &t.DialTLS
	if *oldDial != nil && t.DialContext == nil {
		t.DialContext = withContext(*oldDial)
	}
	if *oldDialTLS != nil && t.DialTLSContext == nil {
		t.DialTLSContext = withContext(*oldDialTLS)
	}
	*oldDial, *oldDialTLS = nil, nil
	return t
}

// bounded sets the bounds that a transport leaves at zero, and how it dials where it does not say.
func bounded(t *http.Transport, c capacity, publicOnly bool) *http.Transport {
	setDefault(&t.MaxConnsPerHost, c.perHost)
	setDefault(&t.MaxIdleConnsPerHost, c.idlePerHost)
	setDefault(&t.MaxIdleConns, maxIdle)
	setDefault(&t.IdleConnTimeout, idleTimeout)
	setDefault(&t.TLSHandshakeTimeout, handshakeTimeout)
	setDefault(&t.MaxResponseHeaderBytes, maxHeaderBytes)
	if t.HTTP2 == nil {
		t.HTTP2 = &http.HTTP2Config{}
	}
	setDefault(&t.HTTP2.SendPingTimeout, pingAfter)
	setDefault(&t.HTTP2.PingTimeout, pingTimeout)
	setDefault(&t.HTTP2.MaxReceiveBufferPerStream, streamBuffer)

	catchPanics(t)
	if t.DialContext == nil {
		dialer := &net.Dialer{Timeout: dialTimeout}
		if publicOnly {
			dialer.ControlContext = refuseNonPublic(public)
		}
		t.DialContext = dialer.DialContext
	}
	return t
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// closeIdle closes the connections that carry no request.
func (l *lane) closeIdle() {
	if l.transport != nil {
		l.transport.CloseIdleConnections()
	}
}

// watchConnection returns a context for one request, and whether that request has got an HTTP/1.1 connection that had been
// idle. Those of HTTP/2 are left by their pings; to close them here would only cost a hanging issuer more handshakes.
func watchConnection(ctx context.Context) (watched context.Context, keptOpen *atomic.Bool) {
	keptOpen = new(atomic.Bool)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		encrypted, ok := got.Conn.(interface{ ConnectionState() tls.ConnectionState })
		http2 := ok && encrypted.ConnectionState().NegotiatedProtocol == "h2"
		keptOpen.Store(got.WasIdle && !http2)
	}}), keptOpen
}
