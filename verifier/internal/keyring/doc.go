// Package keyring keeps the metadata and keys of issuers, so that a request finds them without waiting and an issuer
// is asked rarely.
//
// One issuer is in one of these states, by the age of its snapshot (what was last fetched):
//
//	         good fetch        90 to 95 %          soft TTL             hard TTL
//	empty -------------> fresh ----------> due -------------> stale -------------> expired
//	  |                    ^                |                   |                     |
//	  |  requests wait for |   one fetch    |  requests wait    |                     | as empty
//	  |  one fetch         |   behind       |  for one fetch,   |                     |
//	  |                    |                |  unless the       |                     |
//	  |                    |                |  issuer fails     |                     |
//	  +--------------------+----------------+-------------------+---------------------+
//
// What a request finds in each of them:
//
//   - fresh: keys serve, and the issuer is not asked.
//   - due: keys serve, and the request starts one fetch without waiting for it. So an issuer that is in use is
//     refreshed ahead of its soft TTL. The point is 90 to 95 % of it, at random, so that a fleet does not ask at once.
//   - stale: keys serve only where the issuer was asked and failed: its last fetch failed at most the longest backoff and
//     WaitTimeout ago, or the fetch under way has had no answer for WaitTimeout. Otherwise the request waits for the
//     fetch: a key that was withdrawn while the process was idle must not verify anything.
//   - empty, expired: the request waits for the fetch. When that fails, requests are undecidable, from memory, until the
//     backoff has passed. A snapshot from the future (the clock was set back) counts as expired.
//
// A key ID that is not in the snapshot joins the fetch under way, or forces one past the shared cache, once a cooldown.
// A fetch that began after the request came decides: the issuer has no such key. Within the cooldown the snapshot
// decides, but not about a token that says it was issued after the snapshot was fetched: that one is undecidable.
//
// A fetch belongs to no single request: it outlives the one that started it, and all that need it share it. It ends after
// FetchTimeout, whatever the Fetcher does. A request waits for at most WaitTimeout in all, and leaves when its own
// context ends. Fetches wait for their turn in a bounded queue without goroutines (slots.go).
//
// Except for these bounds there is no timer; every transition is found by a request that looks at the clock.
package keyring
