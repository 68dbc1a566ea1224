package routers

import (
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
)

// fiberApp needs Fiber 3.4.0 or newer. The adaptor of earlier ones passes on only the last of several header fields of one
// name (CRED-03), and their server accepts several Host fields.
func fiberApp(guard *httpguard.Guard) *fiber.App {
	app := fiber.New(fiber.Config{ReadBufferSize: 128 << 10}) // for the header; 4 KiB by default
	order := func(c fiber.Ctx) error {
		write(c.RequestCtx(), c, c.Params("id")) // where the adaptor puts the token
		return nil
	}
	// guard
	app.Use(adaptor.HTTPMiddleware(guard.Require()))
	app.Post("/orders/:id", adaptor.HTTPMiddleware(guard.Require("write:orders")), order)
	// end
	app.Get("/orders/:id", order)
	return app
}
