package routers

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
)

func gorillaMux(guard *httpguard.Guard) http.Handler {
	router := mux.NewRouter()
	order := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { greet(w, r, mux.Vars(r)["id"]) })
	// guard
	router.Use(guard.Require())
	router.Handle("/orders/{id}", guard.Handler(order, "write:orders")).Methods("POST")
	// end
	router.Handle("/orders/{id}", order).Methods("GET")
	return router
}
