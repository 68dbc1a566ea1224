// Package keyring keeps the metadata and keys of issuers, so that a request finds them without waiting and an issuer
// is asked seldom.
//
// One issuer is in one of these states, by the age of its snapshot (what was last fetched):
//
//		         good fetch           95 %              soft TTL               hard TTL
//		empty --------------> fresh --------> due ----------------> stale ----------------> expired
//		  |                     ^              |                      |                        |
//		  | the request waits   |  one fetch   |    one fetch runs;   |                        | as empty
//		  +---------------------+--- behind ---+--- requests wait ----+                        |
//		                                            for it, unless the issuer fails            |
//
//	  - fresh: keys serve; nobody asks the issuer.
//	  - due: keys serve, and a request starts one fetch that nobody waits for. An issuer that is in use is so refreshed
//	    ahead of its soft TTL. The point is 90 to 95 % of it, at random, so that a fleet does not ask at once.
//	  - stale: keys serve only where the issuer was asked and failed: its last fetch failed so lately that the next one
//	    is not overdue, or the fetch under way has had no answer for WaitTimeout. Otherwise requests wait for the fetch:
//	    a key that was withdrawn while the process was idle must not verify anything.
//	  - empty, expired: requests wait for the fetch. When it fails they are undecidable, from memory, until the backoff
//	    has passed. A snapshot from the future (the clock was set back) counts as expired.
//
// A key ID that is not in the snapshot joins the fetch under way, or forces one past the shared cache, once a cooldown.
// A fetch that began after the request came decides: the issuer has no such key. Within the cooldown the snapshot
// decides, but not about a token that says it was issued after the snapshot was fetched: that one is undecidable.
//
// A fetch belongs to nobody: it outlives the request that started it and everyone who needs it shares it. It ends after
// FetchTimeout, whatever the Fetcher does. A request waits for at most WaitTimeout in all, and leaves when its own
// context ends. Fetches wait for their turn in a bounded queue without goroutines (slots.go).
//
// Except for these bounds there is no timer; every transition is found by a request that looks at the clock.
package keyring
