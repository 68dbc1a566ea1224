package contract

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-go/holdfast/conformance/fault"
	"github.com/holdfast-go/holdfast/ports"
)

// The sentences that several cases prove, and where they are.
const (
	tokenType = "ports/token.go, TokenEndpoint"
	postForm  = "ports/token.go, TokenEndpoint.PostForm"

	postAnswer = "PostForm performs one POST of r and returns the answer, whatever its status is"
	postSends  = "It must send r.Form as application/x-www-form-urlencoded in UTF-8, with r.Header and an Accept field for " +
		"application/json besides"
	postWhole    = "It must return an error unless the answer was read to its end"
	postBound    = "It must bound the memory that one answer can take: a body over its limit is an error, not a cut"
	postOnce     = "It must not send a request again that the server may have got: a code or refresh token is good for one use"
	postForeign  = "It must not send cookies or credentials that belong to another host"
	postSecret   = "What crosses this port is secret both ways: an implementation must not log it, nor put any of it in an error"
	tokenBody    = "Body is the body as received, without its content coding"
	bodyOfTokens = "ports/token.go, TokenResponse.Body"
)

// posting is a TokenEndpoint to the cases that it has in common with others.
var posting = answeringPort{"TokenEndpoint", "PostForm", postForm, postBound, "TokenTraits"}

func (t *tokenTrial) largest() int64 { return t.MaxBytes }

func (t *tokenTrial) asker(s *hostileServer) asker {
	e := t.open(s.roots)
	return func(ctx context.Context, url string) ([]byte, error) {
		response, err := e.PostForm(ctx, newExchange(url).request)
		return response.Body, err
	}
}

func tokenContract() []contractCase[*tokenTrial] {
	return slices.Concat(
		tokenRequestCases(), tokenResponseCases(), boundCases[*tokenTrial](posting), tokenOnceCases(), tokenSecretCases(), tokenGeneralCases(), callCases[*tokenTrial](posting),
	)
}

func tokenRequestCases() []contractCase[*tokenTrial] {
	return []contractCase[*tokenTrial]{
		{
			clause: clause{"TokenEndpoint.PostForm/post", postForm, postAnswer, "send one POST"},
			try: func(t *tokenTrial) {
				if got := t.postOne(newExchange("").request, "/token"); got.method != http.MethodPost || got.uri != "/token" {
					t.fail("the server was sent a %s of %s", got.method, got.uri)
				}
			},
		},
		{
			clause: clause{
				"TokenEndpoint.PostForm/form", postForm, postSends,
				"encode with url.Values.Encode, and say so in Content-Type",
			},
			try: func(t *tokenTrial) {
				form := url.Values{
					"scope":    {"read:a write:b"},
					"resource": {"https://a.example/?b=c&d", "https://b.example"},
					"note":     {"grün + 100%"},
					"empty":    {""},
				}
				got := t.postOne(ports.TokenRequest{Form: form}, "/token")
				sent, err := url.ParseQuery(got.body)
				if err != nil || !reflect.DeepEqual(sent, form) {
					t.fail("the body is %q, error %v, for the form %q", got.body, err, form)
				}
				media, _, err := mime.ParseMediaType(got.header.Get("Content-Type"))
				if err != nil || media != "application/x-www-form-urlencoded" {
					t.fail("Content-Type is %q", got.header.Get("Content-Type"))
				}
			},
		},
		{
			clause: clause{
				"TokenEndpoint.PostForm/header", postForm, postSends,
				"send each field of r.Header as it is",
			},
			try: func(t *tokenTrial) {
				exchange := newExchange("")
				got := t.postOne(exchange.request, "/token")
				for name, want := range exchange.request.Header {
					if !slices.Equal(got.header[name], want) {
						t.fail("the server was sent %d fields of name %s, not the one of r.Header", len(got.header[name]), name)
					}
				}
			},
		},
		{
			clause: clause{"TokenEndpoint.PostForm/accept", postForm, postSends, "set Accept to application/json"},
			try: func(t *tokenTrial) {
				if got := t.postOne(newExchange("").request, "/token"); !hasMember(got.header["Accept"], "application/json") {
					t.fail("Accept is %q", got.header["Accept"])
				}
			},
		},
		{
			clause: clause{
				"TokenRequest.URL/query", "ports/token.go, TokenRequest.URL",
				"It may have a query, which is sent (RFC 6749 section 3.2), and has no fragment",
				"leave the query in the URL, and the form out of it",
			},
			try: func(t *tokenTrial) {
				if got := t.postOne(newExchange("").request, "/token?tenant=a%2Fb"); got.uri != "/token?tenant=a%2Fb" {
					t.fail("the server was asked at %s", got.uri)
				}
			},
		},
	}
}

func tokenResponseCases() []contractCase[*tokenTrial] {
	return []contractCase[*tokenTrial]{
		{
			clause: clause{
				"TokenEndpoint.PostForm/status", postForm, postAnswer,
				"return what was answered, with an error for what was not",
			},
			try: func(t *tokenTrial) {
				s := newHostileServer(t, func(w http.ResponseWriter, r *http.Request) {
					status, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
					w.WriteHeader(status)
					_, _ = fmt.Fprint(w, `{"error":"x"}`)
				})
				e := t.open(s.roots)
				for _, status := range []int{200, 201, 400, 401, 403, 404, 429, 500, 503} {
					got, err := t.post(e, newExchange(s.url+"/"+strconv.Itoa(status)).request)
					if err != nil || got.Status != status || string(got.Body) != `{"error":"x"}` {
						t.fail("PostForm returned status %d, %s, error %v, for status %d", got.Status, sketch(got.Body), err, status)
					}
				}
			},
		},
		{
			clause: clause{
				"TokenResponse.Header/names", "ports/token.go, TokenResponse.Header",
				"Header holds the header fields, by names as net/http spells them: Dpop-Nonce, Retry-After, X-Ratelimit-Reset",
				"spell names by http.CanonicalHeaderKey",
			},
			try: func(t *tokenTrial) {
				s := newHostileServer(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header()["DPoP-Nonce"] = []string{"nonce-1"} // on the wire as RFC 9449 spells it
					w.Header()["retry-after"] = []string{"30"}
					w.Header()["X-RateLimit-Reset"] = []string{"1772366460"}
					w.WriteHeader(http.StatusTooManyRequests)
				})
				got, err := t.post(t.open(s.roots), newExchange(s.url).request)
				for name, want := range map[string]string{"Dpop-Nonce": "nonce-1", "Retry-After": "30", "X-Ratelimit-Reset": "1772366460"} {
					if err != nil || !slices.Equal(got.Header[name], []string{want}) {
						t.fail("Header has %q for %s, error %v", got.Header[name], name, err)
					}
				}
			},
		},
		{
			clause: clause{
				"TokenResponse.Body/received", bodyOfTokens, tokenBody,
				"return the bytes as they came: whoever parses them judges them",
			},
			try: func(t *tokenTrial) {
				const odd = "\xef\xbb\xbf {}\x00\xff\r\n"
				s := newHostileServer(t, write(odd))
				t.wantBody("odd bytes", t.open(s.roots), s.url, odd)
			},
		},
		{
			clause: clause{
				"TokenResponse.Body/decoded", bodyOfTokens, tokenBody,
				"undo gzip where the request asked for it",
			},
			try: func(t *tokenTrial) {
				s := newHostileServer(t, write(""), fault.Compressed(1<<10))
				t.wantBody("gzip", t.open(s.roots), s.url, strings.Repeat(" ", 1<<10))
			},
		},
		{
			clause: clause{
				"TokenResponse.Body/unknown-coding", bodyOfTokens, tokenBody,
				"refuse an answer with a Content-Encoding that can't be undone",
			},
			try: func(t *tokenTrial) {
				s := newHostileServer(t, write(`{}`), fault.UnknownEncoding)
				t.wantRefusal("a content coding that no one knows", t.open(s.roots), s.url)
			},
		},
		{
			clause: clause{
				"TokenEndpoint.PostForm/cut", postForm, postWhole,
				"return the error of reading the body, io.ErrUnexpectedEOF among others",
			},
			try: func(t *tokenTrial) {
				for what, f := range map[string]fault.Fault{
					"a body shorter than its Content-Length": fault.Truncated,
					"a chunked body without its last chunk":  fault.TruncatedChunks,
					"nothing":                                fault.HangUp,
				} {
					s := newHostileServer(t, write(`{}`), f)
					t.wantRefusal(what, t.open(s.roots), s.url)
				}
			},
		},
		{
			clause: clause{
				"TokenEndpoint.PostForm/redirect", postForm,
				"It must not follow a redirect: what would be sent on are credentials",
				"return the redirect (http.ErrUseLastResponse)",
			},
			try: func(t *tokenTrial) {
				s := newHostileServer(t, countDown)
				e := t.open(s.roots)
				for _, status := range []int{301, 302, 303, 307, 308} {
					_, _ = t.post(e, newExchange(fmt.Sprintf("%s/1?status=%d", s.url, status)).request)
				}
				for _, r := range s.asked() {
					if strings.HasPrefix(r.uri, "/0") {
						t.fail("PostForm followed a redirect by a %s", r.method)
					}
				}
			},
		},
		{
			clause: clause{
				"TokenEndpoint.PostForm/redirect-answer", postForm, "The redirect is the answer",
				"return the redirect (http.ErrUseLastResponse)",
			},
			try: func(t *tokenTrial) {
				s := newHostileServer(t, write(""), fault.Redirect("https://127.0.0.1:1/"))
				got, err := t.post(t.open(s.roots), newExchange(s.url).request)
				if err != nil || got.Status != http.StatusFound {
					t.fail("PostForm returned status %d, error %v, for a redirect", got.Status, err)
				}
			},
		},
	}
}

func tokenOnceCases() []contractCase[*tokenTrial] {
	return []contractCase[*tokenTrial]{
		{
			clause: clause{
				"TokenEndpoint.PostForm/again", postForm, postOnce,
				"send once; what to do about 503 is the domain's business",
			},
			try: func(t *tokenTrial) {
				s := newHostileServer(t, write(`{}`), fault.Header("Retry-After", "0"), fault.Outage)
				t.wantOneRequest("status 503 with Retry-After", s, t.open(s.roots), s.url)
			},
		},
		{
			clause: clause{
				"TokenEndpoint.PostForm/again-unanswered", postForm, postOnce,
				"send once, on a kept connection too: the server may have got the request and lost the answer",
			},
			try: func(t *tokenTrial) {
				s := newHostileServer(t, write(""), fault.HangUp.At("lost"))
				e := t.open(s.roots)
				t.wantOneRequest("no answer on a new connection", s, e, s.url+"/lost")
				if _, err := t.post(e, newExchange(s.url+"/kept").request); err != nil {
					t.fatal("PostForm: error %v", err)
				}
				t.wantOneRequest("no answer on a kept connection", s, e, s.url+"/lost")
			},
		},
		{
			clause: clause{
				"TokenEndpoint.PostForm/caches", postForm, "It must not cache",
				"ask on each call, whatever Cache-Control says",
			},
			try: func(t *tokenTrial) {
				s := newHostileServer(t, write(`{}`), fault.Header("Cache-Control", "max-age=600"))
				e, exchange := t.open(s.roots), newExchange(s.url)
				for range 3 {
					if _, err := t.post(e, exchange.request); err != nil {
						t.fail("PostForm: error %v", err)
					}
				}
				if asked := len(s.asked()); asked != 3 {
					t.fail("3 calls sent %d requests", asked)
				}
			},
		},
	}
}

// wantOneRequest posts and wants no more than one request to have come of it.
func (t *tokenTrial) wantOneRequest(what string, s *hostileServer, e ports.TokenEndpoint, url string) {
	t.Helper()
	before := len(s.asked())
	_, _ = t.post(e, newExchange(url).request)
	if came := len(s.asked()) - before; came != 1 {
		t.fail("PostForm sent %d requests, answered by %s", came, what)
	}
}

func tokenSecretCases() []contractCase[*tokenTrial] {
	return []contractCase[*tokenTrial]{
		{
			clause: clause{
				"TokenEndpoint.PostForm/foreign-cookies", postForm, postForeign,
				"use no cookie jar, or one that goes by hosts (net/http/cookiejar)",
			},
			try: func(t *tokenTrial) { t.wantNoneAtOther("Cookie") },
		},
		{
			clause: clause{
				"TokenEndpoint.PostForm/foreign-credentials", postForm, postForeign,
				"send the Authorization of r.Header with r only",
			},
			try: func(t *tokenTrial) { t.wantNoneAtOther("Authorization", "Proxy-Authorization", "Dpop") },
		},
		{
			clause: clause{
				"TokenEndpoint/secret-request", tokenType, postSecret,
				"choose the texts of errors; those of net/http quote the URL and what the server sent",
			},
			try: func(t *tokenTrial) {
				for what, f := range faults() {
					s := newHostileServer(t, write(`{}`), f)
					query := rand.Text()
					exchange := newExchange(s.url + "/token?client=" + query)
					_, err := t.post(t.open(s.roots), exchange.request)
					t.wantSecret("an answer of "+what, err, append(exchange.secrets, query))
				}
			},
		},
		{
			clause: clause{
				"TokenEndpoint/secret-answer", tokenType, postSecret,
				"leave what the server sent out of errors",
			},
			try: func(t *tokenTrial) {
				secret := rand.Text()
				for what, answer := range map[string]string{
					"a malformed status line":  "HTTP/1.1 " + secret + "\r\n\r\n",
					"a malformed field":        "HTTP/1.1 200 OK\r\n" + secret + "\r\n\r\n",
					"a malformed length":       "HTTP/1.1 200 OK\r\nContent-Length: " + secret + "\r\n\r\n",
					"a body that is too short": "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + secret,
				} {
					s := newHostileServer(t, write(""), fault.Raw(answer))
					_, err := t.post(t.open(s.roots), newExchange(s.url).request)
					t.wantSecret(what, err, []string{secret})
				}
			},
		},
	}
}

// faults are what no request survives.
func faults() map[string]fault.Fault {
	return map[string]fault.Fault{
		"nothing":                        fault.HangUp,
		"part of a body":                 fault.Truncated,
		"what is not HTTP":               fault.Raw("SSH-2.0-OpenSSH_9.2\r\n"),
		"a header that is far too large": fault.HeaderFlood,
	}
}

// wantNoneAtOther has 127.0.0.1 set a cookie, and posts to localhost then, which must get none of the header fields.
func (t *tokenTrial) wantNoneAtOther(fields ...string) {
	t.Helper()
	s := newHostileServer(t, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "of-127.0.0.1", Path: "/", Secure: true})
		_, _ = fmt.Fprint(w, `{}`)
	})
	e := t.open(s.roots)
	_, own := t.post(e, newExchange(s.url).request)
	bare := ports.TokenRequest{URL: s.other, Form: map[string][]string{"grant_type": {"client_credentials"}}}
	_, other := t.post(e, bare)
	if err := errors.Join(own, other); err != nil {
		t.fatal("PostForm: error %v", err)
	}
	wantNoneAt(t, posting, s.askedAt(s.other), fields)
}

func tokenGeneralCases() []contractCase[*tokenTrial] {
	return []contractCase[*tokenTrial]{
		{
			clause: clause{
				"TokenEndpoint.PostForm/time-is-up", postForm,
				"Where the time that it allows itself is up, its error must wrap context.DeadlineExceeded, as " +
					"where ctx's deadline is",
				"derive the request's context from ctx (context.WithTimeout)",
			},
			skip: (*tokenTrial).isNeverHasty,
			try: func(t *tokenTrial) {
				s := newHostileServer(t, write(`{}`), fault.Stall)
				_, err := t.post(t.hasty(s.roots), newExchange(s.url+"/slow").request)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.fail("PostForm of a client that is out of time: error %v", err)
				}
			},
		},
		{
			clause: generalClause(
				"TokenEndpoint/copies", callersOwn,
				"clone what is kept, and return new slices and maps on each call",
			),
			try: func(t *tokenTrial) {
				s := newHostileServer(t, write(`{"a":1}`))
				e, exchange := t.open(s.roots), newExchange(s.url)
				passed := cloneRequest(exchange.request)
				got, err := t.post(e, passed)
				if err != nil || len(got.Body) == 0 {
					t.fatal("PostForm returned %s, error %v", sketch(got.Body), err)
				}
				if !reflect.DeepEqual(passed, exchange.request) {
					t.fail("PostForm changed what it was passed")
				}
				got.Body[0] = 'X' // the caller's by now
				got.Header["Dpop-Nonce"] = []string{"changed"}
				passed.Form["code"][0] = "changed"
				again, err := t.post(e, exchange.request)
				if err != nil || string(again.Body) != `{"a":1}` || again.Header["Dpop-Nonce"] != nil {
					t.fail("PostForm returned %s and the nonce %q, error %v, after the caller changed what it got",
						sketch(again.Body), again.Header["Dpop-Nonce"], err)
				}
			},
		},
	}
}
