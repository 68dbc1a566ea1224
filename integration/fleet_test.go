package integration

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	goredis "github.com/redis/go-redis/v9"

	"github.com/holdfast-go/holdfast/adapters/memcached"
	"github.com/holdfast-go/holdfast/adapters/redis"
	"github.com/holdfast-go/holdfast/integration/internal/servers"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const (
	fleetIssuer   = "https://issuer.example/"
	fleetAudience = "https://api.example"
	fleetURL      = "https://api.example/orders"

	// memberVariable makes the test binary a process of the fleet, with the order it holds.
	memberVariable = "HOLDFAST_FLEET_MEMBER"
)

// An order tells a process of the fleet what to do: send each proof so many times, in any sequence, at once.
type order struct {
	Store   string // redis, memcached, or nothing for the embedded store
	Address string
	Keys    []byte // the issuer's JWK Set
	Token   string
	Proofs  []string
	Times   int // 0 for again and again until the end
}

// An outcome is what became of what one process sent. Proofs are told by their numbers in the order.
type outcome struct {
	// Accepted has each proof that was accepted, in each life of the store.
	Accepted []acceptance
	Replayed int
	// Undecided counts, for each proof, what was answered 503.
	Undecided map[int]int
	// Others are errors that there should be none of.
	Others []string
}

type acceptance struct{ Proof, Life int }

// A progress is what a process has seen in the present life of the store: answers of the store, and none.
type progress struct{ Decided, Undecided int }

// A worker carries out an order in a process of the fleet.
type worker struct {
	order
	verifier *verifier.Verifier
	gate     sync.RWMutex // held for reading while a request is under way
	ended    atomic.Bool
	senders  sync.WaitGroup

	mu     sync.Mutex // guards what follows
	life   int        // of the store
	seen   progress
	result outcome
}

// runMember is the main function of a process of the fleet. It gets its order and its commands on standard input, a line
// each, and answers each of them by a line:
//
//	go    begins to send
//	count tells the progress
//	next  begins a life of the store: whatever is counted to it is sent from now on
//	end   ends the sending, if the order has no end of its own, and tells the outcome
func runMember(in io.Reader, out io.Writer) error {
	lines, answers := bufio.NewScanner(in), json.NewEncoder(out)
	lines.Buffer(nil, 16<<20)
	lines.Scan()
	w := &worker{result: outcome{Undecided: make(map[int]int)}}
	if err := json.Unmarshal(lines.Bytes(), &w.order); err != nil {
		return err
	}
	store, err := w.open()
	if err != nil {
		return err
	}
	config := verifier.Config{
		Domain: fleetIssuer, Audiences: []string{fleetAudience}, Algorithms: []string{"ES256"},
		StaticKeys: map[string][]byte{fleetIssuer: w.Keys},
	}
	config.DPoP = verifier.DPoP{Mode: verifier.DPoPRequired, ReplayStore: store, ReplayTimeout: time.Minute}
	if w.verifier, err = verifier.New(config); err != nil {
		return err
	}
	defer w.verifier.Close()
	for answer := any("ready"); ; {
		if err := answers.Encode(answer); err != nil {
			return err
		}
		if !lines.Scan() {
			return lines.Err()
		}
		switch command := lines.Text(); command {
		case "go":
			w.start()
			answer = "gone"
		case "count":
			answer = w.progress()
		case "next":
			answer = w.next()
		case "end":
			return answers.Encode(w.end())
		default:
			return fmt.Errorf("unknown command %q", command)
		}
	}
}

// open opens the store, by a client that waits where the machine is slow.
func (o order) open() (ports.ReplayStore, error) {
	switch o.Store {
	case "redis":
		return redis.NewReplayStore(goredis.NewClient(&goredis.Options{
			Addr: o.Address, DialTimeout: time.Minute, ReadTimeout: time.Minute, PoolTimeout: time.Minute,
		}), redis.Config{})
	case "memcached":
		client := memcache.New(o.Address)
		client.Timeout, client.MaxIdleConns = time.Minute, senders
		return memcached.NewReplayStore(client, memcached.Config{})
	}
	return nil, nil
}

// senders is how many requests a process has under way at once.
const senders = 64

// start sends the proofs, each time in another sequence.
func (w *worker) start() {
	queue := make(chan int)
	for range senders {
		w.senders.Go(func() {
			for proof := range queue {
				w.send(proof)
			}
		})
	}
	w.senders.Go(func() {
		defer close(queue)
		for times := 0; times < w.Times || w.Times == 0; times++ {
			for _, proof := range rand.Perm(len(w.Proofs)) {
				if w.ended.Load() {
					return
				}
				queue <- proof
			}
		}
	})
}

func (w *worker) send(proof int) {
	w.gate.RLock()
	defer w.gate.RUnlock()
	_, err := w.verifier.VerifyRequest(context.Background(), verifier.Request{
		Method: "GET", URL: fleetURL,
		Header: map[string][]string{"Authorization": {"DPoP " + w.Token}, "Dpop": {w.Proofs[proof]}},
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	var e *verifier.Error
	switch {
	case err == nil:
		w.result.Accepted = append(w.result.Accepted, acceptance{proof, w.life})
		w.seen.Decided++
	case errors.Is(err, verifier.CodeProofReplayed):
		w.result.Replayed++
		w.seen.Decided++
	case errors.As(err, &e) && e.Code == verifier.CodeReplayStore && e.Status == 503:
		w.result.Undecided[proof]++
		w.seen.Undecided++
	default:
		w.result.Others = append(w.result.Others, err.Error())
	}
}

func (w *worker) progress() progress {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// next waits for the requests under way, which are of the life that ends.
func (w *worker) next() int {
	w.gate.Lock()
	defer w.gate.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.life++
	w.seen = progress{}
	return w.life
}

func (w *worker) end() outcome {
	if w.Times == 0 {
		w.ended.Store(true)
	}
	w.senders.Wait()
	return w.result
}

// newOrder makes an order with new proofs.
func newOrder(t *testing.T, proofs, times int) order {
	t.Helper()
	signer := verifiertest.MustKey(t, "ES256", "key-1")
	issuer := verifiertest.MustIssuer(t, fleetIssuer, signer)
	client := verifiertest.MustKey(t, "ES256", "client")
	prover := &verifiertest.Prover{Key: client}
	thumbprint := prover.MustThumbprint(t)
	jwk, err := signer.JWK()
	if err != nil {
		t.Fatal(err)
	}
	o := order{Keys: fmt.Appendf(nil, `{"keys":[%s]}`, jwk), Times: times}
	if o.Token, err = issuer.Token(verifiertest.Claims{"aud": fleetAudience, "cnf": verifiertest.Claims{"jkt": thumbprint}}); err != nil {
		t.Fatal(err)
	}
	for range proofs {
		proof := prover.MustProof(t, "GET", fleetURL, o.Token, nil, nil)
		o.Proofs = append(o.Proofs, proof)
	}
	return o
}

// A member is a process of the fleet, as the test sees it.
type member struct {
	t       *testing.T
	in      io.Writer
	answers *json.Decoder
}

// startFleet starts processes that will carry the order out.
func startFleet(t *testing.T, processes int, o order) []member {
	t.Helper()
	written, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	members := make([]member, processes)
	for i := range members {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), memberVariable+"=1")
		child.Stderr = os.Stderr
		in, err := child.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = child.Process.Kill(); _ = child.Wait() })
		members[i] = member{t, in, json.NewDecoder(out)}
		members[i].ask(string(written), new(string)) // until it is ready
	}
	for _, m := range members {
		m.ask("go", new(string))
	}
	return members
}

// ask sends a command, and reads what the process answers.
func (m member) ask(command string, answer any) {
	m.t.Helper()
	_, writeErr := fmt.Fprintln(m.in, command)
	if err := errors.Join(writeErr, m.answers.Decode(answer)); err != nil {
		m.t.Fatalf("a process of the fleet: %.20s: %v", command, err)
	}
}

// await waits until condition holds of the progress of each process.
func await(t *testing.T, members []member, what string, condition func(progress) bool) {
	t.Helper()
	for _, m := range members {
		eventually(t, what, func() bool {
			var seen progress
			m.ask("count", &seen)
			return condition(seen)
		})
	}
}

// end returns what became of the order.
func end(t *testing.T, members []member) []outcome {
	t.Helper()
	outcomes := make([]outcome, len(members))
	for i, m := range members {
		m.ask("end", &outcomes[i])
		if others := outcomes[i].Others; len(others) > 0 {
			t.Errorf("unexpected: %s, and %d more", others[0], len(others)-1)
		}
	}
	return outcomes
}

// TestDPoPRPL03OneOfManyAcrossProcesses holds that of each proof one use is accepted, in whichever process. What the
// store did not answer in time, on a machine with no time to spare, is undecided: it may have been the first use.
func TestDPoPRPL03OneOfManyAcrossProcesses(t *testing.T) {
	const (
		proofs = 1000
		each   = 50 // times that each proof is sent in all
	)
	for _, c := range []struct {
		name      string
		processes int
		start     func() string // returns the address
	}{
		{"redis", 4, func() string { return servers.Redis(t).Address }},
		{"memcached", 4, func() string { return servers.Memcached(t).Address }},
		{"embedded", 1, func() string { return "" }},
	} {
		t.Run("DPOP-RPL-03 "+c.name, func(t *testing.T) {
			o := newOrder(t, proofs, each/c.processes)
			o.Store, o.Address = c.name, c.start()
			accepted, undecided, replayed := make(map[int]int), make(map[int]int), 0
			for _, result := range end(t, startFleet(t, c.processes, o)) {
				for _, a := range result.Accepted {
					accepted[a.Proof]++
				}
				for proof, times := range result.Undecided {
					undecided[proof] += times
				}
				replayed += result.Replayed
			}
			for proof := range proofs {
				if accepted[proof] > 1 || accepted[proof] == 0 && undecided[proof] == 0 {
					t.Errorf("proof %d was accepted %d times and undecided %d times", proof, accepted[proof], undecided[proof])
				}
			}
			if len(accepted) == 0 || replayed == 0 {
				t.Error("nothing was shown")
			}
			t.Logf("%d processes, %d proofs: %d accepted, %d replays rejected, %d proofs undecided at times",
				c.processes, proofs, len(accepted), replayed, len(undecided))
		})
	}
}

// TestDPoPRPL05StoreKilledMidRun holds that a store that dies and comes back with an empty memory has nothing accepted
// twice in one of its lives, and that everything else is undecided.
func TestDPoPRPL05StoreKilledMidRun(t *testing.T) {
	for _, c := range []struct {
		name  string
		start func() *servers.Server
	}{
		{"redis", func() *servers.Server { return servers.Redis(t) }},
		{"memcached", func() *servers.Server { return servers.Memcached(t) }},
	} {
		t.Run("DPOP-RPL-05 "+c.name, func(t *testing.T) {
			server := c.start()
			o := newOrder(t, 1000, 0)
			o.Store, o.Address = c.name, server.Address
			fleet := startFleet(t, 4, o)
			await(t, fleet, "an answer", func(p progress) bool { return p.Decided > 0 })
			server.Kill()
			await(t, fleet, "no answer", func(p progress) bool { return p.Undecided > 0 })
			for _, m := range fleet {
				m.ask("next", new(int)) // no answer of the first life is being read any more
			}
			server.Restart()
			await(t, fleet, "an answer again", func(p progress) bool { return p.Decided > 0 })

			accepted, lives := make(map[acceptance]int), make(map[int]int)
			for _, result := range end(t, fleet) {
				for _, a := range result.Accepted {
					accepted[a]++
					lives[a.Life]++
				}
			}
			for a, times := range accepted {
				if times != 1 {
					t.Errorf("proof %d was accepted %d times in one life of the store", a.Proof, times)
				}
			}
			if lives[0] == 0 || lives[1] == 0 {
				t.Error("nothing was accepted in a life of the store")
			}
			t.Logf("%d accepted before, %d after", lives[0], lives[1])
		})
	}
}
