package issuer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// StartTest is [Start] for the length of a test, which ends at once if the server can't be started.
func StartTest(t testing.TB, keys ...*verifiertest.Key) *Server {
	t.Helper()
	s, err := Start(keys...)
	if err != nil {
		t.Fatalf("the test issuer can't be started: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// Verifier returns a verifier that accepts the server's tokens, for the length of a test. Config says the rest: at the
// least its Audiences. Where it names no Domain, Clock or Fetcher, they are the server's; the fetcher goes over the
// wire, so that what the server is made to do is felt.
func (s *Server) Verifier(t testing.TB, config verifier.Config) *verifier.Verifier {
	t.Helper()
	if config.Domain == "" && config.Domains == nil && config.Resolver == nil {
		config.Domain = s.URL
	}
	if config.Clock == nil {
		config.Clock = s.Clock
	}
	if config.Fetcher == nil {
		config.Fetcher = ports.FetcherFunc(s.Get)
	}
	if !s.secure() {
		config.InsecureAllowLoopbackHTTP = true
	}
	v, err := verifier.New(config)
	if err != nil {
		t.Fatalf("the verifier can't be made: %v", err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// Get is a [ports.Fetcher] of the server's documents, over TLS, for a verifier that is not about its fetcher: an API in
// production has httpfetch. It follows no redirect.
func (s *Server) Get(ctx context.Context, url string) (ports.Document, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return ports.Document{}, err
	}
	answer, err := s.Client().Transport.RoundTrip(request)
	if err != nil {
		return ports.Document{}, err
	}
	defer answer.Body.Close()
	if coding := answer.Header.Get("Content-Encoding"); answer.StatusCode != http.StatusOK || coding != "" {
		return ports.Document{}, fmt.Errorf("issuer: the status is %d and the Content-Encoding %q, want 200 and none", answer.StatusCode, coding)
	}
	const limit = 4 << 20 // more than a verifier takes
	body, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err == nil && len(body) > limit {
		err = fmt.Errorf("issuer: the document has over %d bytes", limit)
	}
	return ports.Document{Body: body, Fresh: freshness(answer.Header.Get("Cache-Control"))}, err
}

// freshness reads the few forms of Cache-Control that a Server writes.
func freshness(cacheControl string) time.Duration {
	if cacheControl == "no-store" {
		return -1
	}
	value, _ := strings.CutPrefix(cacheControl, "max-age=")
	seconds, _ := strconv.Atoi(value)
	return time.Duration(seconds) * time.Second
}
