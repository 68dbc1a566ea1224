package runner

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

// The environment of a target.
const (
	Issuer   = "HOLDFAST_ISSUER"   // identifier of the issuer to trust
	Audience = "HOLDFAST_AUDIENCE" // what tokens must be for
	CAFile   = "HOLDFAST_CA_FILE"  // PEM file with the certificate of the issuer
	DPoP     = "HOLDFAST_DPOP"     // allowed, required or disabled
	Listen   = "HOLDFAST_LISTEN"   // host and port to listen on
)

// grace is how long a target may take to end after it was asked to.
const grace = 3 * time.Second

// A process is a target that was started.
type process struct {
	cmd  *exec.Cmd
	tail *tail
	done chan struct{} // closed when it has ended
	err  error         // how, read after done
}

// start starts the target for a play.
func (r *run) start(played play, address string) (*process, error) {
	p := &process{tail: &tail{}, done: make(chan struct{})}
	p.cmd = exec.Command(r.Command[0], r.Command[1:]...)
	p.cmd.Env = append(os.Environ(),
		Issuer+"="+r.world.IssuerURL(), Audience+"="+r.Audience, CAFile+"="+r.caFile, DPoP+"="+string(played.mode), Listen+"="+address)
	p.cmd.Env = append(p.cmd.Env, r.environment(played)...) // the last of two values counts
	var output io.Writer = p.tail
	if r.Output != nil {
		output = io.MultiWriter(p.tail, r.Output)
	}
	p.cmd.Stdout, p.cmd.Stderr = output, output
	p.cmd.WaitDelay = grace
	ownGroup(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("the target did not start: %w", err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// freeAddress is an address on which nothing listens.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// endedWithin reports whether the target has ended, for which it waits as long as that.
func (p *process) endedWithin(wait time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(wait):
		return false
	}
}

// obituary says how the target ended, and what it said last.
func (p *process) obituary() error {
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	if words := p.tail.lastLine(); words != "" {
		how += ", its last words: " + words
	}
	return errors.New("the target ended: " + how)
}

// end ends the target, and what it has started.
func (p *process) end() {
	terminate(p.cmd)
	select {
	case <-p.done:
	case <-time.After(grace):
	}
	kill(p.cmd)
	<-p.done
}

// A tail keeps the end of what is written.
type tail struct {
	mu   sync.Mutex // guards kept
	kept []byte
}

const tailBytes = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - tailBytes; over > 0 {
		t.kept = bytes.Clone(t.kept[over:])
	}
	return len(b), nil
}

// lastLine is the last line that is not blank, as far as it can be printed.
func (t *tail) lastLine() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.kept)), "\n")
	return result.Printable(lines[len(lines)-1])
}
