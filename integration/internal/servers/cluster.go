package servers

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Slots is the number of slots of a Redis Cluster.
const Slots = 16384

// shards is the number of masters that share them.
const shards = 3

// A Cluster is redis-servers that share the slots of a Redis Cluster.
type Cluster struct {
	Masters  []*Server
	Replicas []*Server // as many, each of the master with its index; or none
}

// Addresses are those of all servers.
func (c *Cluster) Addresses() (all []string) {
	for _, node := range c.nodes() {
		all = append(all, node.Address)
	}
	return all
}

func (c *Cluster) nodes() []*Server {
	return append(append([]*Server(nil), c.Masters...), c.Replicas...)
}

// FirstSlot is the first slot of a shard, which has the slots up to the first of the next.
func FirstSlot(shard int) int { return Slots * shard / shards }

// Slot is the slot of a key: CRC-16/XMODEM modulo the number of slots. The key must have no hash tag.
func Slot(key string) int {
	crc := uint16(0)
	for i := range len(key) {
		crc ^= uint16(key[i]) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			if crc <<= 1; carry {
				crc ^= 0x1021
			}
		}
	}
	return int(crc % Slots)
}

// RedisCluster starts three redis-servers that share the slots of a cluster, without replicas.
func RedisCluster(t T) *Cluster {
	t.Helper()
	return redisCluster(t, shards, "5000")
}

// RedisClusterWithReplicas starts three redis-servers that share the slots of a cluster, and a replica for each. A replica
// takes over two to four seconds after its master fell silent.
func RedisClusterWithReplicas(t T) *Cluster {
	t.Helper()
	c := redisCluster(t, 2*shards, "2000")
	c.Masters, c.Replicas = c.Masters[:shards], c.Masters[shards:]
	for i, replica := range c.Replicas {
		replica.Command("cluster", "replicate", c.Masters[i].Command("cluster", "myid"))
	}
	for i, replica := range c.Replicas {
		replica.await("master_link_status:up", "info", "replication")
		c.Masters[i].await("connected_slaves:1", "info", "replication")
	}
	for _, node := range c.nodes() {
		node.eventually("the cluster has no three replicas", func() bool {
			return strings.Count(node.Command("cluster", "nodes"), "slave") == shards
		})
	}
	return c
}

// redisCluster starts nodes that know each other. The first ones share the slots.
func redisCluster(t T, nodes int, timeout string) *Cluster {
	t.Helper()
	c := &Cluster{}
	for i := range nodes {
		node, bus := redisWithPort(t, "--cluster-port", "--cluster-enabled", "yes", "--cluster-node-timeout", timeout,
			"--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0")
		node.Command("cluster", "set-config-epoch", i+1)
		if i < shards {
			node.Command("cluster", "addslotsrange", FirstSlot(i), FirstSlot(i+1)-1)
		}
		c.Masters = append(c.Masters, node)
		if i > 0 {
			host, port := node.hostPort()
			c.Masters[0].Command("cluster", "meet", host, port, bus)
		}
	}
	for _, node := range c.Masters {
		node.await("cluster_known_nodes:"+strconv.Itoa(nodes), "cluster", "info")
		node.await("cluster_state:ok", "cluster", "info")
	}
	return c
}

// Move moves a slot with its keys from one master to another, as redis-cli does. Meanwhile is called when half of the slot
// has moved: the slot's keys that are there are still at the first, and new ones go to the second.
func (c *Cluster) Move(slot int, from, to *Server, meanwhile func()) {
	from.t.Helper()
	source, target := from.Command("cluster", "myid"), to.Command("cluster", "myid")
	to.Command("cluster", "setslot", slot, "importing", source)
	from.Command("cluster", "setslot", slot, "migrating", target)
	meanwhile()
	host, port := to.hostPort()
	for {
		keys, err := from.do("cluster", "getkeysinslot", slot, 100).StringSlice()
		if err != nil {
			from.t.Fatal(err)
		}
		if len(keys) == 0 {
			break
		}
		migrate := []any{"migrate", host, port, "", 0, patience.Milliseconds(), "keys"}
		for _, key := range keys {
			migrate = append(migrate, key)
		}
		from.Command(migrate...)
	}
	to.Command("cluster", "setslot", slot, "node", target) // the new owner first, so that the slot is never without one
	from.Command("cluster", "setslot", slot, "node", target)
}

// hostPort are the parts of the address.
func (s *Server) hostPort() (host, port string) {
	s.t.Helper()
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		s.t.Fatal(fmt.Errorf("%s: %w", s.Address, err))
	}
	return host, port
}
