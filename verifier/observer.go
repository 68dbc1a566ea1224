package verifier

import (
	"context"
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
