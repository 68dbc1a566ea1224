package main

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
)

//go:embed pages
var files embed.FS

var pages = template.Must(template.ParseFS(files, "pages/*.html"))

// A view is a page to show.
type view struct {
	status   int
	template string
	content  any // what the template wants
	// formAction says where the page's forms may be sent to, redirects included, as Content-Security-Policy has it.
	formAction string
}

const noForms = "'none'"

type homePage struct {
	LoggedIn bool
	Name     string
}

const policy = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"

func (a *app) show(w http.ResponseWriter, r *http.Request, v view) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, v.template, v.content); err != nil {
		a.logger.ErrorContext(r.Context(), "a page can't be written", "err", err)
		http.Error(w, broken.Title, http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Cache-Control", "no-store") // or the back button shows it after the logout
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", policy+"; form-action "+v.formAction)
	header.Set("Referrer-Policy", "no-referrer") // no code or state in another site's log
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(v.status)
	_, _ = page.WriteTo(w)
}

func serveStyle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, files, "pages/style.css")
}
