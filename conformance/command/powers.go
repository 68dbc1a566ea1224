package command

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/conformance/player"
)

// A listedPower is a power and how many cases take it.
type listedPower struct {
	player.Power
	Cases int `json:"cases"`
}

func listPowers(cases []player.Case, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet(name+" powers", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	asJSON := flags.Bool("json", false, "print JSON")
	asMarkdown := flags.Bool("markdown", false, "print a table in Markdown")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stdout, usage)
			return exitHolds
		}
		return complain(stderr, err.Error())
	}
	var all []listedPower
	for _, power := range player.Powers() {
		listed := listedPower{Power: power}
		for _, c := range cases {
			if c.BlackBox() && slices.Contains(c.Powers(), power.Name) {
				listed.Cases++
			}
		}
		all = append(all, listed)
	}
	if *asJSON {
		encoder := json.NewEncoder(stdout)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(all); err != nil {
			return complain(stderr, err.Error())
		}
		return exitHolds
	}
	if *asMarkdown {
		fmt.Fprint(stdout, "| power | variables | the target |\n|---|---|---|\n")
		for _, power := range all {
			variables := "`" + strings.Join(power.Variables, "` `") + "`"
			fmt.Fprintf(stdout, "| `%s` | %s | %s |\n", power.Name, strings.ReplaceAll(variables, "``", ""), power.Means)
		}
		return exitHolds
	}
	for _, power := range all {
		fmt.Fprintf(stdout, "%s (%d cases) %s\n  %s\n", power.Name, power.Cases, strings.Join(power.Variables, ", "), power.Means)
	}
	return exitHolds
}
