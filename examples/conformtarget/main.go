// Command conformtarget is an API for holdfast-conform to play its catalogue on: Holdfast itself, and a model for targets
// in other languages. What its environment says is in the documentation of that command:
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
	if err := run(ctx, os.Getenv, logger); err != nil {
		logger.Error("conformtarget ended", "err", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, getenv func(string) string, logger *slog.Logger) error {
	handler, v, err := newAPI(getenv, logger)
	if err != nil {
		return err
	}
	defer v.Close()
	server := &http.Server{
		Addr:              getenv("HOLDFAST_LISTEN"),
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		MaxHeaderBytes:    64 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return server.Shutdown(grace)
}

var modes = map[string]verifier.DPoPMode{
	"allowed": verifier.DPoPAllowed, "required": verifier.DPoPRequired, "disabled": verifier.DPoPDisabled,
}

// newAPI puts what the catalogue asks for behind a guard.
func newAPI(getenv func(string) string, logger *slog.Logger) (http.Handler, *verifier.Verifier, error) {
	mode, known := modes[getenv("HOLDFAST_DPOP")]
	if !known {
		return nil, nil, errors.New("HOLDFAST_DPOP must be allowed, required or disabled")
	}
	client, err := trusting(getenv("HOLDFAST_CA_FILE"))
	if err != nil {
		return nil, nil, err
	}
	fetcher, err := httpfetch.New(httpfetch.Config{Client: client})
	if err != nil {
		return nil, nil, err
	}
	v, err := verifier.New(verifier.Config{
		Domain:    getenv("HOLDFAST_ISSUER"),
		Audiences: []string{getenv("HOLDFAST_AUDIENCE")},
		Fetcher:   fetcher,
		DPoP:      verifier.DPoP{Mode: mode},
	})
	if err != nil {
		return nil, nil, err
	}
	guard, err := httpguard.New(v, httpguard.Config{Logger: logger})
	if err != nil {
		return nil, nil, err
	}
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux := http.NewServeMux()
	mux.Handle("/health", ok)
	mux.Handle("/resource", guard.Handler(ok))
	mux.Handle("/resource/", guard.Handler(ok))
	mux.Handle("/scoped", guard.Handler(ok, "read:conformance"))
	return mux, v, nil
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
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}, nil
}
