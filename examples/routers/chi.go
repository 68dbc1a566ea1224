package routers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
)

func chiRouter(guard *httpguard.Guard) http.Handler {
	router := chi.NewRouter()
	order := func(w http.ResponseWriter, r *http.Request) { greet(w, r, chi.URLParam(r, "id")) }
	router.Route("/orders", func(router chi.Router) {
		// guard
		router.Use(guard.Require())
		router.With(guard.Require("write:orders")).Post("/{id}", order)
		// end
		router.Get("/{id}", order)
	})
	return router
}
