package servers

import (
	"context"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

var redisServer = program{
	name:    "redis-server",
	install: "apt-get install redis-server",
	ping:    "PING\r\n",
	pong:    "+PONG",
}

// Redis starts a redis-server with args besides those that make it a test's.
func Redis(t T, args ...string) *Server {
	t.Helper()
	server, _ := redisWithPort(t, "", args...)
	return server
}

// redisWithPort starts a redis-server with a second port, which it is told by an option of the given name, if there is one.
func redisWithPort(t T, option string, args ...string) (s *Server, second string) {
	t.Helper()
	dir := t.TempDir()
	s = start(t, redisServer, func(port string) []string {
		own := []string{"--bind", "127.0.0.1", "--port", port, "--dir", dir, "--save", "", "--appendonly", "no"}
		if option != "" {
			second = freePort(t) // another one with each attempt to start
			own = append(own, option, second)
		}
		return append(own, args...)
	})
	return s, second
}

// RedisSocket starts a redis-server that listens on a Unix socket too, and returns the socket's path.
func RedisSocket(t T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "socket")
	Redis(t, "--unixsocket", path)
	return path
}

// RedisTLS starts a redis-server that also speaks TLS, at another address, and asks clients for a certificate of the same
// authority.
func RedisTLS(t T, identity Identity) (s *Server, address string) {
	t.Helper()
	s, port := redisWithPort(t, "--tls-port", "--tls-cert-file", identity.Certificate, "--tls-key-file", identity.Key,
		"--tls-ca-cert-file", identity.Authority, "--tls-auth-clients", "yes")
	return s, net.JoinHostPort("127.0.0.1", port)
}

// Command sends one command to a Redis server, as a user who may do everything, and returns its answer.
func (s *Server) Command(args ...any) string {
	s.t.Helper()
	answer, err := s.do(args...).Text()
	if err != nil {
		s.t.Fatal(err)
	}
	return answer
}

func (s *Server) do(args ...any) *goredis.Cmd {
	client := goredis.NewClient(&goredis.Options{Addr: s.Address, Protocol: 2, DialerRetries: 1, ReadTimeout: patience})
	defer client.Close()
	return client.Do(context.Background(), args...)
}

// AwaitRole waits until a Redis server has a role: "master" or "slave".
func (s *Server) AwaitRole(role string) {
	s.t.Helper()
	s.await("role:"+role, "info", "replication")
}

// AwaitReplicated waits until a replica has what its master had when it was called.
func AwaitReplicated(master, replica *Server) {
	master.t.Helper()
	offset := func(s *Server) int64 {
		_, rest, _ := strings.Cut(s.Command("info", "replication"), "master_repl_offset:")
		digits, _, _ := strings.Cut(rest, "\r\n")
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		return n
	}
	want := offset(master)
	master.eventually("the replica lacks what its master has", func() bool { return offset(replica) >= want })
}

// await repeats a command until its answer holds want.
func (s *Server) await(want string, args ...any) {
	s.t.Helper()
	s.eventually("no "+want, func() bool {
		answer, err := s.do(args...).Text()
		return err == nil && strings.Contains(answer, want)
	})
}
