// Command weblogin is a regular web application whose users log in at an OpenID Connect issuer. On its own it brings a
// test issuer along, at which anyone may log in:
//
//	go run ./examples/weblogin
//
// and then open http://127.0.0.1:3000. With a real issuer, an Auth0 tenant for example:
//
//	WEBLOGIN_ISSUER=tenant.eu.auth0.com WEBLOGIN_CLIENT_ID=... WEBLOGIN_CLIENT_SECRET=... go run ./examples/weblogin
//
// At the issuer the application's callback URL is http://127.0.0.1:3000/callback, and its logout URL
// http://127.0.0.1:3000/. Behind a proxy, WEBLOGIN_URL is the URL that browsers know the application by. With such a
// URL, or a client ID, it does not start without WEBLOGIN_ISSUER: its test issuer asks for no password.
//
// The login is OpenID Connect's code flow with PKCE, state and nonce. While it is under way, the browser keeps it in a
// sealed cookie, one for each tab. Of a user who is logged in, the browser keeps the handle of a session on this side, in
// the memory of this process: where there are several processes, use another store of the session library, and one key
// for the sealed cookies. The command ends on SIGINT or SIGTERM, after the requests under way.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/conformance/issuer"
)

func main() {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, logger); err != nil {
		logger.Error("weblogin ended", "err", err)
		os.Exit(1)
	}
}

// settings are what the flags and the environment say. The secret has no flag: other users of a machine can read flags.
type settings struct {
	listen, baseURL, issuer         string
	clientID, clientSecret          string
	audience                        string
	insecureAllowLoopbackHTTPIssuer bool
}

func parse(args []string, getenv func(string) string) (settings, error) {
	s := settings{clientSecret: getenv("WEBLOGIN_CLIENT_SECRET")}
	flags := flag.NewFlagSet("weblogin", flag.ContinueOnError)
	byEnv := func(name, otherwise string) string {
		if value := getenv(name); value != "" {
			return value
		}
		return otherwise
	}
	flags.StringVar(&s.listen, "listen", byEnv("WEBLOGIN_LISTEN", "127.0.0.1:3000"),
		"address to listen on (WEBLOGIN_LISTEN)")
	flags.StringVar(&s.baseURL, "url", byEnv("WEBLOGIN_URL", ""),
		"URL that browsers know the application by, the address if empty (WEBLOGIN_URL)")
	flags.StringVar(&s.issuer, "issuer", byEnv("WEBLOGIN_ISSUER", ""),
		"Auth0 domain or issuer URL, a test issuer if empty (WEBLOGIN_ISSUER)")
	flags.StringVar(&s.clientID, "client-id", byEnv("WEBLOGIN_CLIENT_ID", ""),
		"the application's client_id (WEBLOGIN_CLIENT_ID; the secret is WEBLOGIN_CLIENT_SECRET)")
	flags.StringVar(&s.audience, "audience", byEnv("WEBLOGIN_AUDIENCE", ""),
		"the API that the access token is for, for an application that calls one: Auth0's audience (WEBLOGIN_AUDIENCE)")
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	if s.issuer != "" && s.clientID == "" {
		return settings{}, errors.New("an issuer needs a client ID: set WEBLOGIN_CLIENT_ID")
	}
	return s, nil
}

func run(ctx context.Context, args []string, getenv func(string) string, logger *slog.Logger) error {
	s, err := parse(args, getenv)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	if s.baseURL == "" {
		s.baseURL = "http://" + listener.Addr().String()
	}
	s.baseURL = strings.TrimSuffix(s.baseURL, "/")
	if s.issuer == "" {
		if err := s.checkTestIssuer(); err != nil {
			return err
		}
		tenant, err := startTestIssuer(&s)
		if err != nil {
			return err
		}
		defer tenant.Close()
		logger.Warn("this is a test issuer: anyone may log in, without a password", "issuer", tenant.URL)
	}
	a, err := newApp(s, logger)
	if err != nil {
		return err
	}
	defer a.verifier.Close()

	server := &http.Server{
		Handler:           a.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	logger.Info("open this in a browser", "url", s.baseURL)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	logger.Info("ending")
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return fmt.Errorf("requests under way were cut off: %w", err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// checkTestIssuer refuses the test issuer where more than this machine is meant: anyone may log in at it.
func (s settings) checkTestIssuer() error {
	base, err := url.Parse(s.baseURL)
	switch {
	case s.clientID != "" || s.clientSecret != "":
		return errors.New("WEBLOGIN_CLIENT_ID and WEBLOGIN_CLIENT_SECRET are of an issuer: set WEBLOGIN_ISSUER")
	case err != nil || !isLoopback(base):
		return fmt.Errorf("anyone could log in at %q by the test issuer: set WEBLOGIN_ISSUER, or a WEBLOGIN_URL on this machine", s.baseURL)
	}
	return nil
}

// startTestIssuer starts an issuer at which the application is registered: over plain HTTP, since no browser would trust
// its certificate.
func startTestIssuer(s *settings) (*issuer.Server, error) {
	tenant, err := issuer.StartInsecureHTTP()
	if err != nil {
		return nil, err
	}
	s.issuer, s.insecureAllowLoopbackHTTPIssuer = tenant.URL, true
	s.clientID, s.clientSecret = "weblogin", "a secret of the test issuer's"
	err = tenant.Register(issuer.Client{
		ID: s.clientID, Secret: s.clientSecret,
		RedirectURIs:           []string{s.baseURL + callbackPath},
		PostLogoutRedirectURIs: []string{s.baseURL + "/"},
	})
	if err != nil {
		tenant.Close()
		return nil, err
	}
	return tenant, nil
}
