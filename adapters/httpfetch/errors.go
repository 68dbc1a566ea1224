package httpfetch

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// errCoding is a fault of a body.
var errCoding = errors.New("the body has a content coding that was not asked for, want none or gzip")

// A sizeError says that a body is larger than Config.MaxBytes.
type sizeError struct{ maxBytes int64 }

func (e *sizeError) Error() string {
	return fmt.Sprintf("the body is larger than the %d bytes of Config.MaxBytes", e.maxBytes)
}

// A StatusError says that the final answer had another status than 200. Nothing else of the answer is kept.
type StatusError struct {
	// Status is the answer's status code.
	Status int
}

// Error names the status, and for some what is likely wrong.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("the status is %d, not 200", e.Status)
	switch e.Status {
	case http.StatusNotFound, http.StatusGone:
		return text + ": the issuer publishes no document at this URL, check how the issuer is spelled"
	case http.StatusUnauthorized, http.StatusForbidden:
		return text + ": the document must be served without credentials, check firewalls and proxies on the way"
	}
	return text
}

// A requestError says of which request an error is.
type requestError struct {
	method string
	asked  *url.URL // nil where it could not be parsed
	last   *url.URL // where redirects led, or nil
	cause  error
}

func (e *requestError) Error() string {
	text := "holdfast/httpfetch: " + e.method
	if e.asked != nil {
		text += " " + display(e.asked)
	}
	if e.last != nil && display(e.last) != display(e.asked) {
		text += ", redirected to " + display(e.last)
	}
	return text + ": " + e.cause.Error()
}

func (e *requestError) Unwrap() error { return e.cause }

// lastAsked returns the URL that was asked when [http.Client.Do] failed with err, or nil.
func lastAsked(err error) *url.URL {
	failed, ok := err.(*url.Error)
	if _, refused := errors.AsType[*redirectError](err); !ok || refused {
		return nil // a refused redirect names its target, which was not asked
	}
	last, err := url.Parse(failed.URL)
	if err != nil {
		return nil
	}
	return last
}

// A redirectError says which redirect was refused and why, in the words of this package or of the application.
type redirectError struct {
	target *url.URL
	reason error
}

func (e *redirectError) Error() string {
	return "redirect to " + display(e.target) + " refused: " + e.reason.Error()
}
func (e *redirectError) Unwrap() error { return e.reason }

// A timeoutError is why the context of a request ended when the time of this package was up.
type timeoutError struct{ after time.Duration }

func (e *timeoutError) Error() string {
	return fmt.Sprintf("the %v of Config.Timeout are over", e.after)
}
func (e *timeoutError) Unwrap() error { return context.DeadlineExceeded }

// An exchangeError is why there was no whole answer. The errors of net/http quote what they choke on, be it a status
// line, a header field or a Location with credentials. So the text is chosen by kind, and the cause is there for
// errors.Is and errors.As only.
type exchangeError struct {
	text  string
	cause error
}

func (e *exchangeError) Error() string { return "no whole answer: " + e.text }
func (e *exchangeError) Unwrap() error { return e.cause }

func newExchangeError(ctx context.Context, cause error) *exchangeError {
	// net/http fails with the context's error or with its cause, which need not wrap that.
	if ended := ctx.Err(); ended != nil {
		cause = errors.Join(ended, context.Cause(ctx), cause)
	}
	return &exchangeError{text: describe(cause), cause: cause}
}

// wellKnown are errors whose text is fixed, and says enough.
var wellKnown = []error{
	context.Canceled, context.DeadlineExceeded,
	io.ErrUnexpectedEOF, io.EOF, gzip.ErrHeader, gzip.ErrChecksum, http.ErrSchemeMismatch,
}

// describe tells of an error what no server can have written, or what is quoted and cut short.
func describe(err error) string {
	// These have texts of their own, before what they wrap.
	if refused, ok := errors.AsType[*redirectError](err); ok {
		return refused.Error()
	}
	if refused, ok := errors.AsType[*addressError](err); ok {
		return refused.Error()
	}
	if panicked, ok := errors.AsType[*panicError](err); ok {
		return panicked.Error()
	}
	if late, ok := errors.AsType[*timeoutError](err); ok {
		return late.Error()
	}
	for _, known := range wellKnown {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		text := fmt.Sprintf("%.200q", certificate.Error())
		if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
			text += ", trust a private authority by Config.Client"
		}
		return text
	}
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Sprintf("%.200q", network.Error())
	}
	if timedOut(err) {
		return "a step took longer than the transport allows"
	}
	return "the connection failed, or what came is not HTTP"
}

// timedOut tells whether err says that something took too long.
func timedOut(err error) bool {
	network, ok := errors.AsType[net.Error](err)
	return errors.Is(err, context.DeadlineExceeded) || ok && network.Timeout()
}
