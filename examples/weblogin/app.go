package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/idtoken"
)

const callbackPath = "/callback"

// An app is the application.
type app struct {
	settings
	logger   *slog.Logger
	verifier *verifier.Verifier // for the issuer's metadata and keys
	ids      *idtoken.Verifier
	client   *http.Client // for the token endpoint
	attempts *attempts
	sessions *scs.SessionManager
}

func newApp(s settings, logger *slog.Logger) (*app, error) {
	base, err := url.Parse(s.baseURL)
	if err != nil || base.Host == "" || base.Scheme != "https" && (base.Scheme != "http" || !isLoopback(base)) {
		return nil, errors.New("WEBLOGIN_URL must be a URL of https, or of http on this machine")
	}
	secure := base.Scheme == "https"
	attempts, err := newAttempts(secure)
	if err != nil {
		return nil, err
	}
	fetcher, err := httpfetch.New(httpfetch.Config{InsecureAllowLoopbackHTTP: s.insecureAllowLoopbackHTTPIssuer})
	if err != nil {
		return nil, err
	}
	v, err := verifier.New(verifier.Config{
		Domain:                    s.issuer,
		NoAccessTokens:            true,
		Fetcher:                   fetcher,
		Logger:                    logger,
		InsecureAllowLoopbackHTTP: s.insecureAllowLoopbackHTTPIssuer,
	})
	if err != nil {
		return nil, err
	}
	ids, err := idtoken.New(v, idtoken.Config{ClientID: s.clientID})
	if err != nil {
		v.Close()
		return nil, err
	}
	a := &app{
		settings: s,
		logger:   logger,
		verifier: v,
		ids:      ids,
		client: &http.Client{
			Timeout: 10 * time.Second,
			// A token endpoint has no reason to redirect, and the request has the client's secret.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		attempts: attempts,
		sessions: newSessions(secure),
	}
	a.sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) { a.fail(w, r, broken, err) }
	return a, nil
}

// isLoopback reports whether only this machine can reach the host of u.
func isLoopback(u *url.URL) bool {
	address, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && address.IsLoopback()
}

// cookieName is the name of a cookie of this application's. With __Host-, no other host of the domain can set it.
func cookieName(suffix string, secure bool) string {
	if secure {
		return "__Host-weblogin-" + suffix
	}
	return "weblogin-" + suffix
}

// sessionLife is how long a user stays logged in.
const sessionLife = 8 * time.Hour

func newSessions(secure bool) *scs.SessionManager {
	sessions := scs.New()
	sessions.Lifetime = sessionLife
	sessions.IdleTimeout = time.Hour
	sessions.HashTokenInStore = true
	sessions.Cookie.HttpOnly = true
	sessions.Cookie.SameSite = http.SameSiteLaxMode // Strict would leave the cookie out of the issuer's redirect
	sessions.Cookie.Persist = false
	sessions.Cookie.Secure = secure
	sessions.Cookie.Name = cookieName("session", secure)
	return sessions
}

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /login", a.login)
	mux.HandleFunc("GET "+callbackPath, a.callback)
	mux.HandleFunc("GET /dashboard", a.dashboard)
	mux.HandleFunc("POST /logout", a.logout)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { a.showProblem(w, r, notFound) })
	guarded := http.NewCrossOriginProtection().Handler(a.sessions.LoadAndSave(mux))

	all := http.NewServeMux()
	all.HandleFunc("GET /style.css", serveStyle)
	all.Handle("/", guarded)
	return all
}

// A user is who logged in with a session.
type user struct {
	Name, Subject, Organization string
	LoggedIn                    time.Time
	Claims                      []claim
	IDToken                     string // says at the logout who is to be logged out
}

// A claim is one of an ID token, its value as text or, otherwise as JSON.
type claim struct{ Name, Value string }

const userKey = "user"

// user returns who is logged in.
func (a *app) user(ctx context.Context) (user, bool) { return load[user](ctx, a.sessions, userKey) }

// load and save keep a value in a session, as JSON.
func load[T any](ctx context.Context, sessions *scs.SessionManager, key string) (value T, found bool) {
	found = json.Unmarshal(sessions.GetBytes(ctx, key), &value) == nil
	return value, found
}

func save[T any](ctx context.Context, sessions *scs.SessionManager, key string, value T) error {
	content, err := json.Marshal(value)
	if err != nil {
		return err
	}
	sessions.Put(ctx, key, content)
	return nil
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	known, loggedIn := a.user(r.Context())
	a.show(w, r, view{http.StatusOK, "home.html", homePage{loggedIn, known.Name}, noForms})
}

// dashboard is for those who are logged in.
func (a *app) dashboard(w http.ResponseWriter, r *http.Request) {
	known, loggedIn := a.user(r.Context())
	if !loggedIn {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	a.show(w, r, view{http.StatusOK, "dashboard.html", known, a.logoutOrigins(r.Context())})
}

// newUser is what a session keeps of an ID token.
func newUser(verified *idtoken.Verified, raw string) (user, error) {
	var claims map[string]json.RawMessage
	if err := verified.Decode(&claims); err != nil {
		return user{}, err
	}
	known := user{
		Name: verified.Name, Subject: verified.Subject, IDToken: raw, LoggedIn: time.Now().UTC().Truncate(time.Second),
		Organization: verified.OrganizationID,
	}
	if known.Organization == "" {
		known.Organization = verified.OrganizationName
	}
	if known.Name == "" {
		known.Name = verified.Subject
	}
	for name, value := range claims {
		text := string(value)
		_ = json.Unmarshal(value, &text)
		known.Claims = append(known.Claims, claim{name, text})
	}
	slices.SortFunc(known.Claims, func(a, b claim) int { return strings.Compare(a.Name, b.Name) })
	return known, nil
}
