package httpfetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// A Fetcher is a [ports.Fetcher] and a [ports.TokenEndpoint] over net/http. It is safe for concurrent use.
type Fetcher struct {
	documents, tokens *lane
	timeout           time.Duration
	maxBytes          int64
	loopbackHTTP      bool
}

var _ ports.Fetcher = (*Fetcher)(nil)

// New returns a fetcher by config. Its error names every field that is wrong.
func New(config Config) (*Fetcher, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	f := &Fetcher{timeout: config.Timeout, maxBytes: config.MaxBytes, loopbackHTTP: config.InsecureAllowLoopbackHTTP}
	var theirs redirectPolicy
	if config.Client != nil {
		theirs = config.Client.CheckRedirect
	}
	f.documents = newLane(config, documentCapacity, f.followRedirect(theirs))
	f.tokens = newLane(config, tokenCapacity, followNoRedirect)
	return f, nil
}

// Close closes the idle connections of the fetcher's own; those of a [Config.Client] are left alone. It interrupts no
// fetch, never fails, and the fetcher stays usable. Idle connections end by themselves after 30 seconds, so a fetcher
// that lives as long as its process need not be closed.
func (f *Fetcher) Close() error {
	f.documents.closeIdle()
	f.tokens.closeIdle()
	return nil
}

// Fetch gets the document at url. See [ports.Fetcher] for what it promises, and the package comment for its bounds.
//
// Where the final answer has another status than 200, the error is a [*StatusError]. Where ctx ended, or the time was
// up, it wraps [context.Canceled] or [context.DeadlineExceeded]. Other errors of net/http can be found by errors.Is and
// errors.As, but are told only as far as they can't quote what the server sent. Errors name the URL, and where redirects
// led, without query.
func (f *Fetcher) Fetch(ctx context.Context, url string) (ports.Document, error) {
	var document ports.Document
	fetch := exchange{
		method: http.MethodGet, url: url,
		header: http.Header{"Accept": {"application/json, application/jwk-set+json"}},
		take: func(ctx context.Context, answer *http.Response) error {
			if answer.StatusCode != http.StatusOK {
				return &StatusError{Status: answer.StatusCode}
			}
			body, err := f.readBody(ctx, answer)
			document = ports.Document{Body: body, Fresh: freshness(answer.Header, time.Now())}
			return err
		},
	}
	if err := f.perform(ctx, f.documents, fetch); err != nil {
		return ports.Document{}, err
	}
	return document, nil
}

// An exchange is one request, and what is made of its answer.
type exchange struct {
	method, url string
	header      http.Header
	body        string
	take        func(ctx context.Context, answer *http.Response) error
}

// perform sends the request of e by a lane, and has its answer taken, all within Config.Timeout. Its errors name the
// request.
func (f *Fetcher) perform(ctx context.Context, by *lane, e exchange) error {
	target, err := url.Parse(e.url)
	if err != nil {
		return &requestError{method: e.method, cause: errUnreadable} // whose secrets can't be told from the rest
	}
	if strings.Contains(e.url, "#") { // an empty fragment leaves no trace in target
		err = errFragment
	} else {
		err = f.checkURL(target)
	}
	if err != nil {
		return &requestError{method: e.method, asked: target, cause: err}
	}

	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, &timeoutError{f.timeout})
	defer cancel()
	ctx, keptOpen := watchConnection(ctx)
	last, err := send(ctx, by, e)
	if err == nil {
		return nil
	}
	if timedOut(err) && keptOpen.Load() {
		// A connection that carried answers before carries none: its path may be dark, and then those that are idle are
		// dark too. Over HTTP/1.1 each of them would cost a request all its time (rule FETCH-01).
		by.closeIdle()
	}
	return &requestError{method: e.method, asked: target, last: last, cause: err}
}

// send sends a request and has its answer taken. It returns the URL that was asked last, if redirects were followed.
func send(ctx context.Context, by *lane, e exchange) (last *url.URL, err error) {
	defer rescue(&err)
	request, err := http.NewRequestWithContext(ctx, e.method, e.url, strings.NewReader(e.body))
	if err != nil {
		return nil, errUnreadable
	}
	request.Header = e.header
	answer, err := by.client.Do(request)
	if err != nil {
		return lastAsked(err), newExchangeError(ctx, err)
	}
	defer answer.Body.Close()
	if answer.Request != nil {
		last = answer.Request.URL
	}
	return last, e.take(ctx, answer)
}

// readBody reads a body to its end, and of one that is too large a byte more than is allowed.
func (f *Fetcher) readBody(ctx context.Context, answer *http.Response) ([]byte, error) {
	// net/http takes the field away with the one coding that it undoes.
	if coding := answer.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, errCoding
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, answer.Body, f.maxBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, &sizeError{f.maxBytes}
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
