package routers

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
)

// greet is the API: it says whose order it is.
func greet(w http.ResponseWriter, r *http.Request, order string) { write(r.Context(), w, order) }

func write(ctx context.Context, w io.Writer, order string) {
	token, _ := httpguard.From(ctx)
	fmt.Fprintf(w, "order %s of %s", order, token.Subject)
}
