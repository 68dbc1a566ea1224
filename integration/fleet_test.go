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
	"strings"
	"sync"
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
	Times   int
}

// An outcome is what became of all that one process sent.
type outcome struct {
	// Accepted tells of each acceptance which proof it was of, and when.
	Accepted []acceptance
	Replayed int
	// Undecided counts what was answered 503.
	Undecided int
	// Others are errors that there should be none of.
	Others []string
}

type acceptance struct {
	Proof int
	At    time.Time
}

// runMember is the main function of a process of the fleet. It gets its order on standard input, says that it is ready,
// and starts at a second line.
func runMember(in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return err
	}
	var o order
	if err := json.Unmarshal(line, &o); err != nil {
		return err
	}
	config := verifier.Config{
		Domain: fleetIssuer, Audiences: []string{fleetAudience}, Algorithms: []string{"ES256"},
		StaticKeys: map[string][]byte{fleetIssuer: o.Keys},
	}
	config.DPoP.Mode = verifier.DPoPRequired
	if config.DPoP.ReplayStore, err = o.open(); err != nil {
		return err
	}
	v, err := verifier.New(config)
	if err != nil {
		return err
	}
	defer v.Close()
	fmt.Fprintln(out, "ready")
	if _, err := lines.ReadBytes('\n'); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(o.carryOut(v))
}

func (o order) open() (ports.ReplayStore, error) {
	switch o.Store {
	case "redis":
		return redis.NewReplayStore(goredis.NewClient(&goredis.Options{Addr: o.Address}), redis.Config{})
	case "memcached":
		return memcached.NewReplayStore(memcache.New(o.Address), memcached.Config{})
	}
	return nil, nil
}

// carryOut sends the proofs from 64 goroutines.
func (o order) carryOut(v *verifier.Verifier) outcome {
	var (
		result  outcome
		mu      sync.Mutex // guards result
		senders sync.WaitGroup
	)
	queue := make(chan int)
	for range 64 {
		senders.Go(func() {
			for n := range queue {
				_, err := v.VerifyRequest(context.Background(), verifier.Request{
					Method: "GET", URL: fleetURL,
					Header: map[string][]string{"Authorization": {"DPoP " + o.Token}, "Dpop": {o.Proofs[n]}},
				})
				mu.Lock()
				var e *verifier.Error
				switch {
				case err == nil:
					result.Accepted = append(result.Accepted, acceptance{n, time.Now()})
				case errors.Is(err, verifier.CodeProofReplayed):
					result.Replayed++
				case errors.As(err, &e) && e.Code == verifier.CodeReplayStore && e.Status == 503:
					result.Undecided++
				default:
					result.Others = append(result.Others, err.Error())
				}
				mu.Unlock()
			}
		})
	}
	sequence := rand.Perm(len(o.Proofs) * o.Times)
	for _, n := range sequence {
		queue <- n % len(o.Proofs)
	}
	close(queue)
	senders.Wait()
	return result
}

// newOrder makes an order with new proofs.
func newOrder(t *testing.T, proofs, times int) order {
	t.Helper()
	signer, err := verifiertest.NewKey("ES256", "key-1")
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := verifiertest.NewIssuer(fleetIssuer, signer)
	if err != nil {
		t.Fatal(err)
	}
	client, err := verifiertest.NewKey("ES256", "client")
	if err != nil {
		t.Fatal(err)
	}
	prover := &verifiertest.Prover{Key: client}
	thumbprint, err := prover.Thumbprint()
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := signer.JWK()
	if err != nil {
		t.Fatal(err)
	}
	o := order{Keys: fmt.Appendf(nil, `{"keys":[%s]}`, jwk), Times: times}
	if o.Token, err = issuer.Token(verifiertest.Claims{"aud": fleetAudience, "cnf": verifiertest.Claims{"jkt": thumbprint}}); err != nil {
		t.Fatal(err)
	}
	for range proofs {
		proof, err := prover.Proof("GET", fleetURL, o.Token, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		o.Proofs = append(o.Proofs, proof)
	}
	return o
}

// runFleet has several processes carry the order out at the same time, with meanwhile going on beside them.
func runFleet(t *testing.T, processes int, o order, meanwhile func()) []outcome {
	t.Helper()
	written, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	type member struct {
		in  io.Writer
		out *bufio.Reader
	}
	var members []member
	for range processes {
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
		m := member{in, bufio.NewReader(out)}
		fmt.Fprintf(m.in, "%s\n", written)
		if line, err := m.out.ReadString('\n'); strings.TrimSpace(line) != "ready" {
			t.Fatalf("a process of the fleet said %q, %v", line, err)
		}
		members = append(members, m)
	}
	for _, m := range members {
		fmt.Fprintln(m.in, "go")
	}
	meanwhile()
	outcomes := make([]outcome, len(members))
	for i, m := range members {
		if err := json.NewDecoder(m.out).Decode(&outcomes[i]); err != nil {
			t.Fatal(err)
		}
		if len(outcomes[i].Others) > 0 {
			t.Errorf("unexpected: %s, and %d more", outcomes[i].Others[0], len(outcomes[i].Others)-1)
		}
	}
	return outcomes
}

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
			accepted, replayed, undecided := make(map[int]int), 0, 0
			for _, result := range runFleet(t, c.processes, o, func() {}) {
				for _, a := range result.Accepted {
					accepted[a.Proof]++
				}
				replayed += result.Replayed
				undecided += result.Undecided
			}
			for proof, times := range accepted {
				if times != 1 {
					t.Errorf("proof %d was accepted %d times", proof, times)
				}
			}
			if len(accepted) != proofs || undecided != 0 {
				t.Errorf("%d of %d proofs were accepted, %d times nothing could be told", len(accepted), proofs, undecided)
			}
			t.Logf("%d processes, %d proofs: %d accepted, %d replays rejected", c.processes, proofs, len(accepted), replayed)
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
			o := newOrder(t, 1000, 6)
			o.Store, o.Address = c.name, server.Address
			var reborn time.Time
			results := runFleet(t, 4, o, func() {
				time.Sleep(500 * time.Millisecond)
				server.Kill()
				time.Sleep(500 * time.Millisecond) // long enough that no answer of the first life is still being read
				reborn = time.Now()
				server.Restart()
			})
			type use struct {
				proof      int
				secondLife bool
			}
			accepted, undecided := make(map[use]int), 0
			for _, result := range results {
				undecided += result.Undecided
				for _, a := range result.Accepted {
					accepted[use{a.Proof, a.At.After(reborn)}]++
				}
			}
			lives := map[bool]int{}
			for u, times := range accepted {
				lives[u.secondLife]++
				if times != 1 {
					t.Errorf("proof %d was accepted %d times in one life of the store", u.proof, times)
				}
			}
			if lives[false] == 0 || lives[true] == 0 || undecided == 0 {
				t.Errorf("nothing was shown: %d accepted in the first life, %d in the second, %d undecided", lives[false], lives[true], undecided)
			}
			t.Logf("%d accepted before, %d after, %d undecided", lives[false], lives[true], undecided)
		})
	}
}
