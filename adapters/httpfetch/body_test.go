package httpfetch_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
)

// meter is an http.RoundTripper that counts the bytes which are read of bodies, after net/http has decoded them.
type meter struct {
	http.RoundTripper
	read int64
}

func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := m.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = &meteredBody{answer.Body, m}
	}
	return answer, err
}

type meteredBody struct {
	io.ReadCloser
	meter *meter
}

func (b *meteredBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.meter.read += int64(n)
	return n, err
}

// spaces is an endless body.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// write sends n bytes, in gzip where the path asks for it.
func write(w http.ResponseWriter, r *http.Request, n int64) {
	var body io.Writer = w
	if strings.HasPrefix(r.URL.Path, "/gzip/") {
		w.Header().Set("Content-Encoding", "gzip")
		coded := gzip.NewWriter(w)
		defer coded.Close()
		body = coded
	}
	_, _ = io.CopyN(body, spaces{}, n) // fails where the fetcher has seen enough
}

func TestFaultBodySize(t *testing.T) {
	const mib, limit = 1 << 20, 5000
	tooLarge := func(bound int64) string {
		return fmt.Sprintf("the body is larger than the %d bytes of Config.MaxBytes", bound)
	}
	tests := []struct {
		name     string
		maxBytes int64
		sent     int64
		read     int64
		want     string
	}{
		{name: "empty", maxBytes: limit},
		{name: "at the bound", maxBytes: limit, sent: limit, read: limit},
		{name: "over the bound", maxBytes: limit, sent: limit + 1, read: limit + 1, want: tooLarge(limit)},
		{name: "50 MB", maxBytes: limit, sent: 50 * mib, read: limit + 1, want: tooLarge(limit)},
		{name: "at the default bound", sent: mib, read: mib},
		{name: "over the default bound", sent: mib + 1, read: mib + 1, want: tooLarge(mib)},
		{name: "below the largest bound", maxBytes: math.MaxInt64, sent: limit, read: limit},
	}
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		for _, tt := range tests {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Proto != protocol {
					t.Errorf("the request is by %s", r.Proto)
				}
				write(w, r, tt.sent)
			}))
			server.EnableHTTP2 = protocol == "HTTP/2.0"
			server.StartTLS()
			t.Cleanup(server.Close)
			for _, path := range []string{"/plain/", "/gzip/"} {
				t.Run("KEYS-10 "+tt.name+" by "+protocol+path, func(t *testing.T) {
					counted := &meter{RoundTripper: server.Client().Transport}
					fetcher := newFetcher(t, httpfetch.Config{Client: &http.Client{Transport: counted}, MaxBytes: tt.maxBytes})
					document, err := fetcher.Fetch(t.Context(), server.URL+path)
					checkError(t, err, tt.want)
					if counted.read != tt.read {
						t.Errorf("%d bytes were read, want %d", counted.read, tt.read)
					}
					if err == nil && int64(len(document.Body)) != tt.sent {
						t.Errorf("the body has %d bytes, want %d", len(document.Body), tt.sent)
					}
				})
			}
		}
	}
}

func TestContentCoding(t *testing.T) {
	const unasked = "the body has a content coding that was not asked for, want none or gzip"
	coded := new(bytes.Buffer)
	writer := gzip.NewWriter(coded)
	_, _ = writer.Write([]byte("{}"))
	writer.Close()
	spoilt := bytes.Clone(coded.Bytes())
	spoilt[len(spoilt)-5] ^= 1 // of the checksum

	tests := []struct {
		name    string
		coding  string
		body    []byte
		disable bool
		want    string
		is      error
	}{
		{name: "none", body: []byte("{}")},
		{name: "identity", coding: "Identity", body: []byte("{}")},
		{name: "gzip", coding: "gzip", body: coded.Bytes()},
		{name: "gzip that the client's transport leaves as it is", coding: "gzip", body: coded.Bytes(), disable: true, want: unasked},
		{name: "brotli", coding: "br", body: []byte("{}"), want: unasked},
		{name: "gzip twice", coding: "gzip, gzip", body: coded.Bytes(), want: unasked},
		{name: "gzip cut short", coding: "gzip", body: coded.Bytes()[:coded.Len()-1], want: "no whole answer: unexpected EOF", is: io.ErrUnexpectedEOF},
		{name: "gzip with another checksum", coding: "gzip", body: spoilt, want: "no whole answer: gzip: invalid checksum", is: gzip.ErrChecksum},
		{name: "not gzip", coding: "gzip", body: []byte(`{"keys":[]}`), want: "no whole answer: gzip: invalid header", is: gzip.ErrHeader},
	}
	for _, tt := range tests {
		t.Run("DISC-13 "+tt.name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if tt.coding != "" {
					w.Header().Set("Content-Encoding", tt.coding)
				}
				_, _ = w.Write(tt.body)
			})
			server.Client().Transport.(*http.Transport).DisableCompression = tt.disable
			document, err := newFetcher(t, httpfetch.Config{Client: server.Client()}).Fetch(t.Context(), server.URL)
			checkError(t, err, tt.want)
			if err == nil && string(document.Body) != "{}" {
				t.Errorf("the body is %q", document.Body)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("the error is %v, want %v", err, tt.is)
			}
		})
	}
}

func TestBodyCutShort(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/length" {
			w.Header().Set("Content-Length", "100")
		}
		_, _ = io.WriteString(w, `{"keys":[`)
		w.(http.Flusher).Flush()
		if r.URL.Path != "/whole" {
			panic(http.ErrAbortHandler)
		}
	}
	for _, http2 := range []bool{false, true} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(handler))
		server.EnableHTTP2 = http2
		server.StartTLS()
		t.Cleanup(server.Close)
		fetcher := newFetcher(t, httpfetch.Config{Client: server.Client()})
		want := "no whole answer: unexpected EOF"
		if http2 {
			want = "no whole answer: the connection failed, or what came is not HTTP"
		}
		for path, want := range map[string]string{"/whole": "", "/length": want, "/chunks": want} {
			document, err := fetcher.Fetch(t.Context(), server.URL+path)
			checkError(t, err, want)
			if err != nil && document.Body != nil {
				t.Errorf("DISC-13 %s: %q came with an error", path, document.Body)
			}
		}
	}
}
