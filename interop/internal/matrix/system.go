package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A system is one of the list: how its target is started, what the page says of it, and what its runs found.
type system struct {
	Name          string   `json:"name"`
	Language      string   `json:"language"`
	Go            goBuild  `json:"go"`     // how it is built, if it is in Go
	NPM           npm      `json:"npm"`    // where its version stands, if it is a package of npm
	Debian        debian   `json:"debian"` // the same for Debian
	Modes         string   `json:"modes"`  // of DPoP, separated by commas
	Start         []string `json:"start"`  // the command, from the root of the repository
	Source        string   `json:"source"` // the target's file or folder
	Documentation string   `json:"documentation"`
	SetUp         string   `json:"set_up"`
	NotCounted    []string `json:"not_counted"` // topics that the target or another library decides

	report `json:"-"`
}

// A goBuild is a program of Go: of a package in a folder, with the module whose version counts.
type goBuild struct {
	Folder  string `json:"folder"`
	Package string `json:"package"`
	Module  string `json:"module"`
	Apart   bool   `json:"apart"` // the folder is a module outside go.work
}

type npm struct {
	Folder  string `json:"folder"`
	Package string `json:"package"`
}

type debian struct {
	Package string `json:"package"`
	Year    int    `json:"year"` // in which its makers released the version
}

// readSystems reads the list. A name or member that it can't use is an error.
func readSystems(file string) ([]*system, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var systems []*system
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&systems); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, s := range systems {
		if s.Name == "" || s.Modes == "" || s.Source == "" || s.SetUp == "" || (s.Go.Package == "") == (s.Start == nil) {
			return nil, fmt.Errorf("%s: %q needs name, modes, source, set_up, and one of go and start", file, s.Name)
		}
	}
	return systems, nil
}

var noFileName = regexp.MustCompile(`[^a-z0-9]+`)

// file is the name of a file of the system's.
func (s *system) file(folder, suffix string) string {
	return filepath.Join(folder, noFileName.ReplaceAllString(strings.ToLower(s.Name), "-")+suffix)
}

// command returns what starts the system's target, which it builds if need be.
func (s *system) command(reports string) ([]string, error) {
	if s.Go.Package == "" {
		return s.Start, nil
	}
	program, err := filepath.Abs(s.file(reports, ".target"))
	if err != nil {
		return nil, err
	}
	_, err = s.Go.run("build", "-o", program, s.Go.Package)
	return []string{program}, err
}

func (g goBuild) run(arguments ...string) (string, error) {
	command := exec.Command("go", arguments...)
	command.Dir = g.Folder
	if g.Apart {
		command.Env = append(os.Environ(), "GOWORK=off")
	}
	return output(command)
}

func output(command *exec.Cmd) (string, error) {
	var said bytes.Buffer
	command.Stderr = &said
	text, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", command, err, &said)
	}
	return strings.TrimSpace(string(text)), nil
}

// label is the system's name with its version.
func (s *system) label() (string, error) {
	switch {
	case s.Go.Module != "":
		version, err := s.Go.run("list", "-m", "-f", "{{.Version}}", s.Go.Module)
		return s.Name + " " + version, err
	case s.NPM.Package != "":
		text, err := os.ReadFile(filepath.Join(s.NPM.Folder, "node_modules", s.NPM.Package, "package.json"))
		if err != nil {
			return "", err
		}
		var manifest struct{ Version string }
		err = json.Unmarshal(text, &manifest)
		return s.Name + " " + manifest.Version, err
	case s.Debian.Package != "":
		version, err := output(exec.Command("dpkg-query", "-W", "-f", "${Version}", s.Debian.Package))
		return fmt.Sprintf("%s %s (Debian, of %d)", s.Name, version, s.Debian.Year), err
	}
	return s.Name, nil
}

// play plays the cases on the system twice and leaves the reports in the folder.
func (s *system) play(conform, reports string) error {
	command, err := s.command(reports)
	if err != nil {
		return err
	}
	label, err := s.label()
	if err != nil {
		return err
	}
	for _, run := range runs {
		file := s.file(reports, run+".json")
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			return err
		}
		player := exec.Command(conform, slices.Concat([]string{"run", "-q", "-name", label, "-dpop", s.Modes, "-json", file,
			"-html", s.file(reports, run+".html"), "-junit", s.file(reports, run+".xml"), "--"}, command)...)
		said, err := player.CombinedOutput()
		// 1 is a MUST that does not hold.
		if ended := player.ProcessState; err != nil && (ended == nil || ended.ExitCode() != 1) {
			return fmt.Errorf("%s: %w\n%s", label, err, said)
		}
		lines := strings.Split(strings.TrimSpace(string(said)), "\n")
		fmt.Println("conform:", lines[len(lines)-1])
	}
	return nil
}

// runs are the suffixes of the reports' names: every system is played twice.
var runs = []string{"", ".again"}

// read reads the reports of both runs. A result that differs between them counts neither as passed nor as failed.
func (s *system) read(reports string) error {
	var again report
	for i, to := range []*report{&s.report, &again} {
		file := s.file(reports, runs[i]+".json")
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("%s was not played yet (%w): run make conform SYSTEM=%q", s.Name, err, s.Name)
		}
		if err := json.Unmarshal(text, to); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if len(to.Results) == 0 {
			return fmt.Errorf("%s has no results: %s", file, strings.Join(to.Faults, "; "))
		}
	}
	s.Faults = append(s.Faults, again.Faults...)
	type played struct{ id, mode string }
	outcomes := make(map[played]string)
	for _, r := range again.Results {
		outcomes[played{r.ID, r.Mode}] = r.Outcome
	}
	for i, r := range s.Results {
		switch {
		case outcomes[played{r.ID, r.Mode}] != r.Outcome:
			s.Results[i].Outcome = differs
		case slices.Contains(s.NotCounted, r.Topic):
			s.Results[i].Outcome = skipped
		}
	}
	return nil
}
