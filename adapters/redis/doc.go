// Package redis holds Holdfast's shared cache and its replay store on Redis, or on a server that speaks its
// protocol, by github.com/redis/go-redis/v9: [Cache] is a ports.Cache, [ReplayStore] a ports.ReplayStore.
//
//	client := goredis.NewClient(&goredis.Options{Addr: "redis.internal:6379", ContextTimeoutEnabled: true})
//	cache, err := redis.NewCache(client, redis.Config{})
//	replays, err := redis.NewReplayStore(client, redis.Config{})
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
// A key is Config.Prefix, then "cache:" or "replay:", then the key that the domain gave. These users may do what each
// port needs, on a single server, behind Sentinels and in a Cluster. Only a *redis.ClusterClient needs the permissions from
// +command on. The last user is for the Sentinels.
//
//	ACL SETUSER holdfast-cache on >secret ~holdfast:cache:* +getrange +set +del +command +cluster|slots +asking +readonly +ping
//	ACL SETUSER holdfast-replay on >secret ~holdfast:replay:* +getrange +set +command +cluster|slots +asking +readonly +ping
//	ACL SETUSER holdfast-sentinel on >secret &* +sentinel|get-master-addr-by-name +sentinel|sentinels +sentinel|replicas +subscribe +ping
//
// Whoever can write to the cache can feed the domain documents, unless the application configured a cache secret; whoever
// can delete from the replay store can replay proofs.
//
// # Clients
//
// A call returns when its context ends. The client holds a goroutine and a connection for it until go-redis' own time-outs,
// unless it has ContextTimeoutEnabled. The effect of such a call is unknown: a Set that was given up may still land. The
// domain gives a use 500 ms (verifier.Config.DPoP.ReplayTimeout), and go-redis 5 s by default, so make the client with
//
//	goredis.Options{ // the same in goredis.FailoverOptions and goredis.ClusterOptions
//		ContextTimeoutEnabled: true, // a call lets go of its connection when its context ends
//		DialTimeout:           200 * time.Millisecond,
//		ReadTimeout:           200 * time.Millisecond, // leaves time for a second attempt
//		WriteTimeout:          200 * time.Millisecond,
//		PoolTimeout:           200 * time.Millisecond,
//		DialerRetries:         1, // not five, 100 ms apart
//	}
//
// A *redis.ClusterClient learns once a minute which servers hold which keys. On an error the adapters have it look again, at
// most each 200 ms, so that keys are served as soon as a replica has taken over. They do so for any client that has
// a method ReloadState(context.Context).
//
// A panic in a hook of the client is an error of the call.
//
// TLS is the client's: set TLSConfig.
package redis
