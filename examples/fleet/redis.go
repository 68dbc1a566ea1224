package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"time"
)

// A redisServer is a redis-server that runs as a child process and keeps nothing on disk.
type redisServer struct {
	address string
	folder  string
	process *exec.Cmd
}

func startRedis() (*redisServer, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errors.New("redis-server is needed (on Debian and Ubuntu: apt-get install redis-server)")
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
	folder, err := os.MkdirTemp("", "fleet-redis-")
	if err != nil {
		return nil, err
	}
	s := &redisServer{address, folder, exec.Command(program,
		"--bind", "127.0.0.1", "--port", port, "--dir", folder, "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction")}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	for range 200 {
		if connection, err := net.Dial("tcp", address); err == nil {
			return s, connection.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.kill()
	return nil, errors.New("redis-server does not answer")
}

// kill ends the server at once. It may be called more than once.
func (s *redisServer) kill() {
	if s.process.ProcessState == nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
		_ = os.RemoveAll(s.folder)
	}
}
