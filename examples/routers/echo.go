package routers

import (
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
)

func echoServer(guard *httpguard.Guard) http.Handler {
	server := echo.New()
	order := func(c *echo.Context) error {
		write(c.Request().Context(), c.Response(), c.Param("id"))
		return nil
	}
	// guard
	server.Use(echo.WrapMiddleware(guard.Require()))
	server.POST("/orders/:id", order, echo.WrapMiddleware(guard.Require("write:orders")))
	// end
	server.GET("/orders/:id", order)
	return server
}
