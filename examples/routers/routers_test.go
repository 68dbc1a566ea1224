package routers

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	"github.com/gofiber/fiber/v3"
	gorilla "github.com/gorilla/websocket"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const audience = "https://api.example"

// An api is a guard, and what its clients need.
type api struct {
	guard  *httpguard.Guard
	issuer *verifiertest.Issuer
	client *verifiertest.Prover
}

// newAPI returns an API that knows itself by https://api.example, behind one proxy.
func newAPI(t *testing.T) api {
	t.Helper()
	issuer := must(verifiertest.NewIssuer("https://issuer.example/"))
	v := must(verifier.New(verifier.Config{Domain: "issuer.example", Audiences: []string{audience}, Fetcher: issuer}))
	t.Cleanup(func() { v.Close() })
	guard := must(httpguard.New(v, httpguard.Config{
		Hosts:   []string{"api.example"},
		Proxies: httpguard.Proxies{Hops: 1, Forwarded: httpguard.XForwardedFor | httpguard.XForwardedProto | httpguard.XForwardedHost},
	}))
	return api{guard: guard, issuer: issuer, client: &verifiertest.Prover{Key: must(verifiertest.NewKey("ES256", "client"))}}
}

func (a api) token(claims verifiertest.Claims) string {
	all := verifiertest.Claims{"aud": audience}
	for name, value := range claims {
		all[name] = value
	}
	return must(a.issuer.Token(all))
}

func TestRouters(t *testing.T) {
	a := newAPI(t)
	for name, base := range map[string]string{
		"ServeMux":    serve(t, serveMux(a.guard)),
		"chi":         serve(t, chiRouter(a.guard)),
		"gorilla/mux": serve(t, gorillaMux(a.guard)),
		"gin":         serve(t, ginEngine(a.guard)),
		"echo":        serve(t, echoServer(a.guard)),
		"fiber":       serveFiber(t, fiberApp(a.guard)),
	} {
		t.Run(name, func(t *testing.T) {
			play(t, a, base)
			playTwoTokens(t, a, base)
		})
	}
}

func play(t *testing.T, a api, base string) {
	thumbprint := must(a.client.Thumbprint())
	reader, writer := a.token(verifiertest.Claims{"scope": "read:orders"}), a.token(verifiertest.Claims{"scope": "write:orders"})
	bound := a.token(verifiertest.Claims{"scope": "write:orders", "cnf": verifiertest.Claims{"jkt": thumbprint}})
	proof := func(method, url string) string { return must(a.client.Proof(method, url, bound, nil, nil)) }

	for _, c := range []struct {
		name, method, authorization, proof string

		status          int
		challenge, body string
	}{
		{name: "a good token", method: "GET", authorization: "Bearer " + reader, status: 200, body: "order 7 of user-1"},
		{name: "a good token with the scope", method: "POST", authorization: "Bearer " + writer, status: 200, body: "order 7 of user-1"},
		{name: "without the scope", method: "POST", authorization: "Bearer " + reader, status: 403,
			challenge: `Bearer error="insufficient_scope", error_description="The access token lacks a needed scope", scope="write:orders"`,
			body:      `{"error":"insufficient_scope","error_description":"The access token lacks a needed scope"}`},
		{name: "without a token", method: "GET", status: 401, challenge: `Bearer realm="api"`, body: `{"error_description":"An access token is needed"}`},
		{name: "a bad token", method: "GET", authorization: "Bearer x", status: 401,
			challenge: `Bearer error="invalid_token", error_description="The access token is malformed"`,
			body:      `{"error":"invalid_token","error_description":"The access token is malformed"}`},
		{name: "a proof for the public URL", method: "POST", authorization: "DPoP " + bound, proof: proof("POST", "https://api.example/orders/7"),
			status: 200, body: "order 7 of user-1"},
		{name: "a proof for the internal URL", method: "GET", authorization: "DPoP " + bound, proof: proof("GET", base+"/orders/7"), status: 401,
			challenge: `DPoP error="invalid_dpop_proof", error_description="The DPoP proof is invalid", algs="ES256"`,
			body:      `{"error":"invalid_dpop_proof","error_description":"The DPoP proof is invalid"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			request := must(http.NewRequestWithContext(t.Context(), c.method, base+"/orders/7?expand=lines", nil))
			set(request.Header, map[string]string{"Authorization": c.authorization, "DPoP": c.proof})
			set(request.Header, map[string]string{"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.example"})
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body := must(io.ReadAll(answer.Body))
			if answer.StatusCode != c.status || string(body) != c.body {
				t.Errorf("answered %d %s, want %d %s", answer.StatusCode, body, c.status, c.body)
			}
			if challenges := answer.Header.Values("WWW-Authenticate"); !strings.Contains(strings.Join(challenges, "\n"), c.challenge) {
				t.Errorf("the challenges are %q, want %s among them", challenges, c.challenge)
			}
		})
	}
}

// A proxy may have checked the one, and the API looks at the other.
func playTwoTokens(t *testing.T, a api, base string) {
	request := must(http.NewRequestWithContext(t.Context(), "GET", base+"/orders/7", nil))
	good := "Bearer " + a.token(nil)
	request.Header["Authorization"] = []string{good, good}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusBadRequest {
		t.Errorf("CRED-03: a request with two Authorization fields is answered %d", answer.StatusCode)
	}
}

// A stream that outlives its token ends with it, and says so.
func TestStreams(t *testing.T) {
	a := newAPI(t)
	base := serve(t, streams(a.guard))
	header := func() http.Header {
		expiring := a.token(verifiertest.Claims{"exp": time.Now().Add(2 * time.Second).Unix()})
		return http.Header{"Authorization": {"Bearer " + expiring}}
	}

	t.Run("server-sent events", func(t *testing.T) {
		request := must(http.NewRequestWithContext(t.Context(), "GET", base+"/events", nil))
		request.Header = header()
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var last string
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			if lines.Text() != "" {
				last = lines.Text()
			}
		}
		if want := "data: come back with a new token"; last != want {
			t.Errorf("the last line is %q, want %q", last, want)
		}
	})
	t.Run("gorilla/websocket", func(t *testing.T) {
		socket, _, err := gorilla.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(base, "http")+"/gorilla", header())
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
		for err == nil {
			_, _, err = socket.ReadMessage()
		}
		var closed *gorilla.CloseError
		if !errors.As(err, &closed) || closed.Code != gorilla.ClosePolicyViolation || closed.Text != "token expired" {
			t.Errorf("closed by %v", err)
		}
	})
	t.Run("coder/websocket", func(t *testing.T) {
		socket, _, err := coder.Dial(t.Context(), base+"/coder", &coder.DialOptions{HTTPHeader: header()})
		if err != nil {
			t.Fatal(err)
		}
		defer socket.CloseNow()
		for err == nil {
			_, _, err = socket.Read(t.Context())
		}
		var closed coder.CloseError
		if !errors.As(err, &closed) || closed.Code != coder.StatusPolicyViolation || closed.Reason != "token expired" {
			t.Errorf("closed by %v", err)
		}
	})
}

// A WebSocket that may not be opened is answered as any other request, by a client of either library.
func TestRefusedUpgrades(t *testing.T) {
	a := newAPI(t)
	base := serve(t, streams(a.guard))
	thumbprint := must(a.client.Thumbprint())
	bound := a.token(verifiertest.Claims{"cnf": verifiertest.Claims{"jkt": thumbprint}})
	const offersDPoP = `DPoP algs="ES256"`
	for name, c := range map[string]struct {
		authorization, htu string

		status     int
		challenges []string
	}{
		"CRED-01 no token": {status: 401, challenges: []string{`Bearer realm="api"`, offersDPoP}},
		"a bad token": {authorization: "Bearer x", status: 401,
			challenges: []string{`Bearer error="invalid_token", error_description="The access token is malformed"`, offersDPoP}},
		"CLAIM-EXP-02 an expired token": {authorization: "Bearer " + a.token(verifiertest.Claims{"exp": time.Now().Add(-time.Minute).Unix()}), status: 401,
			challenges: []string{`Bearer error="invalid_token", error_description="The access token expired"`, offersDPoP}},
		"DPOP-CLM-04 a proof for the handshake": {authorization: "DPoP " + bound, htu: "https://api.example/", status: 101},
		"DPOP-CLM-03 a proof for wss": {authorization: "DPoP " + bound, htu: "wss://api.example/", status: 401,
			challenges: []string{`Bearer realm="api"`, `DPoP error="invalid_dpop_proof", error_description="The DPoP proof is invalid", algs="ES256"`}},
	} {
		for library, dial := range map[string]func(http.Header) (*http.Response, error){
			"gorilla": func(header http.Header) (*http.Response, error) {
				socket, answer, err := gorilla.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(base, "http")+"/gorilla", header)
				if err == nil {
					socket.Close()
				}
				return answer, err
			},
			"coder": func(header http.Header) (*http.Response, error) {
				socket, answer, err := coder.Dial(t.Context(), base+"/coder", &coder.DialOptions{HTTPHeader: header})
				if err == nil {
					socket.CloseNow()
				}
				return answer, err
			},
		} {
			t.Run(name+" by "+library, func(t *testing.T) {
				header := http.Header{"X-Forwarded-For": {"203.0.113.5"}, "X-Forwarded-Proto": {"wss"}, "X-Forwarded-Host": {"api.example"}}
				if c.authorization != "" {
					header.Set("Authorization", c.authorization)
				}
				if c.htu != "" {
					header.Set("DPoP", must(a.client.Proof("GET", c.htu+library, bound, nil, nil)))
				}
				answer, err := dial(header)
				if answer == nil {
					t.Fatal(err)
				}
				if answer.StatusCode != c.status || (err == nil) != (c.status == 101) {
					t.Errorf("answered %d, %v, want %d", answer.StatusCode, err, c.status)
				}
				if challenges := answer.Header.Values("WWW-Authenticate"); !slices.Equal(challenges, c.challenges) {
					t.Errorf("the challenges are %q, want %q", challenges, c.challenges)
				}
			})
		}
	}
}

func serve(t *testing.T, handler http.Handler) string {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func serveFiber(t *testing.T, app *fiber.App) string {
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	served := make(chan error, 1)
	go func() { served <- app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}) }()
	t.Cleanup(func() {
		if err := app.ShutdownWithContext(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

func set(header http.Header, fields map[string]string) {
	for name, value := range fields {
		if value != "" {
			header.Set(name, value)
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
