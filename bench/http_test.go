package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain is also the servers that a test starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-serve" {
		main()
		return
	}
	os.Exit(m.Run())
}

// The whole way with few servers, none of Node.js.
func TestRunHTTP(t *testing.T) {
	plan := httpPlan{rounds: 1, cell: 50 * time.Millisecond, warm: time.Millisecond, unseen: 32, flood: 20, stampede: 20, trials: faultTrials()[:2]}
	kinds := slices.DeleteFunc(serverKinds(), func(k serverKind) bool { return !k.bare && k.name != holdfastName || k.node })
	var report strings.Builder
	if err := runHTTP(t.Context(), plan, kinds, &report, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| net/http, bare | seen ", "| Holdfast       | never seen ", "| Holdfast | 1, ", "1 rounds of 50ms"} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("the report has no %q:\n%s", want, &report)
		}
	}
}

// Each server in Go accepts good tokens and rejects tampered ones.
func TestServers(t *testing.T) {
	s, trust, err := publishedSite(endWith(t))
	if err != nil {
		t.Fatal(err)
	}
	good, err := s.tenants[0].Token(claims())
	if err != nil {
		t.Fatal(err)
	}
	bad, err := tampered(s.tenants[0], good)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range serverKinds() {
		if kind.node {
			continue
		}
		t.Run(kind.name, func(t *testing.T) {
			started, err := kind.start(t.Context(), s.tenants[0], trust, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			defer started.stop()
			if err := started.check(t.Context(), good); err != nil {
				t.Error(err)
			}
			for _, b := range bad {
				if status := get(t.Context(), http.DefaultClient, started.url, b.token); !kind.bare && status == http.StatusOK {
					t.Errorf("a token with %s is accepted", b.what)
				}
			}
			if took, err := started.processor(t.Context()); err != nil || took <= 0 {
				t.Errorf("processor time %v, %v", took, err)
			}
		})
	}
}

func TestServeRefuses(t *testing.T) {
	t.Setenv(trustVariable, "none")
	if err := serve(context.Background(), holdfastName, io.Discard); err == nil {
		t.Error("it serves without an issuer's certificate")
	}
}

func TestStatuses(t *testing.T) {
	m := loadMeasure{times: []time.Duration{1, 2, 3, 4}, statuses: map[int]int{200: 2, 401: 1, 0: 1}}
	if got, want := statuses(m), "no answer, 200, 401"; got != want {
		t.Errorf("statuses %q, want %q", got, want)
	}
	if got, want := others(m), " (no answer, 200, 401)"; got != want {
		t.Errorf("others %q, want %q", got, want)
	}
	if p50, worst := m.percentile(50), m.percentile(100); p50 != 2 || worst != 4 {
		t.Errorf("percentiles %d and %d, want 2 and 4", p50, worst)
	}
}
