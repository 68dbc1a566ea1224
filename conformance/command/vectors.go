package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/conformance/internal/vector"
	"github.com/holdfast-go/holdfast/conformance/player"
)

// record writes the cases as vectors.
func record(ctx context.Context, cases []player.Case, args []string, stdout, stderr io.Writer) int {
	if len(args) != 1 || args[0] == "" || args[0][0] == '-' {
		return complain(stderr, "record takes one folder, for the vectors")
	}
	count, err := vector.Record(ctx, args[0], cases)
	if err != nil {
		return complain(stderr, err.Error())
	}
	fmt.Fprintf(stdout, "%d of %d cases recorded\n", count, len(cases))
	return exitHolds
}

// playVectors plays the vectors of a folder on Holdfast, without a network.
func playVectors(ctx context.Context, folder, only string, progress func(done, total int, r result.Result)) (result.Run, error) {
	chosen, err := regexp.Compile(only)
	if err != nil {
		return result.Run{}, fmt.Errorf("-only is not a regular expression: %w", err)
	}
	files, err := vector.Read(folder)
	if err != nil {
		return result.Run{}, err
	}
	total := 0
	var all []func() result.Result
	for _, f := range files {
		for _, g := range f.Groups {
			for _, v := range g.Vectors {
				if !chosen.MatchString(v.ID) {
					continue
				}
				total++
				all = append(all, func() result.Result { return playVector(ctx, g, v) })
			}
		}
	}
	if total == 0 {
		return result.Run{}, errors.New("-only matches no vector")
	}
	played := result.Run{Target: "Holdfast in process, on " + folder, Started: time.Now().UTC()}
	for _, mode := range player.Modes() {
		played.Modes = append(played.Modes, string(mode))
	}
	for i, play := range all {
		r := play()
		played.Results = append(played.Results, r)
		if progress != nil {
			progress(i+1, total, r)
		}
	}
	played.Duration = time.Since(played.Started)
	return played, nil
}

func playVector(ctx context.Context, g vector.Group, v vector.Vector) result.Result {
	began := time.Now()
	err := vector.Play(ctx, g, v)
	r := result.Result{
		Case: v.Case, Mode: g.Policy.DPoP.Mode, Outcome: result.Passed,
		Expected: v.Steps[len(v.Steps)-1].Expected.String(), Actual: v.Steps[len(v.Steps)-1].Expected.String(), Duration: time.Since(began),
	}
	if err != nil {
		r.Outcome, r.Actual = result.Failed, err.Error()
	}
	return r
}
