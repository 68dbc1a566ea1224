package httpfetch

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// setClient takes a copy of the application's client, or makes one, and puts the rules for redirects on it.
func (f *Fetcher) setClient(theirs *http.Client) {
	if theirs != nil {
		client := *theirs
		f.client = &client
	} else {
		f.transport = newTransport(f.timeout)
		f.client = &http.Client{Transport: f.transport}
	}
	f.client.CheckRedirect = f.followRedirect(f.client.CheckRedirect)
}

// newTransport returns a transport for a few requests an hour to a few hosts. It is no clone of
// [http.DefaultTransport], which any package of the program may have changed.
func newTransport(timeout time.Duration) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  timeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxConnsPerHost:        4,
		MaxIdleConnsPerHost:    1,
		MaxIdleConns:           100,
		IdleConnTimeout:        30 * time.Second,
		ForceAttemptHTTP2:      true, // which net/http leaves out where the dialler or the TLS configuration is set
	}
}
