package fiberguard_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/holdfast-go/holdfast/adapters/fiberguard"
	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// fasthttp has goroutines that tell the time until the process ends.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/gofiber/utils/v2.StartTimeStampUpdater.func1.1"))
}

const audience = "https://api.example"

// A bench has an issuer, a client that can prove, and an app whose guard accepts the tokens.
type bench struct {
	issuer        *verifiertest.Issuer
	prover        *verifiertest.Prover
	bearer, bound string
	guard         *httpguard.Guard
	address       string
	log           lockedBuffer
	certificate   tls.Certificate
}

// newBench starts an app over plaintext, or over TLS if it is to ask for the client's certificate.
func newBench(t *testing.T, config httpguard.Config, edit func(*verifier.Config), routes func(*fiber.App, *httpguard.Guard)) *bench {
	t.Helper()
	b := &bench{
		issuer: verifiertest.MustIssuer(t, "https://issuer.example/", verifiertest.MustKey(t, "ES256", "key-1")),
		prover: &verifiertest.Prover{Key: verifiertest.MustKey(t, "ES256", "client")},
	}
	b.bearer = b.mint(t, verifiertest.Claims{"scope": "read:orders"})
	b.bound = b.mint(t, verifiertest.Claims{"cnf": verifiertest.Claims{"jkt": b.prover.MustThumbprint(t)}})
	policy := verifier.Config{Domain: "issuer.example", Audiences: []string{audience}, Fetcher: b.issuer, Algorithms: []string{"ES256"}}
	if edit != nil {
		edit(&policy)
	}
	v, err := verifier.New(policy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	config.Logger = slog.New(slog.NewTextHandler(&b.log, nil))
	if b.guard, err = httpguard.New(v, config); err != nil {
		t.Fatal(err)
	}
	app := fiber.New(fiber.Config{ReadBufferSize: 128 << 10})
	routes(app, b.guard)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.address = listener.Addr().String()
	if policy.MTLS != verifier.MTLSOff {
		b.certificate = newCertificate(t)
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{b.certificate}, ClientAuth: tls.RequestClientCert})
	}
	served := make(chan error, 1)
	go func() { served <- app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}) }()
	t.Cleanup(func() {
		if err := app.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *bench) mint(t *testing.T, claims verifiertest.Claims) string {
	all := verifiertest.Claims{"aud": audience}
	for name, value := range claims {
		all[name] = value
	}
	return b.issuer.MustToken(t, all)
}

// say writes a request as it is on a connection of its own, and reads the answer.
func (b *bench) say(t *testing.T, method, text string) (*http.Response, string) {
	t.Helper()
	connection, err := net.Dial("tcp", b.address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: method})
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

var loggedRule = regexp.MustCompile(`rule=(\S+)`)

// rule returns the rule that the one refused request since broke, empty if none was refused.
func (b *bench) rule() string {
	text := b.log.take()
	if match := loggedRule.FindStringSubmatch(text); match != nil {
		return match[1]
	}
	return ""
}

func greet(c fiber.Ctx) error {
	token, ok := httpguard.From(c.Context())
	if !ok {
		return c.SendString("hello, stranger")
	}
	return c.SendString("hello, " + token.Subject)
}

// Requests get the answers that they get of net/http's guard, whatever they look like on the wire.
func TestRequestsOnTheWire(t *testing.T) {
	b := newBench(t, httpguard.Config{}, nil, func(app *fiber.App, guard *httpguard.Guard) {
		app.Use(fiberguard.Require(guard))
		app.All("/orders/:id", greet)
		app.Post("/pay", fiberguard.Require(guard, "pay"), greet)
	})
	field := func(name, value string) string { return name + ": " + value + "\r\n" }
	authorization := func(value string) string { return field("Authorization", value) }
	good := "Bearer " + b.bearer
	here := "http://" + b.address + "/orders/7"
	proof := func(method, htu string) string {
		return authorization("DPoP "+b.bound) + field("DPoP", b.prover.MustProof(t, method, htu, b.bound, nil, nil))
	}
	const (
		offersDPoP   = `DPoP algs="ES256"`
		offersBearer = `Bearer realm="api"`
		badProof     = `DPoP error="invalid_dpop_proof", error_description="The DPoP proof is invalid", algs="ES256"`
	)
	missing := []string{offersBearer, offersDPoP}
	malformed := []string{`Bearer error="invalid_request", error_description="The request is malformed"`, offersDPoP}
	tooLarge := []string{`Bearer error="invalid_token", error_description="The access token is too large"`, offersDPoP}

	for _, c := range []struct {
		name   string
		line   string // "GET /orders/7 HTTP/1.1" if empty
		fields string
		noHost bool

		status     int
		challenges []string
		rule       string
	}{
		{name: "a good token", fields: authorization(good), status: 200},
		{name: "CRED-01 no token", status: 401, challenges: missing, rule: "CRED-01"},
		{name: "CRED-01 OPTIONS", line: "OPTIONS /orders/7 HTTP/1.1", fields: field("Origin", "https://app.example"), status: 401, challenges: missing, rule: "CRED-01"},
		{name: "CRED-01 HEAD", line: "HEAD /orders/7 HTTP/1.1", status: 401, challenges: missing, rule: "CRED-01"},
		{name: "HEAD", line: "HEAD /orders/7 HTTP/1.1", fields: authorization(good), status: 200},
		{name: "CLAIM-SCP-02", line: "POST /pay HTTP/1.1", fields: authorization(good) + field("Content-Length", "0"), status: 403, rule: "CLAIM-SCP-02",
			challenges: []string{`Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="pay"`}},
		{name: "CRED-03 two Authorization fields", fields: authorization(good) + field("authorization", good), status: 400, challenges: malformed, rule: "CRED-03"},
		{name: "CRED-03 an empty field, then a good one", fields: authorization("") + authorization(good), status: 400, challenges: malformed, rule: "CRED-03"},
		{name: "CRED-08 a token in the query too", line: "GET /orders/7?access_token=x HTTP/1.1", fields: authorization(good), status: 400, challenges: malformed, rule: "CRED-08"},
		{name: "60 kB of other fields", fields: strings.Repeat(field("X-Padding", strings.Repeat("a", 87)), 600) + authorization(good), status: 200},
		{name: "CRED-09 a token of 60 kB", fields: authorization("Bearer " + strings.Repeat("a", 60_000)), status: 401, challenges: tooLarge, rule: "CRED-09"},
		{name: "DPOP-CLM-04 a proof", fields: proof("GET", here), status: 200},
		{name: "DPOP-REQ-01 two proofs", fields: proof("GET", here) + field("DPoP", "x"), status: 401, challenges: []string{offersBearer, badProof}, rule: "DPOP-REQ-01"},
		{name: "DPOP-CLM-02 a proof of another method", fields: proof("POST", here), status: 401, challenges: []string{offersBearer, badProof}, rule: "DPOP-CLM-02"},
		{name: "DPOP-CLM-04 the path as received", line: "GET /orders/a%2fb HTTP/1.1", fields: proof("GET", "http://"+b.address+"/orders/a%2Fb"), status: 200},
		{name: "DPOP-CLM-04 an encoded slash is not a slash", line: "GET /orders/a%2fb HTTP/1.1", fields: proof("GET", "http://"+b.address+"/orders/a/b"), status: 401,
			challenges: []string{offersBearer, badProof}, rule: "DPOP-CLM-04"},
		{name: "PROXY-06 absolute form", line: "GET " + here + " HTTP/1.1", fields: proof("GET", here), status: 200},
		{name: "PROXY-06 absolute form of another host", line: "GET http://shop.example/orders/7 HTTP/1.1", fields: proof("GET", here), status: 401,
			challenges: []string{offersBearer, badProof}, rule: "DPOP-CLM-04"},
		{name: "PROXY-06 absolute form with userinfo", line: "GET http://user@" + b.address + "/orders/7 HTTP/1.1", fields: proof("GET", here), status: 400, challenges: malformed, rule: "PROXY-06"},
		{name: "PROXY-04 no host", noHost: true, fields: proof("GET", here), status: 400, challenges: malformed, rule: "PROXY-04"},
		{name: "PROXY-04 two hosts", fields: field("host", "shop.example") + proof("GET", here), status: 400, challenges: malformed, rule: "PROXY-04"},
		{name: "PROXY-04 two hosts, the good one last", noHost: true, fields: field("Host", "shop.example") + field("Host", b.address) + proof("GET", here), status: 400, challenges: malformed, rule: "PROXY-04"},
		{name: "HTTP/1.0", line: "GET /orders/7 HTTP/1.0", fields: proof("GET", here), status: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.line == "" {
				c.line = "GET /orders/7 HTTP/1.1"
			}
			if !c.noHost {
				c.fields = field("Host", b.address) + c.fields
			}
			method, _, _ := strings.Cut(c.line, " ")
			answer, text := b.say(t, method, c.line+"\r\n"+c.fields+"\r\n")
			if rule := b.rule(); answer.StatusCode != c.status || rule != c.rule {
				t.Errorf("answered %d %s by rule %q, want %d by %q", answer.StatusCode, text, rule, c.status, c.rule)
			}
			if diff := cmp.Diff(c.challenges, answer.Header.Values("WWW-Authenticate")); diff != "" {
				t.Errorf("challenges (-want +got):\n%s", diff)
			}
			switch {
			case method == "HEAD" && (text != "" || answer.ContentLength <= 0):
				t.Errorf("the answer to HEAD has %q, and says that GET has %d bytes", text, answer.ContentLength)
			case c.status != 200 && method != "HEAD" && (answer.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(text, "{") || !strings.HasSuffix(text, "}")):
				t.Errorf("the body is %s of type %s", text, answer.Header.Get("Content-Type"))
			case c.status == 200 && method != "HEAD" && text != "hello, user-1":
				t.Errorf("the body is %s", text)
			}
		})
	}
}

// A proof is used once, however many guards of one kind a request passes, and a new nonce is in the answer of the handler.
func TestGroupsAndNonces(t *testing.T) {
	clock := verifiertest.NewClock(time.Now())
	b := newBench(t, httpguard.Config{PublicURL: "https://api.example"}, func(c *verifier.Config) {
		c.DPoP.Nonce, c.Clock = verifier.NonceRequired, clock
	}, func(app *fiber.App, guard *httpguard.Guard) {
		bound, err := guard.For(verifier.Route{DPoP: true})
		if err != nil {
			t.Fatal(err)
		}
		app.Use(func(c fiber.Ctx) error { c.Set("X-Earlier", "kept"); return c.Next() }, fiberguard.Require(guard))
		app.Get("/orders", fiberguard.Require(bound), greet)
	})
	b.prover.Clock = clock
	send := func(nonce string) *http.Response {
		proof := b.prover.MustProof(t, "GET", "https://api.example/orders", b.bound, nil, verifiertest.Claims{"nonce": nonce})
		answer, text := b.say(t, "GET", "GET /orders HTTP/1.1\r\nHost: x\r\nAuthorization: DPoP "+b.bound+"\r\nDPoP: "+proof+"\r\n\r\n")
		if answer.StatusCode == 200 && text != "hello, user-1" || answer.Header.Get("X-Earlier") != "kept" {
			t.Errorf("answered %s with %v", text, answer.Header)
		}
		return answer
	}
	refused := send("none")
	nonce := refused.Header.Get("DPoP-Nonce")
	if refused.StatusCode != 401 || nonce == "" {
		t.Fatalf("answered %d with the nonce %q", refused.StatusCode, nonce)
	}
	if passed := send(nonce); passed.StatusCode != 200 || passed.Header.Get("DPoP-Nonce") != "" {
		t.Errorf("answered %d with the nonce, and sent %q", passed.StatusCode, passed.Header.Get("DPoP-Nonce"))
	}
	clock.Advance(4 * time.Minute)
	if passed := send(nonce); passed.StatusCode != 200 || passed.Header.Get("DPoP-Nonce") == "" {
		t.Errorf("NONCE-03: answered %d shortly before the nonce ends, with no new one", passed.StatusCode)
	}
	answer, _ := b.say(t, "GET", "GET /orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+b.bearer+"\r\n\r\n")
	if challenges := answer.Header.Values("WWW-Authenticate"); answer.StatusCode != 401 || len(challenges) != 1 || !strings.HasPrefix(challenges[0], "DPoP ") {
		t.Errorf("DPOP-REQ-06: answered %d with %q", answer.StatusCode, challenges)
	}
}

// An optional guard lets anonymous requests pass, and Refuse writes the answers to others.
func TestOptionalAndRefuse(t *testing.T) {
	b := newBench(t, httpguard.Config{
		Optional: true,
		Refuse: func(w http.ResponseWriter, r *http.Request, refusal httpguard.Refusal) {
			fmt.Fprintf(w, "%d of %s over %s from %s", refusal.Status, r.URL.Path, r.Proto, strings.Split(r.RemoteAddr, ":")[0])
		},
	}, nil, func(app *fiber.App, guard *httpguard.Guard) {
		app.Get("/orders", fiberguard.Require(guard), greet)
	})
	for fields, want := range map[string]string{"": "200 hello, stranger", "Authorization: Bearer x\r\n": "401 401 of /orders over HTTP/1.1 from 127.0.0.1"} {
		answer, text := b.say(t, "GET", "GET /orders?a=b HTTP/1.1\r\nHost: x\r\n"+fields+"\r\n")
		if got := fmt.Sprint(answer.StatusCode, " ", text); got != want {
			t.Errorf("with %q answered %s, want %s", fields, got, want)
		}
	}
}

// The certificate is that of the connection.
func TestMTLS(t *testing.T) {
	b := newBench(t, httpguard.Config{}, func(c *verifier.Config) { c.MTLS = verifier.MTLSOn }, func(app *fiber.App, guard *httpguard.Guard) {
		app.Get("/orders", fiberguard.Require(guard), greet)
	})
	own, pool := newCertificate(t), x509.NewCertPool()
	pool.AddCert(b.certificate.Leaf)
	sum := sha256.Sum256(own.Certificate[0])
	token := b.mint(t, verifiertest.Claims{"cnf": verifiertest.Claims{"x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}})
	for _, c := range []struct {
		has    []tls.Certificate
		status int
	}{{[]tls.Certificate{own}, 200}, {nil, 401}, {[]tls.Certificate{newCertificate(t)}, 401}} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "api.example", Certificates: c.has}}
		request, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+b.address+"/orders", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		transport.CloseIdleConnections()
		if answer.StatusCode != c.status {
			t.Errorf("MTLS-01 with %d certificates: answered %d, want %d", len(c.has), answer.StatusCode, c.status)
		}
	}
}

// Many requests at once keep apart what the server's memory had of others.
func TestManyAtOnce(t *testing.T) {
	b := newBench(t, httpguard.Config{}, nil, func(app *fiber.App, guard *httpguard.Guard) {
		app.Use(fiberguard.Require(guard))
		app.Get("/orders", greet)
	})
	var wait sync.WaitGroup
	for i := range 20 {
		subject := fmt.Sprintf("user-%02d", i)
		token := b.mint(t, verifiertest.Claims{"sub": subject})
		wait.Go(func() {
			transport := new(http.Transport)
			defer transport.CloseIdleConnections()
			for range 20 {
				request, err := http.NewRequest("GET", "http://"+b.address+"/orders", nil)
				if err != nil {
					t.Error(err)
					return
				}
				request.Header.Set("Authorization", "Bearer "+token)
				answer, err := transport.RoundTrip(request)
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				if string(body) != "hello, "+subject || err != nil {
					t.Errorf("%s is answered %d %s: %v", subject, answer.StatusCode, body, err)
				}
			}
		})
	}
	wait.Wait()
}

// newCertificate makes a certificate of api.example that signs itself.
func newCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"api.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// A lockedBuffer is a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// take returns what was logged since the last call.
func (l *lockedBuffer) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.b.Reset()
	return l.b.String()
}
