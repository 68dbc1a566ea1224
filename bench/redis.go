package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// errNoRedis says why a workload was left out.
var errNoRedis = errors.New("redis-server is not installed (apt-get install redis-server)")

// startRedis starts a redis-server of the program's own, on a Unix socket, with nothing persisted, and waits until it
// answers. Without redis-server the error is errNoRedis.
func startRedis(ctx context.Context, after *cleanup) (*goredis.Client, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errNoRedis
	}
	dir, err := os.MkdirTemp("", "holdfast-bench-")
	if err != nil {
		return nil, err
	}
	after.add(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "socket")
	var output bytes.Buffer
	child := exec.CommandContext(ctx, program,
		"--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "", "--appendonly", "no")
	child.Stdout, child.Stderr = &output, &output
	if err := child.Start(); err != nil {
		return nil, err
	}
	stop := sync.OnceFunc(func() {
		_ = child.Process.Kill()
		_ = child.Wait() // it was killed
	})
	after.add(stop)
	client := goredis.NewClient(&goredis.Options{Network: "unix", Addr: socket})
	after.add(func() { _ = client.Close() })
	const patience = 10 * time.Second
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		err := client.Ping(ctx).Err()
		if err == nil {
			return client, nil
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			stop() // output is complete then
			return nil, fmt.Errorf("redis-server does not answer: %w\n%s", err, &output)
		}
	}
}
