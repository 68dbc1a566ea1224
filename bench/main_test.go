package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The whole way on some of the workloads that need few tokens.
func TestRun(t *testing.T) {
	folder := t.TempDir()
	var out, progress strings.Builder
	args := []string{"-short", "-run", "RS256, seen before|random bytes|12 KiB|in turn", "-out", folder}
	if err := run(t.Context(), args, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	report, err := os.ReadFile(filepath.Join(folder, "RESULTS.md"))
	if err != nil || string(report) != out.String() {
		t.Errorf("RESULTS.md is not what was printed: %v", err)
	}
	for _, want := range []string{
		bearerRS256Seen, "bare cryptography", "Holdfast", "golang-jwt/jwt/v5 v5.", "go-jwt-middleware/v3 v3.", "not measured", "| 1,000 live tokens in turn,",
		"3 rounds of 50ms",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report has no %q:\n%s", want, &out)
		}
	}
	for _, p := range peers() {
		if !strings.Contains(out.String(), "| "+p.name) {
			t.Errorf("the report has no %s", p.name)
		}
	}
	picture, err := os.ReadFile(filepath.Join(folder, "results.svg"))
	if err != nil {
		t.Fatal(err)
	}
	checkSVG(t, picture)
}

func TestRunRefuses(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, row := range []struct {
		name string
		ctx  context.Context
		args []string
	}{
		{"an unknown flag", t.Context(), []string{"-fast"}},
		{"no regular expression", t.Context(), []string{"-run", "("}},
		{"a folder that is not there", t.Context(), []string{"-run", "nothing", "-out", filepath.Join(t.TempDir(), "none")}},
		{"a context that has ended", canceled, []string{"-short", "-run", "RS256, seen before"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := run(row.ctx, row.args, io.Discard, io.Discard); err == nil {
				t.Error("no error")
			}
		})
	}
}

// What can't be measured here is left out, and said to be.
func TestWithoutRedis(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out, progress strings.Builder
	if err := run(t.Context(), []string{"-run", dpopRedis}, &out, &progress); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(progress.String(), "LEFT OUT: "+errNoRedis.Error()) {
		t.Errorf("progress: %s", &progress)
	}
}

func TestRedis(t *testing.T) {
	client, err := startRedis(t.Context(), endWith(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}

func TestPlot(t *testing.T) {
	r := &results{rows: []row{rowOf(bearerRS256Unseen, oneCore, 118_000, 28, 310_000), rowOf(dpopSeen, oneCore, 90_000, 28)}}
	r.rows[0].cells[2].contender = `a "peer" <of> & more`
	var picture bytes.Buffer
	if err := r.plot(&picture); err != nil {
		t.Fatal(err)
	}
	checkSVG(t, picture.Bytes())
	// The longest bar is as wide as bars may be; the others go by it.
	for _, want := range []string{`width="480.0"`, `width="182.7"`, `width="139.4"`, "3.10 ×", "1.18 ×", "0.90 ×"} {
		if !bytes.Contains(picture.Bytes(), []byte(want)) {
			t.Errorf("the plot has no %s:\n%s", want, &picture)
		}
	}
}

// checkSVG finds what no XML parser takes.
func checkSVG(t *testing.T, picture []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(picture))
	for {
		_, err := decoder.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, picture)
		}
	}
}

func TestBusy(t *testing.T) {
	floor := func(nanoseconds ...time.Duration) row {
		return row{floors: 1, cells: []cell{cellOf("bare cryptography", 9, nanoseconds...)}}
	}
	quiet, varied := floor(90, 98, 99, 100, 101, 102, 110), floor(90, 98, 99, 100, 101, 102, 111)
	for _, row := range []struct {
		name string
		rows []row
		want bool
	}{
		{"nothing measured", nil, false},
		{"at the limit", []row{quiet}, false},
		{"above it", []row{varied}, true},
		{"above it in the fewest rows", []row{varied, quiet, quiet}, false},
		{"above it in the most rows", []row{varied, quiet, varied}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := (&results{rows: row.rows}).busy(); got != row.want {
				t.Errorf("busy: %v", got)
			}
		})
	}
}

func TestPreparations(t *testing.T) {
	var names []string
	for _, p := range preparations(shortScale) {
		names = append(names, p.workload)
	}
	for _, of := range []string{
		bearerRS256Unseen, bearerRS256Seen, bearerRS256UnseenRead, bearerRS256SeenRead, bearerES256Unseen, bearerZipf,
		dpopUnseen, dpopSeen, dpopRedis, manyIssuers, newIssuers, manyDomains,
		garbageBytes, garbageToken, garbageDeep,
	} {
		if !slices.Contains(names, of) {
			t.Errorf("%s is not measured", of)
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
		t.Errorf("two workloads have the same name: %q", names)
	}
}

func TestThisMachine(t *testing.T) {
	m := thisMachine(time.Date(2026, time.March, 1, 23, 0, 0, 0, time.UTC))
	if m.date != "2026-03-01" || !strings.Contains(m.processor, "cores") || m.golang == "" {
		t.Errorf("%+v", m)
	}
	for _, p := range peers() {
		for _, module := range p.modules {
			name := strings.TrimPrefix(module, "github.com/") + " v"
			if !slices.ContainsFunc(m.libraries, func(library string) bool { return strings.HasPrefix(library, name) }) {
				t.Errorf("no version of %s in %q", module, m.libraries)
			}
		}
	}
}

// One round tells that the replay memory can be measured; what it tells is for a quiet machine.
func TestMeasureReplay(t *testing.T) {
	const live = 20_000
	m, err := measureReplay(t.Context(), 3, live)
	if err != nil {
		t.Fatal(err)
	}
	if m.bytes < 16*live || m.perUse <= 0 || m.worst < m.perUse || m.worstExpired <= 0 {
		t.Errorf("%+v", m)
	}
}
