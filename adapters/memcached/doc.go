// Package memcached holds Holdfast's shared cache and its replay store on memcached, by
// github.com/bradfitz/gomemcache: [Cache] is a ports.Cache, [ReplayStore] a ports.ReplayStore.
//
//	client := memcache.New("memcached.internal:11211")
//	cache, err := memcached.NewCache(client, memcached.Config{})
//	replays, err := memcached.NewReplayStore(client, memcached.Config{})
//
// Both take a client that the application has made, use it and never close it. They never list or flush.
//
// # Choose with care for replay
//
// Memcached is made to forget. It suits the cache well. As a replay store it opens a replay window with every
// eviction, every restart and every change of the server list, as [ReplayStore] tells; Redis is the better choice
// where there is one. In any case give the replay store a server of its own.
//
// Memcached has no authentication by default: whoever reaches its port can feed the domain documents, unless
// the application configured a cache secret, and can delete uses, so that proofs can be replayed.
//
// # Keys and servers
//
// A key is Config.Prefix, then "cache:" or "replay:", then the key that the domain gave: at most 199 of memcached's
// 250 bytes. A client with several servers chooses one by a hash of the key, modulo their number. If a server is
// away its keys give errors, not misses; no other server takes them over. Changing the list moves most keys.
// memcache.New resolves the servers' names once, and keeps silent where it can't: every call then fails. Name
// them by memcache.ServerList.SetServers to get the error.
//
// # Contexts, timeouts and connections
//
// gomemcache knows no contexts. A call returns when its context ends, but what was begun ends behind the caller's
// back: Client.Timeout (500 ms unless set) bounds its dialling and each of its reads and writes, and until then it
// holds a goroutine and a connection. Its effect is unknown; a Set that was given up may still land. So keep Timeout
// short: while a server hangs nothing else bounds what piles up. The domain gives a use 500 ms
// (verifier.Config.DPoP.ReplayTimeout); with a Timeout of 200 ms there is time for a second attempt.
//
// gomemcache keeps MaxIdleConns connections (2 unless set) to each server and opens more without a limit, closing
// them after one use: set it above the number of requests at once, and the servers' own limit (memcached -c) above
// that times the number of processes. It does not retry: after a server's restart each kept connection fails once.
//
// A panic in the client's DialContext or selector is an error of the call.
//
// TLS is the client's: set its DialContext to that of a tls.Dialer. Memcached needs -Z, which Debian's package has.
package memcached
