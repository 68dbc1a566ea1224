package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/holdfast-go/holdfast/conformance/internal/report"
	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

// diff prints what changed from one report to another. Its status is that of a run: 1 if something is worse.
func diff(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet(name+" diff", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stdout, usage)
			return exitHolds
		}
		return complain(stderr, err.Error())
	}
	if flags.NArg() != 2 {
		return complain(stderr, "diff takes two files that run -json wrote, the older one first")
	}
	var runs [2]result.Run
	for i, path := range flags.Args() {
		run, err := readReport(path)
		if err != nil {
			return complain(stderr, "diff: "+err.Error())
		}
		runs[i] = run
	}
	changes := report.Compare(runs[0], runs[1])
	if err := changes.Table(stdout); err != nil {
		return complain(stderr, err.Error())
	}
	if len(changes.Worse) > 0 {
		return exitBroken
	}
	return exitHolds
}

// readReport reads a file that -json wrote.
func readReport(path string) (result.Run, error) {
	f, err := os.Open(path)
	if err != nil {
		return result.Run{}, err
	}
	defer f.Close()
	run, err := report.ReadJSON(f)
	if err != nil {
		return result.Run{}, fmt.Errorf("%s is not a file that -json wrote: %w", path, err)
	}
	return run, nil
}
