package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	goredis "github.com/redis/go-redis/v9"

	"github.com/holdfast-go/holdfast/adapters/memcached"
	"github.com/holdfast-go/holdfast/adapters/redis"
	"github.com/holdfast-go/holdfast/ports"
)

// A store is a kind of server that a fleet can share its keys through.
type store struct {
	program   string // and the package that has it
	arguments func(port, folder string) []string
	cache     func(address string) (ports.Cache, error)
}

var stores = map[string]store{
	"redis": {
		program: "redis-server",
		arguments: func(port, folder string) []string {
			return []string{"--bind", "127.0.0.1", "--port", port, "--dir", folder, "--save", "", "--appendonly", "no"}
		},
		cache: func(address string) (ports.Cache, error) {
			return redis.NewCache(goredis.NewClient(&goredis.Options{Addr: address}), redis.Config{})
		},
	},
	"memcached": {
		program: "memcached",
		arguments: func(port, _ string) []string {
			return []string{"-l", "127.0.0.1", "-p", port, "-U", "0", "-u", "nobody"}
		},
		cache: func(address string) (ports.Cache, error) {
			return memcached.NewCache(memcache.New(address), memcached.Config{})
		},
	},
}

// A server is a store's server that runs as a child process and keeps nothing on disk.
type server struct {
	address string
	folder  string
	process *exec.Cmd
}

func (s store) start() (*server, error) {
	program, err := exec.LookPath(s.program)
	if err != nil {
		return nil, fmt.Errorf("%s is needed (on Debian and Ubuntu: apt-get install %[1]s)", s.program)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "fleet-")
	if err != nil {
		return nil, err
	}
	running := &server{address, folder, exec.Command(program, s.arguments(port, folder)...)}
	if err := running.process.Start(); err != nil {
		return nil, err
	}
	for range 1200 { // a minute
		if connection, err := net.Dial("tcp", address); err == nil {
			return running, connection.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	running.kill()
	return nil, fmt.Errorf("%s does not answer", s.program)
}

// kill ends the server at once. It may be called more than once.
func (s *server) kill() {
	if s.process.ProcessState == nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
		_ = os.RemoveAll(s.folder)
	}
}
