package servers

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

var redisServer = program{
	name:    "redis-server",
	install: "apt-get install redis-server",
	ping:    "PING\r\n",
	pong:    "+PONG",
}

// Redis starts a redis-server with args besides those that make it a test's.
func Redis(t testing.TB, args ...string) *Server {
	t.Helper()
	dir := t.TempDir()
	return start(t, redisServer, func(port string) []string {
		return append([]string{"--bind", "127.0.0.1", "--port", port, "--dir", dir, "--save", "", "--appendonly", "no"}, args...)
	})
}

// RedisSocket starts a redis-server that listens on a Unix socket too, and returns the socket's path.
func RedisSocket(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "socket")
	Redis(t, "--unixsocket", path)
	return path
}

// RedisCluster starts three redis-servers that share the slots of a cluster, without replicas.
func RedisCluster(t testing.TB) []*Server {
	t.Helper()
	const slots = 16384
	nodes := make([]*Server, 3)
	for i := range nodes {
		bus := freePort(t)
		nodes[i] = Redis(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "5000")
		command(t, nodes[i], "cluster", "set-config-epoch", i+1)
		command(t, nodes[i], "cluster", "addslotsrange", slots*i/len(nodes), slots*(i+1)/len(nodes)-1)
		if i > 0 {
			host, port, err := net.SplitHostPort(nodes[i].Address)
			if err != nil {
				t.Fatal(err)
			}
			command(t, nodes[0], "cluster", "meet", host, port, bus)
		}
	}
	for _, node := range nodes {
		awaitAnswer(t, node, "cluster_state:ok", "cluster", "info")
	}
	return nodes
}

// RedisSentinel starts a redis-server and one Sentinel that follows it by the name master.
func RedisSentinel(t testing.TB, master string) (sentinel *Server) {
	t.Helper()
	server := Redis(t)
	host, port, err := net.SplitHostPort(server.Address)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "sentinel.conf") // a Sentinel insists on a file that it may rewrite
	if err := os.WriteFile(config, fmt.Appendf(nil, "sentinel monitor %s %s %s 1\n", master, host, port), 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, redisServer, func(port string) []string {
		return []string{config, "--sentinel", "--bind", "127.0.0.1", "--port", port}
	})
}

// command sends one command to a server.
func command(t testing.TB, s *Server, args ...any) string {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{Addr: s.Address})
	defer client.Close()
	answer, err := client.Do(context.Background(), args...).Text()
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// awaitAnswer repeats a command until its answer holds want.
func awaitAnswer(t testing.TB, s *Server, want string, args ...any) {
	t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(command(t, s, args...), want); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s within %v", want, patience)
		}
	}
}
