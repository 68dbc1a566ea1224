package httpfetch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/ports"
)

// hostile starts a server that has answer play on every connection, when a request has come.
func hostile(t *testing.T, answer func(net.Conn)) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connections := make(chan struct{}, 1) // one at a time
	connections <- struct{}{}
	t.Cleanup(func() { listener.Close(); <-connections })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			<-connections
			go func() {
				defer func() { connections <- struct{}{} }()
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 4096))
				answer(conn)
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// endlessly writes first, and then again and again what next returns, with a pause between, until the client leaves.
func endlessly(first string, pause time.Duration, next func() string) func(net.Conn) {
	return func(conn net.Conn) {
		_, err := io.WriteString(conn, first)
		for err == nil {
			_, err = io.WriteString(conn, next())
			time.Sleep(pause)
		}
	}
}

func text(s string) func() string { return func() string { return s } }

// untilItLeaves waits for the client to leave.
func untilItLeaves(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func emptyGzip(t *testing.T) string {
	t.Helper()
	member := new(bytes.Buffer)
	if err := gzip.NewWriter(member).Close(); err != nil {
		t.Fatal(err)
	}
	return strings.Repeat(member.String(), 100)
}

// What a server can do to hold a client, or to have it take memory, ends by a bound: at once where it is one of size, else
// when the time of Config.Timeout is over.
func TestFaultHostileIssuer(t *testing.T) {
	const ok, pause = "HTTP/1.1 200 OK\r\n", 5 * time.Millisecond
	const chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
	long := strings.Repeat("a", 1000)
	const bySize, byTime = time.Hour, 100 * time.Millisecond // the Timeout
	tests := []struct {
		name    string
		timeout time.Duration
		answer  func(net.Conn)
	}{
		{"silence", byTime, untilItLeaves},
		{"silence in a header", byTime, func(c net.Conn) { _, _ = io.WriteString(c, ok+"A: b"); untilItLeaves(c) }},
		{"silence in a body", byTime, func(c net.Conn) { _, _ = io.WriteString(c, ok+"Content-Length: 9\r\n\r\n{"); untilItLeaves(c) }},
		{"silence in a chunk", byTime, func(c net.Conn) { _, _ = io.WriteString(c, chunked+"9\r\n{"); untilItLeaves(c) }},
		{"silence after it stopped reading", byTime, func(c net.Conn) {
			_ = c.(*net.TCPConn).CloseRead()
			_, _ = io.WriteString(c, ok+"Content-Length: 9\r\n\r\n{")
			untilItLeaves(c)
			time.Sleep(2 * byTime) // what is read ended at once
		}},
		{"status line in drips", byTime, endlessly("HTTP/1.1 200 ", pause, text("a"))},
		{"header in drips", byTime, endlessly(ok+"A: ", pause, text("b"))},
		{"header fields in drips", byTime, endlessly(ok, pause, text("A: b\r\n"))},
		{"body in drips", byTime, endlessly(ok+"\r\n", pause, text(" "))},
		{"chunks in drips", byTime, endlessly(chunked, pause, text("1\r\n \r\n"))},
		{"interim answers in drips", byTime, endlessly("", pause, text("HTTP/1.1 103 Early Hints\r\n\r\n"))},
		{"gzip that stays empty", byTime, endlessly(ok+"Content-Encoding: gzip\r\n\r\n", 0, text(emptyGzip(t)))},

		{"half-closed without an answer", bySize, func(c net.Conn) { _ = c.(*net.TCPConn).CloseWrite(); untilItLeaves(c) }},
		{"half-closed in a header", bySize, func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"A: b")
			_ = c.(*net.TCPConn).CloseWrite()
			untilItLeaves(c)
		}},
		{"half-closed in a body", bySize, func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"Content-Length: 9\r\n\r\n{}")
			_ = c.(*net.TCPConn).CloseWrite()
			untilItLeaves(c)
		}},
		{"endless status line", bySize, endlessly("HTTP/1.1 200 ", 0, text(long))},
		{"endless header field", bySize, endlessly(ok+"A: ", 0, text(long))},
		{"endless header field name", bySize, endlessly(ok, 0, text(long))},
		{"endless header fields", bySize, endlessly(ok, 0, text("A: b\r\n"))},
		{"endless header, folded", bySize, endlessly(ok+"A: b\r\n", 0, text(" b\r\n"))},
		{"endless interim answers", bySize, endlessly("", 0, text("HTTP/1.1 103 Early Hints\r\n\r\n"))},
		{"endless continues", bySize, endlessly("", 0, text("HTTP/1.1 100 Continue\r\n\r\n"))},
		{"endless body", bySize, endlessly(ok+"\r\n", 0, text(long))},
		{"endless chunk", bySize, endlessly(chunked+"7fffffffffffffff\r\n", 0, text(long))},
		{"endless chunks", bySize, endlessly(chunked, 0, text("1\r\n \r\n"))},
		{"endless chunk size", bySize, endlessly(chunked, 0, text("0"))},
		{"endless chunk extension", bySize, endlessly(chunked+"1;", 0, text(long))},
		{"endless chunk extensions", bySize, endlessly(chunked, 0, text("1;"+long[:500]+"\r\n \r\n"))},
		{"endless trailer", bySize, endlessly(chunked+"0\r\nA: ", 0, text(long))},
		{"endless trailers", bySize, endlessly(chunked+"0\r\n", 0, text("A: b\r\n"))},
		{"length that is too large", bySize, endlessly(ok+"Content-Length: 9223372036854775807\r\n\r\n", 0, text(long))},
		{"length beyond 64 bits", bySize, endlessly(ok+"Content-Length: 99999999999999999999\r\n\r\n{}", 0, text(long))},
		{"negative length", bySize, endlessly(ok+"Content-Length: -1\r\n\r\n{}", 0, text(long))},
		{"two lengths", bySize, endlessly(ok+"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 0, text(long))},
	}
	for _, tt := range tests {
		t.Run("FETCH-04 "+tt.name, func(t *testing.T) {
			url := hostile(t, tt.answer)
			fetcher := newFetcher(t, httpfetch.Config{Timeout: tt.timeout, MaxBytes: 64 << 10, InsecureAllowLoopbackHTTP: true})
			checkEnd(t, fetcher, url, tt.timeout == byTime)
		})
	}
}

// checkEnd checks that both kinds of request end with an error within a time that no test waits for otherwise.
func checkEnd(t *testing.T, fetcher *httpfetch.Fetcher, url string, byTime bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, fetched := fetcher.Fetch(ctx, url)
	_, posted := fetcher.PostForm(ctx, ports.TokenRequest{URL: url})
	for kind, err := range map[string]error{"Fetch": fetched, "PostForm": posted} {
		if err == nil || errors.Is(err, context.DeadlineExceeded) != byTime {
			t.Errorf("%s: %v, want it to wrap context.DeadlineExceeded: %t", kind, err, byTime)
		}
	}
	if err := ctx.Err(); err != nil {
		t.Error("it took a minute")
	}
}

func TestFaultHostileIssuerHTTP2(t *testing.T) {
	drip := func(piece func(http.ResponseWriter)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				piece(w)
				time.Sleep(5 * time.Millisecond)
			}
		}
	}
	const bySize, byTime = time.Hour, 100 * time.Millisecond // the Timeout
	tests := []struct {
		name    string
		timeout time.Duration
		handler http.HandlerFunc
	}{
		{"silence", byTime, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"silence in a body", byTime, func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); <-r.Context().Done() }},
		{"body in drips", byTime, drip(func(w http.ResponseWriter) { _, _ = io.WriteString(w, " "); w.(http.Flusher).Flush() })},
		{"endless body", bySize, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, spaces{}) }},
		{"endless interim answers", bySize, func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				w.WriteHeader(http.StatusEarlyHints)
			}
		}},
		{"large header field", bySize, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("A", strings.Repeat("b", 1<<20)) }},
		{"many header fields", bySize, func(w http.ResponseWriter, r *http.Request) {
			for i := range 10_000 {
				w.Header().Set(fmt.Sprint("A", i), "b")
			}
		}},
		{"many trailers", bySize, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "{}")
			for i := range 10_000 {
				w.Header().Set(fmt.Sprint(http.TrailerPrefix, "A", i), "b")
			}
		}},
		{"body shorter than its length", bySize, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = io.WriteString(w, "{}")
		}},
		{"stream that is reset", bySize, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "{}")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}},
	}
	for _, tt := range tests {
		t.Run("FETCH-04 "+tt.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(tt.handler)
			server.EnableHTTP2 = true
			server.StartTLS()
			defer server.Close()
			fetcher := newFetcher(t, httpfetch.Config{Client: server.Client(), Timeout: tt.timeout, MaxBytes: 64 << 10})
			checkEnd(t, fetcher, server.URL, tt.timeout == byTime)
			fetcher.Close()
		})
	}
}
