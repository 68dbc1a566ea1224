package vector

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// maxBytes is how large a vector may be. Larger ones are about bounds, which are each implementation's own.
const maxBytes = 64 << 10

// nonceSecret makes the nonces of recordings, and nonceLifetime is how long they are good.
var nonceSecret = []byte(strings.Repeat("nonce", 8))

const nonceLifetime = 300 * time.Second

// Record plays those cases that a file can hold, and writes them into a folder with the schema. It returns how many there
// are. What it writes depends on nothing but the cases.
func Record(ctx context.Context, folder string, cases []player.Case) (int, error) {
	clock := verifiertest.NewClock(player.Begin)
	environment, err := player.NewEnvironment(player.EnvironmentConfig{Clock: clock, Fixed: true})
	if err != nil {
		return 0, err
	}
	defer environment.Close()
	var files []File
	count := 0
	for _, c := range cases {
		r := &recorder{environment: environment, clock: clock, c: c}
		recorded, err := r.record(ctx)
		if err != nil {
			return 0, fmt.Errorf("vector: record %s: %w", c.ID, err)
		}
		if !recorded {
			continue
		}
		at := slices.IndexFunc(files, func(f File) bool { return f.Topic == c.Topic })
		if at < 0 {
			at = len(files)
			files = append(files, File{Schema: schemaFile, Version: version, Topic: c.Topic})
		}
		files[at].add(r.policy, r.first, Vector{Case: c.Case, Steps: r.steps})
		count++
	}
	if err := os.WriteFile(filepath.Join(folder, schemaFile), schema, 0o644); err != nil {
		return 0, err
	}
	return count, write(folder, files)
}

func fileName(topic string) string { return strings.ToLower(topic) + ".json" }

// add puts a vector into the group of its policy and documents.
func (f *File) add(p Policy, d Documents, v Vector) {
	at := slices.IndexFunc(f.Groups, func(g Group) bool { return reflect.DeepEqual(g.Policy, p) && same(g.Documents, d) })
	if at < 0 {
		at = len(f.Groups)
		f.Groups = append(f.Groups, Group{Policy: p, Documents: d})
	}
	f.Groups[at].Vectors = append(f.Groups[at].Vectors, v)
}

func same(a, b Documents) bool {
	return maps.EqualFunc(a, b, func(x, y json.RawMessage) bool { return bytes.Equal(x, y) })
}

// A recorder plays one case.
type recorder struct {
	environment *player.Environment
	clock       *verifiertest.Clock
	c           player.Case

	mu        sync.Mutex // guards what follows
	policy    Policy
	first     Documents // that issuers publish at the first request
	published Documents // and at the last
	steps     []Step
	nonces    map[string]time.Time // and when they were made
}

// record plays the case and reports whether a file can hold it.
func (r *recorder) record(ctx context.Context) (bool, error) {
	switch r.c.Expected {
	case player.Holds, player.RefusedByNew, player.Misconfigured:
		return false, nil
	}
	if r.c.Has(player.Guard) || r.c.Has(player.Redirects) {
		return false, nil
	}
	// Metadata, what a route needs and who acts are not for a verifier of tokens by itself.
	if r.c.Topic == "META" {
		return false, nil
	}
	if powers := r.c.Powers(); slices.Contains(powers, "routes") || slices.Contains(powers, "actors") && r.c.Expected != player.Accepted {
		return false, nil
	}
	r.clock.Set(player.Begin)
	if err := r.environment.Reset(r.c.Fault); err != nil {
		return false, err
	}
	mode := r.c.Modes[0]
	base := r.environment.Config(mode)
	base.Clock = r.clock
	config := base
	r.c.Configure(r.environment, &config)
	var whole bool
	if r.policy, whole = policyOf(config, base); !whole {
		return false, nil
	}
	if config.DPoP.Nonce != verifier.NonceOff {
		config.DPoP.NonceSecrets = [][]byte{nonceSecret}
	}
	background := player.Watch(&config)
	v, err := verifier.New(config)
	if err != nil {
		return false, err
	}
	defer v.Close()
	r.nonces = make(map[string]time.Time)
	process := &player.Process{
		Verifier: v, Cache: config.Cache, Background: background, Advance: r.clock.Advance,
		Restart: func() (*verifier.Verifier, error) { return nil, errRestart },
	}
	finding := r.c.Play(ctx, player.Setup{
		Environment: r.environment, Target: target{player.InProcess(process), r}, Mode: mode, URL: player.APIURL, Audience: player.Audience,
		Clock: r.clock, Random: rand.NewChaCha8(sha256.Sum256([]byte(r.c.ID))), Process: process, Log: r.log,
	})
	switch {
	case strings.Contains(finding.Actual, errRestart.Error()) || slices.ContainsFunc(r.steps, unexpected):
		return false, nil
	case !finding.Decided || !finding.Passed:
		return false, fmt.Errorf("%s, want %s", finding.Actual, finding.Expected)
	}
	// What is rejected behind an answer that accepts is not seen by its requests.
	if len(r.steps) == 0 || r.steps[len(r.steps)-1].Expected.Decision != decision(r.c.Expected) {
		return false, nil
	}
	written, err := json.Marshal([]any{r.first, r.steps})
	return len(written) <= maxBytes, err
}

// unexpected reports whether a request was sent along with others, so that nothing by itself is expected of it.
func unexpected(s Step) bool { return s.Expected.Decision == "" }

var errRestart = errors.New("another process can't be recorded")

// A target asks another one, and writes down what it is asked, when, and what issuers publish then.
type target struct {
	player.Target
	r *recorder
}

func (t target) Send(ctx context.Context, request player.Request) (player.Answer, error) {
	r := t.r
	r.mu.Lock()
	defer r.mu.Unlock()
	now := documents(r.environment.Documents(ctx))
	step := Step{Time: r.clock.Now().Unix(), Request: requestOf(request)}
	if strings.HasPrefix(request.Path, "/scoped") {
		step.Scope = player.NeededScope
	}
	for nonce, made := range r.nonces {
		if age := r.clock.Now().Sub(made); -nonceLifetime < age && age < nonceLifetime {
			step.Nonces = append(step.Nonces, nonce)
		}
	}
	slices.Sort(step.Nonces)
	if len(r.steps) == 0 {
		r.first = now
	} else if !same(now, r.published) {
		step.Documents = now
	}
	r.published = now
	r.steps = append(r.steps, step)
	answer, err := t.Target.Send(ctx, request)
	for _, nonce := range answer.Values("Dpop-Nonce") {
		r.nonces[nonce] = r.clock.Now()
	}
	return answer, err
}

// log writes down what was expected of the last request.
func (r *recorder) log(e player.Exchange) {
	status, code := e.Expected.Answer()
	if e.Expected == player.Accepted {
		status = e.Answer.Status
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps[len(r.steps)-1].Expected = Expected{Decision: decision(e.Expected), Status: status, Error: code}
}

func decision(e player.Expectation) string {
	switch e {
	case player.Accepted:
		return accepted
	case player.Undecidable:
		return undecidable
	}
	return rejected
}

func requestOf(r player.Request) Request {
	recorded := Request{Method: r.Method, URL: player.APIURL + r.Path, Fields: [][2]string{}, Form: r.Form, Certificate: r.Certificate}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			recorded.Fields = append(recorded.Fields, [2]string{name, value})
		}
	}
	return recorded
}

// documents writes what is published as a file has it.
func documents(published map[string][]byte) Documents {
	all := make(Documents)
	for url, content := range published {
		var compact bytes.Buffer
		if json.Compact(&compact, content) == nil && bytes.Equal(compact.Bytes(), content) && content[0] != '"' && !hasDuplicates(content) {
			all[url] = content
			continue
		}
		all[url], _ = json.Marshal(string(content)) // a string is always encoded
	}
	return all
}

// hasDuplicates reports whether an object would not be read as it is written.
func hasDuplicates(content []byte) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(content, &members) != nil {
		return true
	}
	length := len("{}") + max(0, len(members)-1)
	for name, value := range members {
		written, _ := json.Marshal(name)
		length += len(written) + len(":") + len(value)
	}
	return length != len(content)
}
