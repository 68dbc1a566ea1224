package main

import (
	"bufio"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A httpPlan is how long whole servers are measured.
type httpPlan struct {
	rounds     int
	cell, warm time.Duration
	unseen     int // tokens in turn where none was seen before
	flood      int // tokens with unknown key IDs
	stampede   int // requests at once
	trials     []faultTrial
}

var (
	fullHTTP  = httpPlan{7, 700 * time.Millisecond, 300 * time.Millisecond, 2 * pool, 5000, 1000, faultTrials()}
	shortHTTP = httpPlan{1, 100 * time.Millisecond, 20 * time.Millisecond, 512, 200, 50, faultTrials()}
)

// runHTTP measures whole servers and how they bear faults, and writes the report to out.
func runHTTP(ctx context.Context, plan httpPlan, kinds []serverKind, out, progress io.Writer) error {
	var after cleanup
	defer after.run()
	s, trust, err := publishedSite(&after)
	if err != nil {
		return err
	}
	fmt.Fprintln(progress, "bench: servers")
	rows, err := measureServers(ctx, plan, kinds, s.tenants[0], trust)
	if err != nil {
		return err
	}
	var faults [][]string
	for _, kind := range kinds {
		if kind.bare || kind.name == acceleratedName {
			continue
		}
		fmt.Fprintln(progress, "bench: faults,", kind.name)
		line, err := measureFaults(ctx, plan, kind, s, trust)
		if err != nil {
			return fmt.Errorf("%s: %w", kind.name, err)
		}
		faults = append(faults, line)
	}
	w := bufio.NewWriter(out)
	m := thisMachine(time.Now())
	fmt.Fprintf(w, "# Whole servers\n\nWritten by `make bench-http` on %s: %s, %s, %s, Node.js %s.\n\n", m.date, m.processor, m.system, m.golang, nodeVersion(ctx))
	table(w, []string{"server", "tokens", "requests by CPU second", "", "requests a second", "p50", "p99"}, rows)
	fmt.Fprintf(w, "\n## Faults\n\n")
	head := []string{"server"}
	for _, trial := range plan.trials {
		head = append(head, trial.columns...)
	}
	table(w, head, faults)
	fmt.Fprintf(w, "\n%s", fmt.Sprintf(httpMethod, plan.rounds, plan.cell, plan.unseen, plan.stampede, plan.flood))
	return w.Flush()
}

const httpMethod = `## How it is measured

- One process for each server, with one core for Go (GOMAXPROCS); Node.js has one for JavaScript. It answers "ok" to a request whose
  token is good. Each is set up as its README says; fast-jwt with its cache and get-jwks.
- 16 connections send the next request when they have the answer, over HTTP/1.1 on a loopback address. Servers take turns,
  %[1]d rounds of %[2]v each. Requests by CPU second are those by the processor time that the server took: the median, with
  the interval in which it is at 95 %% confidence. The times are the medians of the rounds.
- "Seen" is 16 tokens in turn, "never seen" %[3]d. Tokens are RS256, 1.4 kB, with 20 permissions.
- Stampede: %[4]d requests at once to a server that has just started, where the keys take 200 ms: key sets fetched, and the last answer.
- Unknown keys: %[5]d tokens with key IDs that the issuer does not have, by 8 callers: key sets fetched meanwhile, and the
  99th percentile of good requests by 2 more.
- For what follows a server keeps keys for 1 s where that can be set. Slow refresh: after 1.5 s without traffic keys take 1 s:
  the 99th percentile of good requests in the next second. Outage: the issuer answers 503, 1.5 s after the keys were fetched; and to a
  server that has just started, and what that answers 2 s after the issuer is back.
`

// publishedSite is a site with one tenant, and a file with its certificate.
func publishedSite(after *cleanup) (*site, string, error) {
	s, err := newSite("RS256", 1, after)
	if err != nil {
		return nil, "", err
	}
	dir, err := os.MkdirTemp("", "holdfast-bench-")
	if err != nil {
		return nil, "", err
	}
	after.add(func() { _ = os.RemoveAll(dir) })
	trust := filepath.Join(dir, "ca.pem")
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	return s, trust, os.WriteFile(trust, encoded, 0o600)
}

func nodeVersion(ctx context.Context) string {
	version, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return "missing"
	}
	return string(version[1 : len(version)-1])
}

// measureServers has all servers take turns.
func measureServers(ctx context.Context, plan httpPlan, kinds []serverKind, t *tenant, trust string) ([][]string, error) {
	tokens, err := mint(plan.unseen, func(int) (string, error) { return t.Token(claims()) })
	if err != nil {
		return nil, err
	}
	var servers []*server
	for _, kind := range kinds {
		started, err := kind.start(ctx, t, trust, 0)
		if err != nil {
			return nil, err
		}
		defer started.stop()
		if err := started.check(ctx, tokens[0]); err != nil {
			return nil, err
		}
		servers = append(servers, started)
	}
	var rows [][]string
	for _, sent := range []struct {
		name   string
		tokens []string
	}{{"seen", tokens[:16]}, {"never seen", tokens}} {
		samples := make([]serverSamples, len(servers))
		for range plan.rounds {
			for i, s := range servers {
				if err := samples[i].measure(ctx, plan, s, sent.tokens); err != nil {
					return nil, fmt.Errorf("%s: %w", s.name, err)
				}
			}
		}
		for i, s := range servers {
			if s.bare && sent.name != "seen" {
				continue
			}
			rows = append(rows, append([]string{s.name, sent.name}, samples[i].figures()...))
		}
	}
	return rows, nil
}

// serverSamples are a server's, one a round.
type serverSamples struct{ byCPU, bySecond, p50, p99 []float64 }

func (s *serverSamples) measure(ctx context.Context, plan httpPlan, of *server, tokens []string) error {
	taking(tokens, 16, plan.warm).run(ctx, of.url)
	before, err := of.processor(ctx)
	if err != nil {
		return err
	}
	m := taking(tokens, 16, plan.cell).run(ctx, of.url)
	after, err := of.processor(ctx)
	if err != nil {
		return err
	}
	requests := float64(len(m.times))
	s.byCPU = append(s.byCPU, requests/(after-before).Seconds())
	s.bySecond = append(s.bySecond, requests/m.took.Seconds())
	s.p50 = append(s.p50, m.percentile(50).Seconds())
	s.p99 = append(s.p99, m.percentile(99).Seconds())
	return m.passed()
}

func (s *serverSamples) figures() []string {
	byCPU := summarize(s.byCPU)
	milliseconds := func(values []float64) string { return fmt.Sprintf("%.2f ms", 1000*summarize(values).Center) }
	return []string{
		fmt.Sprintf("%.0f", byCPU.Center), byCPU.PctRangeString(), fmt.Sprintf("%.0f", summarize(s.bySecond).Center),
		milliseconds(s.p50), milliseconds(s.p99),
	}
}
