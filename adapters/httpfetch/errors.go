package httpfetch

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// The faults of a body.
var (
	errCoding   = errors.New("the body has a content coding that was not asked for")
	errTooLarge = errors.New("the body is larger than Config.MaxBytes")
)

// A StatusError says that the final answer had another status than 200. Nothing else of the answer is kept.
type StatusError struct {
	// Status is the answer's status code.
	Status int
}

// Error names the status.
func (e *StatusError) Error() string {
	return fmt.Sprintf("the status is %d, not 200", e.Status)
}

// A redirectError says who refused a redirect and why, in the words of this package or of the application.
type redirectError struct{ reason error }

func (e *redirectError) Error() string { return "redirect refused: " + e.reason.Error() }
func (e *redirectError) Unwrap() error { return e.reason }

// An exchangeError is why there was no whole answer. The errors of net/http quote what they choke on, be it a status
// line, a header field or a Location with credentials. So the text is chosen by kind, and the cause is there for
// errors.Is and errors.As alone.
type exchangeError struct {
	text  string
	cause error
}

func (e *exchangeError) Error() string { return "no whole answer: " + e.text }
func (e *exchangeError) Unwrap() error { return e.cause }

func newExchangeError(ctx context.Context, cause error) *exchangeError {
	// net/http fails with [context.Cause], which need not wrap the context's error.
	if ended := ctx.Err(); ended != nil && !errors.Is(cause, ended) {
		cause = errors.Join(ended, cause)
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
	if refused, ok := errors.AsType[*redirectError](err); ok {
		return refused.Error()
	}
	for _, known := range wellKnown {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Sprintf("%.200q", certificate.Error())
	}
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Sprintf("%.200q", network.Error())
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return "time is up"
	}
	return "the connection failed, or what came is not HTTP"
}
