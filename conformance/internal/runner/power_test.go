package runner

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/conformance/catalogue"
	"github.com/holdfast-go/holdfast/conformance/fault"
	"github.com/holdfast-go/holdfast/conformance/player"
)

func world(t *testing.T) *player.Environment {
	t.Helper()
	e, err := player.NewEnvironment(player.EnvironmentConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func allPowers() []string {
	var names []string
	for _, power := range player.Powers() {
		names = append(names, power.Name)
	}
	return names
}

// A case of a power is planned only for a target that has it, and counted otherwise.
func TestPlanHeedsPowers(t *testing.T) {
	config := Config{Cases: catalogue.Cases(), Modes: player.Modes()}
	e := world(t)
	plain, undeclared := plan(config, e)
	for _, p := range plain {
		for _, c := range p.cases {
			if len(c.Powers()) > 0 {
				t.Errorf("%s is planned, and takes %q", c.ID, c.Powers())
			}
		}
	}
	if undeclared["nonce"] == 0 || undeclared["actors"] == 0 {
		t.Errorf("undeclared are %v", undeclared)
	}
	config.Powers = allPowers()
	all, undeclared := plan(config, e)
	if len(undeclared) > 0 {
		t.Errorf("undeclared are %v", undeclared)
	}
	planned := map[string]bool{}
	for _, p := range all {
		for _, c := range p.cases {
			planned[c.ID] = true
			if c.NeedsFresh() && len(p.cases) > 1 {
				t.Errorf("%s needs a fresh target, and is planned with %d others", c.ID, len(p.cases)-1)
			}
		}
	}
	for _, c := range config.Cases {
		if c.BlackBox() != planned[c.ID] {
			t.Errorf("%s: over HTTP is %v, planned %v", c.ID, c.BlackBox(), planned[c.ID])
		}
	}
	if len(planned) < 1000 {
		t.Errorf("%d cases are planned, want 1,000", len(planned))
	}
}

// A setting is played in the first of the modes that a case has, and the usual cases in each.
func TestPlanPlaysSettingsOnce(t *testing.T) {
	modes := map[string][]string{}
	plays, _ := plan(Config{Cases: catalogue.Cases(), Modes: player.Modes(), Powers: allPowers()}, world(t))
	for _, p := range plays {
		for _, c := range p.cases {
			modes[c.ID] = append(modes[c.ID], string(p.mode))
		}
	}
	for id, want := range map[string]string{
		"JWS-01.dots": "allowed required disabled", "JWS-08.configured-PS256": "allowed", "DPOP-REQ-07.by-choice": "disabled", "NONCE-01.none": "allowed",
	} {
		if got := strings.Join(modes[id], " "); got != want {
			t.Errorf("%s is played in %q, want %q", id, got, want)
		}
	}
}

func TestClockStandsUntilItIsMoved(t *testing.T) {
	c := &clock{path: t.TempDir() + "/clock", now: time.Unix(1000, 0)}
	for _, step := range []struct {
		by   time.Duration
		want string
	}{{0, "1000"}, {time.Hour, "4600"}, {-30 * time.Minute, "2800"}} {
		if err := c.advance(step.by); err != nil {
			t.Fatal(err)
		}
		if content, err := os.ReadFile(c.path); err != nil || strings.TrimSpace(string(content)) != step.want {
			t.Errorf("the file has %q, %v, want %s", content, err, step.want)
		}
	}
}

func TestStoreKeepsTheFirstUse(t *testing.T) {
	e := world(t)
	s := newStore(e)
	defer s.Close()
	put := func(name, condition string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"/shared/"+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("If-None-Match", condition)
		request.Header.Set("Cache-Control", "max-age=60")
		answer, err := s.Client().Do(request)
		if err != nil {
			return 0
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	got := []int{put("a", "*"), put("a", "*"), put("b", "*"), put("c", "")}
	if want := []int{201, 412, 201, 400}; !slices.Equal(got, want) {
		t.Errorf("the store answers %v, want %v", got, want)
	}
	player.KillStore(&player.Run{Setup: player.Setup{Environment: e}})
	if status := put("d", "*"); status != 0 {
		t.Errorf("a store that has ended answers %d", status)
	}
	if err := e.Reset(fault.Fault{}); err != nil || put("d", "*") != 201 {
		t.Errorf("it is back with the next case: %v", err)
	}
}

func TestProxyConnectsOnlyToTheIssuer(t *testing.T) {
	e := world(t)
	p, err := newProxy("issuer.example.com", e.Issuer.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	for host, want := range map[string]int{"issuer.example.com:443": 200, "other.example.com:443": 403, "127.0.0.1:22": 403} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodConnect, "http://"+p.address, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		request.URL.Opaque = host
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("CONNECT %s is answered %d, want %d", host, answer.StatusCode, want)
		}
	}
}
