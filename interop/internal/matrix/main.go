package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

// settings are what the flags say.
type settings struct{ systems, conform, reports, output, held string }

func main() {
	var s settings
	flag.StringVar(&s.systems, "systems", "", "the `file` that lists the systems")
	flag.StringVar(&s.conform, "conform", "", "the `program` that plays: holdfast-conform; none is played without it")
	flag.StringVar(&s.reports, "reports", "", "the `folder` of the reports")
	flag.StringVar(&s.output, "o", "", "the `file` to write")
	flag.StringVar(&s.held, "held", "", "the `name` of a system of which every MUST and SHOULD has to pass")
	flag.Parse()
	if err := s.run(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		os.Exit(1)
	}
}

func (s settings) run(only []string) error {
	if s.systems == "" || s.reports == "" || s.output == "" {
		return errors.New("use it as: matrix -systems file -reports folder -o file [-conform program] [-held name] [system...]")
	}
	systems, err := readSystems(s.systems)
	if err != nil {
		return err
	}
	for _, name := range only {
		if !slices.ContainsFunc(systems, func(s *system) bool { return s.Name == name }) {
			return fmt.Errorf("%s lists no system %q", s.systems, name)
		}
	}
	for _, system := range systems {
		if s.conform != "" && (len(only) == 0 || slices.Contains(only, system.Name)) {
			if err := system.play(s.conform, s.reports); err != nil {
				return err
			}
		}
	}
	for _, system := range systems {
		if err := system.read(s.reports); err != nil {
			return err
		}
	}
	var page bytes.Buffer
	write(&page, systems)
	if err := os.WriteFile(s.output, page.Bytes(), 0o644); err != nil {
		return err
	}
	return checkHeld(systems, s.held)
}

// checkHeld returns an error if a MUST or SHOULD of the system did not pass, or was not played.
func checkHeld(systems []*system, name string) error {
	if name == "" {
		return nil
	}
	for _, s := range systems {
		if s.Name != name {
			continue
		}
		held := func(r result) bool { return r.Level != "OURS" }
		n := s.score(held)
		if len(s.Faults) > 0 || n.passed < n.run || n.run == 0 || s.differing(held) > 0 {
			return fmt.Errorf("%s: %d of %d results of a MUST or SHOULD pass, and %d differ between two runs; %s",
				name, n.passed, n.run, s.differing(held), strings.Join(s.Faults, "; "))
		}
		return nil
	}
	return fmt.Errorf("there is no report of %s", name)
}
