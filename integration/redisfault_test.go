package integration

import (
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/holdfast-go/holdfast/integration/internal/servers"
	"github.com/holdfast-go/holdfast/ports"
)

// replayHandles opens two replay stores as package redis advises, each with a client of its own.
func replayHandles(t *testing.T, options goredis.UniversalOptions) []ports.ReplayStore {
	t.Helper()
	var stores []ports.ReplayStore
	for range 2 {
		stores = append(stores, redisReplays(t, redisClientAsAdvised(t, options)))
	}
	return stores
}

// keysOfSlots returns what makes new keys that are in the slots from first to before end.
func keysOfSlots(first, end int) func() string {
	return func() string {
		for {
			key := newKey()
			if slot := servers.Slot(replayPrefix + key); first <= slot && slot < end {
				return key
			}
		}
	}
}

func keysOfShard(i int) func() string {
	return keysOfSlots(servers.FirstSlot(i), servers.FirstSlot(i+1))
}

// TestFaultRedisCluster moves slots of a Cluster, lets one master die, and another hang, while proofs are used.
func TestFaultRedisCluster(t *testing.T) {
	t.Parallel()
	cluster := servers.RedisClusterWithReplicas(t)
	options := permit(t, goredis.UniversalOptions{Addrs: cluster.Addresses()}, cluster.Addresses())
	options.Username = replayUser
	storm := startStorm(t, replayHandles(t, options))
	storm.awaitProofs(100)

	t.Log("slots move")
	const moved = 10
	first := servers.FirstSlot(2)
	storm.useKeys(keysOfSlots(first, first+moved))
	for slot := first; slot < first+moved; slot++ {
		cluster.Move(slot, cluster.Masters[2], cluster.Masters[1], func() {
			storm.awaitProofs(20)
			storm.wantBack(keysOfSlots(slot, slot+1))
		})
	}
	storm.awaitProofs(20)
	storm.useKeys(newKey)

	t.Log("a master dies")
	storm.strike(cluster.Masters[0], cluster.Replicas[0], cluster.Masters[0].Kill)
	storm.wantBack(keysOfShard(0))

	t.Log("a master hangs and comes back")
	master := cluster.Masters[1]
	storm.strike(master, cluster.Replicas[1], master.Stop)
	storm.wantBack(keysOfShard(1))
	master.Continue()
	master.AwaitRole("slave")
	storm.awaitProofs(100)
	storm.wantBack(keysOfShard(1))
}

// TestFaultRedisSentinel lets a master that Sentinels watch hang and come back, and then its replica die, while proofs are
// used.
func TestFaultRedisSentinel(t *testing.T) {
	t.Parallel()
	const name = "holdfast"
	redis := servers.RedisSentinel(t, name)
	options := permit(t, goredis.UniversalOptions{MasterName: name, Addrs: redis.Addresses()}, []string{redis.Master.Address, redis.Replica.Address})
	options.Username = replayUser
	storm := startStorm(t, replayHandles(t, options))
	storm.awaitProofs(100)

	t.Log("a master hangs and comes back")
	storm.strike(redis.Master, redis.Replica, redis.Master.Stop)
	storm.wantBack(newKey)
	redis.AwaitAgreement(redis.Replica)
	redis.Master.Continue()
	redis.Master.AwaitRole("slave")
	storm.awaitProofs(100)

	t.Log("a master dies")
	storm.strike(redis.Replica, redis.Master, redis.Replica.Kill)
	storm.wantBack(newKey)
}
