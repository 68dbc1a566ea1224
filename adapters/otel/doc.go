// Package otel makes OpenTelemetry metrics and spans of what a [verifier.Verifier] decides and of what happens to issuers'
// keys.
//
//	observer, err := otel.New(otel.Config{})
//	config.DecisionObserver, config.Observer = observer.Decision, observer.KeyEvent
//	v, err := verifier.New(config)
//
// It needs the API of OpenTelemetry only. What is exported, and where to, the application's SDK says; without one nothing is
// recorded.
//
// # Metrics
//
//	holdfast.decision.duration  histogram, s        each decision: holdfast.class, .code, .issuer, .scheme, .remembered,
//	                                                .replay, error.type
//	holdfast.key.events         counter, {event}    each key event: holdfast.key.event, holdfast.issuer
//
// All key events of an issuer are counted from zero with its first one, so that the first of a rare kind is seen as a rise.
//
// The count of the histogram is that of the decisions. What is not known is left out. The attribute holdfast.class is
// [ClassPassed], or the class of the error; holdfast.code its code. The attribute error.type is the code too, where the
// server failed. A token that was refused does not count as a failure, nor does a client that left. Histogram points are
// recorded with the context of the request, so that exemplars name its trace.
//
// Every attribute of a metric has a bounded set of values, whatever clients send. Issuers beyond [Config.MaxIssuers] are
// [verifier.OtherIssuer].
//
// # Spans
//
// A decision is the span "verify access token", a child of the span in the context of the request; where there is none, none is
// made. It has the attributes of the metric and holdfast.rule. Its status is an error where error.type is set.
//
// A key event is a span without duration and without parent, since keys are fetched for no one request. Its name is the
// kind of the event, and its status is an error where something failed; the description says what. It has holdfast.issuer and
// holdfast.key.id.
package otel
