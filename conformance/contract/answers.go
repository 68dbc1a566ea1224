package contract

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/holdfast-go/holdfast/conformance/fault"
)

// An answerTrial is a case under way of a port that asks a server and returns its answer.
type answerTrial interface {
	testing.TB
	fail(format string, args ...any)
	wantAnswer(what string, call func() error) error
	wantContextError(what string, call func(context.Context) error)
	wantLeave(calls ...namedCall)
	wantLeaveAfter(c namedCall, next func() func(context.Context))

	// asker opens a port that trusts the server, and returns what asks at a URL of it and returns the body.
	asker(*hostileServer) asker
	// largest is how many bytes a body may have.
	largest() int64
}

type asker func(ctx context.Context, url string) ([]byte, error)

// errorAt is an asker at one URL, of which only the error counts.
func (a asker) errorAt(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := a(ctx, url)
		return err
	}
}

// An answeringPort is what the cases of such ports call one of them.
type answeringPort struct {
	name, method string // "Fetcher", "Fetch"
	source       string
	bound        string // the sentence that bounds an answer
	traits       string // where the bound is declared
}

// boundCases are about how much a port takes for an answer.
func boundCases[T answerTrial](p answeringPort) []contractCase[T] {
	boundClause := func(word, remedy string) clause {
		return clause{p.name + "." + p.method + "/" + word, p.source, p.bound, remedy}
	}
	refuse := func(t T, what string, s *hostileServer) {
		t.Helper()
		if got, err := ask(t, p, t.asker(s), s.url); err == nil {
			t.fail("%s, answered by %s, returned %s and no error", p.method, what, sketch(got))
		}
	}
	return []contractCase[T]{
		{
			clause: boundClause("largest", fmt.Sprintf("take bodies up to %s.MaxBytes, or declare the limit that holds", p.traits)),
			try: func(t T) {
				whole := strings.Repeat(" ", int(t.largest()))
				s := newHostileServer(t, write(whole))
				if got, err := ask(t, p, t.asker(s), s.url); err != nil || string(got) != whole {
					t.fail("%s, answered by the largest body, returned %s, error %v", p.method, sketch(got), err)
				}
			},
		},
		{
			clause: boundClause("larger", "read one byte more than the limit, and return an error if it is there"),
			try: func(t T) {
				refuse(t, "one byte more than the largest body", newHostileServer(t, write(strings.Repeat(" ", int(t.largest())+1))))
			},
		},
		{
			clause: boundClause("endless", "stop reading at the limit, and close the connection"),
			try: func(t T) {
				const buffers = 16 << 20 // of the kernels and of TLS, generously
				var sent atomic.Int64
				refuse(t, "a body that is far too large", newHostileServer(t, write(""), fault.Flood(4*t.largest()+2*buffers, sent.Store)))
				if got := sent.Load(); got > t.largest()+buffers {
					t.fail("%s read %d bytes of a body, where it may take %d", p.method, got, t.largest())
				}
			},
		},
		{
			clause: boundClause("squeezed", "count bytes after the content coding is undone"),
			try: func(t T) {
				refuse(t, "one byte more than the largest body, in gzip", newHostileServer(t, write(""), fault.Compressed(int(t.largest())+1)))
			},
		},
		{
			clause: boundClause("header-flood", "bound the header too (http.Transport.MaxResponseHeaderBytes)"),
			try:    func(t T) { refuse(t, "16 MiB of header fields", newHostileServer(t, write(""), fault.HeaderFlood)) },
		},
	}
}

// ask returns the answer to one call, which must not hang.
func ask[T answerTrial](t T, p answeringPort, a asker, url string) (body []byte, err error) {
	t.Helper()
	err = t.wantAnswer(p.method, func() (err error) {
		body, err = a(t.Context(), url)
		return err
	})
	return body, err
}

// callCases are about calls that happen at once, and about their contexts.
func callCases[T answerTrial](p answeringPort) []contractCase[T] {
	return []contractCase[T]{
		{
			clause: generalClause(
				p.name+"/concurrency", safeForConcurrentUse,
				"share one client among calls and nothing else, and run the suite with -race",
			),
			try: func(t T) {
				s := newHostileServer(t, writePath)
				a := t.asker(s)
				atOnce(16, func(i int) {
					path := "/" + strconv.Itoa(i)
					if got, err := a(t.Context(), s.url+path); err != nil || string(got) != path {
						t.fail("%s returned %s, error %v", p.method, sketch(got), err)
					}
				})
			},
		},
		{
			clause: generalClause(
				p.name+"/context-ended", obeysContext,
				"hand ctx to the request (http.NewRequestWithContext)",
			),
			try: func(t T) {
				s := newHostileServer(t, write(`{}`))
				t.wantContextError(p.method, t.asker(s).errorAt(s.url))
			},
		},
		{
			clause: generalClause(
				p.name+"/context-ends", obeysContext,
				"hand ctx to the request (http.NewRequestWithContext); wrap its error with %w",
			),
			try: func(t T) {
				s := newHostileServer(t, write(`{}`))
				t.wantLeave(namedCall{p.method + " at a server that never says a word", t.asker(s).errorAt("https://" + silence(t))})
			},
		},
		{
			clause: generalClause(
				p.name+"/context-ends-in-body", obeysContext,
				"let the context bound the reading of the body too",
			),
			try: func(t T) {
				s := newHostileServer(t, write(`{}`), fault.Stall.At("stall"))
				a := t.asker(s)
				_, _ = ask(t, p, a, s.url) // so that the connection is there: what stalls is the body
				t.wantLeaveAfter(namedCall{p.method + " of which the answer stops half-way", a.errorAt(s.url + "/stall")}, s.next)
			},
		},
		{
			clause: panicClause(p.name + "/panics"),
			try: func(t T) {
				for _, f := range oddAnswers() {
					s := newHostileServer(t, write(`{}`), f)
					_, _ = ask(t, p, t.asker(s), s.url)
				}
			},
		},
	}
}

// wantNoneAt wants none of the fields in what a server was asked at another host's URL.
func wantNoneAt[T answerTrial](t T, p answeringPort, asked []request, fields []string) {
	t.Helper()
	for _, r := range asked {
		for _, field := range fields {
			if r.header.Get(field) != "" {
				t.fail("%s sent %s to another host than the one that it belongs to", p.method, field)
			}
		}
	}
}
