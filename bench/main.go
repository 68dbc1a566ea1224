// Command bench measures what Holdfast's verification costs, compared with bare cryptography, which is the floor, and
// with its peers: the Go libraries that verify access tokens. Each is set up as its README says, and shows that it
// accepts a good token and rejects tampered ones before it is measured.
//
//	go run .
//	go run . -http
//
// The second measures whole servers and how they bear faults, into HTTP.md; it needs npm ci in node/. The first
// prints the report and writes it to RESULTS.md, with a plot in results.svg. It takes some ten minutes, and the machine
// should have nothing else to do. With -short it takes one, and with -run it measures some of the workloads; then
// nothing is written but where -out says. Of two runs with -raw, benchstat says what has changed. Redis's server is run for
// one of the workloads, if it is installed.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures, writes the report to out, and tells on progress where it is.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(progress)
	short := flags.Bool("short", false, "take a minute, for figures that are no more than a hint")
	only := flags.String("run", "", "measure only workloads whose name matches this regular `expression`")
	folder := flags.String("out", "", "write RESULTS.md and results.svg to this `folder`; "+
		"by default to the current one, unless -short or -run is given")
	samples := flags.String("raw", "", "write all samples to this `file`, for benchstat")
	servers := flags.Bool("http", false, "measure whole servers instead, into HTTP.md")
	served := flags.String("serve", "", "be the `server` of that name, for -http")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *folder == "" && !*short && *only == "" {
		*folder = "."
	}
	switch {
	case *served != "":
		return serve(ctx, *served, out)
	case *servers:
		return reportHTTP(ctx, *short, *folder, out, progress)
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	plan, scale := schedule{rounds: 15, cell: 150 * time.Millisecond}, fullScale
	if *short {
		plan, scale = schedule{rounds: 3, cell: 50 * time.Millisecond}, shortScale
	}
	measured, err := measureAll(ctx, plan, preparations(scale), wanted, progress)
	if err != nil {
		return err
	}
	if *samples != "" {
		var raw bytes.Buffer
		if err := errors.Join(measured.raw(&raw), os.WriteFile(*samples, raw.Bytes(), 0o644)); err != nil {
			return err
		}
	}
	var report, picture bytes.Buffer
	if err := errors.Join(measured.write(&report, thisMachine(time.Now()), plan), measured.plot(&picture)); err != nil {
		return err
	}
	if _, err := out.Write(report.Bytes()); err != nil || *folder == "" {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(*folder, "RESULTS.md"), report.Bytes(), 0o644),
		os.WriteFile(filepath.Join(*folder, "results.svg"), picture.Bytes(), 0o644),
	)
}

// reportHTTP measures whole servers.
func reportHTTP(ctx context.Context, short bool, folder string, out, progress io.Writer) error {
	plan := fullHTTP
	if short {
		plan = shortHTTP
	}
	var report bytes.Buffer
	if err := runHTTP(ctx, plan, serverKinds(), &report, progress); err != nil {
		return err
	}
	if _, err := out.Write(report.Bytes()); err != nil || folder == "" {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "HTTP.md"), report.Bytes(), 0o644)
}

// What is not measured in rounds of contenders.
const (
	replayWorkload = "Replay memory of a process"
	turnsWorkload  = "Live tokens in turn"
)

// measureAll measures the workloads that are wanted, one after the other.
func measureAll(
	ctx context.Context, plan schedule, list []preparation, wanted *regexp.Regexp, progress io.Writer,
) (*results, error) {
	measured := &results{}
	for _, p := range list {
		if !wanted.MatchString(p.workload) {
			continue
		}
		fmt.Fprintln(progress, "bench:", p.workload)
		rows, err := measureOne(ctx, plan, p)
		switch {
		case errors.Is(err, errNoRedis):
			fmt.Fprintln(progress, "bench: LEFT OUT:", err)
		case err != nil:
			return nil, fmt.Errorf("%s: %w", p.workload, err)
		}
		measured.rows = append(measured.rows, rows...)
	}
	if wanted.MatchString(replayWorkload) {
		fmt.Fprintln(progress, "bench:", replayWorkload)
		replay, err := measureReplay(ctx, min(plan.rounds, 5), liveProofs)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", replayWorkload, err)
		}
		measured.replay = &replay
	}
	if wanted.MatchString(turnsWorkload) {
		fmt.Fprintln(progress, "bench:", turnsWorkload)
		found, err := measureTurns(ctx, liveTokens)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", turnsWorkload, err)
		}
		measured.turns = &found
	}
	return measured, nil
}

func measureOne(ctx context.Context, plan schedule, p preparation) ([]row, error) {
	var after cleanup
	defer after.run()
	w, err := p.prepare(ctx, &after)
	if err != nil {
		return nil, err
	}
	return plan.measure(ctx, w)
}
