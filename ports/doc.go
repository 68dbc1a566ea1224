// Package ports holds the interfaces through which Holdfast's domain (package verifier) reaches the world,
// and the values that cross them. It imports the standard library only, so an adapter that implements one of
// them adds nothing to its users' builds but its own client.
//
//	fetcher := ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
//		return ports.Document{}, ports.ErrUnavailable // your code
//	})
//
// Write an adapter against this package; write an application against package verifier. Every comment here is
// a contract: the conformance suite proves it sentence by sentence, for Holdfast's own adapters and for yours.
//
//   - [Fetcher] gets the JSON documents that an issuer publishes.
//   - [TokenEndpoint] sends requests to an issuer's token endpoint.
//   - [Cache] shares those documents among the processes of a fleet. It may forget: losing an entry is harmless.
//   - [ReplayStore] remembers which DPoP proofs were used. It must not forget: losing an entry is a security event.
//   - [Clock] tells the time.
//   - [DomainResolver] says which issuers a request may come from.
//   - [SignatureVerifier] verifies signatures in place of the standard library, for speed.
//
// What holds for every port:
//
//   - Concurrency. Every method must be safe for concurrent use.
//   - Context. A method that blocks must return soon after its context ends, with an error that
//     wraps the context's.
//   - Ownership. A caller may change a slice or map that it passed or got once the call has returned; an
//     implementation must therefore keep and hand out copies.
//   - Panics. A method must not panic, whatever a server answers. Package verifier takes a panic for an error of the
//     port, and logs it with its stack; one on a goroutine that the implementation started ends the process.
//   - Errors. An error means "cannot tell", never "no". Package verifier answers it with the class undecidable
//     (503), or does without the port where that is safe (a cache, a signature verifier). Errors are written to the operator's log:
//     they must not hold credentials.
//
// Interfaces here stay small, since a new method would break every implementation; new powers come as new
// fields of the structs that cross a port, or as optional interfaces.
package ports
