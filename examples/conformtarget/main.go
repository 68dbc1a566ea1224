// Command conformtarget is an API for holdfast-conform to play its catalogue on: Holdfast itself, and a model for targets
// in other languages: it has all powers. What its environment says is in docs/guide/prove.md:
//
//	go build ./examples/conformtarget
//	go run ./conformance/cmd/holdfast-conform run -- ./conformtarget
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
)

func main() {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.LookupEnv, logger); err != nil {
		logger.Error("conformtarget ended", "err", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, lookup func(string) (string, bool), logger *slog.Logger) error {
	told := &telling{lookup: lookup}
	handler, v, err := newAPI(told, logger)
	if err != nil {
		return err
	}
	defer v.Close()
	server := &http.Server{
		Addr:              told.getenv("HOLDFAST_LISTEN"),
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- listen(server, told) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return server.Shutdown(grace)
}

// listen listens with TLS if that is told, and asks clients for a certificate: it needs no chain, since tokens are bound to
// it by its hash (RFC 8705 section 3).
func listen(server *http.Server, told *telling) error {
	certificate, key := told.getenv("HOLDFAST_TLS_CERT"), told.getenv("HOLDFAST_TLS_KEY")
	if certificate == "" {
		return server.ListenAndServe()
	}
	server.TLSConfig = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	return server.ListenAndServeTLS(certificate, key)
}

// newAPI puts what the catalogue asks for behind a guard.
func newAPI(told *telling, logger *slog.Logger) (http.Handler, *verifier.Verifier, error) {
	client, err := trusting(told.getenv("HOLDFAST_CA_FILE"))
	if err != nil {
		return nil, nil, err
	}
	config, front := told.verifier(), told.front()
	if told.err != nil {
		return nil, nil, told.err
	}
	if config.Fetcher, err = httpfetch.New(httpfetch.Config{Client: client}); err != nil {
		return nil, nil, err
	}
	v, err := verifier.New(config)
	if err != nil {
		return nil, nil, err
	}
	front.Logger = logger
	guard, err := httpguard.New(v, front)
	if err != nil {
		v.Close()
		return nil, nil, err
	}
	handler, err := routes(guard)
	if err != nil {
		v.Close()
		return nil, nil, err
	}
	return handler, v, nil
}

// trusting returns a client that trusts the issuer's certificate and no other.
func trusting(caFile string) (*http.Client, error) {
	certificate, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("HOLDFAST_CA_FILE: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(certificate) {
		return nil, errors.New("HOLDFAST_CA_FILE has no certificate")
	}
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}, nil
}
