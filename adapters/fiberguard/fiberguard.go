package fiberguard

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v3"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
)

// Require returns middleware that lets requests pass whose token is good and has all of scopes, and puts the token into
// the context of the request: httpguard.From(c.Context()). It answers all others. Behind middleware of the same guard the
// token is not verified again, as in [httpguard.Guard.Handler].
//
// It is safe for concurrent use.
func Require(guard *httpguard.Guard, scopes ...string) fiber.Handler {
	return func(c fiber.Ctx) error {
		w := &answer{to: c, header: make(http.Header)}
		r, ok := guard.Admit(w, received(c), scopes...)
		if !ok {
			return nil
		}
		w.sendHeader() // a new nonce
		c.SetContext(r.Context())
		return c.Next()
	}
}

// received returns the request as net/http would have it, without its body. Nothing of it is the server's memory, which is
// used again for other requests.
func received(c fiber.Ctx) *http.Request {
	of := &c.Request().Header
	r := &http.Request{
		Method:     string(of.Method()),
		RequestURI: string(of.RequestURI()),
		Proto:      string(of.Protocol()),
		Host:       host(c),
		Header:     make(http.Header),
		Body:       http.NoBody,
		RemoteAddr: c.RequestCtx().RemoteAddr().String(),
		TLS:        c.RequestCtx().TLSConnectionState(),
	}
	r.ProtoMajor, r.ProtoMinor, _ = http.ParseHTTPVersion(r.Proto)
	var err error
	if r.URL, err = url.ParseRequestURI(r.RequestURI); err != nil {
		r.URL = new(url.URL)
	}
	for name, value := range of.All() {
		r.Header.Add(string(name), string(value))
	}
	r.Header.Del("Host") // it is r.Host
	return r.WithContext(c.Context())
}

// host returns the host that the request is for: that of an absolute target, as in net/http, or of the Host field. Fiber's
// server takes the last of several Host fields, where RFC 9112 section 3.2 has it refuse the request. All of them joined
// are not a host, so that no proof can be for one of them.
func host(c fiber.Ctx) string {
	var fields []string
	for line := range bytes.Lines(c.Request().Header.RawHeaders()) {
		if name, value, found := strings.Cut(string(line), ":"); found && strings.EqualFold(name, "Host") {
			fields = append(fields, strings.TrimSpace(value))
		}
	}
	if len(fields) > 1 {
		return strings.Join(fields, ", ")
	}
	return string(c.Request().Host())
}

// An answer is a response of Fiber's to the guard.
type answer struct {
	to     fiber.Ctx
	header http.Header
	begun  bool
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.begun {
		return
	}
	a.begun = true
	a.sendHeader()
	a.to.Response().SetStatusCode(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.to.Response().AppendBody(p)
	return len(p), nil
}

// sendHeader replaces the fields that are set, and leaves those of other middleware.
func (a *answer) sendHeader() {
	for name, values := range a.header {
		if name == "Content-Length" {
			continue // the server's own
		}
		a.to.Response().Header.Del(name)
		for _, value := range values {
			a.to.Response().Header.Add(name, value)
		}
	}
}
