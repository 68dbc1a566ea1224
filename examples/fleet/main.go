// Command fleet shows what a fleet costs its issuer: four processes share keys through one Redis, or one Memcached with
// -store memcached. The issuer rotates its keys, is away, and comes back; then the store is killed. It prints what was
// expected and what came, and exits 0 only if all is as expected.
//
// It needs redis-server (or memcached), which it starts on a free port of this machine.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/holdfast-go/holdfast/conformance/fault"
	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const (
	audience  = "https://api.example"
	processes = 4
	// requests is how many each process gets at a time, all at once.
	requests = 250
	cooldown = time.Second
)

func main() {
	kind := flag.String("store", "redis", "what the processes share keys through: redis or memcached")
	flag.Parse()
	run := func(out io.Writer) error { return runFleet(out, *kind) }
	if os.Getenv(memberVariable) != "" {
		run = runMember
	}
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

// A fleet is the processes, and what they depend on.
type fleet struct {
	issuer  *issuer.Server
	kind    string
	server  *server
	members []*member

	table *tabwriter.Writer
	wrong int
}

func runFleet(out io.Writer, kind string) error {
	store, known := stores[kind]
	if !known {
		return fmt.Errorf("there is no store %q", kind)
	}
	f := &fleet{kind: kind, table: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	var err error
	if f.issuer, err = issuer.Start(); err != nil {
		return err
	}
	defer f.issuer.Close()
	if f.server, err = store.start(); err != nil {
		return err
	}
	defer f.server.kill()
	defer func() {
		for _, m := range f.members {
			m.end()
		}
	}()
	for range processes {
		if err := f.addMember(); err != nil {
			return err
		}
	}

	fmt.Fprintln(f.table, "WHAT\tEXPECTED\tACTUAL\t")
	for _, act := range []func() error{f.coldStart, f.rotation, f.outage, f.withoutStore} {
		if err := act(); err != nil {
			return err
		}
	}
	if err := f.table.Flush(); err != nil {
		return err
	}
	if f.wrong > 0 {
		return fmt.Errorf("%d figures were not as expected", f.wrong)
	}
	fmt.Fprintln(out, "\nall as expected")
	return nil
}

func (f *fleet) addMember() error {
	m, err := startMember(settings{Issuer: f.issuer.URL, Certificate: f.issuer.Certificate().Raw, Store: f.kind, Address: f.server.address})
	if err != nil {
		return err
	}
	f.members = append(f.members, m)
	return nil
}

// coldStart: no process has a key yet, and all ask at once.
func (f *fleet) coldStart() error {
	token, err := f.token()
	if err != nil {
		return err
	}
	before := f.fetches()
	if err := f.verify("cold start, 4 x 250 requests at once", token, counts{Accepted: processes * requests}); err != nil {
		return err
	}
	f.atMost("  fetches of metadata and of keys, each", processes, f.fetches()-before)
	return nil
}

// rotation: the issuer signs with a key that no process has seen.
func (f *fleet) rotation() error {
	old, err := f.token()
	if err != nil {
		return err
	}
	first := f.issuer.Keys()[0]
	second, err := verifiertest.NewKey("RS256", "key-2")
	if err != nil {
		return err
	}
	f.issuer.SetKeys(second, first)
	token, err := f.token()
	if err != nil {
		return err
	}
	before := f.fetches()
	if err := f.verify("after a rotation, tokens of the new key", token, counts{Accepted: processes * requests}); err != nil {
		return err
	}
	if err := f.verify("  tokens of the old key", old, counts{Accepted: processes * requests}); err != nil {
		return err
	}
	f.atMost("  fetches of metadata and of keys, each", processes, f.fetches()-before)
	return nil
}

// outage: the issuer answers 503, and the cooldown of forced refreshes is over.
func (f *fleet) outage() error {
	known, err := f.token()
	if err != nil {
		return err
	}
	third, err := verifiertest.NewKey("RS256", "key-3")
	if err != nil {
		return err
	}
	published := f.issuer.Keys()
	f.issuer.SetKeys(third)
	unknown, err := f.token()
	if err != nil {
		return err
	}
	f.issuer.SetKeys(published...)

	f.issuer.Fail(fault.Outage)
	before := f.issuer.Requests()
	time.Sleep(cooldown)
	if err := f.verify("issuer away, tokens of known keys", known, counts{Accepted: processes * requests}); err != nil {
		return err
	}
	began := time.Now()
	if err := f.verify("  tokens of an unknown key", unknown, counts{Undecided: processes * requests}); err != nil {
		return err
	}
	cooldowns := 1 + int(time.Since(began)/cooldown) // more than one on a machine with no time to spare
	f.atMost("  requests that the issuer refused", processes*cooldowns, f.issuer.Requests()-before)
	f.issuer.Fail()
	return nil
}

// withoutStore: the shared cache is gone.
func (f *fleet) withoutStore() error {
	token, err := f.token()
	if err != nil {
		return err
	}
	f.server.kill()
	before := f.fetches()
	if err := f.verify(f.kind+" killed, tokens of known keys", token, counts{Accepted: processes * requests}); err != nil {
		return err
	}
	f.atMost("  fetches of metadata and of keys, each", 0, f.fetches()-before)
	if err := f.addMember(); err != nil {
		return err
	}
	newcomer := f.members[processes]
	got, err := newcomer.verify(token, requests)
	if err != nil {
		return err
	}
	f.row("  a process that starts now", fmt.Sprint(counts{Accepted: requests}), fmt.Sprint(got), got == counts{Accepted: requests})
	f.atMost("  its fetches", 1, f.fetches()-before)
	return nil
}

// verify has each process verify the token many times at once.
func (f *fleet) verify(what, token string, want counts) error {
	type result struct {
		counts
		err error
	}
	results := make(chan result, processes)
	for _, m := range f.members[:processes] {
		go func() {
			got, err := m.verify(token, requests)
			results <- result{got, err}
		}()
	}
	var sum counts
	var failed error
	for range processes {
		r := <-results
		sum.Accepted += r.Accepted
		sum.Rejected += r.Rejected
		sum.Undecided += r.Undecided
		failed = errors.Join(failed, r.err)
	}
	f.row(what, fmt.Sprint(want), fmt.Sprint(sum), sum == want)
	return failed
}

func (f *fleet) atMost(what string, most, got int) {
	f.row(what, fmt.Sprint("at most ", most), fmt.Sprint(got), got <= most)
}

func (f *fleet) row(what, expected, actual string, ok bool) {
	verdict := "ok"
	if !ok {
		verdict = "WRONG"
		f.wrong++
	}
	fmt.Fprintf(f.table, "%s\t%s\t%s\t%s\n", what, expected, actual, verdict)
}

func (f *fleet) token() (string, error) {
	return f.issuer.Token(verifiertest.Claims{"aud": audience})
}

// fetches is how often the issuer was asked for its metadata or its keys, whichever is more, by the whole fleet.
func (f *fleet) fetches() int {
	metadata, keys := f.issuer.Fetched()
	return max(metadata, keys)
}
