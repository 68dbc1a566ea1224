package contract

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// plainLimit is the largest body that a [plainClient] takes.
const plainLimit = 64 << 10

// A plainClient fetches documents and asks token endpoints, as its contracts demand, in parts that tests break.
type plainClient struct {
	client   *http.Client
	method   string
	accept   func(status int) bool
	read     func(answer *http.Response) ([]byte, error)
	fresh    func(header http.Header) time.Duration
	form     func(ports.TokenRequest) string
	header   func(ports.TokenRequest) http.Header
	around   func(ctx context.Context, call func(context.Context) error) error
	cached   func(key string, body []byte) []byte
	redact   func(error) error
	patience time.Duration // with a token endpoint; zero for no end
}

func newPlainClient(roots *x509.CertPool) *plainClient {
	return &plainClient{
		client: &http.Client{
			Transport: &http.Transport{
				TLSClientConfig:        &tls.Config{RootCAs: roots},
				MaxResponseHeaderBytes: 64 << 10,
			},
			CheckRedirect: func(next *http.Request, via []*http.Request) error {
				if len(via) > 3 || next.URL.Scheme != "https" {
					return errOther
				}
				return nil
			},
		},
		method: http.MethodGet,
		accept: func(status int) bool { return status == http.StatusOK },
		read:   readWhole,
		fresh:  freshnessOf,
		form:   func(r ports.TokenRequest) string { return url.Values(r.Form).Encode() },
		header: func(r ports.TokenRequest) http.Header {
			header := http.Header(r.Header).Clone()
			if header == nil {
				header = http.Header{}
			}
			header.Set("Accept", "application/json")
			header.Set("Content-Type", "application/x-www-form-urlencoded")
			return header
		},
		around: func(ctx context.Context, call func(context.Context) error) error { return call(ctx) },
		cached: func(_ string, body []byte) []byte { return body },
		redact: func(err error) error { return redacted{err} },
	}
}

func readWhole(answer *http.Response) ([]byte, error) {
	if answer.Header.Get("Content-Encoding") != "" {
		return nil, errOther
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, plainLimit+1))
	if len(body) > plainLimit {
		return nil, errOther
	}
	return body, err
}

func freshnessOf(header http.Header) time.Duration {
	control := strings.ToLower(header.Get("Cache-Control"))
	_, text, stated := strings.Cut(control, "max-age=")
	text, _, _ = strings.Cut(text, ",")
	seconds, err := strconv.Atoi(text)
	expires, dateErr := http.ParseTime(header.Get("Expires"))
	switch {
	case strings.Contains(control, "no-"):
		return -1
	case errors.Is(err, strconv.ErrRange):
		return 68 * 365 * 24 * time.Hour
	case stated && err == nil:
		age, _ := strconv.Atoi(header.Get("Age"))
		if seconds <= age {
			return -1
		}
		return time.Duration(seconds-age) * time.Second
	case !stated && dateErr == nil:
		date, _ := http.ParseTime(header.Get("Date"))
		return expires.Sub(date)
	}
	return 0
}

// redacted is a client's error without what it quotes.
type redacted struct{ error }

func (redacted) Error() string   { return "no answer" }
func (r redacted) Unwrap() error { return r.error }

func (p *plainClient) Fetch(ctx context.Context, url string) (document ports.Document, err error) {
	err = p.around(ctx, func(ctx context.Context) error {
		document, err = p.fetch(ctx, url)
		return err
	})
	return document, err
}

func (p *plainClient) fetch(ctx context.Context, url string) (ports.Document, error) {
	request, err := http.NewRequestWithContext(ctx, p.method, url, nil)
	if err != nil {
		return ports.Document{}, err
	}
	answer, err := p.client.Do(request)
	if err != nil {
		return ports.Document{}, p.redact(err)
	}
	defer answer.Body.Close()
	body, err := p.read(answer)
	if err == nil && !p.accept(answer.StatusCode) {
		err = errOther
	}
	if err != nil {
		return ports.Document{}, err
	}
	return ports.Document{Body: p.cached(url, body), Fresh: p.fresh(answer.Header)}, nil
}

func (p *plainClient) PostForm(ctx context.Context, r ports.TokenRequest) (response ports.TokenResponse, err error) {
	err = p.around(ctx, func(ctx context.Context) error {
		response, err = p.post(ctx, r)
		return err
	})
	return response, err
}

func (p *plainClient) post(ctx context.Context, r ports.TokenRequest) (ports.TokenResponse, error) {
	if p.patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.patience)
		defer cancel()
	}
	request, err := http.NewRequestWithContext(ctx, p.method, r.URL, strings.NewReader(p.form(r)))
	if err != nil {
		return ports.TokenResponse{}, err
	}
	request.Header = p.header(r)
	answer, err := p.client.Do(request)
	if err != nil {
		return ports.TokenResponse{}, p.redact(err)
	}
	defer answer.Body.Close()
	body, err := p.read(answer)
	if err == nil && !p.accept(answer.StatusCode) {
		err = errOther
	}
	if err != nil {
		return ports.TokenResponse{}, err
	}
	return ports.TokenResponse{Status: answer.StatusCode, Header: answer.Header, Body: p.cached(r.URL, body)}, nil
}

// A carrier changes requests and answers on the way.
type carrier func(request *http.Request, send http.RoundTripper) (*http.Response, error)

// carry puts a carrier between the client and the server.
func (c carrier) carry(p *plainClient) { p.client.Transport = carried{c, p.client.Transport} }

type carried struct {
	carrier carrier
	send    http.RoundTripper
}

func (c carried) RoundTrip(request *http.Request) (*http.Response, error) {
	return c.carrier(request, c.send)
}

// sendTwice sends again what got status 503.
func sendTwice(request *http.Request, send http.RoundTripper) (*http.Response, error) {
	answer, err := send.RoundTrip(request)
	if err != nil || answer.StatusCode != http.StatusServiceUnavailable {
		return answer, err
	}
	answer.Body.Close()
	again := request.Clone(request.Context())
	if request.GetBody != nil {
		again.Body, _ = request.GetBody()
	}
	return send.RoundTrip(again)
}

// sendAgain sends again what got no answer.
func sendAgain(request *http.Request, send http.RoundTripper) (*http.Response, error) {
	answer, err := send.RoundTrip(request)
	if err == nil || request.Context().Err() != nil {
		return answer, err
	}
	again := request.Clone(request.Context())
	if request.GetBody != nil {
		again.Body, _ = request.GetBody()
	}
	return send.RoundTrip(again)
}

// A carelessJar knows no hosts.
type carelessJar struct{ cookies sync.Map }

func (j *carelessJar) SetCookies(_ *url.URL, cookies []*http.Cookie) { j.cookies.Store("", cookies) }

func (j *carelessJar) Cookies(*url.URL) []*http.Cookie {
	kept, _ := j.cookies.Load("")
	cookies, _ := kept.([]*http.Cookie)
	return cookies
}

// brokenClient is a row of the tables below.
func brokenClient(id, how string, wrap func(*plainClient)) broken[*plainClient] {
	return broken[*plainClient]{id, how, func(p *plainClient) *plainClient { wrap(p); return p }}
}

// withFresh breaks a fetcher in the freshness of answers whose header it chooses.
func withFresh(chosen func(http.Header) bool, wrong time.Duration) func(*plainClient) {
	return func(p *plainClient) {
		p.fresh = func(header http.Header) time.Duration {
			if chosen(header) {
				return wrong
			}
			return freshnessOf(header)
		}
	}
}

func hasControl(part string) func(http.Header) bool {
	return func(header http.Header) bool { return strings.Contains(header.Get("Cache-Control"), part) }
}

func oneSlice(p *plainClient) {
	var bodies sync.Map
	p.cached = func(key string, body []byte) []byte {
		kept, _ := bodies.LoadOrStore(key+string(body), body)
		return kept.([]byte)
	}
}

// hideBeforeAnswer hides the context's error where the server is silent, which has no paths.
func hideBeforeAnswer(request *http.Request, send http.RoundTripper) (*http.Response, error) {
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	answer, err := send.RoundTrip(request)
	if ofContext(err) && request.URL.Path == "" {
		return nil, errOther
	}
	return answer, err
}

// hideInBody hides the context's error where the answer stops half-way.
func hideInBody(answer *http.Response) ([]byte, error) {
	body, err := readWhole(answer)
	if ofContext(err) && answer.Request.URL.Path == "/stall" {
		err = errOther
	}
	return body, err
}

func refuseLargest(answer *http.Response) ([]byte, error) {
	body, err := readWhole(answer)
	if len(body) == plainLimit {
		return nil, errOther
	}
	return body, err
}

func readCut(answer *http.Response) ([]byte, error) {
	body, err := readWhole(answer)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return body, nil
	}
	return body, err
}

// cutLarge cuts what is one byte too large, and leaves what is larger to other cases.
func cutLarge(answer *http.Response) ([]byte, error) {
	if answer.Uncompressed || answer.Header.Get("Content-Encoding") != "" {
		return readWhole(answer)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, plainLimit+2))
	if len(body) > plainLimit+1 {
		return nil, errOther
	}
	return body[:min(len(body), plainLimit)], err
}

func readAllFirst(answer *http.Response) ([]byte, error) {
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return readWhole(answer)
}

func trustSqueezed(answer *http.Response) ([]byte, error) {
	if answer.Uncompressed {
		return io.ReadAll(answer.Body)
	}
	return readWhole(answer)
}

func trim(answer *http.Response) ([]byte, error) {
	body, err := readWhole(answer)
	return bytes.TrimSuffix(body, []byte("\r\n")), err
}

func ignoreCoding(answer *http.Response) ([]byte, error) {
	answer.Header.Del("Content-Encoding")
	return readWhole(answer)
}

func panicAtNull(answer *http.Response) ([]byte, error) {
	body, err := readWhole(answer)
	if string(body) == "null" {
		panic("assignment to entry in nil map")
	}
	return body, err
}

// readOn forgets the context where the answer is a drip.
func readOn(request *http.Request, send http.RoundTripper) (*http.Response, error) {
	if request.URL.Path == "/drip" {
		request = request.WithContext(context.WithoutCancel(request.Context()))
	}
	return send.RoundTrip(request)
}

// waitOn forgets the context before there is an answer, where the server is silent.
func waitOn(request *http.Request, send http.RoundTripper) (*http.Response, error) {
	if request.URL.Path == "" && request.Context().Err() == nil {
		request = request.WithContext(context.WithoutCancel(request.Context()))
	}
	return send.RoundTrip(request)
}

// waitInBody forgets the context where the answer stops half-way.
func waitInBody(request *http.Request, send http.RoundTripper) (*http.Response, error) {
	if request.URL.Path == "/stall" {
		request = request.WithContext(context.WithoutCancel(request.Context()))
	}
	return send.RoundTrip(request)
}

// panicAtHangUp uses an answer that is not there.
func panicAtHangUp(request *http.Request, send http.RoundTripper) (*http.Response, error) {
	answer, err := send.RoundTrip(request)
	if err != nil && strings.Contains(err.Error(), "malformed HTTP") {
		panic("invalid memory address or nil pointer dereference")
	}
	return answer, err
}

func dropQuery(request *http.Request, send http.RoundTripper) (*http.Response, error) {
	request = request.Clone(request.Context())
	if strings.Contains(request.URL.RawQuery, "tenant") {
		request.URL.RawQuery = ""
	}
	return send.RoundTrip(request)
}

func leaveSqueezed(request *http.Request, send http.RoundTripper) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Accept-Encoding", "gzip") // which net/http leaves to the caller then
	answer, err := send.RoundTrip(request)
	if err == nil && answer.ContentLength >= 0 && answer.ContentLength < 40 && answer.Header.Get("Content-Encoding") == "gzip" { // the larger is another case's
		answer.Header.Del("Content-Encoding")
	}
	return answer, err
}

var brokenFetchers = []broken[*plainClient]{
	brokenClient("Fetcher.Fetch/get", "sends a POST", func(p *plainClient) { p.method = http.MethodPost }),
	brokenClient("Fetcher.Fetch/get", "drops the query", carrier(dropQuery).carry),
	brokenClient("Fetcher.Fetch/status", "takes what begins with 2", func(p *plainClient) { p.accept = func(status int) bool { return status/100 == 2 } }),
	brokenClient("Fetcher.Fetch/status", "takes 500", func(p *plainClient) { p.accept = func(status int) bool { return status == 200 || status == 500 } }),
	brokenClient("Fetcher.Fetch/cut", "takes part of a body", func(p *plainClient) { p.read = readCut }),
	brokenClient("Document.Body/received", "trims line ends", func(p *plainClient) { p.read = trim }),
	brokenClient("Document.Body/decoded", "leaves gzip as it is", carrier(leaveSqueezed).carry),
	brokenClient("Document.Body/unknown-coding", "ignores the coding", func(p *plainClient) { p.read = ignoreCoding }),

	brokenClient("Fetcher.Fetch/largest", "has a lower limit", func(p *plainClient) { p.read = refuseLargest }),
	brokenClient("Fetcher.Fetch/larger", "cuts the body", func(p *plainClient) { p.read = cutLarge }),
	brokenClient("Fetcher.Fetch/endless", "reads all before it judges", func(p *plainClient) { p.read = readAllFirst }),
	brokenClient("Fetcher.Fetch/squeezed", "counts what was sent", func(p *plainClient) { p.read = trustSqueezed }),
	brokenClient("Fetcher.Fetch/header-flood", "has no limit", func(p *plainClient) { p.client.Transport.(*http.Transport).MaxResponseHeaderBytes = 1 << 40 }),

	brokenClient("Fetcher.Fetch/3-redirects", "follows 2", func(p *plainClient) { p.client.CheckRedirect = refuseAfter(2) }),
	brokenClient("Fetcher.Fetch/4-redirects", "follows 4", func(p *plainClient) { p.client.CheckRedirect = refuseAfter(4) }),
	brokenClient("Fetcher.Fetch/redirect-to-http", "follows it", func(p *plainClient) {
		p.client.CheckRedirect = func(_ *http.Request, via []*http.Request) error {
			if len(via) > 3 {
				return errOther
			}
			return nil
		}
	}),

	brokenClient("Fetcher.Fetch/retries", "asks again after 503", carrier(sendTwice).carry),
	brokenClient("Fetcher.Fetch/retries", "asks again after no answer", carrier(sendAgain).carry),
	brokenClient("Fetcher.Fetch/caches", "remembers what has a tag", func(p *plainClient) {
		var asked atomic.Bool
		carrier(func(request *http.Request, send http.RoundTripper) (*http.Response, error) {
			if asked.Load() {
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(emptySet))}, nil
			}
			answer, err := send.RoundTrip(request)
			asked.Store(err == nil && answer.Header.Get("Etag") != "")
			return answer, err
		}).carry(p)
	}),
	brokenClient("Fetcher.Fetch/foreign-cookies", "has a careless jar", func(p *plainClient) { p.client.Jar = new(carelessJar) }),
	brokenClient("Fetcher.Fetch/foreign-credentials", "sends a password to all", carrier(func(request *http.Request, send http.RoundTripper) (*http.Response, error) {
		request = request.Clone(request.Context())
		request.SetBasicAuth("holdfast", password)
		return send.RoundTrip(request)
	}).carry),

	brokenClient("Document.Fresh/lifetime", "overlooks max-age next to Expires", withFresh(func(header http.Header) bool { return header.Get("Expires") != "" && header.Get("Cache-Control") != "" }, time.Hour)),
	brokenClient("Document.Fresh/age", "overlooks Age", withFresh(func(header http.Header) bool { return header.Get("Age") == "120" }, 10*time.Minute)),
	brokenClient("Document.Fresh/huge", "overflows", withFresh(hasControl("999"), -time.Second)),
	brokenClient("Document.Fresh/unsaid", "makes up a lifetime", withFresh(func(header http.Header) bool { return header.Get("Cache-Control") == "public" }, time.Hour)),
	brokenClient("Document.Fresh/not-again", "overlooks no-store", withFresh(func(header http.Header) bool { return header.Get("Cache-Control") == "no-store" }, 0)),
	brokenClient("Document.Fresh/not-again", "overlooks no-store behind max-age", withFresh(hasControl(", no-store"), 10*time.Minute)),

	brokenClient("Fetcher/copies", "returns one slice", oneSlice),
	brokenClient("Fetcher/concurrency", "takes one call at a time", func(p *plainClient) { p.around = oneAtATime() }),
	brokenClient("Fetcher/context-ended", "has another error", func(p *plainClient) { p.around = hideEndedContext }),
	brokenClient("Fetcher/context-ends", "hides the context's error before an answer", carrier(hideBeforeAnswer).carry),
	brokenClient("Fetcher/context-ends", "waits on for an answer", carrier(waitOn).carry),
	brokenClient("Fetcher/context-ends-in-body", "waits on for the rest of a body", carrier(waitInBody).carry),
	brokenClient("Fetcher/context-ends-in-body", "hides the context's error in a body", func(p *plainClient) { p.read = hideInBody }),
	brokenClient("Fetcher.Fetch/drip", "reads on while bytes come", carrier(readOn).carry),
	brokenClient("Fetcher/panics", "panics at null", func(p *plainClient) { p.read = panicAtNull }),
	brokenClient("Fetcher/panics", "panics without an answer", carrier(panicAtHangUp).carry),
	brokenClient("Fetcher/credentials", "quotes the Location", func(p *plainClient) {
		check := p.client.CheckRedirect
		p.client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
			if err := check(next, via); err != nil {
				return fmt.Errorf("%v: %w", next.URL, err)
			}
			return nil
		}
		p.redact = func(err error) error { return err }
	}),
}

func refuseAfter(redirects int) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		if len(via) > redirects || next.URL.Scheme != "https" {
			return errOther
		}
		return nil
	}
}

func TestFetcherCasesFail(t *testing.T) {
	runBroken(t, fetchContract(), brokenFetchers, func(t *testing.T, trial trial, wrap func(*plainClient) *plainClient) *fetchTrial {
		return newFetchTrial(t, trial, func(t *testing.T, roots *x509.CertPool) ports.Fetcher {
			client := newPlainClient(roots)
			t.Cleanup(client.client.CloseIdleConnections)
			return wrap(client)
		}, FetchTraits{MaxBytes: plainLimit})
	})
}
