package command

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/holdfast-go/holdfast/conformance/player"
)

// A listed case is one of the catalogue and whether an API can be asked it.
type listed struct {
	player.Case
	BlackBox bool `json:"blackBox"`
	// Powers are what the API must have for it.
	Powers []string `json:"powers,omitempty"`
}

func list(cases []player.Case, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet(name+" list", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stdout, usage)
			return exitHolds
		}
		return complain(stderr, err.Error())
	}
	if flags.NArg() > 0 {
		return complain(stderr, fmt.Sprintf("list takes no arguments: leave out %q", flags.Arg(0)))
	}
	var err error
	if *asJSON {
		err = listJSON(stdout, cases)
	} else {
		err = listTable(stdout, cases)
	}
	if err != nil {
		return complain(stderr, err.Error())
	}
	return exitHolds
}

func listJSON(stdout io.Writer, cases []player.Case) error {
	var all []listed
	for _, c := range cases {
		all = append(all, listed{c, c.BlackBox(), c.Powers()})
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(all)
}

func listTable(stdout io.Writer, cases []player.Case) error {
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	blackBox := 0
	for _, c := range cases {
		how := "in process"
		if c.BlackBox() {
			how = "over HTTP"
			blackBox++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", c.ID, c.Level, how, c.Expected, c.Section, c.Reason)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "%d cases, %d of them over HTTP\n", len(cases), blackBox)
	return err
}
