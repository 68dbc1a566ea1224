package fault

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// What HTTP servers in working order don't do.

// untilGone waits for ready, and reports whether the client is still there then. The body is read first: until then the
// server does not see a client leave.
func untilGone[T any](r *http.Request, ready <-chan T) bool {
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
	select {
	case <-ready:
		return true
	case <-r.Context().Done():
		return false
	}
}

// hang waits until the client leaves.
func hang(_ http.ResponseWriter, r *http.Request) { untilGone[struct{}](r, nil) }

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// begin sends what could be the begin of a key set.
func begin(w http.ResponseWriter) {
	_, _ = io.WriteString(w, `{"keys":[]}`)
	_ = http.NewResponseController(w).Flush()
}

func truncate(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	begin(w)
}

func truncateChunks(w http.ResponseWriter, _ *http.Request) {
	begin(w)
	panic(http.ErrAbortHandler)
}

func stall(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	begin(w)
	hang(w, r)
}

// drip ends by an abort, not by an end of the body, which a client that is just leaving could still read.
func drip(w http.ResponseWriter, r *http.Request) {
	beat := time.NewTicker(5 * time.Millisecond)
	defer beat.Stop()
	for {
		_, err := io.WriteString(w, " ")
		_ = http.NewResponseController(w).Flush()
		if err != nil || !untilGone(r, beat.C) {
			panic(http.ErrAbortHandler)
		}
	}
}

func flood(limit int64, taken func(int64)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		blanks := strings.Repeat(" ", 1<<16)
		for sent := int64(0); sent < limit; {
			n, err := io.WriteString(w, blanks)
			if err != nil {
				return
			}
			sent += int64(n)
			if taken != nil {
				taken(sent)
			}
		}
	}
}

func floodHeader(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n"); err != nil {
		return
	}
	field := "X-Flood: " + strings.Repeat("x", 1<<14) + "\r\n"
	for range 1 << 10 {
		if _, err := io.WriteString(conn, field); err != nil {
			return
		}
	}
	_, _ = io.WriteString(conn, "Content-Length: 2\r\n\r\n{}")
}

func raw(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, answer)
		_ = conn.Close()
	}
}
