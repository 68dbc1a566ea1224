package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	jwtmiddleware "github.com/auth0/go-jwt-middleware/v3"
	"github.com/golang-jwt/jwt/v5"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
)

// A serverKind is a whole server: one process on one core, which answers "ok" to who may pass.
type serverKind struct {
	name string
	node bool
	bare bool // it verifies nothing
}

func serverKinds() []serverKind {
	return []serverKind{
		{name: "net/http, bare", bare: true},
		{name: holdfastName},
		{name: acceleratedName},
		{name: jwtMiddlewareName},
		{name: golangJWTName},
		{name: "node:http, bare", node: true, bare: true},
		{name: "express-oauth2-jwt-bearer", node: true},
		{name: "jose", node: true},
		{name: "oauth4webapi", node: true},
		{name: "fast-jwt", node: true},
	}
}

// A server is one that runs.
type server struct {
	serverKind
	url  string
	stop func()
}

// The environment that a server is started with.
const (
	issuerVariable   = "ISSUER"
	audienceVariable = "AUDIENCE"
	lifeVariable     = "TTL" // of keys in memory, in milliseconds; empty for the server's default
	trustVariable    = "NODE_EXTRA_CA_CERTS"
)

// start runs a server. Life is how long it keeps keys; zero means its default.
func (k serverKind) start(ctx context.Context, t *tenant, trust string, life time.Duration) (*server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"-serve", k.name}
	if k.node {
		name, _, _ := strings.Cut(strings.TrimPrefix(k.name, "node:http, "), " ")
		program, args = "node", []string{"node/server.mjs", name}
	}
	ctx, cancel := context.WithCancel(ctx)
	child := exec.CommandContext(ctx, program, args...)
	child.Stderr = os.Stderr
	child.Env = append(os.Environ(), issuerVariable+"="+t.URL, audienceVariable+"="+audience, trustVariable+"="+trust)
	if life > 0 {
		child.Env = append(child.Env, lifeVariable+"="+strconv.FormatInt(life.Milliseconds(), 10))
	}
	output, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	stop := func() {
		cancel()
		_ = child.Wait() // it was killed
	}
	port, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		stop()
		return nil, fmt.Errorf("%s has not started: %w", k.name, err)
	}
	return &server{k, "http://127.0.0.1:" + strings.TrimSpace(port), stop}, nil
}

// processor returns the processor time that the server has taken.
func (s *server) processor(ctx context.Context) (time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/cpu", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	microseconds, err := strconv.ParseInt(string(body), 10, 64)
	return time.Duration(microseconds) * time.Microsecond, err
}

// serve is a server in Go, until ctx ends.
func serve(ctx context.Context, name string, out io.Writer) error {
	runtime.GOMAXPROCS(1)
	t, life, err := tenantOfParent()
	if err != nil {
		return err
	}
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	var after cleanup
	defer after.run()
	guarded, err := guard(ctx, name, t, life, ok, &after)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /orders", guarded)
	mux.HandleFunc("GET /cpu", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, processorTime().Microseconds())
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, listener.Addr().(*net.TCPAddr).Port)
	s := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// tenantOfParent is the issuer that the parent runs.
func tenantOfParent() (*tenant, time.Duration, error) {
	trusted, err := os.ReadFile(os.Getenv(trustVariable))
	if err != nil {
		return nil, 0, err
	}
	client, err := clientTrusting(trusted)
	if err != nil {
		return nil, 0, err
	}
	milliseconds, _ := strconv.Atoi(os.Getenv(lifeVariable))
	return foreignTenant(os.Getenv(issuerVariable), "RS256", client), time.Duration(milliseconds) * time.Millisecond, nil
}

// clientTrusting returns a client that trusts a certificate and no other.
func clientTrusting(pem []byte) (*http.Client, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate to trust")
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}, nil
}

// guard puts a library's verification in front of next, as its README says for net/http.
func guard(ctx context.Context, name string, t *tenant, life time.Duration, next http.Handler, after *cleanup) (http.Handler, error) {
	switch name {
	case holdfastName, acceleratedName:
		return guardHoldfast(name, t, life, next, after)
	case jwtMiddlewareName:
		v, err := newJWTMiddlewareValidator(t, life)
		if err != nil {
			return nil, err
		}
		m, err := jwtmiddleware.New(jwtmiddleware.WithValidator(v))
		if err != nil {
			return nil, err
		}
		return m.CheckJWT(next), nil
	case golangJWTName:
		return guardGolangJWT(ctx, t, life, next)
	}
	return next, nil
}

func guardHoldfast(name string, t *tenant, life time.Duration, next http.Handler, after *cleanup) (http.Handler, error) {
	by, accelerated, err := ways()
	if name == acceleratedName {
		by = accelerated
	}
	if err != nil {
		return nil, err
	}
	v, err := newHoldfast(t, by, nil, after, func(c *verifier.Config) { c.Keys.SoftTTL, c.Keys.MinTTL = life, life })
	if err != nil {
		return nil, err
	}
	g, err := httpguard.New(v, httpguard.Config{PublicURL: "http://api.example"})
	if err != nil {
		return nil, err
	}
	return g.Handler(next), nil
}

func guardGolangJWT(ctx context.Context, t *tenant, life time.Duration, next http.Handler) (http.Handler, error) {
	keys, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{t.keySetURL()}, keyfunc.Override{Client: t.client, RefreshInterval: life})
	if err != nil {
		return nil, err
	}
	parser := newGolangJWTParser(t)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if _, err := parser.ParseWithClaims(token, &jwt.RegisteredClaims{}, keys.Keyfunc); err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	}), nil
}
