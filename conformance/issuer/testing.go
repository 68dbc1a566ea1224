package issuer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

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
		config.Fetcher = ports.FetcherFunc(s.get)
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

// maxDocument bounds what get reads.
const maxDocument = 1 << 20

// get is a [ports.Fetcher] for tests; an API in production has one like httpfetch.
func (s *Server) get(ctx context.Context, url string) (ports.Document, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return ports.Document{}, err
	}
	answer, err := s.Client().Do(request)
	if err != nil {
		return ports.Document{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return ports.Document{}, fmt.Errorf("issuer: status %d", answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxDocument+1))
	if err == nil && len(body) > maxDocument {
		err = errors.New("issuer: the document is too large")
	}
	return ports.Document{Body: body}, err
}
