package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Sentinels are a Redis master, a replica of it, and three Sentinels, of which two must agree to let the replica take
// over. They do so two to five seconds after the master fell silent.
type Sentinels struct {
	Master, Replica *Server
	Sentinels       []*Server

	name string
}

// Addresses are those of the Sentinels.
func (s *Sentinels) Addresses() (all []string) {
	for _, sentinel := range s.Sentinels {
		all = append(all, sentinel.Address)
	}
	return all
}

// RedisSentinel starts a master that is watched by the given name, its replica, and Sentinels.
func RedisSentinel(t T, name string) *Sentinels {
	t.Helper()
	s := &Sentinels{name: name, Master: Redis(t, "--repl-diskless-sync-delay", "0")}
	host, port := s.Master.hostPort()
	s.Replica = Redis(t, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	s.Replica.await("master_link_status:up", "info", "replication")
	for range 3 {
		config := filepath.Join(t.TempDir(), "sentinel.conf") // a Sentinel insists on a file that it may rewrite
		text := fmt.Sprintf("sentinel monitor %[1]s %[2]s %[3]s 2\nsentinel down-after-milliseconds %[1]s 1500\nsentinel failover-timeout %[1]s 2000\n", name, host, port)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s.Sentinels = append(s.Sentinels, start(t, redisServer, func(port string) []string {
			return []string{config, "--sentinel", "--bind", "127.0.0.1", "--port", port}
		}))
	}
	for _, sentinel := range s.Sentinels {
		sentinel.eventually("it does not know the replica and the other Sentinels", func() bool {
			fields, err := sentinel.do("sentinel", "master", name).StringSlice()
			state := strings.Join(fields, " ") + " "
			return err == nil && strings.Contains(state, "num-slaves 1 ") && strings.Contains(state, "num-other-sentinels 2 ")
		})
	}
	return s
}

// AwaitAgreement waits until every Sentinel names the given master. One that has not heard of the take-over sends clients to
// the old master, which takes writes if it is back before that.
func (s *Sentinels) AwaitAgreement(master *Server) {
	host, port := master.hostPort()
	for _, sentinel := range s.Sentinels {
		sentinel.eventually("it names another master", func() bool {
			named, err := sentinel.do("sentinel", "get-master-addr-by-name", s.name).StringSlice()
			return err == nil && len(named) == 2 && named[0] == host && named[1] == port
		})
	}
}
