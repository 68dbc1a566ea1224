// Package redis holds Holdfast's shared cache and its replay store on Redis, or on a server that speaks its
// protocol, by github.com/redis/go-redis/v9: [Cache] is a ports.Cache, [ReplayStore] a ports.ReplayStore.
//
// Both take a client that the application has made: a *redis.Client, one that follows Sentinel, or a
// *redis.ClusterClient. They use it and never close it. Each command names one key, so any Cluster can serve it,
// and they never list, scan or flush.
//
// # Two ports, two kinds of server
//
// The cache may forget; the replay store must not. One server can serve both only if it is fit for the second, as
// [ReplayStore] tells; where the cache is large or its server evicts, give each its own client.
//
// # Keys and permissions
//
// A key is Config.Prefix, then "cache:" or "replay:", then the key that the domain gave. The cache needs the
// commands GETRANGE, SET and DEL, the replay store SET alone:
//
//	ACL SETUSER holdfast-cache  on >secret ~holdfast:cache:*  +getrange +set +del
//	ACL SETUSER holdfast-replay on >secret ~holdfast:replay:* +set
//
// A *redis.ClusterClient needs +cluster|slots and +command besides. Whoever can write to the cache can feed the
// domain documents, unless the application configured a cache secret; whoever can delete from the replay store can
// replay proofs.
//
// # Contexts and timeouts
//
// A call returns when its context ends. go-redis itself waits on until a reply or its own timeouts, so each call
// runs in a goroutine of its own, and what was begun ends behind the caller's back, on a connection of the client's
// pool; the effect of such a call is unknown, and a Set that was given up may still land. Make the client with
// ContextTimeoutEnabled, and the connection too is free at the context's deadline.
package redis
