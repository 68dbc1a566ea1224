package routers

import (
	"github.com/gofiber/fiber/v3"

	"github.com/holdfast-go/holdfast/adapters/fiberguard"
	"github.com/holdfast-go/holdfast/adapters/httpguard"
)

func fiberApp(guard *httpguard.Guard) *fiber.App {
	app := fiber.New()
	order := func(c fiber.Ctx) error {
		write(c.Context(), c, c.Params("id"))
		return nil
	}
	// guard
	app.Use(fiberguard.Require(guard))
	app.Post("/orders/:id", fiberguard.Require(guard, "write:orders"), order)
	// end
	app.Get("/orders/:id", order)
	return app
}
