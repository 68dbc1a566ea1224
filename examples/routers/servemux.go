package routers

import (
	"net/http"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
)

func serveMux(guard *httpguard.Guard) http.Handler {
	mux := http.NewServeMux()
	// guard
	mux.Handle("GET /orders/{id}", guard.Handler(http.HandlerFunc(show)))
	mux.Handle("POST /orders/{id}", guard.Handler(http.HandlerFunc(change), "write:orders"))
	// end
	return mux
}

func show(w http.ResponseWriter, r *http.Request)   { greet(w, r, r.PathValue("id")) }
func change(w http.ResponseWriter, r *http.Request) { greet(w, r, r.PathValue("id")) }
