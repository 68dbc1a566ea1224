package runner

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/conformance/player"
)

// An api is the target of one play.
type api struct {
	player.Target
	play    play
	url     string
	process *process // nil for one that is there already
	second  *api     // another process of the same settings, nil where there is one
	clock   *clock   // nil where it has its own
}

// Send sends a request to the process that it is for. Clients know both by the same URL, as behind a load balancer.
func (a *api) Send(ctx context.Context, request player.Request) (player.Answer, error) {
	if request.Process > 0 && a.second != nil {
		_, request.Host, _ = strings.Cut(a.url, "://")
		return a.second.Target.Send(ctx, request)
	}
	return a.Target.Send(ctx, request)
}

// open has the issuer do what the play is about, starts the target if need be, and waits until it is healthy.
func (r *run) open(ctx context.Context, p play) (*api, error) {
	opened, err := r.launch(p)
	if err == nil {
		err = r.healthy(ctx, opened)
	}
	if err == nil && p.settings[player.ReplayStore] == player.StoreShared {
		if opened.second, err = r.launch(p); err == nil {
			err = r.healthy(ctx, opened.second)
		}
	}
	if err != nil {
		opened.end()
		return nil, err
	}
	return opened, nil
}

// launch is open without the wait.
func (r *run) launch(p play) (*api, error) {
	opened := &api{play: p, url: r.URL}
	if err := r.world.Reset(p.fault); err != nil {
		return opened, err
	}
	if opened.url == "" {
		address, err := freeAddress()
		if err != nil {
			return opened, err
		}
		opened.url = "http://" + address
		if p.settings.OverTLS() {
			opened.url = "https://" + address
		}
		if p.clock {
			opened.clock = &clock{path: filepath.Join(r.directory, "clock"), now: time.Now().Truncate(time.Second)}
			if err := opened.clock.write(); err != nil {
				return opened, err
			}
		}
		if err := r.startAt(opened, address); err != nil {
			return opened, err
		}
	}
	roots := r.tls.roots
	if r.URL != "" {
		roots = nil // those of the system
	}
	var err error
	opened.Target, err = player.OverHTTPS(opened.url, r.RequestTimeout, roots)
	return opened, err
}

// startAt starts the process of an api.
func (r *run) startAt(a *api, address string) error {
	var err error
	a.process, err = r.start(a.play, address)
	return err
}

func (a *api) end() {
	if a.process != nil {
		a.process.end()
	}
	if a.second != nil {
		a.second.end()
	}
}

// levers are those of a target that was started.
func (a *api) levers(ctx context.Context, r *run) player.Levers {
	return player.Levers{
		Advance: func(d time.Duration) error {
			if a.clock == nil {
				return errors.New("the target's clock is its own")
			}
			return a.clock.advance(d)
		},
		Stop: func() error {
			a.end()
			return nil
		},
		Restart: func() error {
			a.end()
			_, address, _ := strings.Cut(a.url, "://")
			if err := r.startAt(a, address); err != nil {
				return err
			}
			return r.healthy(ctx, a)
		},
		Writes: func() int { return 0 },
	}
}

// A clock is that of a target, which reads it from a file. It stands unless it is moved.
type clock struct {
	path string

	mu  sync.Mutex // guards now
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) error {
	c.mu.Lock()
	c.now = c.now.Add(d)
	c.mu.Unlock()
	return c.write()
}

// write replaces the file at once, so that it is never read half written.
func (c *clock) write() error {
	half := c.path + ".new"
	if err := os.WriteFile(half, []byte(fmt.Sprintln(c.Now().Unix())), 0o600); err != nil {
		return err
	}
	return os.Rename(half, c.path)
}

// PowersField is the field of the answer to /health in which a target declares its powers.
const PowersField = "Holdfast-Powers"

// declared finds out what powers the target has, if it was not told and a case takes one. A target that can't be asked in
// the first mode is not started in it again.
func (r *run) declared(ctx context.Context) error {
	if r.Powers != nil || !slices.ContainsFunc(r.Cases, func(c player.Case) bool { return c.BlackBox() && len(c.Powers()) > 0 }) {
		return nil
	}
	p := play{mode: r.Config.Modes[0], fault: player.NoFault}
	asked, err := r.open(ctx, p)
	switch {
	case ctx.Err() != nil:
		return nil // which the plays will tell
	case err != nil:
		r.Faults, r.useless[p.mode] = append(r.Faults, r.title(p)+": "+err.Error()), err.Error()
		return nil
	}
	defer asked.end()
	answer, err := asked.Send(ctx, player.Request{Method: http.MethodGet, Path: "/health"})
	if err != nil {
		return nil // which the plays will tell
	}
	known := player.Powers()
	for name := range strings.SplitSeq(strings.Join(answer.Values(PowersField), ","), ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == "":
		case name == "all":
			for _, power := range known {
				r.Powers = append(r.Powers, power.Name)
			}
		case !slices.ContainsFunc(known, func(power player.Power) bool { return power.Name == name }):
			return fmt.Errorf("the target declares the power %q in %s, which there is not: see %s", name, PowersField, "holdfast-conform powers")
		default:
			r.Powers = append(r.Powers, name)
		}
	}
	return nil
}

// starts plays a case about whether a target starts at all.
func (r *run) starts(ctx context.Context, p play) error {
	began, c := time.Now(), p.cases[0]
	a, err := r.launch(p)
	defer a.end()
	if err == nil {
		err = r.healthy(ctx, a)
	}
	finding := player.Finding{Decided: true, Expected: string(c.Expected)}
	switch {
	case err == nil:
		finding.Actual, finding.Passed = "it got healthy", c.Expected == player.Accepted
	case a.process != nil && a.process.endedWithin(dying) && a.process.err != nil:
		finding.Actual, finding.Passed = err.Error(), c.Expected == player.RefusedByNew
	default:
		finding.Actual = err.Error()
	}
	r.add(p, c, finding, a.url, time.Since(began))
	return nil
}
