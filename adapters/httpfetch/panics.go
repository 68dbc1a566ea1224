package httpfetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
)

// A panicError says that a function of the application panicked, and where.
type panicError struct {
	place string
	value any
}

// Error tells the value only where the runtime made it: any other may quote a request.
func (e *panicError) Error() string {
	if fault, ok := e.value.(runtime.Error); ok {
		return fmt.Sprintf("Config.Client panicked in %s: %.200q", e.place, fault.Error())
	}
	return fmt.Sprintf("Config.Client panicked in %s with a %T", e.place, e.value)
}

// rescue, deferred, makes a panic the error at err (rule FETCH-05).
func rescue(err *error) {
	if value := recover(); value != nil {
		*err = &panicError{panicPlace(), value}
	}
}

// panicPlace returns the function, file and line that panicked, for a deferred function that recovers.
func panicPlace() string {
	var callers [32]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers[:])])
	for panicked := false; ; {
		frame, more := frames.Next()
		inRuntime := strings.HasPrefix(frame.Function, "runtime.")
		if panicked && !inRuntime {
			return fmt.Sprintf("%s (%s:%d)", frame.Function, filepath.Base(frame.File), frame.Line)
		}
		panicked = panicked || frame.Function == "runtime.gopanic"
		if !more {
			return "an unknown place"
		}
	}
}

// catchPanics makes panics of the functions that a transport has of the application errors. net/http calls them on
// goroutines of its own, where a panic ends the process. It changes t, and its TLS configuration.
func catchPanics(t *http.Transport) {
	type dial = func(ctx context.Context, network, address string) (net.Conn, error)
	for _, field := range []*dial{&t.DialContext, &t.DialTLSContext} {
		if theirs := *field; theirs != nil {
			*field = func(ctx context.Context, network, address string) (conn net.Conn, err error) {
				defer rescue(&err)
				return theirs(ctx, network, address)
			}
		}
	}
	if theirs := t.GetProxyConnectHeader; theirs != nil {
		t.GetProxyConnectHeader = func(ctx context.Context, proxy *url.URL, target string) (header http.Header, err error) {
			defer rescue(&err)
			return theirs(ctx, proxy, target)
		}
	}
	if theirs := t.OnProxyConnectResponse; theirs != nil {
		t.OnProxyConnectResponse = func(ctx context.Context, proxy *url.URL, request *http.Request, answer *http.Response) (err error) {
			defer rescue(&err)
			return theirs(ctx, proxy, request, answer)
		}
	}
	if t.TLSClientConfig != nil {
		catchTLSPanics(t.TLSClientConfig)
	}
}

func catchTLSPanics(c *tls.Config) {
	if theirs := c.VerifyPeerCertificate; theirs != nil {
		c.VerifyPeerCertificate = func(raw [][]byte, chains [][]*x509.Certificate) (err error) {
			defer rescue(&err)
			return theirs(raw, chains)
		}
	}
	if theirs := c.VerifyConnection; theirs != nil {
		c.VerifyConnection = func(state tls.ConnectionState) (err error) {
			defer rescue(&err)
			return theirs(state)
		}
	}
	if theirs := c.GetClientCertificate; theirs != nil {
		c.GetClientCertificate = func(info *tls.CertificateRequestInfo) (certificate *tls.Certificate, err error) {
			defer rescue(&err)
			return theirs(info)
		}
	}
}
