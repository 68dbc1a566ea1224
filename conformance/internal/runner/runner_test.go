package runner

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/conformance/catalogue"
	"github.com/holdfast-go/holdfast/conformance/internal/result"
	"github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// behaviour has this test's own binary be a target.
const behaviour = "CONFORM_TEST_TARGET"

func TestMain(m *testing.M) {
	if how := os.Getenv(behaviour); how != "" {
		if err := serveTarget(how); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		return
	}
	os.Exit(m.Run())
}

// serveTarget is a target that is good except for one thing.
func serveTarget(how string) error {
	switch how {
	case "does not start":
		return errors.New("no licence")
	case "starts without DPoP only":
		if os.Getenv(DPoP) != string(player.Disabled) {
			return errors.New("no licence")
		}
	case "does not listen":
		select {}
	}
	api, err := newAPI()
	if err != nil {
		return err
	}
	var requests atomic.Int64
	return http.ListenAndServe(os.Getenv(Listen), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" && how != "is never healthy" {
			return
		}
		late := requests.Add(1) > 5
		switch {
		case how == "is never healthy", how == "answers 500":
			w.WriteHeader(http.StatusInternalServerError)
		case how == "redirects":
			http.Redirect(w, r, "/login", http.StatusFound)
		case how == "hangs", how == "hangs later" && late:
			<-r.Context().Done()
		case how == "dies" && late:
			fmt.Fprintln(os.Stderr, "out of memory")
			os.Exit(7)
		case how == "accepts all":
		case how == "rejects all":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			api.ServeHTTP(w, r)
		}
	}))
}

// newAPI is a good target.
func newAPI() (http.Handler, error) {
	certificate, err := os.ReadFile(os.Getenv(CAFile))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certificate)
	client := &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Scheme != "https" || len(via) > 3 {
				return errors.New("a redirect that is not followed")
			}
			return nil
		},
	}
	mode := map[string]verifier.DPoPMode{"allowed": verifier.DPoPAllowed, "required": verifier.DPoPRequired, "disabled": verifier.DPoPDisabled}
	v, err := verifier.New(verifier.Config{
		Domain: os.Getenv(Issuer), Audiences: []string{os.Getenv(Audience)}, DPoP: verifier.DPoP{Mode: mode[os.Getenv(DPoP)]},
		Fetcher: ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				return ports.Document{}, err
			}
			answer, err := client.Do(request)
			if err != nil {
				return ports.Document{}, err
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				return ports.Document{}, errors.New(answer.Status)
			}
			var body bytes.Buffer
			_, err = body.ReadFrom(http.MaxBytesReader(nil, answer.Body, 1<<20))
			return ports.Document{Body: body.Bytes()}, err
		}),
	})
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		verified, err := v.VerifyRequest(r.Context(), verifier.Request{Method: r.Method, URL: "http://" + r.Host + r.URL.RequestURI(), Header: r.Header})
		if err == nil && r.URL.Path == "/scoped" {
			err = verified.RequireScopes("read:conformance")
		}
		var refusal *verifier.Error
		if errors.As(err, &refusal) {
			for name, values := range refusal.Header {
				w.Header()[name] = values
			}
			w.WriteHeader(refusal.Status)
		}
	}), nil
}

func config(t *testing.T, how string) Config {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(behaviour, how)
	return Config{
		Command: []string{self}, Modes: []player.Mode{player.Allowed}, Audience: "https://api.example/",
		StartTimeout: 30 * time.Second, RequestTimeout: 20 * time.Second, Timeout: 5 * time.Minute,
		Cases: casesOf("CLAIM", "DPOP-CLM-02", "DISC"),
	}
}

// casesOf are the cases of topics and rules.
func casesOf(names ...string) []player.Case {
	return slices.DeleteFunc(catalogue.Cases(), func(c player.Case) bool {
		return !slices.Contains(names, c.Topic) && !slices.Contains(names, c.Rule)
	})
}

func count(run result.Run) map[result.Outcome]int {
	counts := make(map[result.Outcome]int)
	for _, r := range run.Results {
		counts[r.Outcome]++
	}
	return counts
}

func TestRunOnAGoodTarget(t *testing.T) {
	c := config(t, "is good")
	c.Modes = player.Modes()
	var told, total int
	c.Progress = func(done, of int, _ result.Result) { told, total = done, of }
	played, err := Run(t.Context(), c)
	if err != nil || len(played.Faults) > 0 {
		t.Fatalf("Run = %v, faults %q", err, played.Faults)
	}
	counts := count(played)
	if counts[result.Passed] != len(played.Results) || len(played.Results) < 200 {
		for _, r := range played.Results {
			if r.Outcome != result.Passed {
				t.Errorf("%s in mode %s: %s: %s %s", r.ID, r.Mode, r.Outcome, r.Actual, r.Note)
			}
		}
	}
	if told != len(played.Results) || told != total {
		t.Errorf("progress of %d of %d, of %d results", told, total, len(played.Results))
	}
	if !slices.Equal(played.Modes, []string{"allowed", "required", "disabled"}) || played.Duration <= 0 || played.Started.IsZero() {
		t.Errorf("run is %+v", played)
	}
}

// A target that is healthy in no mode is one error: there are no results, and no progress.
func TestRunOnTargetsThatDoNotStart(t *testing.T) {
	for how, why := range map[string]string{
		"does not start":   "DPoP allowed: the target ended: exit status 3, its last words: no licence",
		"does not listen":  "not healthy after 300ms: GET /health did not answer",
		"is never healthy": "not healthy after 3s: GET /health answered 500",
	} {
		t.Run(how, func(t *testing.T) {
			c := config(t, how)
			// These times pass in full, and others must be met by a machine with no time to spare.
			switch how {
			case "does not listen":
				c.StartTimeout = 300 * time.Millisecond
			case "is never healthy":
				c.StartTimeout = 3 * time.Second
			}
			c.Modes = player.Modes()
			c.Progress = func(int, int, result.Result) { t.Error("progress is told") }
			played, err := Run(t.Context(), c)
			if err == nil || !strings.Contains(err.Error(), why) || len(played.Results) > 0 {
				t.Errorf("Run = %d results, error %v, want %s", len(played.Results), err, why)
			}
		})
	}
	t.Run("in time", func(t *testing.T) {
		c := config(t, "is good")
		c.Timeout = 1
		if _, err := Run(t.Context(), c); err == nil || err.Error() != "the run's time is up" {
			t.Errorf("error %v", err)
		}
	})
	t.Run("in one mode", func(t *testing.T) {
		c := config(t, "starts without DPoP only")
		c.Modes, c.Cases = player.Modes(), casesOf("CLAIM")
		played, err := Run(t.Context(), c)
		if err != nil || len(played.Faults) != 2 || count(played)[result.Passed] == 0 || count(played)[result.Undecided] == 0 {
			t.Errorf("Run = %v, faults %q, error %v", count(played), played.Faults, err)
		}
	})
}

func TestRunOnBadTargets(t *testing.T) {
	for _, c := range []struct {
		how    string
		fault  string // part of the first fault
		decide bool   // whether some cases are decided
	}{
		{"answers 500", "a good request was not accepted", false},
		{"redirects", "a good request was not accepted, so that rejections prove nothing: 302", false},
		{"rejects all", "a good request was not accepted", false},
		{"hangs", "a good request got no answer", false},
		{"hangs later", "did not answer 3 requests in a row", true},
		{"dies", "the target ended: exit status 7, its last words: out of memory", true},
	} {
		t.Run(c.how, func(t *testing.T) {
			config := config(t, c.how)
			// These times pass in full, and others must be met by a machine with no time to spare.
			switch c.how {
			case "hangs":
				config.RequestTimeout = 300 * time.Millisecond
			case "hangs later":
				config.RequestTimeout = 3 * time.Second
			}
			config.Cases = casesOf("CLAIM")
			began := time.Now()
			played, err := Run(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			if len(played.Faults) == 0 || !strings.Contains(played.Faults[0], c.fault) {
				t.Errorf("faults are %q, want %q", played.Faults, c.fault)
			}
			counts := count(played)
			if counts[result.Undecided] == 0 || (counts[result.Passed] > 0) != c.decide || counts[result.Failed] > 0 {
				t.Errorf("outcomes are %v", counts)
			}
			if took := time.Since(began); took > time.Minute { // of the 5 that the run may take
				t.Errorf("it took %v", took)
			}
		})
	}
	t.Run("accepts all", func(t *testing.T) {
		played, err := Run(t.Context(), config(t, "accepts all"))
		if err != nil || count(played)[result.Failed] < 50 {
			t.Errorf("Run = %v, %v", count(played), err)
		}
	})
}

func TestRunEndsInTime(t *testing.T) {
	c := config(t, "hangs later")
	c.Timeout = time.Second
	began := time.Now()
	played, err := Run(t.Context(), c)
	if err != nil && strings.HasSuffix(err.Error(), "the run's time is up") {
		return // before the target was healthy, on a slow machine
	}
	if err != nil || count(played)[result.Undecided] == 0 || time.Since(began) > 15*time.Second {
		t.Errorf("Run = %v, %v after %v", count(played), err, time.Since(began))
	}
}

func TestRunIsInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	c := config(t, "is good")
	c.Progress = func(done, _ int, _ result.Result) {
		if done == 10 {
			interrupt()
		}
	}
	played, err := Run(ctx, c)
	counts := count(played)
	if err != nil || counts[result.Passed] < 9 || counts[result.Undecided] < 50 || counts[result.Failed] > 0 {
		t.Errorf("Run = %v, %v", counts, err)
	}
	if last := played.Results[len(played.Results)-1]; last.Note != "the run was interrupted" {
		t.Errorf("the last result is %+v", last)
	}
}

func TestRunOnATargetThatIsThere(t *testing.T) {
	c := config(t, "is good")
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	if c.IssuerListen, err = freeAddress(); err != nil {
		t.Fatal(err)
	}
	c.CAFile = filepath.Join(t.TempDir(), "issuer.pem")
	world, err := player.NewEnvironment(player.EnvironmentConfig{}) // every world has the same certificate
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.CAFile, world.CertificatePEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	world.Close()

	api := exec.Command(c.Command[0])
	api.Env = append(os.Environ(), Issuer+"=https://"+c.IssuerListen+"/", Audience+"="+c.Audience, CAFile+"="+c.CAFile, DPoP+"=allowed", Listen+"="+address)
	if err := api.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = api.Process.Kill()
		_ = api.Wait()
	})
	c.Command, c.URL = nil, "http://"+address
	played, err := Run(t.Context(), c)
	counts := count(played)
	if err != nil || len(played.Faults) > 0 || counts[result.Passed] < 80 || counts[result.Skipped] == 0 || counts[result.Failed]+counts[result.Undecided] > 0 {
		t.Errorf("Run = %v, %v, faults %q", counts, err, played.Faults)
	}
}

func TestDescribe(t *testing.T) {
	secret := strings.Repeat("s3cr3t.", 20)
	for _, c := range []struct {
		name string
		r    player.Request
		want []string
	}{
		{"header fields", player.Request{Method: "GET", Path: "/resource?a=b", Header: map[string][]string{"Authorization": {"DPoP " + secret}, "DPoP": {secret, "short"}}},
			[]string{"GET http://api.example/resource?a=b", "Authorization: DPoP <140 characters, sha256 ", "DPoP: <140 characters", "DPoP: short"}},
		{"query", player.Request{Method: "GET", Path: "/resource?access_token=" + secret}, []string{"GET http://api.example/resource?access_token"}},
		{"form", player.Request{Method: "POST", Path: "/", Form: map[string][]string{"access_token": {secret}}}, []string{"POST http://api.example/", "access_token"}},
		{"host", player.Request{Method: "GET", Path: "/", Host: "shop.example"}, []string{"Host: shop.example"}},
		{"head", player.Request{Method: "GET", Head: "GET / HTTP/1.1\r\nHost: %HOST%\r\n%AUTH%Connection: close\r\n\r\n", Header: map[string][]string{"DPoP": {secret}}},
			[]string{"GET / HTTP/1.1\nHost: api.example\nDPoP: <140", "Connection: close"}},
		{"control characters", player.Request{Method: "GET", Path: "/", Header: map[string][]string{"X": {"a\x1b[2Jb"}}}, []string{"X: a?[2Jb"}},
		{"nothing", player.Request{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := describe("http://api.example", c.r)
			for _, part := range c.want {
				if !strings.Contains(got, part) {
					t.Errorf("described as %q, want %q", got, part)
				}
			}
			if strings.Contains(got, "s3cr3t.s3cr3t.") {
				t.Errorf("described as %q, with the token", got)
			}
		})
	}
}
