package httpfetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// Config says how documents are fetched. Its zero value is good for issuers on the internet.
type Config struct {
	// Client sends the requests. It is not changed; its own CheckRedirect is asked after the rules of this package.
	// Nil means a client with short timeouts, TLS 1.2 or newer, and the proxies of the environment.
	Client *http.Client
	// Timeout bounds one fetch, from dialling to the last byte of the body. Zero means 10 seconds; negative is an error.
	Timeout time.Duration
	// MaxBytes bounds a body, after its content coding is undone. Zero means 1 MiB; negative is an error.
	MaxBytes int64
	// InsecureAllowLoopbackHTTP allows http URLs whose host is localhost or a loopback address: for tests.
	InsecureAllowLoopbackHTTP bool
}

const (
	defaultTimeout  = 10 * time.Second
	defaultMaxBytes = 1 << 20
	maxRedirects    = 3
)

// A Fetcher is a [ports.Fetcher]. It is safe for concurrent use.
type Fetcher struct {
	client       *http.Client
	timeout      time.Duration
	maxBytes     int64
	loopbackHTTP bool
}

// The faults of a URL or of an answer. Their texts hold nothing of the answer.
var (
	errURL         = errors.New("not an absolute https URL without credentials and fragment")
	errTooLarge    = errors.New("the body is over the size bound")
	errManyHops    = errors.New("more than 3 redirects")
	errDowngrade   = errors.New("redirect to something else than https")
	errCredentials = errors.New("redirect to a URL with credentials")
)

// A StatusError says that the final answer had another status than 200.
type StatusError struct {
	// Status is the HTTP status.
	Status int
}

// Error returns the status.
func (e *StatusError) Error() string {
	return fmt.Sprintf("answer has status %d %s", e.Status, http.StatusText(e.Status))
}

// New returns a fetcher by config. Its error names the field that can't work.
func New(config Config) (*Fetcher, error) {
	switch {
	case config.Timeout < 0:
		return nil, errors.New("httpfetch: Timeout must not be negative")
	case config.MaxBytes < 0:
		return nil, errors.New("httpfetch: MaxBytes must not be negative")
	}
	f := &Fetcher{timeout: config.Timeout, maxBytes: config.MaxBytes, loopbackHTTP: config.InsecureAllowLoopbackHTTP}
	if f.timeout == 0 {
		f.timeout = defaultTimeout
	}
	if f.maxBytes == 0 {
		f.maxBytes = defaultMaxBytes
	}
	client := http.Client{Transport: newTransport()}
	if config.Client != nil {
		client = *config.Client
	}
	client.CheckRedirect = f.checkRedirect(client.CheckRedirect)
	f.client = &client
	return f, nil
}

// newTransport returns a transport for a few requests an hour to a few hosts, any of which may be slow.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  defaultTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxConnsPerHost:        4,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        30 * time.Second,
		ForceAttemptHTTP2:      true,
	}
}

// Close closes idle connections, those of the configured client too. The fetcher may be used again.
func (f *Fetcher) Close() error {
	f.client.CloseIdleConnections()
	return nil
}

// Fetch gets a document. See [ports.Fetcher]. An answer of another status than 200 is a [*StatusError]. The media type is not
// looked at: issuers send many, and what the body holds is for its reader to check.
func (f *Fetcher) Fetch(ctx context.Context, address string) (ports.Document, error) {
	document, err := f.fetch(ctx, address)
	if err != nil {
		return ports.Document{}, fmt.Errorf("httpfetch: %w", withoutURL(err))
	}
	return document, nil
}

func (f *Fetcher) fetch(ctx context.Context, address string) (ports.Document, error) {
	target, err := url.Parse(address)
	if err != nil || !f.allowed(target) || strings.Contains(address, "#") {
		return ports.Document{}, errURL
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return ports.Document{}, errURL
	}
	request.Header.Set("Accept", "application/json, application/jwk-set+json")
	answer, err := f.client.Do(request)
	if err != nil {
		return ports.Document{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return ports.Document{}, &StatusError{Status: answer.StatusCode}
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, f.maxBytes+1))
	switch {
	case err != nil:
		return ports.Document{}, err
	case int64(len(body)) > f.maxBytes:
		return ports.Document{}, errTooLarge
	}
	return ports.Document{Body: body, Fresh: freshness(answer.Header)}, nil
}

// withoutURL takes the URL off an error of net/http: the caller knows it, and after a redirect it is text of the server's.
func withoutURL(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err
	}
	return err
}

// allowed reports whether a URL may be asked: https, or http of a loopback host where that is allowed.
func (f *Fetcher) allowed(target *url.URL) bool {
	if target.Hostname() == "" || target.User != nil || target.Opaque != "" {
		return false
	}
	return target.Scheme == "https" || target.Scheme == "http" && f.loopbackHTTP && loopback(target.Hostname())
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.IsLoopback()
}

// checkRedirect follows at most 3 redirects, and none that leaves https (RFC 8414 section 6). What a user's own client
// refuses is refused too.
func (f *Fetcher) checkRedirect(own func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		switch {
		case len(via) > maxRedirects:
			return errManyHops
		case next.URL.User != nil:
			return errCredentials
		case !f.allowed(next.URL), via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme != "https":
			return errDowngrade
		case own != nil:
			return own(next, via)
		}
		return nil
	}
}
