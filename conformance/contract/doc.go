// Package contract proves that an implementation of a port keeps the port's contract.
//
// Each interface of package ports has a contract, its comments, and a function here that proves it sentence by sentence:
// [TestCache], [TestReplayStore], [TestFetcher], [TestTokenEndpoint], [TestClock], [TestDomainResolver] and
// [TestSignatureVerifier]. A vendor who wrote a Cache proves it in ten lines:
//
//	func TestContract(t *testing.T) {
//		contract.TestCache(t, func(t *testing.T) ports.Cache {
//			cache, err := vendorcache.Open(t.TempDir())
//			if err != nil {
//				t.Fatal(err)
//			}
//			return cache
//		}, contract.CacheTraits{Resolution: time.Millisecond})
//	}
//
// The constructor is called for each case, more than once where the case is about two handles. Traits say what a suite
// can't know of an adapter: how finely it counts time, what it can hold, how its server is reached. They are declared and
// never guessed, so a fault can't pass for a missing power; a case that can't be tried without a trait is skipped, names
// the trait, and is counted in the end.
//
// A case is a subtest, run by its ID (go test -run 'TestContract/Cache.Set/zero'), and its failure says the sentence,
// where it is, what was seen and what to do. A panic of the adapter fails the case that saw it:
//
//	Cache.Set/copies: Set stores a copy of value for ttl, replacing what was there (ports/cache.go, Cache.Set): Get
//	returned 5 bytes ("Xalue"), not the 5 bytes ("value") that were set; keep a clone of value (bytes.Clone)
//
// Run the suite with -race, which finds what no case can see. Keys are new in each run, so that several can share a
// server. Import this package from a module of its own, next to the adapter's, or its requirements become those of
// the adapter's users; examples/vendorcache in Holdfast's repository shows it.
package contract
