package ports

import (
	"context"
	"time"
)

// A Fetcher gets a JSON document that an issuer publishes: its metadata or its key set.
//
// It is given absolute https URLs (or http ones of a loopback host, where the application allowed them by a name
// that says insecure). They come from configuration or from metadata that the configured issuer served, never
// from a token.
type Fetcher interface {
	// Fetch performs one GET of url and returns the document.
	//
	// It must return an error unless the final answer has status 200 and was read to its end.
	// It must bound the memory that one answer can take: a body over its limit is an error, not a cut.
	// It must follow a redirect only from https to https, and at most 3 of them.
	// It must not retry or cache on its own: when to ask again is the domain's business.
	// It must return soon after ctx has ended also while bytes of the answer still arrive: an issuer may send one at a
	// time, without end.
	// It must not send cookies or credentials that belong to another host.
	Fetch(ctx context.Context, url string) (Document, error)
}

// A Document is the answer to one [Fetcher.Fetch].
type Document struct {
	// Body is the document as received, without its content coding.
	Body []byte
	// Fresh is how much longer the document may be used without asking again, by RFC 9111 section 4.2: its
	// freshness lifetime less its age. Zero means that the answer did not say or could not be understood;
	// negative means that it must not be used again without asking (no-store, no-cache, or already stale).
	Fresh time.Duration
}

// FetcherFunc makes a function a [Fetcher].
type FetcherFunc func(ctx context.Context, url string) (Document, error)

// Fetch calls f.
func (f FetcherFunc) Fetch(ctx context.Context, url string) (Document, error) { return f(ctx, url) }
