package contract

import (
	"context"
	"crypto/x509"
	"errors"
	"testing"

	"github.com/holdfast-go/holdfast/ports"
)

// FetchTraits say what [TestFetcher] can't know of a fetcher.
type FetchTraits struct {
	// MaxBytes is the largest body that the fetcher takes. Zero means 1 MiB; negative is an error.
	MaxBytes int64
}

const defaultMaxBytes = 1 << 20

// TestFetcher proves that the fetchers which open returns keep the contract of [ports.Fetcher]. It plays the issuer
// itself, on TLS servers at loopback addresses that answer as no issuer should; roots has the certificate to trust. It
// calls open once for each case, with the case's own t. A fetcher that can send cookies or credentials should be given
// some for the host 127.0.0.1, which the suite then looks for at another host.
func TestFetcher(t *testing.T, open func(t *testing.T, roots *x509.CertPool) ports.Fetcher, traits FetchTraits) {
	t.Helper()
	if traits.MaxBytes < 0 {
		t.Fatal(errors.New("contract: FetchTraits.MaxBytes is negative"))
	}
	runContract(t, fetchContract(), true, func(t *testing.T, trial trial) *fetchTrial {
		return newFetchTrial(t, trial, open, traits)
	})
}

// A fetchTrial is a case of the fetcher's contract under way.
type fetchTrial struct {
	trial
	FetchTraits
	open func(roots *x509.CertPool) ports.Fetcher
}

func newFetchTrial(
	t *testing.T, trial trial, open func(*testing.T, *x509.CertPool) ports.Fetcher, traits FetchTraits,
) *fetchTrial {
	if traits.MaxBytes == 0 {
		traits.MaxBytes = defaultMaxBytes
	}
	return &fetchTrial{trial, traits, func(roots *x509.CertPool) ports.Fetcher { return rescuedFetcher(open(t, roots), trial) }}
}

// rescuedFetcher returns a fetcher whose panics fail the case.
func rescuedFetcher(f ports.Fetcher, trial trial) ports.Fetcher {
	return ports.FetcherFunc(func(ctx context.Context, url string) (document ports.Document, err error) {
		defer trial.rescue("Fetch", &err)
		return f.Fetch(ctx, url)
	})
}

// fetch returns the answer to one fetch, which must not hang.
func (t *fetchTrial) fetch(f ports.Fetcher, url string) (document ports.Document, err error) {
	t.Helper()
	err = t.wantAnswer("Fetch", func() (err error) {
		document, err = f.Fetch(t.Context(), url)
		return err
	})
	return document, err
}

// wantDocument fetches what must be there.
func (t *fetchTrial) wantDocument(what string, f ports.Fetcher, url, want string) {
	t.Helper()
	if got, err := t.fetch(f, url); err != nil {
		t.fail("Fetch of %s: error %v", what, err)
	} else if string(got.Body) != want {
		t.fail("Fetch of %s returned %s, not the %s that were sent", what, sketch(got.Body), sketch([]byte(want)))
	}
}

// wantRefusal fetches what must not be taken for a document.
func (t *fetchTrial) wantRefusal(what string, f ports.Fetcher, url string) {
	t.Helper()
	if got, err := t.fetch(f, url); err == nil {
		t.fail("Fetch of %s returned %s and no error", what, sketch(got.Body))
	}
}
