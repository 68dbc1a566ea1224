package routers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
)

func ginEngine(guard *httpguard.Guard) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	order := func(c *gin.Context) { write(c.Request.Context(), c.Writer, c.Param("id")) }
	// guard
	require := func(scopes ...string) gin.HandlerFunc {
		return func(c *gin.Context) {
			var ok bool
			if c.Request, ok = guard.Admit(c.Writer, c.Request, scopes...); !ok {
				c.Abort()
			}
		}
	}
	engine.Use(require())
	engine.POST("/orders/:id", require("write:orders"), order)
	// end
	engine.GET("/orders/:id", order)
	return engine
}
