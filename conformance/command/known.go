package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/conformance/player"
)

// known are the cases that are known to fail, in any mode, and why, in the order of their file.
type known []knownCase

type knownCase struct{ id, reason string }

// maxKnownBytes bounds the file of known failures; one with every case in it is under 100 KiB.
const maxKnownBytes = 1 << 20

// readKnown reads a file of known failures: on each line the ID of a case and, behind white space, the reason. Blank lines
// and those that begin with # do not count. No file is no known failures.
func readKnown(path string, cases []player.Case) (known, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("-known: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKnownBytes+1))
	if err == nil && len(text) > maxKnownBytes {
		err = errors.New("over 1 MiB: write an ID and a reason on each line")
	}
	if err != nil {
		return nil, fmt.Errorf("-known %s: %w", path, err)
	}
	var all known
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		id, reason := line, ""
		if end := strings.IndexAny(line, " \t"); end >= 0 {
			id, reason = line[:end], strings.TrimSpace(line[end:])
		}
		switch {
		case !slices.ContainsFunc(cases, func(c player.Case) bool { return c.ID == id }):
			return nil, fmt.Errorf("-known %s, line %d: there is no case %.100q: see %s list", path, number, id, name)
		case reason == "":
			return nil, fmt.Errorf("-known %s, line %d: %s has no reason: write one behind the ID", path, number, id)
		case slices.ContainsFunc(all, func(k knownCase) bool { return k.id == id }):
			return nil, fmt.Errorf("-known %s, line %d: %s is there already: leave out one", path, number, id)
		}
		all = append(all, knownCase{id, reason})
	}
	return all, nil
}

// mark notes the reasons on the results of a run that failed or are undecided, and returns the IDs of known cases that
// were decided and all passed.
func (k known) mark(played *result.Run) (mended []string) {
	for _, of := range k {
		passed, failed := false, false
		for i := range played.Results {
			r := &played.Results[i]
			if r.ID != of.id {
				continue
			}
			switch r.Outcome {
			case result.Passed:
				passed = true
			case result.Failed, result.Undecided:
				failed, r.Known = true, of.reason
			}
		}
		if passed && !failed {
			mended = append(mended, of.id)
		}
	}
	return mended
}
