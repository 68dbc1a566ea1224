package httpfetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// Config says how documents are fetched. Its zero value suits issuers on the internet.
type Config struct {
	// Client sends the requests. Its Transport, Jar and Timeout are used as they are, and its CheckRedirect is
	// asked about redirects that the rules of this package allow. The client itself is never changed.
	//
	// Nil means a client of this package's own: TLS 1.2 or newer, HTTP/2, the proxies of the environment, and at
	// most 4 connections per host.
	Client *http.Client
	// Timeout bounds one fetch, from dialling to the last byte of the body. Zero means 10 seconds; negative is an
	// error. Where Client has a Timeout too, the shorter one holds.
	Timeout time.Duration
	// MaxBytes bounds a body, after its content coding is undone. Zero means 1 MiB; negative is an error.
	MaxBytes int64
	// InsecureAllowLoopbackHTTP allows http URLs whose host is localhost or a loopback address, and redirects from
	// one to another: for tests.
	InsecureAllowLoopbackHTTP bool
}

const (
	defaultTimeout  = 10 * time.Second
	defaultMaxBytes = 1 << 20
)

// A Fetcher is a [ports.Fetcher] and a [ports.TokenEndpoint] over net/http. It is safe for concurrent use.
type Fetcher struct {
	client       *http.Client
	transport    *http.Transport // this package's own, or nil
	timeout      time.Duration
	maxBytes     int64
	loopbackHTTP bool
}

var _ ports.Fetcher = (*Fetcher)(nil)

// New returns a fetcher by config. Its error names every field that is wrong.
func New(config Config) (*Fetcher, error) {
	var faults []error
	if config.Timeout < 0 {
		faults = append(faults, errors.New("holdfast/httpfetch: Config.Timeout is negative"))
	}
	if config.MaxBytes < 0 {
		faults = append(faults, errors.New("holdfast/httpfetch: Config.MaxBytes is negative"))
	}
	if faults != nil {
		return nil, errors.Join(faults...)
	}

	f := &Fetcher{timeout: config.Timeout, maxBytes: config.MaxBytes, loopbackHTTP: config.InsecureAllowLoopbackHTTP}
	if f.timeout == 0 {
		f.timeout = defaultTimeout
	}
	if f.maxBytes == 0 {
		f.maxBytes = defaultMaxBytes
	}
	f.setClient(config.Client)
	return f, nil
}

// Close closes the idle connections of the fetcher's own client; a [Config.Client] is left alone. It interrupts no
// fetch, never fails, and the fetcher stays usable. Idle connections end by themselves after 30 seconds, so a fetcher
// that lives as long as its process need not be closed.
func (f *Fetcher) Close() error {
	if f.transport != nil {
		f.transport.CloseIdleConnections()
	}
	return nil
}

// Fetch gets the document at url. See [ports.Fetcher] for what it promises, and the package comment for its bounds.
//
// Where the final answer has another status than 200, the error is a [*StatusError]. Where ctx ended, or the time was
// up, it wraps [context.Canceled] or [context.DeadlineExceeded]. Other errors of net/http can be found by errors.Is and
// errors.As, but are told only as far as they can't quote what the server sent.
func (f *Fetcher) Fetch(ctx context.Context, url string) (ports.Document, error) {
	document, err := f.get(ctx, url)
	if err != nil {
		return ports.Document{}, fmt.Errorf("holdfast/httpfetch: %w", err)
	}
	return document, nil
}

func (f *Fetcher) get(ctx context.Context, url string) (ports.Document, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	request, err := f.newRequest(ctx, http.MethodGet, url, nil)
	if err != nil {
		return ports.Document{}, err
	}
	request.Header.Set("Accept", "application/json, application/jwk-set+json")
	answer, err := f.client.Do(request)
	if err != nil {
		return ports.Document{}, newExchangeError(ctx, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return ports.Document{}, &StatusError{Status: answer.StatusCode}
	}
	body, err := f.readBody(ctx, answer)
	if err != nil {
		return ports.Document{}, err
	}
	return ports.Document{Body: body, Fresh: freshness(answer.Header, time.Now())}, nil
}

// newRequest returns a request, if one may go to url.
func (f *Fetcher) newRequest(ctx context.Context, method, url string, body io.Reader) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, errNotAbsolute
	}
	if strings.Contains(url, "#") { // an empty fragment leaves no trace in request.URL
		return nil, errFragment
	}
	if err := f.checkURL(request.URL); err != nil {
		return nil, err
	}
	return request, nil
}

// readBody reads a body to its end, and of one that is too large a byte more than is allowed.
func (f *Fetcher) readBody(ctx context.Context, answer *http.Response) ([]byte, error) {
	// net/http takes the field away with the one coding that it undoes.
	if coding := answer.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, errCoding
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, answer.Body, f.maxBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, errTooLarge
	}
	if err == nil {
		// A server that sees the client leave may cut its answer short in due form.
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, newExchangeError(ctx, err)
	}
	return body, nil
}
