package routers

import (
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
)

func fiberApp(guard *httpguard.Guard) *fiber.App {
	app := fiber.New()
	order := func(c fiber.Ctx) error {
		write(c.RequestCtx(), c, c.Params("id")) // where the adaptor puts the token
		return nil
	}
	// guard
	app.Use(func(c fiber.Ctx) error {
		// The adaptor passes on the last of several header fields of one name only (CRED-03).
		if header := &c.Request().Header; len(header.PeekAll("Authorization")) > 1 || len(header.PeekAll("DPoP")) > 1 {
			return c.SendStatus(fiber.StatusBadRequest)
		}
		return c.Next()
	})
	app.Use(adaptor.HTTPMiddleware(guard.Require()))
	app.Post("/orders/:id", adaptor.HTTPMiddleware(guard.Require("write:orders")), order)
	// end
	app.Get("/orders/:id", order)
	return app
}
