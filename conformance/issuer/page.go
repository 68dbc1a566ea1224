package issuer

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed pages
var files embed.FS

var pages = template.Must(template.ParseFS(files, "pages/*.html"))

type (
	loginPage struct {
		Request      string // the handle of the login under way
		Client       string
		Organization string
		Invited      bool
		Hint         string
		Fault        string
	}
	logoutPage struct {
		Parameters url.Values
	}
	messagePage struct {
		Title, Text string
	}
)

// policy has no form-action: browsers apply it to redirects too, and a login ends at the client.
const policy = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"

func show(w http.ResponseWriter, status int, name string, content any) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, content); err != nil {
		http.Error(w, "the page can't be written", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", policy)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w)
}

// showError tells the user what can't be told to the client.
func showError(w http.ResponseWriter, text string) {
	show(w, http.StatusBadRequest, "message.html", messagePage{"This can't be done", text})
}

func serveStyle(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, files, "pages/style.css")
}
