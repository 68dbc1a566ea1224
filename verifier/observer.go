package verifier

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
)

// observerTimeout bounds one call of the logger or the observer.
const observerTimeout = time.Second

// newObserver returns what tells both who want to know of keys. Neither can hold up a fetch for long, or end the process.
func newObserver(c *checker) func(ports.KeyEvent) {
	logger, observe := c.Logger, c.Observer
	toLogger, toObserver := c.port("logger", observerTimeout), c.port("observer", observerTimeout)
	tell := func(port *outbound.Port, what func()) error {
		_, err := outbound.Call(context.Background(), port, func(context.Context) (struct{}, error) {
			what()
			return struct{}{}, nil
		})
		return err
	}
	log := func(level slog.Level, message string, attributes ...slog.Attr) {
		if logger != nil {
			_ = tell(toLogger, func() { logger.LogAttrs(context.Background(), level, message, attributes...) })
		}
	}
	return func(event ports.KeyEvent) {
		level := slog.LevelInfo
		attributes := []slog.Attr{slog.String("issuer", event.Issuer)}
		if event.KeyID != "" {
			attributes = append(attributes, slog.String("kid", event.KeyID))
		}
		if event.Err != nil {
			level = slog.LevelWarn
			attributes = append(attributes, slog.Any("err", event.Err))
		}
		log(level, string(event.Kind), attributes...)
		if observe == nil {
			return
		}
		if err := tell(toObserver, func() { observe(event) }); err != nil {
			log(slog.LevelWarn, "observer_failed", slog.Any("err", err))
		}
	}
}

// A decisionObserver tells the application's observer of decisions. It is told on the request's goroutine, so that its
// context is that of the request; docs/decisions has why nothing bounds its time.
type decisionObserver struct {
	observe func(context.Context, Decision) // nil if there is none
	port    *outbound.Port
	clock   ports.Clock
}

func newDecisionObserver(c *checker) decisionObserver {
	return decisionObserver{observe: c.DecisionObserver, port: c.port("decision observer", 0), clock: c.Clock}
}

// A toldDecision is a decision while it is made.
type toldDecision struct {
	Decision
	began time.Time
}

func (o *decisionObserver) begin() toldDecision {
	if o.observe == nil {
		return toldDecision{}
	}
	return toldDecision{began: o.clock.Now()}
}

// end tells the decision with its outcome, the error that is to be answered.
func (o *decisionObserver) end(ctx context.Context, told toldDecision, outcome error) {
	if o.observe == nil {
		return
	}
	if refusal, refused := errors.AsType[*Error](outcome); refused {
		told.Class, told.Code, told.Rule = refusal.Class, refusal.Code, refusal.Rule
	}
	told.Duration = max(0, o.clock.Now().Sub(told.began))
	o.tell(ctx, told.Decision)
}

func (o *decisionObserver) tell(ctx context.Context, decision Decision) {
	// The observer is told also where the request's context has ended.
	_, _ = outbound.Call(context.Background(), o.port, func(context.Context) (struct{}, error) {
		o.observe(ctx, decision)
		return struct{}{}, nil
	})
}
