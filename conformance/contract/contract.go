package contract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A clause is what one case proves: a sentence of a port's comment, or a part of one.
type clause struct {
	id       string // the port, its method where there is one, and a word for the case: "Cache.Get/miss"
	source   string // where the sentence is: "ports/cache.go, Cache.Get"
	sentence string // without its full stop and the brackets of links
	remedy   string // what to do when the case fails
}

// A contractCase tries one clause on a port. T is the port's kind of trial, such as *cacheTrial.
type contractCase[T any] struct {
	clause
	skip func(T) string // the trait by which the case can't be tried, or ""; nil where it always can
	try  func(T)
}

// runContract runs each case as a subtest of its ID, and tells in the end how many there were of each outcome. Cases
// run at once unless they share a clock that they set.
func runContract[T any](t *testing.T, cases []contractCase[T], atOnce bool, newTrial func(*testing.T, trial) T) {
	t.Helper()
	var held, skipped atomic.Int32
	t.Cleanup(func() {
		failed := len(cases) - int(held.Load()+skipped.Load())
		t.Logf("%d cases held, %d failed, %d skipped by traits", held.Load(), failed, skipped.Load())
	})
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			if atOnce {
				t.Parallel()
			}
			subject := newTrial(t, trial{t, c.clause})
			if c.skip != nil {
				if trait := c.skip(subject); trait != "" {
					skipped.Add(1)
					t.Skipf("not proven, since %s: %s (%s)", trait, c.sentence, c.source)
				}
			}
			c.try(subject)
			if !t.Failed() {
				held.Add(1)
			}
		})
	}
}

// A trial is one case under way. Cases report by fail and fatal, in the words of the clause; Errorf and Fatalf are left
// for what goes wrong with the suite itself.
type trial struct {
	testing.TB
	clause clause
}

// fail reports what was seen instead of what the clause says. Any goroutine of the case may call it.
func (t trial) fail(format string, args ...any) {
	t.Helper()
	seen := fmt.Sprintf(format, args...)
	t.Errorf("%s: %s (%s): %s; %s", t.clause.id, t.clause.sentence, t.clause.source, seen, t.clause.remedy)
}

// fatal is fail for what the rest of the case depends on. It ends the case.
func (t trial) fatal(format string, args ...any) {
	t.Helper()
	t.fail(format, args...)
	t.FailNow()
}

// The sentences on every port.
const (
	safeForConcurrentUse = "Every method must be safe for concurrent use"
	obeysContext         = "A method that blocks must return soon after its context ends, with an error that wraps the context's"
	callersOwn           = "A caller may change a slice or map that it passed or got once the call has returned; an implementation " +
		"must therefore keep and hand out copies"
	neverPanics   = "A method must not panic, whatever a server answers"
	noCredentials = "Errors are written to the operator's log: they must not hold credentials"
)

// generalClause is a clause on every port.
func generalClause(id, sentence, remedy string) clause {
	return clause{id, "ports/doc.go", sentence, remedy}
}

const (
	// patience is how soon after its context a call must have returned; it is for slow machines.
	patience = 10 * time.Second
	// longPatience is how soon a call must have returned that has no reason to wait, but may have much to read.
	longPatience = time.Minute
	// stay is how long a call waits for a silent server before its context ends.
	stay = 200 * time.Millisecond
)

// panicRemedy is what to do about a panic, whichever case it ends.
const panicRemedy = "check what came before it is used; find the place by the stack that the panic has without the suite"

var errPanicked = errors.New("contract: the call panicked")

// panicClause is the clause of the case that provokes panics.
func panicClause(id string) clause { return generalClause(id, neverPanics, panicRemedy) }

// rescue, deferred by what stands between a case and a port, makes a panic of the port a failure of the case and an error
// of the call.
func (t trial) rescue(call string, err *error) {
	if panicked := recover(); panicked != nil {
		*err = errPanicked
		t.Errorf("%s: %s (ports/doc.go): %s panicked: %v; %s", t.clause.id, neverPanics, call, panicked, panicRemedy)
	}
}

// wantAnswer runs a call that has no reason to wait, and ends the case if it hangs.
func (t trial) wantAnswer(what string, call func() error) error {
	t.Helper()
	return t.wantAnswerWithin(longPatience, what, call)
}

// wantAnswerWithin is wantAnswer with a limit of its own.
func (t trial) wantAnswerWithin(limit time.Duration, what string, call func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		t.fatal("%s had not returned after %v", what, limit)
		return nil
	}
}

// wantContextError runs call in a context that has ended.
func (t trial) wantContextError(what string, call func(context.Context) error) {
	t.Helper()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	err := t.wantAnswer(what, func() error { return call(ended) })
	if !errors.Is(err, context.Canceled) {
		t.fail("%s in a context that was cancelled before: error %v", what, err)
	}
}

// A namedCall is a call of a port's method.
type namedCall struct {
	name string
	call func(context.Context) error
}

// wantLeave runs calls, which wait for an answer that never comes, until their context's deadline and until their
// context is cancelled.
func (t trial) wantLeave(calls ...namedCall) {
	t.Helper()
	var leaving sync.WaitGroup
	for _, c := range calls {
		leaving.Go(func() { t.wantLeaveAfter(c, func() func(context.Context) { return func(context.Context) {} }) })
	}
	leaving.Wait()
}

// wantLeaveAfter is wantLeave of one call, which is cancelled when it has come to its server: next returns what waits for
// that.
func (t trial) wantLeaveAfter(c namedCall, next func() func(context.Context)) {
	t.Helper()
	deadline, cancel := context.WithTimeout(t.Context(), stay)
	defer cancel()
	t.wantLeaveWith(deadline, c, context.DeadlineExceeded)

	canceled, cancel := context.WithCancel(t.Context())
	defer cancel()
	reached := next()
	go func() {
		reached(canceled)
		time.Sleep(stay)
		cancel()
	}()
	t.wantLeaveWith(canceled, c, context.Canceled)
}

func (t trial) wantLeaveWith(ctx context.Context, c namedCall, want error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- c.call(ctx) }()
	select {
	case err := <-done:
		if !errors.Is(err, want) {
			t.fail("%s, whose context ended (%v): error %v", c.name, want, err)
		}
	case <-time.After(patience):
		t.fail("%s had not returned %v after its context ended (%v)", c.name, patience, want)
	}
}

// wantSecret wants err to hold none of the secrets.
func (t trial) wantSecret(what string, err error, secrets []string) {
	t.Helper()
	if err == nil {
		return
	}
	for i, secret := range secrets {
		if strings.Contains(err.Error(), secret) {
			t.fail("the error of %s holds secret %d of %d", what, i+1, len(secrets))
		}
	}
}

// silence returns the address of a server that takes connections and says nothing.
func silence(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // whose backlog takes them: no one has to accept
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

// What a server says that is of no protocol.
const (
	nonsense = "babble\r\n"
	halfway  = "$-7\r\n*\r\n\x00\xff\xfe 99999999999999999999\r\n" // nearly of one
)

// babble returns the address of a server that has one answer to whatever it is asked.
func babble(t testing.TB, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 1<<10))
				_, _ = io.WriteString(conn, answer)
			}()
		}
	}()
	return listener.Addr().String()
}

// closedAddress returns an address where no process listens.
func closedAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// atOnce runs call for 0 to n-1 in as many goroutines, which begin together.
func atOnce(n int, call func(i int)) {
	var calls sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		calls.Go(func() {
			<-begin
			call(i)
		})
	}
	close(begin)
	calls.Wait()
}

// A pace is how a store's time passes.
type pace struct {
	resolution time.Duration
	advance    func(time.Duration) // nil for real time
}

const (
	// long is a TTL that no case outlives.
	long = time.Hour
	// brief is the least TTL that is waited for: shorter ones pass unseen on a slow machine.
	brief = 250 * time.Millisecond
	// grace is how late a store may be that runs by real time: servers' clocks tick, and machines are slow.
	grace = 10 * time.Second
)

// short is a TTL to wait for, which the store can count.
func (p pace) short() time.Duration { return p.roundUp(brief) }

// roundUp returns ttl as the store counts it.
func (p pace) roundUp(ttl time.Duration) time.Duration {
	if p.resolution == 0 {
		return ttl
	}
	return (ttl + p.resolution - 1) / p.resolution * p.resolution
}

// pass lets d pass.
func (p pace) pass(d time.Duration) {
	if p.advance != nil {
		p.advance(d)
		return
	}
	time.Sleep(d)
}

// comes lets d pass, and tells whether happened is true then; by real time, whether it is within grace.
func (p pace) comes(d time.Duration, happened func() bool) bool {
	p.pass(d)
	if p.advance != nil {
		return happened()
	}
	for deadline := time.Now().Add(grace); !happened(); time.Sleep(grace / 100) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

func (p pace) faults(traits string) error {
	if p.resolution < 0 {
		return fmt.Errorf("contract: %s.Resolution is negative", traits)
	}
	return nil
}
