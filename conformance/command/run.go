package command

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/conformance/internal/report"
	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/conformance/internal/runner"
	"github.com/holdfast-go/holdfast/conformance/player"
)

// settings are what the flags of run say.
type settings struct {
	runner.Config
	dpop, only, name, powers      string
	claims                        string
	jsonFile, junitFile, htmlFile string
	markdownFile, badgeFile       string
	baselineFile, knownFile       string
	vectors                       string
	verbose, quiet                bool
}

func (s *settings) flags(stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name+" run", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.dpop, "dpop", "", "DPoP `modes` to play, separated by commas: allowed, required, disabled (default all; with -url there is one)")
	flags.StringVar(&s.only, "only", "", "play only the cases whose ID matches this `regexp`, as in ^DPOP-")
	flags.StringVar(&s.powers, "powers", "", "the `powers` that the API has, separated by commas; all, or none (default those that it declares)")
	flags.StringVar(&s.name, "name", "", "call the API by this `name` in reports (default the command or URL)")
	flags.BoolVar(&s.Strict, "strict", false, "check every answer exactly, not only the decision")
	flags.StringVar(&s.jsonFile, "json", "", "write the results as JSON to this `file`")
	flags.StringVar(&s.junitFile, "junit", "", "write the results as JUnit XML to this `file`")
	flags.StringVar(&s.htmlFile, "html", "", "write the results as one HTML page to this `file`")
	flags.StringVar(&s.markdownFile, "markdown", "", "write a summary in Markdown to this `file`")
	flags.StringVar(&s.badgeFile, "badge", "", "write a badge as an SVG image to this `file`")
	flags.StringVar(&s.baselineFile, "baseline", "", "compare with the JSON `file` of an earlier run")
	flags.StringVar(&s.knownFile, "known", "", "do not count the failures that this `file` lists: a case ID and a reason on each line")
	flags.StringVar(&s.vectors, "vectors", "", "play the vectors in this `folder` on Holdfast itself, without a network")
	flags.StringVar(&s.URL, "url", "", "play on the API at this `URL`, and start none")
	flags.StringVar(&s.Audience, "audience", "https://api.conformance.example/", "what tokens are for: the `audience` of the API")
	flags.StringVar(&s.IssuerListen, "issuer-listen", "", "loopback `address` of the issuer (default any free port)")
	flags.StringVar(&s.IssuerHost, "issuer-host", "", "`host` of the issuer's identifier, example.com or a label below it, for an API that refuses loopback addresses; HTTPS_PROXY tells how to reach it")
	flags.StringVar(&s.Typ, "typ", "", "`typ` of good tokens, for an API that refuses at+jwt")
	flags.StringVar(&s.claims, "claims", "", "JSON `object` of claims that good tokens have on top of the usual ones")
	flags.StringVar(&s.CAFile, "ca-file", "", "write the certificate of the issuer to this `file`, for -url")
	flags.DurationVar(&s.StartTimeout, "start-timeout", 30*time.Second, "how long the API may take to get healthy")
	flags.DurationVar(&s.RequestTimeout, "request-timeout", 15*time.Second, "how long it may take to answer")
	flags.DurationVar(&s.Timeout, "timeout", 15*time.Minute, "how long all may take; what is left then is undecided")
	flags.BoolVar(&s.verbose, "v", false, "show what the API prints")
	flags.BoolVar(&s.quiet, "q", false, "show no progress")
	return flags
}

// check says what is wrong with the settings, and what would fix it.
func (s *settings) check(cases []player.Case) error {
	s.Cases = cases
	switch {
	case s.vectors != "" && (s.URL != "" || len(s.Command) > 0):
		return errors.New("-vectors are played on Holdfast: leave out -url and the command")
	case s.vectors != "" && (s.name != "" || s.knownFile != ""):
		return errors.New("-name and -known go with an API: leave them out with -vectors")
	case s.vectors != "":
		return nil
	case s.URL == "" && len(s.Command) == 0:
		return errors.New("say what to play on: -url URL, or a command behind --")
	case s.URL != "" && len(s.Command) > 0:
		return errors.New("-url and a command exclude one another: leave out one")
	case s.URL != "" && s.IssuerListen == "":
		return errors.New("-url needs -issuer-listen: the address of the issuer that the API was set up for")
	case s.URL == "" && s.CAFile != "":
		return errors.New("-ca-file goes with -url: a command is told by HOLDFAST_CA_FILE")
	case s.Audience == "":
		return errors.New("-audience is empty: give the audience of the API")
	case s.StartTimeout <= 0 || s.RequestTimeout <= 0 || s.Timeout <= 0:
		return errors.New("-start-timeout, -request-timeout and -timeout must be over zero, as in 30s")
	}
	if s.URL != "" {
		u, err := url.Parse(s.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return errors.New("-url must be an http or https URL without path, as in http://127.0.0.1:8080")
		}
		s.URL = strings.TrimSuffix(s.URL, "/")
	}
	if err := s.checkIssuer(); err != nil {
		return err
	}
	if err := s.readModes(); err != nil {
		return err
	}
	if err := s.readPowers(); err != nil {
		return err
	}
	if s.claims != "" {
		if err := json.Unmarshal([]byte(s.claims), &s.Claims); err != nil {
			return fmt.Errorf("-claims is not a JSON object: %w", err)
		}
	}
	if s.only != "" {
		only, err := regexp.Compile(s.only)
		if err != nil {
			return fmt.Errorf("-only is not a regular expression: %w", err)
		}
		s.Cases = slices.DeleteFunc(s.Cases, func(c player.Case) bool { return !only.MatchString(c.ID) })
		if !slices.ContainsFunc(s.Cases, player.Case.BlackBox) {
			return errors.New("-only matches no case that can be played over HTTP: see " + name + " list")
		}
	}
	return nil
}

func (s *settings) checkIssuer() error {
	if s.IssuerListen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(s.IssuerListen)
	ip := net.ParseIP(host)
	if err != nil || ip == nil || !ip.IsLoopback() {
		return errors.New("-issuer-listen must be a loopback address and a port, as in 127.0.0.1:8443")
	}
	return nil
}

func (s *settings) readModes() error {
	if s.dpop == "" {
		if s.URL != "" {
			return errors.New("-url needs -dpop: the one mode that the API is in (allowed, required or disabled)")
		}
		s.Modes = player.Modes()
		return nil
	}
	for word := range strings.SplitSeq(s.dpop, ",") {
		mode := player.Mode(strings.TrimSpace(word))
		if !slices.Contains(player.Modes(), mode) || slices.Contains(s.Modes, mode) {
			return fmt.Errorf("-dpop has %q: give some of allowed, required and disabled, separated by commas", word)
		}
		s.Modes = append(s.Modes, mode)
	}
	if s.URL != "" && len(s.Modes) > 1 {
		return errors.New("-url goes with one mode: the API can't be started again for another")
	}
	return nil
}

// readPowers reads -powers. Without it the powers stay nil: those that the API declares.
func (s *settings) readPowers() error {
	if s.powers == "" {
		return nil
	}
	s.Powers = []string{}
	for word := range strings.SplitSeq(s.powers, ",") {
		switch word = strings.TrimSpace(word); {
		case word == "none":
		case word == "all":
			for _, power := range player.Powers() {
				s.Powers = append(s.Powers, power.Name)
			}
		case !slices.ContainsFunc(player.Powers(), func(power player.Power) bool { return power.Name == word }):
			return fmt.Errorf("-powers has %q: see %s powers", word, name)
		default:
			s.Powers = append(s.Powers, word)
		}
	}
	return nil
}

func run(ctx context.Context, cases []player.Case, args []string, stdout, stderr io.Writer) int {
	var s settings
	flags := s.flags(io.Discard)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(stdout)
			fmt.Fprintf(stdout, "%s run [flags] -- command [arguments]\n", name)
			flags.PrintDefaults()
			return exitHolds
		}
		return complain(stderr, err.Error())
	}
	s.Command = flags.Args()
	if err := s.check(cases); err != nil {
		return complain(stderr, err.Error())
	}
	baseline, err := s.readBaseline()
	if err != nil {
		return complain(stderr, err.Error())
	}
	known, err := readKnown(s.knownFile, cases)
	if err != nil {
		return complain(stderr, err.Error())
	}
	reports, err := s.createReports()
	if err != nil {
		return complain(stderr, err.Error())
	}
	if s.verbose {
		s.Output = stderr
	}
	progress := newProgress(stderr)
	if !s.quiet {
		s.Progress = progress.show
	}
	play := func() (result.Run, error) { return runner.Run(ctx, s.Config) }
	if s.vectors != "" {
		play = func() (result.Run, error) { return playVectors(ctx, s.vectors, s.only, s.Progress) }
	}
	played, err := play()
	progress.end()
	if err != nil {
		return complain(stderr, err.Error())
	}
	played.Tool, played.Version = name, version()
	if s.name != "" {
		played.Target = s.name
	}
	mended := known.mark(&played)
	if err := tell(stdout, stderr, played, baseline); err != nil {
		return complain(stderr, err.Error())
	}
	for _, id := range mended {
		fmt.Fprintf(stdout, "%s is listed as known to fail, and passes: take it out of %s\n", id, s.knownFile)
	}
	if err := reports.write(played); err != nil {
		return complain(stderr, err.Error())
	}
	if !report.Holds(played) {
		return exitBroken
	}
	return exitHolds
}

// tell prints the table, what changed since the baseline, and what kept the run from being whole.
func tell(stdout, stderr io.Writer, played result.Run, baseline *result.Run) error {
	for _, fault := range played.Faults {
		fmt.Fprintf(stderr, "%s: %s\n", name, fault)
	}
	if err := report.Table(stdout, played); err != nil {
		return err
	}
	if baseline == nil {
		return nil
	}
	return report.Compare(*baseline, played).Table(stdout)
}

func (s *settings) readBaseline() (*result.Run, error) {
	if s.baselineFile == "" {
		return nil, nil
	}
	baseline, err := readReport(s.baselineFile)
	if err != nil {
		return nil, fmt.Errorf("-baseline: %w", err)
	}
	return &baseline, nil
}

// reports are the files to write. They are created before anything is played, so that a run is not lost to a wrong path.
type reports []reportFile

type reportFile struct {
	*os.File
	report func(io.Writer, result.Run) error
}

func (s *settings) createReports() (reports, error) {
	var all reports
	for _, r := range []struct {
		flag, path string
		report     func(io.Writer, result.Run) error
	}{
		{"-json", s.jsonFile, report.JSON}, {"-junit", s.junitFile, report.JUnit}, {"-html", s.htmlFile, report.HTML},
		{"-markdown", s.markdownFile, report.Markdown}, {"-badge", s.badgeFile, report.Badge},
	} {
		if r.path == "" {
			continue
		}
		f, err := os.Create(r.path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.flag, err)
		}
		all = append(all, reportFile{f, r.report})
	}
	return all, nil
}

func (r reports) write(played result.Run) error {
	var faults []error
	for _, file := range r {
		faults = append(faults, file.report(file, played), file.Close())
	}
	return errors.Join(faults...)
}
