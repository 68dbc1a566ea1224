package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// Config says what is played, and on what.
type Config struct {
	// Command starts the target, once for each mode and for each thing that the issuer has to do from the start. Its
	// environment tells it where to listen and whom to trust: see [Environment].
	Command []string
	// URL is that of a target that is there already, without path. It excludes Command; then Modes has the one mode
	// that the target is in, and what needs a target that is started again is skipped.
	URL string
	// Modes are the DPoP modes to play.
	Modes []player.Mode
	// Audience is what tokens are for.
	Audience string
	// CAFile is where the certificate of the issuer is written, for a target at URL. Empty means a file that is removed
	// in the end.
	CAFile string
	// IssuerListen is the loopback address of the issuer, empty for any.
	IssuerListen string
	// IssuerHost is the host of the issuer's identifier, with a port or not, for a target that refuses loopback addresses.
	// HTTPS_PROXY tells a target that is started how to reach it. Empty means the issuer's address.
	IssuerHost string
	// Typ is the typ of good tokens, for a target that refuses at+jwt; empty means that. Claims are claims that good tokens have
	// on top of the usual ones.
	Typ    string
	Claims map[string]any
	// Cases are what is played; those that are not for any API are left out.
	Cases []player.Case
	// Powers are those that the target has. Nil means those that it declares.
	Powers []string
	// Strict has every answer checked exactly, and not only the decision.
	Strict bool
	// StartTimeout is how long the target may take to get healthy, RequestTimeout to answer, and Timeout bounds the
	// whole run. They must be over zero.
	StartTimeout, RequestTimeout, Timeout time.Duration
	// Output is where the target's output goes, if it is not nil.
	Output io.Writer
	// Progress is told of each result as it comes, with how many there are and will be. It may be nil.
	Progress func(done, total int, r result.Result)
}

// Run plays the cases. It fills in all of a run but Tool and Version. Its error says why nothing could be played at all: the
// issuer did not start, or the target in no mode.
func Run(ctx context.Context, config Config) (result.Run, error) {
	ctx, cancel := context.WithTimeout(ctx, config.Timeout)
	defer cancel()
	world, err := player.NewEnvironment(player.EnvironmentConfig{Listen: config.IssuerListen, Host: config.IssuerHost})
	if err != nil {
		return result.Run{}, fmt.Errorf("start the issuer: %w", err)
	}
	defer world.Close()
	directory, err := os.MkdirTemp("", "holdfast-conform-")
	if err != nil {
		return result.Run{}, err
	}
	defer os.RemoveAll(directory)
	caFile := config.CAFile
	if caFile == "" {
		caFile = filepath.Join(directory, "issuer.pem")
	}
	if err := os.WriteFile(caFile, world.CertificatePEM(), 0o600); err != nil {
		return result.Run{}, err
	}
	r := &run{Config: config, world: world, caFile: caFile, directory: directory, useless: make(map[player.Mode]string)}
	r.Run = result.Run{Target: target(config), Typ: config.Typ, Started: time.Now().UTC()}
	for _, mode := range config.Modes {
		r.Run.Modes = append(r.Run.Modes, string(mode))
	}
	if config.IssuerHost != "" {
		if r.proxy, err = newProxy(config.IssuerHost, world.Issuer.Address); err != nil {
			return result.Run{}, err
		}
		defer r.proxy.close()
	}
	r.store = newStore(world)
	defer r.store.Close()
	if r.tls, err = newIdentity(directory); err != nil {
		return result.Run{}, err
	}
	if err := r.declared(ctx); err != nil {
		return result.Run{}, err
	}
	r.plays, r.Run.Undeclared = plan(r.Config, world)
	r.all(ctx)
	if !r.begun {
		if len(r.Faults) == 0 {
			return result.Run{}, timeIsUp(ctx)
		}
		return result.Run{}, errors.New(r.Faults[0])
	}
	r.Run.Duration = time.Since(r.Run.Started)
	return r.Run, nil
}

func target(config Config) string {
	if config.URL != "" {
		return config.URL
	}
	return strings.Join(config.Command, " ")
}

// A run is under way.
type run struct {
	Config
	result.Run
	world     *player.Environment
	caFile    string
	directory string // for what else a target reads
	tls       *identity
	store     *store
	proxy     *proxy // nil where the issuer is at its address
	plays     []play

	useless    map[player.Mode]string // why a mode is not worth going on with
	begun      bool                   // the target was healthy once
	usualStart time.Duration          // that the target took to get healthy at first
}

const leastPatience = 5 * time.Second

// all plays all plays.
func (r *run) all(ctx context.Context) {
	for _, p := range r.plays {
		switch {
		case ctx.Err() != nil:
			r.undecide(p, p.cases, timeIsUp(ctx).Error())
			continue
		case r.URL != "" && p.fault.Name != "":
			r.skip(p, "it needs a target that is started while the issuer "+p.fault.Does)
			continue
		case r.URL != "" && !p.usual():
			r.skip(p, "it needs a target that is started for it")
			continue
		case r.useless[p.mode] != "":
			r.undecide(p, p.cases, r.useless[p.mode])
			continue
		}
		if err := r.one(ctx, p); err != nil {
			r.Faults = append(r.Faults, r.title(p)+": "+err.Error())
			if p.usual() {
				r.useless[p.mode] = err.Error()
			}
		}
	}
}

func (r *run) title(p play) string {
	title := "DPoP " + string(p.mode)
	if p.fault.Name != "" {
		title += ", while the issuer " + p.fault.Does
	}
	for _, name := range slices.Sorted(maps.Keys(p.settings)) {
		title += ", " + name + "=" + p.settings[name]
	}
	return title
}

// one starts the target and plays the cases of one play. Its error says why some of them are undecided.
func (r *run) one(ctx context.Context, p play) error {
	if p.cases[0].Starts() {
		return r.starts(ctx, p)
	}
	api, err := r.open(ctx, p)
	if err != nil {
		r.undecide(p, p.cases, err.Error())
		return err
	}
	defer api.end()
	r.begun = true
	stage := player.Setup{
		Environment: r.world, Target: api, Mode: p.mode, URL: api.url, Audience: r.Audience,
		Clock: memory.Clock{}, Strict: r.Strict, Typ: r.Config.Typ, Claims: r.Claims, Levers: api.levers(ctx, r),
	}
	if api.clock != nil {
		stage.Clock = api.clock
	}
	cases := p.cases
	if awaitsIssuer(cases) || !p.usual() && slices.ContainsFunc(cases, needsNoControl) {
		return r.cases(ctx, p, cases, stage, api)
	}
	err = control(ctx, p, stage)
	switch {
	case err != nil && p.fault.Name == "":
		r.undecide(p, cases, err.Error())
		return err
	case err != nil:
		// What must be accepted here is not, which those cases show by themselves.
		accepting, rejecting := split(cases)
		r.undecide(p, rejecting, err.Error())
		cases = accepting
	}
	return r.cases(ctx, p, cases, stage, api)
}

// needsNoControl reports whether a case shows by itself that the target accepts something, or is not about that.
func needsNoControl(c player.Case) bool { return c.Accepts() || c.Expected == player.Holds }

// gone reports whether the target was started, and has ended or does so within that time.
func (a *api) gone(wait time.Duration) bool { return a.process != nil && a.process.endedWithin(wait) }

// awaitsIssuer reports whether the issuer's keys can't be had while the cases are played, so that not even a good
// request is accepted.
func awaitsIssuer(cases []player.Case) bool {
	return slices.ContainsFunc(cases, func(c player.Case) bool { return c.Expected == player.Undecidable })
}

// split parts the cases that must be accepted from those that a target without keys, say, would pass by rejecting
// everything.
func split(cases []player.Case) (accepting, rejecting []player.Case) {
	for _, c := range cases {
		if c.Expected == player.Accepted {
			accepting = append(accepting, c)
		} else {
			rejecting = append(rejecting, c)
		}
	}
	return accepting, rejecting
}

// silent is how many requests in a row go unanswered before a target is given up.
const silent = 3

// dying is how long after its last connection a target may take to end.
const dying = time.Second

// cases plays cases until there are no more or the target is gone.
func (r *run) cases(ctx context.Context, p play, cases []player.Case, stage player.Setup, a *api) error {
	unanswered := 0
	for i, c := range cases {
		began := time.Now()
		finding := c.Play(ctx, stage)
		if finding.Decided {
			unanswered = 0
		} else {
			unanswered++
		}
		r.add(p, c, finding, stage.URL, time.Since(began))
		var gone error
		switch {
		case ctx.Err() != nil:
			gone = timeIsUp(ctx)
		case !finding.Decided && a.gone(dying):
			gone = a.process.obituary()
		case unanswered == silent:
			gone = fmt.Errorf("the target did not answer %d requests in a row", silent)
		}
		if gone != nil {
			r.undecide(p, cases[i+1:], gone.Error())
			return gone
		}
	}
	return nil
}

// timeIsUp says why the run's context ended.
func timeIsUp(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errors.New("the run's time is up")
	}
	return errors.New("the run was interrupted")
}

// healthy waits until the target answers GET /health with 200.
func (r *run) healthy(ctx context.Context, a *api) error {
	began, patience := time.Now(), r.StartTimeout
	if r.usualStart > 0 {
		// A target that starts against a failing issuer gets less time: it starts once for each of the issuer's faults.
		patience = min(patience, max(leastPatience, 10*r.usualStart))
	}
	start, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	last := "did not answer"
	for {
		answer, err := a.Send(start, player.Request{Method: http.MethodGet, Path: "/health"})
		switch {
		case err == nil && answer.Status == http.StatusOK:
			if r.usualStart == 0 {
				r.usualStart = time.Since(began)
			}
			return nil
		case err == nil:
			last = fmt.Sprintf("answered %d", answer.Status)
		}
		if a.gone(0) {
			return a.process.obituary()
		}
		select {
		case <-start.Done():
			if ctx.Err() != nil {
				return timeIsUp(ctx)
			}
			return fmt.Errorf("the target was not healthy after %v: GET /health %s", patience, last)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// control sends a good request. A target that does not accept it can't show anything by what it rejects.
func control(ctx context.Context, p play, stage player.Setup) error {
	good := player.Control()
	if !p.usual() {
		good = p.cases[0].Control()
	}
	finding := good.Play(ctx, stage)
	switch {
	case !finding.Decided:
		return errors.New("a good request got " + finding.Actual)
	case !finding.Passed:
		return errors.New("a good request was not accepted, so that rejections prove nothing: " + finding.Actual)
	}
	return nil
}

// add writes down the outcome of a case.
func (r *run) add(p play, c player.Case, finding player.Finding, url string, took time.Duration) {
	played := r.result(p, c)
	played.Expected, played.Actual, played.Note, played.Duration = finding.Expected, finding.Actual, finding.Note, took
	played.Request = describe(url, finding.Request)
	switch {
	case !finding.Decided:
		played.Outcome = result.Undecided
	case finding.Passed:
		played.Outcome = result.Passed
	default:
		played.Outcome = result.Failed
	}
	r.tell(played)
}

// undecide writes down cases that nothing came of.
func (r *run) undecide(p play, cases []player.Case, why string) {
	for _, c := range cases {
		undecided := r.result(p, c)
		undecided.Outcome, undecided.Note = result.Undecided, why
		r.tell(undecided)
	}
}

func (r *run) skip(p play, why string) {
	for _, c := range p.cases {
		skipped := r.result(p, c)
		skipped.Outcome, skipped.Note = result.Skipped, why
		r.tell(skipped)
	}
}

func (r *run) result(p play, c player.Case) result.Result {
	return result.Result{Case: c.Case, Mode: string(p.mode), Expected: string(c.Expected)}
}

func (r *run) tell(told result.Result) {
	r.Results = append(r.Results, told)
	if r.Progress != nil && r.begun {
		total := 0
		for _, p := range r.plays {
			total += len(p.cases)
		}
		r.Progress(len(r.Results), total, told)
	}
}
