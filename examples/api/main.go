// Command api is a small API that Holdfast protects, for a real issuer. Each flag can be given by the environment too, -keys-ttl
// as API_KEYS_TTL:
//
//	API_DOMAINS=tenant.eu.auth0.com API_AUDIENCE=https://api.example.com go run ./examples/api
//
// GET /health needs no token, GET /whoami one, GET /orders one with the scope read:orders. It ends on SIGINT or
// SIGTERM, after the requests under way.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

func main() {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, logger); err != nil {
		logger.Error("api ended", "err", err)
		os.Exit(1)
	}
}

// settings are what the flags and the environment say.
type settings struct {
	listen, domains, audience, algorithms, publicURL string
	loopbackHTTP                                     bool

	dpop                   verifier.DPoPMode
	dpopMaxAge, dpopLeeway time.Duration
	keysTTL, timeout       time.Duration
	maxIssuers             int
}

var dpopModes = map[string]verifier.DPoPMode{
	"allowed": verifier.DPoPAllowed, "required": verifier.DPoPRequired, "disabled": verifier.DPoPDisabled,
}

func parse(args []string, getenv func(string) string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("api", flag.ContinueOnError)
	flags.StringVar(&s.listen, "listen", "127.0.0.1:8080", "address to listen on")
	flags.StringVar(&s.domains, "domains", "", "Auth0 domains or issuer URLs, separated by commas")
	flags.StringVar(&s.audience, "audience", "", "audience that tokens must name")
	flags.StringVar(&s.algorithms, "algorithms", "RS256", "signature algorithms, separated by commas")
	flags.StringVar(&s.publicURL, "public-url", "", "URL that clients know the API by, such as https://api.example.com: set it behind a proxy and wherever DPoP is used")
	flags.BoolVar(&s.loopbackHTTP, "insecure-loopback-http", false, "allow issuers on http://127.0.0.1 and the like")
	flags.Func("dpop", "DPoP is allowed, required or disabled (default allowed)", func(written string) error {
		mode, known := dpopModes[written]
		if !known {
			return errors.New("write allowed, required or disabled")
		}
		s.dpop = mode
		return nil
	})
	flags.DurationVar(&s.dpopMaxAge, "dpop-max-age", 0, "how old a DPoP proof may be, such as 300s; 0 is the library's default, here and below")
	flags.DurationVar(&s.dpopLeeway, "dpop-leeway", 0, "how far ahead a proof may be")
	flags.DurationVar(&s.keysTTL, "keys-ttl", 0, "how long keys are used without asking the issuer again")
	flags.IntVar(&s.maxIssuers, "max-issuers", 0, "how many issuers' keys are held")
	flags.DurationVar(&s.timeout, "timeout", 0, "how long a request to an issuer may take")

	var faults []error
	flags.VisitAll(func(f *flag.Flag) {
		name := "API_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value := getenv(name); value != "" {
			if err := f.Value.Set(value); err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", name, err))
			}
		}
	})
	return s, errors.Join(append(faults, flags.Parse(args))...)
}

func run(ctx context.Context, args []string, getenv func(string) string, logger *slog.Logger) error {
	s, err := parse(args, getenv)
	if err != nil {
		return err
	}
	handler, v, err := newAPI(s, logger)
	if err != nil {
		return err
	}
	defer v.Close()

	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	logger.Info("listening", "address", listener.Addr().String())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if err := v.Warm(ctx); err != nil {
		// No reason to end: the keys are fetched when they are first needed.
		logger.Warn("issuer not reached yet", "err", err)
	}
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

// newAPI puts the handlers behind a guard.
func newAPI(s settings, logger *slog.Logger) (http.Handler, *verifier.Verifier, error) {
	fetcher, err := httpfetch.New(httpfetch.Config{Timeout: s.timeout, InsecureAllowLoopbackHTTP: s.loopbackHTTP})
	if err != nil {
		return nil, nil, err
	}
	var domains []ports.Domain
	for _, name := range strings.Split(s.domains, ",") {
		domains = append(domains, ports.Domain{Issuer: name})
	}
	v, err := verifier.New(verifier.Config{
		Domains:                   domains,
		Audiences:                 []string{s.audience},
		Algorithms:                strings.Split(s.algorithms, ","),
		DPoP:                      verifier.DPoP{Mode: s.dpop, MaxAge: s.dpopMaxAge, Leeway: s.dpopLeeway},
		Keys:                      verifier.KeyPolicy{SoftTTL: s.keysTTL, MaxIssuers: s.maxIssuers},
		Fetcher:                   fetcher,
		Logger:                    logger,
		InsecureAllowLoopbackHTTP: s.loopbackHTTP,
	})
	if err != nil {
		return nil, nil, err
	}
	guard, err := httpguard.New(v, httpguard.Config{PublicURL: s.publicURL, Logger: logger})
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("GET /whoami", guard.Handler(http.HandlerFunc(whoami)))
	mux.Handle("GET /orders", guard.Handler(http.HandlerFunc(orders), "read:orders"))
	return mux, v, nil
}

func whoami(w http.ResponseWriter, r *http.Request) {
	token, _ := httpguard.From(r.Context())
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"issuer": token.Issuer, "subject": token.Subject, "client": token.ClientID, "scopes": token.Scopes, "expires": token.ExpiresAt,
	})
}

func orders(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintln(w, `["a book","a pen"]`)
}
