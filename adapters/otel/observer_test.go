package otel_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/holdfast-go/holdfast/adapters/otel"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const issuerURL = "https://tenant.example/"

// A bench is an observer and what it has recorded.
type bench struct {
	*otel.Observer
	reader *metric.ManualReader
	spans  *tracetest.SpanRecorder
	traces *trace.TracerProvider
}

func newBench(t *testing.T, maxIssuers int) *bench {
	t.Helper()
	b := &bench{reader: metric.NewManualReader(), spans: tracetest.NewSpanRecorder()}
	b.traces = trace.NewTracerProvider(trace.WithSpanProcessor(b.spans))
	var err error
	b.Observer, err = otel.New(otel.Config{
		MeterProvider: metric.NewMeterProvider(metric.WithReader(b.reader)), TracerProvider: b.traces, MaxIssuers: maxIssuers,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// verifier returns one that is observed, and its issuer.
func (b *bench) verifier(t *testing.T, edit func(*verifier.Config)) (*verifier.Verifier, *verifiertest.Issuer) {
	t.Helper()
	issuer := verifiertest.MustIssuer(t, issuerURL)
	config := verifier.Config{
		Domain: issuerURL, Audiences: []string{"https://api.example"}, Fetcher: issuer,
		Observer: b.KeyEvent, DecisionObserver: b.Decision,
	}
	if edit != nil {
		edit(&config)
	}
	v, err := verifier.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v, issuer
}

// decide has one request decided in a span of its own, and returns that.
func (b *bench) decide(t *testing.T, v *verifier.Verifier, authorization string) trace.ReadOnlySpan {
	t.Helper()
	ctx, span := b.traces.Tracer("test").Start(t.Context(), "GET /orders")
	_, _ = v.VerifyRequest(ctx, verifier.Request{Method: "GET", URL: "https://api.example/orders", Header: map[string][]string{"Authorization": {authorization}}})
	span.End()
	return b.spans.Ended()[len(b.spans.Ended())-1]
}

// span returns the last span of that name.
func (b *bench) span(t *testing.T, name string) trace.ReadOnlySpan {
	t.Helper()
	for _, span := range slices.Backward(b.spans.Ended()) {
		if span.Name() == name {
			return span
		}
	}
	t.Fatalf("there is no span %q", name)
	return nil
}

// metrics collects what was recorded.
func (b *bench) metrics(t *testing.T) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := b.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]metricdata.Metrics)
	for _, scope := range all.ScopeMetrics {
		for _, one := range scope.Metrics {
			byName[one.Name] = one
		}
	}
	return byName
}

func (b *bench) decisions(t *testing.T) []metricdata.HistogramDataPoint[float64] {
	t.Helper()
	duration := b.metrics(t)["holdfast.decision.duration"]
	if duration.Unit != "s" {
		t.Errorf("the unit is %q", duration.Unit)
	}
	return duration.Data.(metricdata.Histogram[float64]).DataPoints
}

func values(attributes []attribute.KeyValue) map[string]any {
	all := make(map[string]any)
	for _, one := range attributes {
		all[string(one.Key)] = one.Value.AsInterface()
	}
	return all
}

func TestDecision(t *testing.T) {
	away := ports.FetcherFunc(func(context.Context, string) (ports.Document, error) { return ports.Document{}, errors.New("away") })
	for _, c := range []struct {
		name          string
		edit          func(*verifier.Config)
		authorization func(token string) string
		want          map[string]any
		rule          string
		status        codes.Code
	}{
		{
			name: "passes", authorization: func(token string) string { return "Bearer " + token },
			want: map[string]any{"holdfast.class": "passed", "holdfast.issuer": issuerURL, "holdfast.scheme": "Bearer", "holdfast.remembered": false},
		},
		{
			name: "rejected", authorization: func(token string) string { return "Bearer x" },
			want: map[string]any{"holdfast.class": "rejected", "holdfast.code": "token_malformed", "holdfast.scheme": "Bearer", "holdfast.remembered": false},
			rule: "JWS-01",
		},
		{
			name: "undecidable", authorization: func(token string) string { return "Bearer " + token },
			edit: func(c *verifier.Config) { c.Fetcher = away },
			want: map[string]any{
				"holdfast.class": "undecidable", "holdfast.code": "issuer_unavailable", "holdfast.issuer": issuerURL, "holdfast.scheme": "Bearer",
				"holdfast.remembered": false, "error.type": "issuer_unavailable",
			},
			status: codes.Error,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, 0)
			v, issuer := b.verifier(t, c.edit)
			parent := b.decide(t, v, c.authorization(issuer.MustToken(t, verifiertest.Claims{"aud": "https://api.example"})))
			points := b.decisions(t)
			if len(points) != 1 || points[0].Count != 1 {
				t.Fatalf("points are %+v", points)
			}
			if diff := cmp.Diff(c.want, values(points[0].Attributes.ToSlice())); diff != "" {
				t.Error(diff)
			}
			if len(points[0].Exemplars) != 1 || string(points[0].Exemplars[0].TraceID) != traceID(parent) {
				t.Errorf("exemplars %+v are not of the trace of the request", points[0].Exemplars)
			}
			span := b.span(t, "verify access token")
			if span.Parent().SpanID() != parent.SpanContext().SpanID() {
				t.Error("the span is not a child of that of the request")
			}
			if span.StartTime().Before(parent.StartTime()) || span.EndTime().After(parent.EndTime()) {
				t.Error("the span is not within that of the request")
			}
			if span.Status().Code != c.status {
				t.Errorf("status is %+v", span.Status())
			}
			if c.rule != "" {
				c.want["holdfast.rule"] = c.rule
			} else {
				delete(c.want, "holdfast.rule")
			}
			if diff := cmp.Diff(c.want, values(span.Attributes())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func traceID(span trace.ReadOnlySpan) string {
	id := span.SpanContext().TraceID()
	return string(id[:])
}

// Tokens that are rejected, and clients that leave, do not count as errors of the server.
func TestErrorType(t *testing.T) {
	for code, class := range map[verifier.Code]verifier.Class{
		verifier.CodeExpired: verifier.Rejected, verifier.CodeCanceled: verifier.Undecidable,
		verifier.CodeReplayStore: verifier.Undecidable, verifier.CodeResolver: verifier.Misconfigured,
	} {
		b := newBench(t, 0)
		b.Decision(t.Context(), verifier.Decision{Class: class, Code: code})
		_, is := b.decisions(t)[0].Attributes.Value("error.type")
		if want := code == verifier.CodeReplayStore || code == verifier.CodeResolver; is != want {
			t.Errorf("%s has an error.type: %t, want %t", code, is, want)
		}
	}
}

// A request that is not traced makes no trace.
func TestNoSpanWithoutAParent(t *testing.T) {
	b := newBench(t, 0)
	b.Decision(t.Context(), verifier.Decision{Duration: time.Millisecond})
	if ended := b.spans.Ended(); len(ended) != 0 {
		t.Errorf("there is a span %q", ended[0].Name())
	}
	if points := b.decisions(t); points[0].Sum != 0.001 {
		t.Errorf("the sum is %v seconds", points[0].Sum)
	}
}

func TestKeyEvents(t *testing.T) {
	b := newBench(t, 0)
	b.KeyEvent(ports.KeyEvent{Kind: ports.KeysFetched, Issuer: issuerURL})
	b.KeyEvent(ports.KeyEvent{Kind: ports.KeySkipped, Issuer: issuerURL, KeyID: "key-9", Err: errors.New("too short")})
	counted := make(map[string]int64)
	for _, point := range b.metrics(t)["holdfast.key.events"].Data.(metricdata.Sum[int64]).DataPoints {
		counted[fmt.Sprint(values(point.Attributes.ToSlice()))] = point.Value
	}
	// All that there are, those that did not happen with zero.
	source, err := os.ReadFile("../../ports/event.go")
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]int64)
	for _, kind := range regexp.MustCompile(`KeyEventKind = "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		want["map[holdfast.issuer:https://tenant.example/ holdfast.key.event:"+kind[1]+"]"] = 0
	}
	want["map[holdfast.issuer:https://tenant.example/ holdfast.key.event:keys_fetched]"] = 1
	want["map[holdfast.issuer:https://tenant.example/ holdfast.key.event:key_skipped]"] = 1
	if diff := cmp.Diff(want, counted); diff != "" {
		t.Error(diff)
	}
	if status := b.span(t, "keys_fetched").Status(); status.Code != codes.Unset {
		t.Errorf("status is %+v", status)
	}
	skipped := b.span(t, "key_skipped")
	if status := skipped.Status(); status.Code != codes.Error || status.Description != "too short" {
		t.Errorf("status is %+v", status)
	}
	wantAttributes := map[string]any{"holdfast.issuer": issuerURL, "holdfast.key.id": "key-9", "error.type": "key_skipped"}
	if diff := cmp.Diff(wantAttributes, values(skipped.Attributes())); diff != "" {
		t.Error(diff)
	}
}

func TestIssuersAreBounded(t *testing.T) {
	b := newBench(t, 2)
	for _, name := range []string{"a", "b", "c", "d", "a", verifier.OtherIssuer, ""} {
		b.Decision(t.Context(), verifier.Decision{Issuer: name})
		b.KeyEvent(ports.KeyEvent{Kind: ports.KeysFetched, Issuer: name})
	}
	counted := make(map[string]uint64)
	for _, point := range b.decisions(t) {
		issuer, _ := point.Attributes.Value("holdfast.issuer")
		counted[issuer.AsString()] += point.Count
	}
	if diff := cmp.Diff(map[string]uint64{"a": 2, "b": 1, "other": 3, "": 1}, counted); diff != "" {
		t.Error(diff)
	}
}

func TestNewRefuses(t *testing.T) {
	for field, config := range map[string]otel.Config{
		"MaxIssuers":     {MaxIssuers: -1},
		"MeterProvider":  {MeterProvider: (*metric.MeterProvider)(nil)},
		"TracerProvider": {TracerProvider: (*trace.TracerProvider)(nil)},
	} {
		_, err := otel.New(config)
		if fault, found := errors.AsType[*verifier.FieldError](err); !found || fault.Field != field {
			t.Errorf("%s: error is %v", field, err)
		}
	}
	if _, err := otel.New(otel.Config{}); err != nil {
		t.Errorf("the zero value: %v", err)
	}
}
