// Package keyring keeps the metadata and keys of issuers, so that a request finds them without waiting and an issuer
// is asked seldom.
//
// One issuer is in one of these states, by the age of its snapshot (what was last fetched) and the clock:
//
//		            good fetch                     soft TTL                     hard TTL
//		empty ------------------> fresh ----------------------> stale ----------------------> expired
//		  |                         ^                             |                              |
//		  | the request waits       |  one fetch in background    |                              | as empty
//		  +-------------------------+-----------------------------+------------------------------+
//
//	  - fresh: keys serve; nobody asks the issuer.
//	  - stale: keys serve, and one fetch runs in the background. When it fails the keys go on serving, and the next
//	    is due after a backoff.
//	  - empty, expired: requests wait for one shared fetch. When it fails they are undecidable, from memory, until
//	    the backoff has passed.
//
// In fresh and stale a key ID that is not in the snapshot forces a fetch past the shared cache, once a cooldown. The
// cooldown runs from the last forced fetch, so that a rotation right after start-up is seen at once.
//
// A fetch belongs to nobody: it outlives the request that started it, everyone who needs it shares it, and each
// waiter leaves when its own context ends. There is no timer; every transition is found by a request that looks at
// the clock.
package keyring
