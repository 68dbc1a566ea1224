package httpguard_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// The challenges of an API that takes both schemes.
const (
	offersDPoP   = `DPoP algs="ES256"`
	offersBearer = `Bearer realm="api"`
	badRequest   = `Bearer error="invalid_request", error_description="The request is malformed"`
	badDPoP      = `DPoP error="invalid_dpop_proof", error_description="The DPoP proof is invalid", algs="ES256"`
)

func badToken(description string) string {
	return fmt.Sprintf(`Bearer error="invalid_token", error_description=%q`, description)
}

// A line is a connection that a test writes what it likes to.
type line struct {
	net.Conn
	answers *bufio.Reader
}

func dial(t *testing.T, address string) line {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	if err := connection.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return line{connection, bufio.NewReader(connection)}
}

// say writes text as it is, and reads the answer to a request of that method.
func (l line) say(t *testing.T, method, text string) (*http.Response, string) {
	t.Helper()
	if _, err := io.WriteString(l, text); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(l.answers, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// Requests that net/http's client would not send, or that have a form of their own, get the answer of any other.
func TestRequestsOnTheWire(t *testing.T) {
	env := newEnvironment(t)
	log := newRuleLog()
	server := httptest.NewServer(env.guard(t, httpguard.Config{Logger: slog.New(log)}, nil).Handler(greet))
	defer server.Close()
	host := server.Listener.Addr().String()
	good, expired := "Bearer "+env.bearer, "Bearer "+mint(t, env.issuer, verifiertest.Claims{"exp": time.Now().Add(-time.Minute).Unix()})
	field := func(name, value string) string { return name + ": " + value + "\r\n" }
	authorization := func(value string) string { return field("Authorization", value) }
	proof := func(method, htu string) string {
		return authorization("DPoP "+env.bound) + field("DPoP", env.proof(t, method, htu))
	}
	here := "http://" + host + "/orders"
	upgrade := "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	preflight := "Origin: https://app.example\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization\r\n"
	// Fields of 60 kB, which are within what net/http reads.
	many := strings.Repeat(field("X-Padding", strings.Repeat("a", 87)), 600)
	tooMany := (http.DefaultMaxHeaderBytes+8<<10)/len(many) + 1
	missing := []string{offersBearer, offersDPoP}
	malformed := []string{badRequest, offersDPoP}

	for _, c := range []struct {
		name   string
		method string // GET if empty
		rest   string // of the request line, " /orders HTTP/1.1" if empty
		fields string
		noHost bool

		status     int
		challenges []string
		rule       string // empty for an answer that is net/http's own
	}{
		{name: "CRED-01 preflight without what answers CORS in front", method: "OPTIONS", fields: preflight, status: 401, challenges: missing, rule: "CRED-01"},
		{name: "preflight with a token", method: "OPTIONS", fields: preflight + authorization(good), status: 200},

		{name: "HEAD", method: "HEAD", fields: authorization(good), status: 200},
		{name: "CRED-01 HEAD", method: "HEAD", status: 401, challenges: missing, rule: "CRED-01"},
		{name: "CLAIM-EXP-02 HEAD", method: "HEAD", fields: authorization(expired), status: 401, challenges: []string{badToken("The access token expired"), offersDPoP}, rule: "CLAIM-EXP-02"},
		{name: "DPOP-CLM-02 HEAD with a proof of HEAD", method: "HEAD", fields: proof("HEAD", here), status: 200},
		{name: "DPOP-CLM-02 HEAD with a proof of GET", method: "HEAD", fields: proof("GET", here), status: 401, challenges: []string{offersBearer, badDPoP}, rule: "DPOP-CLM-02"},
		{name: "DPOP-CLM-02 a method in another case", method: "get", fields: proof("GET", here), status: 401, challenges: []string{offersBearer, badDPoP}, rule: "DPOP-CLM-02"},

		{name: "upgrade", fields: upgrade + authorization(good), status: 200},
		{name: "CRED-01 upgrade", fields: upgrade, status: 401, challenges: missing, rule: "CRED-01"},
		{name: "CRED-01 upgrade with a token as a subprotocol", fields: upgrade + field("Sec-WebSocket-Protocol", "bearer, "+env.bearer), status: 401, challenges: missing, rule: "CRED-01"},
		{name: "CLAIM-EXP-02 upgrade", fields: upgrade + authorization(expired), status: 401, challenges: []string{badToken("The access token expired"), offersDPoP}, rule: "CLAIM-EXP-02"},
		{name: "DPOP-CLM-04 upgrade with a proof for http", fields: upgrade + proof("GET", here), status: 200},
		{name: "DPOP-CLM-03 upgrade with a proof for ws", fields: upgrade + proof("GET", "ws://"+host+"/orders"), status: 401, challenges: []string{offersBearer, badDPoP}, rule: "DPOP-CLM-03"},
		{name: "CRED-01 upgrade to h2c", fields: "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n", status: 401, challenges: missing, rule: "CRED-01"},

		{name: "60 kB of other fields", fields: many + authorization(good), status: 200},
		{name: "CRED-01 60 kB of other fields", fields: many, status: 401, challenges: missing, rule: "CRED-01"},
		{name: "CRED-09 a token of 60 kB", fields: authorization("Bearer " + strings.Repeat("a", 60_000)), status: 401,
			challenges: []string{badToken("The access token is too large"), offersDPoP}, rule: "CRED-09"},
		{name: "CRED-07 a scheme of 60 kB", fields: authorization(strings.Repeat("a", 60_000) + " " + env.bearer), status: 401, challenges: missing, rule: "CRED-07"},
		{name: "CRED-03 60 kB of Authorization fields", fields: strings.Repeat(authorization(good), 60_000/len(authorization(good))), status: 400, challenges: malformed, rule: "CRED-03"},
		{name: "DPOP-REQ-08 a proof of 60 kB", fields: authorization("DPoP "+env.bound) + field("DPoP", strings.Repeat("a", 60_000)), status: 401,
			challenges: []string{offersBearer, badDPoP}, rule: "DPOP-REQ-08"},
		{name: "DPOP-REQ-01 60 kB of proofs", fields: authorization("DPoP "+env.bound) + strings.Repeat(field("DPoP", env.proof(t, "GET", here)), 100), status: 401,
			challenges: []string{offersBearer, badDPoP}, rule: "DPOP-REQ-01"},
		{name: "more than net/http reads", fields: authorization(good) + strings.Repeat(many, tooMany), status: 431},

		{name: "no host", noHost: true, fields: authorization(good), status: 400},
		{name: "two hosts", fields: field("Host", "shop.example") + authorization(good), status: 400},
		{name: "the same host twice", fields: field("Host", host) + authorization(good), status: 400},
		{name: "a host with a space", noHost: true, fields: field("Host", "api.example evil.example") + authorization(good), status: 400},

		{name: "HTTP/1.0", rest: " /orders HTTP/1.0", fields: authorization(good), status: 200},
		{name: "CRED-01 HTTP/1.0", rest: " /orders HTTP/1.0", status: 401, challenges: missing, rule: "CRED-01"},
		{name: "HTTP/1.0 without a host", rest: " /orders HTTP/1.0", noHost: true, fields: authorization(good), status: 200},
		{name: "DPOP-CLM-04 HTTP/1.0 with a proof", rest: " /orders HTTP/1.0", fields: proof("GET", here), status: 200},
		{name: "PROXY-04 HTTP/1.0 without a host, with a proof", rest: " /orders HTTP/1.0", noHost: true, fields: proof("GET", here), status: 400, challenges: malformed, rule: "PROXY-04"},
		{name: "HTTP/0.9", rest: " /orders", noHost: true, status: 400},
		{name: "HTTP/3 by its name", rest: " /orders HTTP/3.0", fields: authorization(good), status: 505},

		{name: "absolute form", rest: " " + here + " HTTP/1.1", fields: authorization(good), status: 200},
		{name: "CRED-08 absolute form with a token in its query", rest: " " + here + "?access_token=x HTTP/1.1", fields: authorization(good), status: 400, challenges: malformed, rule: "CRED-08"},
		{name: "CRED-08 a token in the query, escaped", rest: " /orders?a=b&%61ccess_token=x HTTP/1.1", fields: authorization(good), status: 400, challenges: malformed, rule: "CRED-08"},

		{name: "CRED-03 two Authorization fields", fields: authorization(good) + field("authorization", good), status: 400, challenges: malformed, rule: "CRED-03"},
		{name: "CRED-03 an empty field, then a good one", fields: authorization("") + authorization(good), status: 400, challenges: malformed, rule: "CRED-03"},
		{name: "CRED-05 two tokens in one field", fields: authorization(good + ", " + good), status: 400, challenges: malformed, rule: "CRED-05"},
		{name: "CRED-01 other names", fields: field("X-Authorization", good) + field("Proxy-Authorization", good) + field("Authorization_", good) + field("Cookie", "Authorization="+good), status: 401,
			challenges: missing, rule: "CRED-01"},
		{name: "a space before the colon", fields: "Authorization : " + good + "\r\n", status: 400},
		{name: "a zero byte", fields: authorization(good + "\x00"), status: 400},
		{name: "CRED-05 a byte that is not ASCII", fields: authorization(good + "\xff"), status: 400, challenges: malformed, rule: "CRED-05"},

		// RFC 9112 section 5.2: a server refuses a folded line or reads it as a space, which is what net/http does.
		{name: "CRED-02 a fold between scheme and token", fields: "Authorization: Bearer\r\n " + env.bearer + "\r\n", status: 200},
		{name: "CRED-02 a fold by a tab", fields: "Authorization: Bearer\r\n\t" + env.bearer + "\r\n", status: 200},
		{name: "CRED-05 a fold within the token", fields: "Authorization: " + good[:40] + "\r\n " + good[40:] + "\r\n", status: 400, challenges: malformed, rule: "CRED-05"},
		{name: "CRED-01 a fold that makes a field part of another", fields: "X-Other: a\r\n " + authorization(good), status: 401, challenges: missing, rule: "CRED-01"},
		{name: "a fold of nothing", noHost: true, fields: " " + authorization(good) + field("Host", host), status: 400},

		{name: "CRED-01 a token in the trailer", method: "POST", fields: "Transfer-Encoding: chunked\r\nTrailer: Authorization\r\nContent-Type: text/plain\r\n", status: 401, challenges: missing, rule: "CRED-01"},
		{name: "both lengths", method: "POST", fields: "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" + authorization(good), status: 200},
		{name: "two lengths", method: "POST", fields: "Content-Length: 5\r\nContent-Length: 6\r\n" + authorization(good), status: 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.method == "" {
				c.method = "GET"
			}
			if c.rest == "" {
				c.rest = " /orders HTTP/1.1"
			}
			if !c.noHost {
				c.fields = field("Host", host) + c.fields
			}
			body := ""
			if strings.Contains(c.fields, "chunked") {
				body = "0\r\n" + authorization(good) + "\r\n"
			}
			answer, text := dial(t, host).say(t, c.method, c.method+c.rest+"\r\n"+c.fields+"\r\n"+body)
			if rule := log.last(); answer.StatusCode != c.status || rule != c.rule {
				t.Errorf("answered %d %s by rule %q, want %d by %q", answer.StatusCode, text, rule, c.status, c.rule)
			}
			if diff := cmp.Diff(c.challenges, answer.Header.Values("WWW-Authenticate")); diff != "" {
				t.Errorf("challenges (-want +got):\n%s", diff)
			}
			if greeted := text == "hello, user-1"; greeted != (c.status == 200 && c.method != "HEAD") {
				t.Errorf("the handler was reached: %t: %s", greeted, text)
			}
			if c.rule == "" {
				return
			}
			if c.method == "HEAD" && (text != "" || answer.ContentLength <= 0) {
				t.Errorf("the answer to HEAD has %q, and says that GET has %d bytes", text, answer.ContentLength)
			}
			for name := range answer.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s is for what answers CORS to say", name)
				}
			}
		})
	}
}

// An answer leaves the connection as it was: the next request on it is read from its beginning.
func TestConnectionGoesOn(t *testing.T) {
	env := newEnvironment(t)
	server := httptest.NewServer(env.guard(t, httpguard.Config{}, nil).Handler(greet))
	defer server.Close()
	host := server.Listener.Addr().String()
	connection := dial(t, host)
	bearer := "Authorization: Bearer " + env.bearer + "\r\n"
	for _, c := range []struct {
		method, fields, body string
		status               int
	}{
		{method: "HEAD", status: 401},
		{method: "GET", fields: bearer, status: 200},
		{method: "GET", fields: "Connection: Upgrade\r\nUpgrade: websocket\r\n", status: 401},
		{method: "POST", fields: "Content-Length: 9\r\n", body: "GET / HTT", status: 401},
		{method: "OPTIONS", fields: "Origin: https://app.example\r\n", status: 401},
		{method: "HEAD", fields: bearer, status: 200},
		{method: "GET", fields: "Authorization: Bearer x\r\n", status: 401},
		{method: "GET", fields: bearer, status: 200},
	} {
		answer, text := connection.say(t, c.method, c.method+" /orders HTTP/1.1\r\nHost: "+host+"\r\n"+c.fields+"\r\n"+c.body)
		if answer.StatusCode != c.status || answer.Close {
			t.Errorf("%s with %q is answered %d %s, want %d; the connection ends: %t", c.method, c.fields, answer.StatusCode, text, c.status, answer.Close)
		}
	}
}

// The body of a request that may not pass is not asked for.
func TestExpectContinue(t *testing.T) {
	env := newEnvironment(t)
	server := httptest.NewServer(env.guard(t, httpguard.Config{}, nil).Handler(greet))
	defer server.Close()
	host := server.Listener.Addr().String()
	answer, _ := dial(t, host).say(t, "POST", "POST /orders HTTP/1.1\r\nHost: "+host+"\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n")
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("answered %d, want 401", answer.StatusCode)
	}
}

// HTTP/2 without TLS, by prior knowledge: the URL of proofs is of http.
func TestH2C(t *testing.T) {
	env := newEnvironment(t)
	log := newRuleLog()
	server := httptest.NewUnstartedServer(env.guard(t, httpguard.Config{Logger: slog.New(log)}, nil).Handler(greet))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	defer server.Close()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	defer transport.CloseIdleConnections()
	good := "Bearer " + env.bearer
	target := server.URL + "/orders"
	proof := func(htu string) http.Header {
		return http.Header{"Authorization": {"DPoP " + env.bound}, "Dpop": {env.proof(t, "GET", htu)}}
	}
	for _, c := range []struct {
		name       string
		header     http.Header
		status     int
		challenges []string
		rule       string
	}{
		{name: "a good token", header: http.Header{"Authorization": {good}}, status: 200},
		{name: "CRED-01 no token", status: 401, challenges: []string{offersBearer, offersDPoP}, rule: "CRED-01"},
		{name: "CRED-03 two fields", header: http.Header{"Authorization": {good, good}}, status: 400, challenges: []string{badRequest, offersDPoP}, rule: "CRED-03"},
		{name: "60 kB", header: http.Header{"Authorization": {good}, "X-Padding": {strings.Repeat("a", 60_000)}}, status: 200},
		{name: "CRED-09 a token of 60 kB", header: http.Header{"Authorization": {"Bearer " + strings.Repeat("a", 60_000)}}, status: 401,
			challenges: []string{badToken("The access token is too large"), offersDPoP}, rule: "CRED-09"},
		{name: "DPOP-CLM-04 a proof for http", header: proof(target), status: 200},
		{name: "DPOP-CLM-04 a proof for https", header: proof("https" + strings.TrimPrefix(target, "http")), status: 401, challenges: []string{offersBearer, badDPoP}, rule: "DPOP-CLM-04"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "GET", target, nil)
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(r.Header, c.header)
			answer, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if rule := log.last(); answer.ProtoMajor != 2 || answer.StatusCode != c.status || rule != c.rule {
				t.Errorf("answered %d over %s by rule %q, want %d by %q", answer.StatusCode, answer.Proto, rule, c.status, c.rule)
			}
			if diff := cmp.Diff(c.challenges, answer.Header.Values("WWW-Authenticate")); diff != "" {
				t.Errorf("challenges (-want +got):\n%s", diff)
			}
		})
	}
}

// What is called by several names over one connection is told apart by each request's own (PROXY-05).
func TestPROXY05Coalesced(t *testing.T) {
	env := newEnvironment(t)
	guard := env.guard(t, httpguard.Config{Hosts: []string{"api.example"}}, func(c *verifier.Config) { c.DPoP.Mode = verifier.DPoPRequired })
	server := httptest.NewServer(guard.Handler(greet))
	defer server.Close()
	connection := dial(t, server.Listener.Addr().String())
	for host, status := range map[string]int{"api.example": 200, "shop.example": 421} {
		answer, text := connection.say(t, "GET", "GET /orders HTTP/1.1\r\nHost: "+host+"\r\nAuthorization: DPoP "+env.bound+"\r\nDPoP: "+env.proof(t, "GET", "http://"+host+"/orders")+"\r\n\r\n")
		if answer.StatusCode != status {
			t.Errorf("a request for %s is answered %d %s, want %d", host, answer.StatusCode, text, status)
		}
	}
}
