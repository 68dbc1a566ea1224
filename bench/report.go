package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A machine is what the figures hold for.
type machine struct {
	processor, system, golang string
	libraries                 []string // with their versions
	date                      string
}

// thisMachine describes the machine, and the libraries that this program was built with.
func thisMachine(now time.Time) machine {
	m := machine{
		processor: fmt.Sprintf("%s, %d cores", processor(), runtime.NumCPU()),
		system:    runtime.GOOS + "/" + runtime.GOARCH,
		golang:    runtime.Version(),
		date:      now.UTC().Format(time.DateOnly),
	}
	info, found := debug.ReadBuildInfo()
	if !found {
		return m
	}
	for _, module := range info.Deps {
		if slices.ContainsFunc(peers(), func(p peer) bool { return slices.Contains(p.modules, module.Path) }) {
			m.libraries = append(m.libraries, strings.TrimPrefix(module.Path, "github.com/")+" "+module.Version)
		}
	}
	return m
}

// processor is its name, where the system tells it.
func processor() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// write writes the report, in Markdown whose tables can be read as they are.
func (r *results) write(w io.Writer, m machine, s schedule) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "# What verification costs\n\n")
	fmt.Fprintf(out, "Written by `make bench` on %s: %s, %s, %s.\n", m.date, m.processor, m.system, m.golang)
	fmt.Fprintf(out, "Peers: %s.\n\n", strings.Join(m.libraries, ", "))
	if r.busy() {
		fmt.Fprintf(out, "**The machine was busy, and these figures are no more than a hint:** the floor itself varied by "+
			"over %d %%.\n\n", busySpread)
	}
	fmt.Fprintf(out, "![Time by bare cryptography](results.svg)\n\n## Targets\n\n%s\n\n", r.summary())
	table(out, []string{"target", "limit", "measured", ""}, r.targetLines())
	fmt.Fprintf(out, "\n## Holdfast\n\n")
	table(out, []string{"workload", "on", "ns/op", "", "B/op", "allocs", "x floor", "x best peer", "best peer"}, r.holdfastLines())
	fmt.Fprintf(out, "\n## Everyone\n\n")
	table(out, []string{"workload", "on", "verifier", "ns/op", "", "B/op", "allocs", "x floor"}, r.allLines())
	fmt.Fprintf(out, "\n%s", fmt.Sprintf(method, s.rounds, s.cell))
	return out.Flush()
}

// method says how to read the figures.
const method = `## How it is measured

- The floor is bare cryptography: SHA-256 and the signatures, of the same bytes, with everything decoded ahead. Where
  tokens were seen before, the floor of a Bearer row still has the token's signature; that of a DPoP row has only the
  proof's. Every DPoP row has the token's SHA-256, which a proof must name (ath).
- Tokens are like Auth0's, with 20 permissions: 1.4 kB with an RSA signature. Where claims are read, they are the
  permissions, a list of roles, and a string, into a struct: by what each library offers for it.
- Verifiers take turns, %[1]d rounds of %[2]v each. Figures are medians of the rounds, and a ratio is the median of the
  rounds' ratios. The percentage is that of the interval in which the median is at 95 %% confidence, by
  [benchmath](https://pkg.go.dev/golang.org/x/perf/benchmath), as benchstat has it. On 1 core ns/op is
  processor time, on 2 cores and with Redis wall time by operations. The flag -raw writes all samples for benchstat.
- A peer that is given garbage returns an error; Holdfast makes the answer to send, with its challenges. What it rejects is
  held against the floor only.
- On 1 core Go has one (GOMAXPROCS), the garbage collector included. No cell starts with another's garbage.
- "Never seen" is 4,096 tokens in turn, four times what Holdfast remembers by default. Nothing is switched off: what it
  costs to look for them is in the figures.
- By Zipf's law with an exponent of 1.01, the default memory has room for 1,024 of the tokens in use. A token in turn
  counts as found if its request takes less than half of what its signature takes.
- Holdfast is given whole requests (VerifyRequest), its peers only the token; for DPoP they get token, proof, method
  and URL.
- "Accelerated" is Holdfast with adapters/fastverify, which prepares public keys and is off unless it is named. The floor
  is the standard library, which prepares a key for each signature.
- All check signature, issuer, audience and times, and each has accepted good tokens, read their claims, and rejected
  tampered ones before it was measured. Only Holdfast looks for proofs that were used before.
- Issuers publish over TLS on a loopback address; very many publish to Holdfast in the process. Keys are fetched before
  anything is measured. Redis has the cores that are measured for itself, too.
- Garbage is held against one RSA signature, or one for each 64 KiB of it. Holdfast's rejection holds the answer to
  send, with its challenges; its peers' is an error.
- Of the replay memory's rounds the best counts.
`

// busySpread is the interval of the floor, in per cent, above which a machine has other things to do.
const busySpread = 10

// busy tells whether the same cryptography took now longer and now shorter, in most of the rows.
func (r *results) busy() bool {
	var varied int
	for _, row := range r.rows {
		if floor := row.cells[floorCell].summary(nanoseconds); 100*(floor.Hi-floor.Lo)/2 > busySpread*floor.Center {
			varied++
		}
	}
	return 2*varied > len(r.rows)
}

// summary counts the targets that are missed.
func (r *results) summary() string {
	missed := make(map[string]int)
	verdicts := r.verdicts()
	for _, v := range verdicts {
		missed[v.word()]++
	}
	return fmt.Sprintf("%d targets: %d met, %d missed, %d not measured.", len(verdicts),
		missed[verdict{measured: "x", met: true}.word()], missed[verdict{measured: "x"}.word()], missed[verdict{}.word()])
}

func (r *results) targetLines() [][]string {
	var lines [][]string
	for _, v := range r.verdicts() {
		lines = append(lines, []string{v.target, v.limit, v.measured, v.word()})
	}
	return lines
}

func (r *results) holdfastLines() [][]string {
	var lines [][]string
	for _, row := range r.rows {
		for i, ours := range row.cells {
			if !isHoldfast(ours.contender) {
				continue
			}
			line := append([]string{row.workload, row.variant + strings.TrimPrefix(ours.contender, holdfastName)}, figures(ours)...)
			line = append(line, ratio(row.toFloor(i)), "", "")
			if best, any := row.bestPeer(); any {
				line[len(line)-2], line[len(line)-1] = ratio(ours.ratio(best)), best.contender
			}
			lines = append(lines, line)
		}
	}
	return lines
}

func (r *results) allLines() [][]string {
	var lines [][]string
	for _, row := range r.rows {
		for i, c := range row.cells {
			toFloor := ratio(row.toFloor(i))
			if i == floorCell {
				toFloor = "" // it is what the others are held against
			}
			lines = append(lines, append(append([]string{row.workload, row.variant, c.contender}, figures(c)...), toFloor))
		}
	}
	return lines
}

// figures are the medians of a cell, the time with its interval.
func figures(c cell) []string {
	whole := func(of figure) string { return fmt.Sprintf("%.0f", c.median(of)) }
	return []string{whole(nanoseconds), c.summary(nanoseconds).PctRangeString(), whole(bytesOf), whole(allocs)}
}

// ratio writes small ones with a digit more.
func ratio(r float64) string {
	if r < 0.1 {
		return fmt.Sprintf("%.3f", r)
	}
	return fmt.Sprintf("%.2f", r)
}

// table writes a Markdown table with its columns aligned, those of numbers to the right.
func table(w io.Writer, head []string, lines [][]string) {
	widths := make([]int, len(head))
	right := make([]bool, len(head))
	for i := range head {
		widths[i], right[i] = max(3, utf8.RuneCountInString(head[i])), len(lines) > 0
		for _, line := range lines {
			widths[i] = max(widths[i], utf8.RuneCountInString(line[i]))
			right[i] = right[i] && isNumber(line[i])
		}
	}
	rules := make([]string, len(head))
	for i := range rules {
		rules[i] = strings.Repeat("-", widths[i])
		if right[i] {
			rules[i] = rules[i][1:] + ":"
		}
	}
	for _, line := range slices.Concat([][]string{head, rules}, lines) {
		for i, text := range line {
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			if right[i] {
				fmt.Fprintf(w, "| %s%s ", padding, text)
			} else {
				fmt.Fprintf(w, "| %s%s ", text, padding)
			}
		}
		fmt.Fprintln(w, "|")
	}
}

// isNumber tells whether a cell holds a number, or nothing.
func isNumber(text string) bool {
	_, err := strconv.ParseFloat(strings.TrimSuffix(text, " %"), 64)
	return text == "" || err == nil
}

// raw writes all samples in the format of Go's benchmarks, for benchstat -col /verifier.
func (r *results) raw(w io.Writer) error {
	out := bufio.NewWriter(w)
	name := strings.NewReplacer(", ", ",", " ", "_", "/", "_").Replace
	for _, row := range r.rows {
		for _, c := range row.cells {
			for _, s := range c.samples {
				fmt.Fprintf(out, "Benchmark%s/on=%s/verifier=%s %d %.1f ns/op %.1f B/op %.2f allocs/op\n",
					name(row.workload), name(row.variant), name(c.contender), c.jobs, s.nanoseconds, s.bytes, s.allocs)
			}
		}
	}
	return out.Flush()
}
