package httpguard

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/holdfast-go/holdfast/verifier"
)

// A Refusal is what the client of a refused request may know. It is made of fixed texts and of configuration.
type Refusal struct {
	// Class tells a request that is bad (Rejected) from one that can't be decided now (Undecidable). A page that sends
	// users to log in does so for status 401 only: an outage must log no one out.
	Class verifier.Class
	// Status is 400, 401, 403, 421, 500 or 503.
	Status int
	// OAuthError is the error code of RFC 6750 section 3.1, empty where no credentials were sent.
	OAuthError string
	// Description is the text that goes with it.
	Description string
}

// Refuse logs why a request may not pass, and answers it as [Config.Refuse] says. An error that is not a
// [*verifier.Error] is answered 500.
func (g *Guard) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *verifier.Error
	if !errors.As(err, &refusal) {
		refusal = &verifier.Error{Class: verifier.Misconfigured, Err: err, Status: http.StatusInternalServerError, OAuthError: "server_error"}
	}
	path := receivedPath(r)
	g.logger.LogAttrs(r.Context(), levels[refusal.Class], "request refused",
		slog.String("method", bounded(r.Method)),
		slog.String("path", bounded(path)),
		slog.Int("status", refusal.Status),
		slog.String("class", string(refusal.Class)),
		slog.String("code", string(refusal.Code)),
		slog.String("rule", refusal.Rule),
		slog.Any("err", err))
	if g.write == nil {
		Refuse(w, refusal)
		return
	}
	setAll(w.Header(), refusal.Header)
	answer := &answer{ResponseWriter: w, status: refusal.Status}
	g.write(answer, r, Refusal{
		Class:       refusal.Class,
		Status:      refusal.Status,
		OAuthError:  refusal.OAuthError,
		Description: refusal.Description,
	})
	answer.begin()
}

var levels = map[verifier.Class]slog.Level{
	verifier.Rejected:      slog.LevelInfo,
	verifier.Undecidable:   slog.LevelWarn,
	verifier.Misconfigured: slog.LevelError,
}

// receivedPath is the path of the request target: without a query, which may hold a token, and without the authority of
// an absolute target, which may hold a password.
func receivedPath(r *http.Request) string {
	target, _, _ := strings.Cut(receivedTarget(r), "?")
	if _, rest, absolute := strings.Cut(target, "://"); absolute && !strings.HasPrefix(target, "/") {
		_, path, _ := strings.Cut(rest, "/")
		return "/" + path
	}
	return target
}

// bounded makes a text of the client's fit for a log.
func bounded(text string) string {
	const most = 256
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

// An answer has the status of a refusal unless another is written that is no success.
type answer struct {
	http.ResponseWriter
	status int
	begun  bool
}

func (a *answer) WriteHeader(status int) {
	if status >= 200 && status < 300 || status == http.StatusNotModified {
		status = a.status
	}
	a.begun = a.begun || status >= 200
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(content []byte) (int, error) {
	a.begin()
	return a.ResponseWriter.Write(content)
}

// FlushError is for [http.ResponseController].
func (a *answer) FlushError() error {
	a.begin()
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Unwrap is for what else a [http.ResponseController] does.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Raw returns the writer without the status of the refusal, for protocols whose errors are not an HTTP status, such as
// gRPC. Whoever takes it writes the whole answer.
func (a *answer) Raw() http.ResponseWriter {
	a.begun = true
	return a.ResponseWriter
}

func (a *answer) begin() {
	if !a.begun {
		a.WriteHeader(a.status)
	}
}

// body is the body of an answer, in the form of RFC 6749 section 5.2.
type body struct {
	Error       string `json:"error,omitempty"`
	Description string `json:"error_description,omitempty"`
}

// Refuse writes the answer that e calls for, as JSON: for handlers that call a verifier, or
// [verifier.Verified.RequireScopes], without a [Guard].
func Refuse(w http.ResponseWriter, e *verifier.Error) {
	content, err := json.Marshal(body{Error: e.OAuthError, Description: e.Description})
	if err != nil {
		content = []byte("{}")
	}
	header := w.Header()
	setAll(header, e.Header)
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(e.Status)
	// A client that has gone away is not waiting for the rest.
	_, _ = w.Write(content)
}

func setAll(header http.Header, fields map[string][]string) {
	for name, values := range fields {
		header[http.CanonicalHeaderKey(name)] = values
	}
}
