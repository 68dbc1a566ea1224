package otel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// ClassPassed is the holdfast.class of a request that may pass.
const ClassPassed = "passed"

// Config says where to record. Its zero value is usable.
type Config struct {
	// MeterProvider makes the instruments. Nil means the global one.
	MeterProvider metric.MeterProvider
	// TracerProvider makes the spans. Nil means the global one. For metrics only, give it a noop.TracerProvider.
	TracerProvider trace.TracerProvider
	// MaxIssuers bounds the issuers that are named: those seen first; all others are [verifier.OtherIssuer]. Zero means 100.
	MaxIssuers int
}

// An Observer records decisions and key events. It is safe for concurrent use, and several verifiers may share it.
type Observer struct {
	tracer   trace.Tracer
	duration metric.Float64Histogram
	events   metric.Int64Counter
	issuers  issuers
	counted  sync.Map // the issuers, as they are named, whose key events are counted
}

// kinds are all kinds of key events.
var kinds = []ports.KeyEventKind{
	ports.KeysFetched, ports.KeysFromCache, ports.KeysRefused, ports.KeysServedStale, ports.KeySkipped, ports.KeyRefreshForced,
	ports.CacheRefused, ports.CacheFailed,
}

// scope is the name of the instrumentation.
const scope = "github.com/holdfast-go/holdfast/adapters/otel"

// bounds are those of the histogram, in seconds: a token that is remembered takes some microseconds, a signature up to a
// millisecond, and the defaults of time limits are 0.5, 1 and 2 seconds.
var bounds = []float64{0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5}

// New returns an observer. Its error names the field that can't work, as a [verifier.FieldError], or is that of the
// MeterProvider.
func New(config Config) (*Observer, error) {
	if config.MaxIssuers < 0 {
		return nil, fault("MaxIssuers", "is negative")
	}
	if isNilPointer(config.MeterProvider) {
		return nil, fault("MeterProvider", "holds a nil pointer")
	}
	if isNilPointer(config.TracerProvider) {
		return nil, fault("TracerProvider", "holds a nil pointer")
	}
	if config.MeterProvider == nil {
		config.MeterProvider = otel.GetMeterProvider()
	}
	if config.TracerProvider == nil {
		config.TracerProvider = otel.GetTracerProvider()
	}
	meter := config.MeterProvider.Meter(scope)
	duration, err := meter.Float64Histogram("holdfast.decision.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of decisions whether a request may pass."), metric.WithExplicitBucketBoundaries(bounds...))
	if err != nil {
		return nil, fmt.Errorf("otel: %w", err)
	}
	events, err := meter.Int64Counter("holdfast.key.events", metric.WithUnit("{event}"),
		metric.WithDescription("Events of issuers' keys: fetches, failures, keys that are not usable."))
	if err != nil {
		return nil, fmt.Errorf("otel: %w", err)
	}
	return &Observer{
		tracer: config.TracerProvider.Tracer(scope), duration: duration, events: events,
		issuers: newIssuers(cmp.Or(config.MaxIssuers, 100)),
	}, nil
}

func fault(field, reason string) error {
	return fmt.Errorf("otel: %w", &verifier.FieldError{Field: field, Err: errors.New(reason)})
}

func isNilPointer(provider any) bool {
	value := reflect.ValueOf(provider)
	return value.Kind() == reflect.Pointer && value.IsNil()
}

// Decision records a decision: it is a verifier.Config.DecisionObserver.
func (o *Observer) Decision(ctx context.Context, d verifier.Decision) {
	ended := time.Now()
	attributes := o.attributes(d)
	o.duration.Record(ctx, d.Duration.Seconds(), metric.WithAttributes(attributes...))
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return
	}
	_, span := o.tracer.Start(ctx, "verify access token", trace.WithTimestamp(ended.Add(-d.Duration)), trace.WithAttributes(attributes...))
	if d.Rule != "" {
		span.SetAttributes(attribute.String("holdfast.rule", d.Rule))
	}
	if failed(d) {
		span.SetStatus(codes.Error, string(d.Code))
	}
	span.End(trace.WithTimestamp(ended))
}

// failed reports whether the server could not do its work. A client that left is not its failure.
func failed(d verifier.Decision) bool {
	return d.Class != "" && d.Class != verifier.Rejected && d.Code != verifier.CodeCanceled
}

func (o *Observer) attributes(d verifier.Decision) []attribute.KeyValue {
	all := make([]attribute.KeyValue, 0, 7)
	add := func(name, value string) {
		if value != "" {
			all = append(all, attribute.String(name, value))
		}
	}
	add("holdfast.class", cmp.Or(string(d.Class), ClassPassed))
	add("holdfast.code", string(d.Code))
	add("holdfast.issuer", o.issuers.named(d.Issuer))
	add("holdfast.scheme", string(d.Scheme))
	add("holdfast.replay", string(d.Replay))
	if failed(d) {
		add("error.type", string(d.Code))
	}
	return append(all, attribute.Bool("holdfast.remembered", d.Remembered))
}

// KeyEvent records what happened to an issuer's keys: it is a verifier.Config.Observer.
func (o *Observer) KeyEvent(e ports.KeyEvent) {
	ctx, now := context.Background(), time.Now()
	issuer := attribute.String("holdfast.issuer", o.issuers.named(e.Issuer))
	count := func(kind ports.KeyEventKind, n int64) {
		o.events.Add(ctx, n, metric.WithAttributes(issuer, attribute.String("holdfast.key.event", string(kind))))
	}
	// Most kinds are rare. A counter that is first seen at one is not seen to rise.
	if _, begun := o.counted.LoadOrStore(issuer.Value.AsString(), true); !begun {
		for _, kind := range kinds {
			count(kind, 0)
		}
	}
	count(e.Kind, 1)
	_, span := o.tracer.Start(ctx, string(e.Kind), trace.WithTimestamp(now), trace.WithAttributes(issuer))
	if e.KeyID != "" {
		span.SetAttributes(attribute.String("holdfast.key.id", e.KeyID))
	}
	if e.Err != nil {
		span.SetAttributes(attribute.String("error.type", string(e.Kind)))
		span.SetStatus(codes.Error, e.Err.Error())
	}
	span.End(trace.WithTimestamp(now))
}
