package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	output := flag.String("o", "", "the `file` to write")
	held := flag.String("held", "", "the `name` of a system of which every MUST and SHOULD has to pass")
	flag.Parse()
	if err := run(*output, *held, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		os.Exit(1)
	}
}

func run(output, held string, reports []string) error {
	if output == "" || len(reports) == 0 {
		return errors.New("use it as: matrix -o file [-held name] name=report.json, and more reports")
	}
	var systems []system
	for _, argument := range reports {
		name, file, _ := strings.Cut(argument, "=")
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		s := system{name: name}
		if err := json.Unmarshal(text, &s.report); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if len(s.Results) == 0 {
			return fmt.Errorf("%s has no results: %s", file, strings.Join(s.Faults, "; "))
		}
		systems = append(systems, s)
	}
	var page bytes.Buffer
	write(&page, systems)
	if err := os.WriteFile(output, page.Bytes(), 0o644); err != nil {
		return err
	}
	return checkHeld(systems, held)
}

// checkHeld returns an error if a MUST or SHOULD of the system did not pass, or was not played.
func checkHeld(systems []system, name string) error {
	if name == "" {
		return nil
	}
	for _, s := range systems {
		if s.name != name {
			continue
		}
		n := s.score(func(r result) bool { return r.Level != "OURS" })
		if len(s.Faults) > 0 || n.passed < n.run || n.run == 0 {
			return fmt.Errorf("%s: %d of %d results of a MUST or SHOULD pass; %s",
				name, n.passed, n.run, strings.Join(s.Faults, "; "))
		}
		return nil
	}
	return fmt.Errorf("there is no report of %s", name)
}
