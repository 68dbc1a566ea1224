package integration

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/adapters/otel"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// TestPrometheus sends requests of each kind to a guarded API over HTTP, and reads what Prometheus would scrape.
func TestPrometheus(t *testing.T) {
	scraped := scrape(t)
	const (
		decisions = "holdfast_decision_duration_seconds_count"
		events    = "holdfast_key_events_total"
	)
	for _, c := range []struct {
		metric string
		labels map[string]string // of which the others are left out
		want   float64
	}{
		{decisions, map[string]string{}, 8},
		{decisions, map[string]string{"holdfast_class": "passed", "holdfast_scheme": "Bearer", "holdfast_remembered": "false"}, 2},
		{decisions, map[string]string{"holdfast_class": "passed", "holdfast_scheme": "Bearer", "holdfast_remembered": "true"}, 1},
		{decisions, map[string]string{"holdfast_class": "passed", "holdfast_scheme": "DPoP", "holdfast_replay": "first_use"}, 1},
		{decisions, map[string]string{"holdfast_code": "dpop_proof_replayed", "holdfast_replay": "replayed", "holdfast_class": "rejected"}, 1},
		{decisions, map[string]string{"holdfast_code": "credentials_missing", "holdfast_issuer": "", "error_type": ""}, 1},
		{decisions, map[string]string{"holdfast_code": "issuer_not_allowed", "holdfast_issuer": "other"}, 1},
		{decisions, map[string]string{"error_type": "issuer_unavailable", "holdfast_class": "undecidable", "holdfast_issuer": "https://away.example/"}, 1},
		{decisions, map[string]string{"holdfast_issuer": "https://tenant.example/"}, 5},
		{events, map[string]string{"holdfast_key_event": "keys_fetched", "holdfast_issuer": "https://tenant.example/"}, 1},
		{events, map[string]string{"holdfast_key_event": "keys_refused", "holdfast_issuer": "https://away.example/"}, 1},
	} {
		if sum := scraped.sum(c.metric, c.labels); sum != c.want {
			t.Errorf("%s%v is %v, want %v", c.metric, c.labels, sum, c.want)
		}
	}
	if t.Failed() {
		t.Log(scraped.text)
	}
}

// TestDashboard holds the dashboard to what is scraped: a query of a metric or label that is not there shows nothing.
func TestDashboard(t *testing.T) {
	file, err := os.ReadFile("../adapters/otel/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	type place struct{ X, Y, W, H int }
	var dashboard struct {
		Templating struct {
			List []struct {
				Name  string
				Query any
			}
		}
		Panels []struct {
			ID      int
			Title   string
			Type    string
			GridPos place
			Targets []struct{ Expr string }

			FieldConfig struct {
				Defaults struct {
					Unit  string
					Color struct{ Mode string }
				}
			}
		}
	}
	if err := json.Unmarshal(file, &dashboard); err != nil {
		t.Fatal(err)
	}
	scraped := scrape(t)
	variables := map[string]bool{"$__rate_interval": true}
	for _, variable := range dashboard.Templating.List {
		variables["$"+variable.Name] = true
		if query, is := variable.Query.(map[string]any); is {
			scraped.wantNames(t, variable.Name, query["query"].(string))
		}
	}
	ids, taken := make(map[int]bool), make(map[place]string)
	for _, panel := range dashboard.Panels {
		if ids[panel.ID] {
			t.Errorf("two panels have the ID %d", panel.ID)
		}
		ids[panel.ID] = true
		for x := range panel.GridPos.W {
			for y := range panel.GridPos.H {
				cell := place{X: panel.GridPos.X + x, Y: panel.GridPos.Y + y}
				if other, is := taken[cell]; is || cell.X >= 24 {
					t.Fatalf("%s is over %q, or beyond the right edge", panel.Title, other)
				}
				taken[cell] = panel.Title
			}
		}
		if len(panel.Targets) == 0 {
			t.Errorf("%s has no query", panel.Title)
		}
		if defaults := panel.FieldConfig.Defaults; defaults.Unit == "" || panel.Type == "stat" && defaults.Color.Mode == "" {
			t.Errorf("%s has no unit, or no colour: Grafana shows any number over 80 in red then", panel.Title)
		}
		for _, target := range panel.Targets {
			scraped.wantNames(t, panel.Title, target.Expr)
			if strings.Contains(target.Expr, "vector(") {
				t.Errorf("%s is not empty where nothing is scraped", panel.Title)
			}
			for _, variable := range regexp.MustCompile(`\$\w+`).FindAllString(target.Expr, -1) {
				if !variables[variable] {
					t.Errorf("%s: there is no variable %s", panel.Title, variable)
				}
			}
		}
	}
}

// A scraping is a page of metrics in the text format of Prometheus.
type scraping struct {
	text    string
	samples []sample
}

type sample struct {
	metric string
	labels map[string]string
	value  float64
}

var (
	sampleLine = regexp.MustCompile(`(?m)^(\w+)\{(.*)\} (\S+)$`)
	labelPair  = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// sum adds the samples that have all of these labels.
func (s scraping) sum(metric string, labels map[string]string) float64 {
	total := 0.0
next:
	for _, one := range s.samples {
		if one.metric != metric {
			continue
		}
		for name, value := range labels {
			if one.labels[name] != value {
				continue next
			}
		}
		total += one.value
	}
	return total
}

// wantNames looks for the names of metrics and labels that a query has.
func (s scraping) wantNames(t *testing.T, where, query string) {
	t.Helper()
	names := regexp.MustCompile(`\b(holdfast_\w+|error_type)\b`).FindAllString(query, -1)
	if len(names) == 0 {
		t.Errorf("%s asks for no metric: %s", where, query)
	}
	for _, name := range names {
		found := false
		for _, one := range s.samples {
			_, isLabel := one.labels[name]
			found = found || isLabel || one.metric == name
		}
		if !found {
			t.Errorf("%s: %s is not exported", where, name)
		}
	}
}

// scrape returns what is exported after some requests.
func scrape(t *testing.T) scraping {
	t.Helper()
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
	if err != nil {
		t.Fatal(err)
	}
	provider := metric.NewMeterProvider(metric.WithReader(exporter))
	defer func() {
		if err := provider.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	observer, err := otel.New(otel.Config{MeterProvider: provider})
	if err != nil {
		t.Fatal(err)
	}
	sendEachKind(t, observer)

	metrics := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer metrics.Close()
	answer, err := metrics.Client().Get(metrics.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	read := scraping{text: string(page)}
	for _, match := range sampleLine.FindAllStringSubmatch(read.text, -1) {
		value, err := strconv.ParseFloat(match[3], 64)
		if err != nil {
			t.Fatal(err)
		}
		one := sample{metric: match[1], labels: make(map[string]string), value: value}
		for _, pair := range labelPair.FindAllStringSubmatch(match[2], -1) {
			one.labels[pair[1]] = pair[2]
		}
		read.samples = append(read.samples, one)
	}
	return read
}

// sendEachKind sends requests to an API, and ends its verifier, so that all events have been told.
func sendEachKind(t *testing.T, observer *otel.Observer) {
	t.Helper()
	tenant, away := verifiertest.MustIssuer(t, "https://tenant.example/"), verifiertest.MustIssuer(t, "https://away.example/")
	unknown := verifiertest.MustIssuer(t, "https://unknown.example/")
	v, err := verifier.New(verifier.Config{
		Domains:   []ports.Domain{{Issuer: "tenant.example"}, {Issuer: "away.example"}},
		Audiences: []string{"https://api.example"},
		Fetcher: ports.FetcherFunc(func(ctx context.Context, url string) (ports.Document, error) {
			if strings.HasPrefix(url, "https://away.example/") {
				return ports.Document{}, errors.New("connection refused")
			}
			return tenant.Fetch(ctx, url)
		}),
		DecisionObserver: observer.Decision, Observer: observer.KeyEvent,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	api := httptest.NewUnstartedServer(nil)
	public := "http://" + api.Listener.Addr().String()
	guard, err := httpguard.New(v, httpguard.Config{PublicURL: public})
	if err != nil {
		t.Fatal(err)
	}
	api.Config.Handler = guard.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	api.Start()
	defer api.Close()

	send := func(status int, authorization string, proof ...string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		r.Header["Dpop"] = proof
		answer, err := api.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != status {
			t.Errorf("%s is answered %d, want %d", authorization, answer.StatusCode, status)
		}
	}
	claims := verifiertest.Claims{"aud": "https://api.example"}
	bearer := "Bearer " + tenant.MustToken(t, claims)
	for range 3 { // the third is recognized
		send(http.StatusOK, bearer)
	}
	client := &verifiertest.Prover{Key: verifiertest.MustKey(t, "ES256", "client")}
	bound := tenant.MustToken(t, verifiertest.Claims{"aud": "https://api.example", "cnf": verifiertest.Claims{"jkt": client.MustThumbprint(t)}})
	proof := client.MustProof(t, http.MethodGet, api.URL, bound, nil, nil)
	send(http.StatusOK, "DPoP "+bound, proof)
	send(http.StatusUnauthorized, "DPoP "+bound, proof)
	send(http.StatusUnauthorized, "")
	send(http.StatusUnauthorized, "Bearer "+unknown.MustToken(t, claims))
	send(http.StatusServiceUnavailable, "Bearer "+away.MustToken(t, claims))
}
