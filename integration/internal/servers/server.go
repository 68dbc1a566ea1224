package servers

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// patience is how long a server may take to answer after its start; it is for slow machines.
const patience = 2 * time.Minute

// T is what of a testing.TB the servers need, so that a program that is not a test can run them too.
type T interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
	TempDir() string
}

// A Server is a child process that listens on a loopback port. Its methods end the test if they fail; they are for
// the test's own goroutine.
type Server struct {
	// Address is host and port, the same after a restart.
	Address string

	t       T
	program program
	args    []string
	child   *exec.Cmd
	output  *bytes.Buffer // to be read once exited is closed
	exited  chan struct{}
}

// A program is what one kind of server needs.
type program struct {
	name    string
	install string // what to tell who has none
	ping    string // a request
	pong    string // how the answer starts
}

// start runs program with the arguments that args gives for a free port.
func start(t T, p program, args func(port string) []string) *Server {
	t.Helper()
	if _, err := exec.LookPath(p.name); err != nil {
		t.Fatalf("%s is needed to run this test: %s", p.name, p.install)
	}
	var err error
	for range 3 { // another process may take the port meanwhile
		port := freePort(t)
		s := &Server{Address: net.JoinHostPort("127.0.0.1", port), t: t, program: p, args: args(port)}
		if err = s.run(); err == nil {
			t.Cleanup(s.Kill)
			return s
		}
	}
	t.Fatal(err)
	return nil
}

func freePort(t T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// run starts the child and waits until it answers.
func (s *Server) run() error {
	s.child = exec.Command(s.program.name, s.args...)
	s.output = new(bytes.Buffer)
	s.child.Stdout, s.child.Stderr = s.output, s.output
	endWithParent(s.child)
	if err := s.child.Start(); err != nil {
		return err
	}
	s.exited = make(chan struct{})
	go func() {
		_ = s.child.Wait() // it is always killed
		close(s.exited)
	}()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		select {
		case <-s.exited:
			return fmt.Errorf("%s ended: %s", s.program.name, s.output)
		default:
		}
		if s.answers() {
			return nil
		}
	}
	s.Kill()
	return fmt.Errorf("%s did not answer within %v: %s", s.program.name, patience, s.output)
}

func (s *Server) answers() bool {
	conn, err := net.DialTimeout("tcp", s.Address, time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	_, writeErr := fmt.Fprint(conn, s.program.ping)
	line, readErr := bufio.NewReader(conn).ReadString('\n')
	return errors.Join(writeErr, readErr) == nil && strings.HasPrefix(line, s.program.pong)
}

// Kill ends the server at once, as kill -9 does. It does nothing to a server that has ended.
func (s *Server) Kill() {
	_ = s.child.Process.Kill()
	<-s.exited
}

// Restart runs the server again, empty and at the same address.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.run(); err != nil {
		s.t.Fatal(err)
	}
}

// Stop makes the server stand still, and returns when it does: it takes connections and requests, and answers none.
func (s *Server) Stop() {
	s.t.Helper()
	s.signal(syscall.SIGSTOP)
	s.eventually("it goes on", func() bool { return standsStill(s.child.Process.Pid) })
}

// Continue undoes Stop.
func (s *Server) Continue() {
	s.t.Helper()
	s.signal(syscall.SIGCONT)
}

// eventually waits for a condition. Complaint says what is wrong until it holds.
func (s *Server) eventually(complaint string, condition func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: %s after %v", s.Address, complaint, patience)
		}
	}
}

func (s *Server) signal(signal syscall.Signal) {
	s.t.Helper()
	if err := s.child.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
}
