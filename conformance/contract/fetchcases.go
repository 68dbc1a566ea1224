package contract

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/holdfast-go/holdfast/conformance/fault"
)

// The sentences that several cases prove, and where they are.
const (
	fetcherFetch = "ports/fetch.go, Fetcher.Fetch"
	documentBody = "ports/fetch.go, Document.Body"
	documentFrsh = "ports/fetch.go, Document.Fresh"

	fetchWhole    = "It must return an error unless the final answer has status 200 and was read to its end"
	fetchBound    = "It must bound the memory that one answer can take: a body over its limit is an error, not a cut"
	fetchRedirect = "It must follow a redirect only from https to https, and at most 3 of them"
	fetchOnce     = "It must not retry or cache on its own: when to ask again is the domain's business"
	fetchDrip     = "It must return soon after ctx has ended also while bytes of the answer still arrive: an issuer may send one " +
		"at a time, without end"
	fetchForeign  = "It must not send cookies or credentials that belong to another host"
	bodyReceived  = "Body is the document as received, without its content coding"
	freshLifetime = "Fresh is how much longer the document may be used without asking again, by RFC 9111 section 4.2: its " +
		"freshness lifetime less its age"
	freshUnsaid = "Zero means that the answer did not say or could not be understood; negative means that it must not be " +
		"used again without asking (no-store, no-cache, or already stale)"
)

// fetching is a Fetcher to the cases that it has in common with others.
var fetching = answeringPort{"Fetcher", "Fetch", fetcherFetch, fetchBound, "FetchTraits"}

func (t *fetchTrial) largest() int64 { return t.MaxBytes }

func (t *fetchTrial) asker(s *hostileServer) asker {
	f := t.open(s.roots)
	return func(ctx context.Context, url string) ([]byte, error) {
		document, err := f.Fetch(ctx, url)
		return document.Body, err
	}
}

// emptySet is a key set without keys.
const emptySet = `{"keys":[]}`

func fetchContract() []contractCase[*fetchTrial] {
	return slices.Concat(
		fetchAnswerCases(), boundCases[*fetchTrial](fetching), fetchRedirectCases(), fetchOnceCases(), freshCases(), fetchGeneralCases(), callCases[*fetchTrial](fetching),
	)
}

func fetchAnswerCases() []contractCase[*fetchTrial] {
	return []contractCase[*fetchTrial]{
		{
			clause: clause{
				"Fetcher.Fetch/get", fetcherFetch, "Fetch performs one GET of url and returns the document",
				"send one GET for the URL as it is, query included",
			},
			try: func(t *fetchTrial) {
				s := newHostileServer(t, write(emptySet))
				t.wantDocument("a document", t.open(s.roots), s.url+"/jwks?tenant=a%2Fb", emptySet)
				for _, r := range s.asked() {
					if r.method != http.MethodGet || r.uri != "/jwks?tenant=a%2Fb" || r.body != "" {
						t.fail("the server was sent a %s of %s with %d bytes of body", r.method, r.uri, len(r.body))
					}
				}
			},
		},
		{
			clause: clause{"Fetcher.Fetch/status", fetcherFetch, fetchWhole, "take only status 200"},
			try: func(t *fetchTrial) {
				s := newHostileServer(t, func(w http.ResponseWriter, r *http.Request) {
					status, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
					w.WriteHeader(status)
					if status != http.StatusNoContent && status != http.StatusNotModified {
						_, _ = fmt.Fprint(w, emptySet)
					}
				})
				f := t.open(s.roots)
				statuses := []int{201, 202, 203, 204, 206, 300, 304, 400, 401, 403, 404, 410, 429, 500, 501, 502, 503, 504}
				for _, status := range statuses {
					t.wantRefusal(fmt.Sprint("an answer of status ", status), f, s.url+"/"+strconv.Itoa(status))
				}
			},
		},
		{
			clause: clause{
				"Fetcher.Fetch/cut", fetcherFetch, fetchWhole,
				"return the error of reading the body, io.ErrUnexpectedEOF among others",
			},
			try: func(t *fetchTrial) {
				for what, f := range map[string]fault.Fault{
					"a body shorter than its Content-Length":  fault.Truncated,
					"a chunked body without its last chunk":   fault.TruncatedChunks,
					"a connection that ends before an answer": fault.HangUp,
				} {
					s := newHostileServer(t, write(emptySet), f)
					t.wantRefusal(what, t.open(s.roots), s.url)
				}
			},
		},
		{
			clause: clause{
				"Document.Body/received", documentBody, bodyReceived,
				"return the bytes as they came: whoever parses them judges them",
			},
			try: func(t *fetchTrial) {
				const odd = "\xef\xbb\xbf {\"keys\":[]}\x00\xff\r\n"
				s := newHostileServer(t, write(odd))
				t.wantDocument("a document", t.open(s.roots), s.url, odd)
			},
		},
		{
			clause: clause{
				"Document.Body/decoded", documentBody, bodyReceived,
				"undo gzip where the request asked for it",
			},
			try: func(t *fetchTrial) {
				s := newHostileServer(t, write(""), fault.Compressed(1<<10))
				t.wantDocument("a document in gzip", t.open(s.roots), s.url, strings.Repeat(" ", 1<<10))
			},
		},
		{
			clause: clause{
				"Document.Body/unknown-coding", documentBody, bodyReceived,
				"refuse an answer with a Content-Encoding that can't be undone",
			},
			try: func(t *fetchTrial) {
				s := newHostileServer(t, write(emptySet), fault.UnknownEncoding)
				t.wantRefusal("a document in a content coding that no one knows", t.open(s.roots), s.url)
			},
		},
	}
}

func fetchRedirectCases() []contractCase[*fetchTrial] {
	return []contractCase[*fetchTrial]{
		{
			clause: clause{
				"Fetcher.Fetch/3-redirects", fetcherFetch, fetchRedirect,
				"follow 3 redirects, whatever their status",
			},
			try: func(t *fetchTrial) {
				s := newHostileServer(t, countDown)
				f := t.open(s.roots)
				for _, status := range []int{301, 302, 303, 307, 308} {
					what := fmt.Sprint("a document behind 3 redirects of status ", status)
					t.wantDocument(what, f, fmt.Sprintf("%s/3?status=%d", s.url, status), emptySet)
				}
			},
		},
		{
			clause: clause{
				"Fetcher.Fetch/4-redirects", fetcherFetch, fetchRedirect,
				"return an error at the fourth redirect",
			},
			try: func(t *fetchTrial) {
				s := newHostileServer(t, countDown)
				t.wantRefusal("a document behind 4 redirects", t.open(s.roots), s.url+"/4?status=302")
				if asked := len(s.asked()); asked > 4 {
					t.fail("Fetch followed %d redirects", asked-1)
				}
			},
		},
		{
			clause: clause{
				"Fetcher.Fetch/redirect-to-http", fetcherFetch, fetchRedirect,
				"check the scheme of each redirect before following it",
			},
			try: func(t *fetchTrial) {
				var asked atomic.Bool
				open := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					asked.Store(true)
					_, _ = fmt.Fprint(w, emptySet)
				}))
				t.Cleanup(open.Close)
				s := newHostileServer(t, write(""), fault.Redirect(open.URL))
				t.wantRefusal("a document behind a redirect to http", t.open(s.roots), s.url)
				if asked.Load() {
					t.fail("Fetch asked the http URL")
				}
			},
		},
	}
}

// countDown redirects from /3 to /2 to /1 to /0, where the document is, with the status that the query names.
func countDown(w http.ResponseWriter, r *http.Request) {
	left, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if left == 0 {
		_, _ = fmt.Fprint(w, emptySet)
		return
	}
	status, _ := strconv.Atoi(r.FormValue("status"))
	w.Header().Set("Location", fmt.Sprintf("/%d?status=%d", left-1, status))
	w.WriteHeader(status)
}

func fetchOnceCases() []contractCase[*fetchTrial] {
	return []contractCase[*fetchTrial]{
		{
			clause: clause{"Fetcher.Fetch/retries", fetcherFetch, fetchOnce, "ask once and return the outcome"},
			try: func(t *fetchTrial) {
				for what, f := range map[string]fault.Fault{
					"status 503 with Retry-After":             fault.Outage,
					"a connection that ends before an answer": fault.HangUp,
				} {
					s := newHostileServer(t, write(emptySet), fault.Header("Retry-After", "0"), f)
					_, _ = t.fetch(t.open(s.roots), s.url)
					if asked := len(s.asked()); asked > 1 {
						t.fail("Fetch asked %d times after %s", asked, what)
					}
				}
			},
		},
		{
			clause: clause{
				"Fetcher.Fetch/caches", fetcherFetch, fetchOnce,
				"ask on each call, whatever Cache-Control says",
			},
			try: func(t *fetchTrial) {
				s := newHostileServer(t, write(emptySet), fault.Header("Cache-Control", "max-age=600"), fault.Header("Etag", `"1"`))
				f := t.open(s.roots)
				for range 3 {
					t.wantDocument("a fresh document", f, s.url, emptySet)
				}
				if asked := len(s.asked()); asked < 3 {
					t.fail("3 fetches asked %d times", asked)
				}
			},
		},
		{
			clause: clause{
				"Fetcher.Fetch/drip", fetcherFetch, fetchDrip,
				"let the context bound the reading of the body, not only the time between two of its bytes",
			},
			try: func(t *fetchTrial) {
				s := newHostileServer(t, write(`{}`), fault.Drip.At("drip"))
				a := t.asker(s)
				_, _ = ask(t, fetching, a, s.url) // so that the connection is there
				t.wantLeave(namedCall{"Fetch of an answer that goes on without end", a.errorAt(s.url + "/drip")})
			},
		},
		{
			clause: clause{
				"Fetcher.Fetch/foreign-cookies", fetcherFetch, fetchForeign,
				"use no cookie jar, or one that goes by hosts (net/http/cookiejar)",
			},
			try: func(t *fetchTrial) { t.wantNoneAtOther("Cookie") },
		},
		{
			clause: clause{
				"Fetcher.Fetch/foreign-credentials", fetcherFetch, fetchForeign,
				"set Authorization for its own host only, redirects included",
			},
			try: func(t *fetchTrial) { t.wantNoneAtOther("Authorization", "Proxy-Authorization") },
		},
	}
}

// wantNoneAtOther has 127.0.0.1 set a cookie and redirect to localhost, which must get none of the header fields.
func (t *fetchTrial) wantNoneAtOther(fields ...string) {
	t.Helper()
	var s *hostileServer
	s = newHostileServer(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(s.other, r.Host) {
			_, _ = fmt.Fprint(w, emptySet)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "of-127.0.0.1", Path: "/", Secure: true})
		w.Header().Set("Location", s.other)
		w.WriteHeader(http.StatusFound)
	})
	f := t.open(s.roots)
	t.wantDocument("a document behind a redirect to another host", f, s.url, emptySet)
	t.wantDocument("a document of another host", f, s.other, emptySet)
	wantNoneAt(t, fetching, s.askedAt(s.other), fields)
}

// A freshness is what an answer's header says, and what follows. A negative want stands for any.
type freshness struct {
	header map[string]string
	want   time.Duration
}

func freshCases() []contractCase[*fetchTrial] {
	date := time.Now().UTC()
	at := func(d time.Duration) string { return date.Add(d).Format(http.TimeFormat) }
	return []contractCase[*fetchTrial]{
		{
			clause: clause{
				"Document.Fresh/lifetime", documentFrsh, freshLifetime,
				"take max-age, or else Expires less Date",
			},
			try: func(t *fetchTrial) {
				t.wantFresh([]freshness{
					{map[string]string{"Cache-Control": "max-age=600"}, 10 * time.Minute},
					{map[string]string{"Cache-Control": "public, Max-Age=600"}, 10 * time.Minute},
					{map[string]string{"Expires": at(10 * time.Minute), "Date": at(0)}, 10 * time.Minute},
					{
						map[string]string{"Cache-Control": "max-age=600", "Expires": at(time.Hour), "Date": at(0)},
						10 * time.Minute,
					},
				})
			},
		},
		{
			clause: clause{"Document.Fresh/age", documentFrsh, freshLifetime, "take Age off the lifetime"},
			try: func(t *fetchTrial) {
				t.wantFresh([]freshness{
					{map[string]string{"Cache-Control": "max-age=600", "Age": "120"}, 8 * time.Minute},
				})
			},
		},
		{
			clause: clause{
				"Document.Fresh/huge", documentFrsh, freshLifetime,
				"cap lifetimes before they overflow (RFC 9111 section 1.2.2)",
			},
			try: func(t *fetchTrial) {
				s := newHostileServer(t, write(emptySet), fault.Header("Cache-Control", "max-age=99999999999999999999"))
				const year = 365 * 24 * time.Hour
				if got, err := t.fetch(t.open(s.roots), s.url); err != nil || got.Fresh < year {
					t.fail("Fresh is %v, error %v, for a max-age of 20 digits", got.Fresh, err)
				}
			},
		},
		{
			clause: clause{
				"Document.Fresh/unsaid", documentFrsh, freshUnsaid,
				"return zero, and no error, for what can't be read",
			},
			try: func(t *fetchTrial) {
				t.wantFresh([]freshness{
					{map[string]string{}, 0},
					{map[string]string{"Cache-Control": "public"}, 0},
					{map[string]string{"Cache-Control": "max-age=soon"}, 0},
				})
			},
		},
		{
			clause: clause{
				"Document.Fresh/not-again", documentFrsh, freshUnsaid,
				"return less than zero for no-store, no-cache and what is stale",
			},
			try: func(t *fetchTrial) {
				t.wantFresh([]freshness{
					{map[string]string{"Cache-Control": "no-store"}, -1},
					{map[string]string{"Cache-Control": "no-cache"}, -1},
					{map[string]string{"Cache-Control": "max-age=600, no-store"}, -1},
					{map[string]string{"Cache-Control": "max-age=0"}, -1},
					{map[string]string{"Cache-Control": "max-age=600", "Age": "600"}, -1},
					{map[string]string{"Expires": at(-time.Minute), "Date": at(0)}, -1},
				})
			},
		},
	}
}

// wantFresh wants the freshness of each answer, of which the clocks' seconds and the time on the way may be off.
func (t *fetchTrial) wantFresh(answers []freshness) {
	t.Helper()
	var current freshness
	s := newHostileServer(t, func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range current.header {
			w.Header().Set(name, value)
		}
		_, _ = fmt.Fprint(w, emptySet)
	})
	f := t.open(s.roots)
	for _, current = range answers {
		got, err := t.fetch(f, s.url)
		fits := got.Fresh == 0
		switch {
		case current.want < 0:
			fits = got.Fresh < 0
		case current.want > 0:
			fits = got.Fresh <= current.want+time.Second && got.Fresh > current.want-2*patience
		}
		if err != nil || !fits {
			t.fail("Fresh is %v, error %v, for %q", got.Fresh, err, current.header)
		}
	}
}

func fetchGeneralCases() []contractCase[*fetchTrial] {
	return []contractCase[*fetchTrial]{
		{
			clause: generalClause("Fetcher/copies", callersOwn, "return a new slice on each call"),
			try: func(t *fetchTrial) {
				s := newHostileServer(t, write(emptySet))
				f := t.open(s.roots)
				got, err := t.fetch(f, s.url)
				if err != nil || len(got.Body) == 0 {
					t.fatal("Fetch returned %s, error %v", sketch(got.Body), err)
				}
				got.Body[0] = 'X' // the caller's by now
				t.wantDocument("a document that the caller had changed", f, s.url, emptySet)
			},
		},
		{
			clause: generalClause(
				"Fetcher/credentials", noCredentials,
				"leave the Location of a redirect out of errors",
			),
			try: func(t *fetchTrial) {
				secret := rand.Text()
				s := newHostileServer(t, write(""), fault.Redirect(userinfo("http://127.0.0.1:1/", secret)))
				_, err := t.fetch(t.open(s.roots), s.url)
				t.wantSecret("a redirect to a URL with a password", err, []string{secret})
			},
		},
	}
}
