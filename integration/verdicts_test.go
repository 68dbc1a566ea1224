package integration

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/conformance/catalogue"
	"github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// shortcuts are what makes verification faster, each by itself. None may change a verdict.
func shortcuts(t *testing.T) map[string]func(*verifier.Config) {
	prepared := atFirstUse{fastVerifier(t)}
	return map[string]func(*verifier.Config){
		"remembered tokens": func(c *verifier.Config) { c.MaxRememberedTokens = 0 },
		"prepared keys":     func(c *verifier.Config) { c.SignatureVerifier = prepared },
	}
}

// TestVerdictsWithoutShortcuts plays every case that can be played in process without any shortcut, and again with each
// of them: all answers are the same, with the same codes and rules, and so is all that is known of what is accepted.
// Each token is sent three times before it is sent as the case says, so that it is remembered by then.
func TestVerdictsWithoutShortcuts(t *testing.T) {
	clock := verifiertest.NewClock(player.Begin)
	environment, err := player.NewEnvironment(player.EnvironmentConfig{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer environment.Close()
	p := verdicts{environment: environment, clock: clock}
	none := func(c *verifier.Config) { c.MaxRememberedTokens = -1 }
	played, shortcuts := 0, shortcuts(t)
	for _, mode := range player.Modes() {
		for _, c := range catalogue.Cases() {
			if !slices.Contains(c.Modes, mode) || c.Has(player.Guard) {
				continue
			}
			played++
			want := p.play(t, c, mode, none)
			if !want.Passed && !want.Refused {
				t.Errorf("%s in mode %s: %s", c.ID, mode, want.Actual)
			}
			for name, shortcut := range shortcuts {
				got := p.play(t, c, mode, func(c *verifier.Config) { none(c); shortcut(c) })
				if diff := cmp.Diff(written(t, want), written(t, got)); diff != "" {
					t.Errorf("%s in mode %s, with %s (-without +with):\n%s", c.ID, mode, name, diff)
				}
			}
		}
	}
	t.Logf("%d cases; %d requests with a remembered token", played, p.remembered.Load())
	if remembered := int(p.remembered.Load()); remembered < played/2 { // most cases are of tokens that are never remembered
		t.Errorf("only %d requests of %d cases had a remembered token", remembered, played)
	}
}

// A verdict is all that a case is answered with. Exported fields count.
type verdict struct {
	Refused, Passed bool // Refused by New
	Actual          string
	Answers         []answer
}

type answer struct {
	Status   int
	Code     verifier.Code
	Rule     string
	Header   map[string][]string
	Verified *verifier.Verified
	Claims   map[string]any
	Chain    []verifier.Actor
}

// nonces are never the same.
var nonces = regexp.MustCompile(`(Dpop-Nonce(: |": \[\s*"))[\w-]+`)

// verdicts plays cases.
type verdicts struct {
	environment *player.Environment
	clock       *verifiertest.Clock
	remembered  atomic.Int64 // requests whose token was
}

func (p *verdicts) play(t *testing.T, c player.Case, mode player.Mode, shortcut func(*verifier.Config)) (v verdict) {
	t.Helper()
	p.clock.Set(player.Begin)
	if err := p.environment.Reset(c.Fault); err != nil {
		t.Fatal(err)
	}
	config := p.environment.Config(mode)
	config.Clock = p.clock
	if c.Has(player.Redirects) {
		config.Fetcher = catalogueFetcher(t, p.environment.Roots())
	}
	config.DecisionObserver = func(_ context.Context, d verifier.Decision) {
		if d.Remembered {
			p.remembered.Add(1)
		}
	}
	c.Configure(p.environment, &config)
	if config.Cache != nil && c.Expected != player.RefusedByNew {
		config.CacheSecrets = [][]byte{[]byte(rand.Text() + rand.Text())}
	}
	shortcut(&config)
	background := player.Watch(&config)
	var all []*verifier.Verifier
	defer func() {
		for _, v := range all {
			v.Close() // so that it asks no issuer of the next case
		}
	}()
	open := func() (*verifier.Verifier, error) {
		v, err := verifier.New(config)
		if err == nil {
			all = append(all, v)
		}
		return v, err
	}
	opened, err := open()
	if err != nil {
		return verdict{Refused: true, Actual: fmt.Sprint(errors.Is(err, verifier.Misconfigured))}
	}
	process := &player.Process{Verifier: opened, Cache: config.Cache, Background: background, Advance: p.clock.Advance, Restart: open}
	target := player.InProcess(process)
	if !c.Has(player.Inside) && !c.Has(player.Clock) { // which count requests, and are of tokens that come again
		target = thrice{target}
	}
	finding := c.Play(t.Context(), player.Setup{
		Environment: p.environment, Target: target, Mode: mode,
		URL: player.APIURL, Audience: player.Audience, Clock: p.clock, Process: process,
		Random: mathrand.NewChaCha8([32]byte([]byte(fmt.Sprintf("%-32.32s", c.ID)))),
		Log:    func(e player.Exchange) { v.Answers = append(v.Answers, read(e.Answer)) },
	})
	if v.Passed = finding.Passed; !v.Passed {
		v.Actual = finding.Actual // of what passed the text may be another, as of what timed out
	}
	return v
}

// written writes a verdict out, to be compared, without nonces.
func written(t *testing.T, v verdict) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return nonces.ReplaceAllString(string(text), "$1")
}

// read reads all that an answer says.
func read(a player.Answer) answer {
	said := answer{Status: a.Status, Header: a.Header, Verified: a.Verified}
	if a.Err != nil {
		said.Code, said.Rule = a.Err.Code, a.Err.Rule
	}
	if a.Verified != nil {
		for range 2 { // the first time and, of a remembered token, the second
			said.Claims = nil
			if err := a.Verified.Decode(&said.Claims); err != nil {
				said.Claims = map[string]any{"error": err.Error()}
			}
		}
		said.Chain, _ = a.Verified.DelegationChain()
	}
	return said
}

// thrice sends each token three times before its request, with a proof that is not one, so that none is used up.
type thrice struct{ player.Target }

func (s thrice) Send(ctx context.Context, r player.Request) (player.Answer, error) {
	before := r
	before.Header = http.Header(r.Header).Clone()
	for name, values := range before.Header {
		if strings.EqualFold(name, "DPoP") {
			before.Header[name] = slices.Repeat([]string{"not.a.proof"}, len(values))
		}
	}
	for range 3 {
		if _, err := s.Target.Send(ctx, before); err != nil {
			return player.Answer{}, err
		}
	}
	return s.Target.Send(ctx, r)
}
