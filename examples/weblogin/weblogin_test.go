package main

import (
	"cmp"
	"context"
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/conformance/fault"
	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A site is the application with its issuer, both listening.
type site struct {
	*app
	url    string
	tenant *issuer.Server
	log    *strings.Builder
}

func startSite(t *testing.T) *site {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	s := settings{baseURL: "http://" + server.Listener.Addr().String()}
	tenant, err := startTestIssuer(&s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tenant.Close)
	log := &strings.Builder{}
	a, err := newApp(s, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.verifier.Close() })
	server.Config.Handler = a.handler()
	server.Start()
	t.Cleanup(server.Close)
	return &site{a, s.baseURL, tenant, log}
}

// TestNoAccessTokenIsAccepted sends one for the client's ID, as an ID token is, to the verifier of ID tokens.
func TestNoAccessTokenIsAccepted(t *testing.T) {
	s := startSite(t)
	token := s.tenant.MustToken(t, verifiertest.Claims{"aud": s.clientID})
	if _, err := s.verifier.VerifyAccessToken(t.Context(), token); !errors.Is(err, verifier.Misconfigured) {
		t.Errorf("CLAIM-AUD-04: VerifyAccessToken = %v", err)
	}
}

// A browser keeps cookies, and follows redirects only where it is told to.
type browser struct {
	t *testing.T
	*http.Client
	site *site
}

func (s *site) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{t, &http.Client{Jar: jar, CheckRedirect: stay}, s}
}

// A page is what a browser got; target is where it is sent to, if it is.
type page struct {
	status int
	body   string
	header http.Header
	target *url.URL
}

func (b *browser) do(method, url string, form url.Values, header http.Header) page {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, url, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := b.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	target, err := answer.Location()
	if err != nil {
		target = nil
	}
	return page{answer.StatusCode, string(body), answer.Header, target}
}

func (b *browser) get(url string) page { b.t.Helper(); return b.do(http.MethodGet, url, nil, nil) }

// edited returns u with another value of a parameter; an empty one is taken out.
func edited(u *url.URL, name, value string) string {
	changed, query := *u, u.Query()
	query.Set(name, value)
	if value == "" {
		query.Del(name)
	}
	changed.RawQuery = query.Encode()
	return changed.String()
}

// begin starts a login and returns where the browser is sent.
func (b *browser) begin(query string) *url.URL {
	b.t.Helper()
	sent := b.get(b.site.url + "/login" + query)
	if sent.status != http.StatusSeeOther || sent.target == nil {
		b.t.Fatalf("/login answers %d: %s", sent.status, sent.body)
	}
	return sent.target
}

var handle = regexp.MustCompile(`name="request" value="([^"]+)"`)

// authorize logs in at the issuer and returns the callback that the browser is sent to.
func (b *browser) authorize(at, login string, more url.Values) *url.URL {
	b.t.Helper()
	asked := b.get(at)
	found := handle.FindStringSubmatch(asked.body)
	if found == nil {
		b.t.Fatalf("no login page at the issuer: %d %v %s", asked.status, asked.target, asked.body)
	}
	form := url.Values{"request": {found[1]}, "login": {login}}
	for name, values := range more {
		form[name] = values
	}
	sent := b.do(http.MethodPost, b.site.tenant.URL+"login", form, nil)
	if sent.target == nil || !strings.HasPrefix(sent.target.String(), b.site.url+callbackPath+"?") {
		b.t.Fatalf("the issuer answers %d: %v %s", sent.status, sent.target, sent.body)
	}
	return sent.target
}

// tells reports whether the page is the one that tells of a problem.
func (p page) tells(of problem) bool {
	return p.status == of.Status && strings.Contains(p.body, "<h1>"+html.EscapeString(of.Title)+"</h1>")
}

func (b *browser) loggedIn() bool {
	b.t.Helper()
	return b.get(b.site.url+"/dashboard").status == http.StatusOK
}

// What is the issuer's business goes to the issuer: the API that the application is to call, and whom an invitation is for.
func TestParametersOfALogin(t *testing.T) {
	s := startSite(t)
	b := s.browser(t)
	for _, c := range []struct {
		audience, query string
		want            map[string]string // empty for none
	}{
		{"", "", map[string]string{"audience": "", "organization": "", "invitation": ""}},
		{"https://api.example.com", "?organization=org_1&invitation=inv_1&organization_name=acme&audience=https://evil.example&prompt=none",
			map[string]string{"audience": "https://api.example.com", "organization": "org_1", "invitation": "inv_1", "organization_name": "", "prompt": ""}},
	} {
		s.audience = c.audience
		sent := b.begin(c.query).Query()
		for name, want := range c.want {
			if got := sent.Get(name); got != want {
				t.Errorf("%q: %s is %q, want %q", c.query, name, got, want)
			}
		}
	}
	if long := b.get(s.url + "/login?invitation=" + strings.Repeat("a", 257)); !long.tells(badRequest) {
		t.Errorf("an invitation of 257 bytes: %d", long.status)
	}
}

func TestLoginAndLogout(t *testing.T) {
	s := startSite(t)
	s.tenant.SetUser("ada", verifiertest.Claims{"sub": "auth0|1", "name": "Ada", "picture": `<script>alert(1)</script>`})
	b := s.browser(t)
	if b.loggedIn() {
		t.Fatal("logged in before the login")
	}
	callback := b.authorize(b.begin("?organization=Acme&invitation=inv").String(), "ada", nil)
	if sent := b.get(callback.String()); sent.status != http.StatusSeeOther || sent.target.String() != s.url+"/dashboard" {
		t.Fatalf("the callback answers %d: %v %s", sent.status, sent.target, sent.body)
	}
	shown := b.get(s.url + "/dashboard")
	for _, want := range []string{"Hello, Ada", "auth0|1", "acme"} {
		if !strings.Contains(shown.body, want) {
			t.Errorf("the dashboard does not say %q", want)
		}
	}
	if strings.Contains(shown.body, "<script") {
		t.Error("a claim is not escaped")
	}
	policy := shown.header.Get("Content-Security-Policy")
	if shown.header.Get("Cache-Control") != "no-store" || !strings.Contains(policy, "form-action 'self' http://127.0.0.1:") {
		t.Errorf("the dashboard's header is %v", shown.header)
	}

	out := b.do(http.MethodPost, s.url+"/logout", nil, nil)
	if out.status != http.StatusSeeOther || !strings.HasPrefix(out.target.String(), s.tenant.URL+"logout?") {
		t.Fatalf("the logout answers %d: %v", out.status, out.target)
	}
	if back := b.get(out.target.String()); back.target == nil || back.target.String() != s.url+"/" {
		t.Errorf("the issuer's logout answers %d: %v %s", back.status, back.target, back.body)
	}
	if b.loggedIn() {
		t.Error("logged in after the logout")
	}
	if again := b.get(b.begin("").String()); !handle.MatchString(again.body) {
		t.Errorf("after the logout the issuer does not ask for a login: %d %v", again.status, again.target)
	}
	if strings.Contains(s.log.String(), callback.Query().Get("code")) {
		t.Error("the code is in the log")
	}
}

func (b *browser) sessionCookie() string {
	b.t.Helper()
	base, err := url.Parse(b.site.url)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, cookie := range b.Jar.Cookies(base) {
		if cookie.Name == "weblogin-session" {
			return cookie.Value
		}
	}
	return ""
}

// An answer is what comes back to the application in the place of a good callback.
type answer func(t *testing.T, s *site, callback *url.URL) string

// with is the callback with another value of a parameter, and without it for an empty one.
func with(name, value string) answer {
	return func(_ *testing.T, _ *site, callback *url.URL) string { return edited(callback, name, value) }
}

// while is the callback while the issuer fails.
func while(f fault.Fault) answer {
	return func(_ *testing.T, s *site, callback *url.URL) string {
		s.tenant.Fail(f)
		return callback.String()
	}
}

// strangers is the callback of a stranger's login, which may have been finished.
func strangers(t *testing.T, s *site, finished bool) *url.URL {
	t.Helper()
	eve := s.browser(t)
	callback := eve.authorize(eve.begin("").String(), "eve", nil)
	if finished {
		eve.get(callback.String())
	}
	return callback
}

// Each case goes wrong in one thing, of a login that is otherwise good.
func TestLoginsThatFail(t *testing.T) {
	asked := func(name, value string) func(*url.URL) string {
		return func(authorize *url.URL) string { return edited(authorize, name, value) }
	}
	for _, c := range []struct {
		name   string
		login  string                          // query of /login
		ask    func(authorize *url.URL) string // what the browser asks the issuer for
		form   url.Values                      // more of the issuer's login form
		answer answer
		want   problem
	}{
		{name: "state of another login", answer: with("state", "another"), want: unknownLogin},
		{name: "no state", answer: with("state", ""), want: unknownLogin},
		{name: "nonce of another login", ask: asked("nonce", "another"), want: notBelieved},
		{name: "no nonce", ask: asked("nonce", ""), want: notBelieved},
		{name: "another organization", login: "?organization=acme", ask: asked("organization", "other"), want: notBelieved},
		{name: "another PKCE challenge", ask: asked("code_challenge", strings.Repeat("A", 43)), want: notRedeemed},
		{name: "no code", answer: with("code", ""), want: badRequest},
		{name: "a code that the issuer did not send", answer: with("code", "forged"), want: notRedeemed},
		{name: "a code used before", answer: func(t *testing.T, s *site, callback *url.URL) string {
			return edited(callback, "code", strangers(t, s, true).Query().Get("code"))
		}, want: notRedeemed},
		{name: "a stranger's code", answer: func(t *testing.T, s *site, callback *url.URL) string {
			return edited(callback, "code", strangers(t, s, false).Query().Get("code"))
		}, want: notRedeemed},
		{name: "a stranger's callback", answer: func(t *testing.T, s *site, _ *url.URL) string {
			return strangers(t, s, false).String()
		}, want: unknownLogin},
		{name: "RFC 9207: an answer of another issuer", answer: with("iss", "https://other.example/"), want: notBelieved},
		{name: "RFC 9207: an answer that names no issuer", answer: with("iss", ""), want: notBelieved},
		{name: "RFC 9207: an error of another issuer", form: url.Values{"deny": {"yes"}}, answer: with("iss", "https://other.example/"), want: notBelieved},
		{name: "error=access_denied", form: url.Values{"deny": {"yes"}}, want: denied},
		{name: "error=temporarily_unavailable", answer: with("error", "temporarily_unavailable"), want: unavailable},
		{name: "another error", answer: with("error", "<script>"), want: notGranted},
		{name: "the issuer is away", answer: while(fault.Outage), want: unavailable},
		{name: "the token endpoint answers with a page", answer: while(fault.Garbage), want: unavailable},
		{name: "the token endpoint redirects", answer: while(fault.Redirect("/")), want: unavailable},
		{name: "the token endpoint wants another secret", answer: func(t *testing.T, s *site, callback *url.URL) string {
			if err := s.tenant.Register(issuer.Client{ID: "weblogin", Secret: "another"}); err != nil {
				t.Fatal(err)
			}
			return callback.String()
		}, want: notGranted},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startSite(t)
			b := s.browser(t)
			authorize := b.begin(c.login)
			at := authorize.String()
			if c.ask != nil {
				at = c.ask(authorize)
			}
			callback := b.authorize(at, "ada", c.form)
			at = callback.String()
			if c.answer != nil {
				at = c.answer(t, s, callback)
			}
			got := b.get(at)
			s.tenant.Fail()
			if !got.tells(c.want) {
				t.Errorf("%d %s, want %d %q", got.status, got.body, c.want.Status, c.want.Title)
			}
			if strings.Contains(got.body, "<script") {
				t.Error("what was sent is shown")
			}
			if b.loggedIn() {
				t.Error("logged in")
			}
		})
	}
}

// The request that would be sent on has the code and, on this machine, the client's secret.
func TestRedirectOfTheTokenEndpoint(t *testing.T) {
	asked := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer elsewhere.Close()
	s := startSite(t)
	b := s.browser(t)
	callback := b.authorize(b.begin("").String(), "ada", nil)
	s.tenant.Fail(fault.Redirect(elsewhere.URL))
	if got := b.get(callback.String()); !got.tells(unavailable) || asked != 0 {
		t.Errorf("%d, and %d requests went elsewhere", got.status, asked)
	}
}

// A handle that was planted in the browser must not become that of the user's session.
func TestALoginChangesTheHandleOfTheSession(t *testing.T) {
	s := startSite(t)
	b := s.browser(t)
	b.get(b.authorize(b.begin("").String(), "ada", nil).String())
	before := b.sessionCookie()
	b.get(b.get(b.begin("").String()).target.String()) // the issuer knows the user
	if after := b.sessionCookie(); before == "" || after == "" || after == before || !b.loggedIn() {
		t.Errorf("the handle was %q and is %q", before, after)
	}
}

func TestACallbackIsGoodOnce(t *testing.T) {
	s := startSite(t)
	b := s.browser(t)
	callback := b.authorize(b.begin("").String(), "ada", nil).String()
	if got := b.get(callback); got.status != http.StatusSeeOther {
		t.Fatalf("status %d", got.status)
	}
	if got := b.get(callback); !got.tells(unknownLogin) {
		t.Errorf("the second time: %d %s", got.status, got.body)
	}
	if !b.loggedIn() {
		t.Error("the second callback ended the session of the first")
	}
	if other := s.browser(t); !other.get(callback).tells(unknownLogin) || other.loggedIn() {
		t.Error("the callback is good in another browser")
	}
}

func TestLoginWhileTheIssuerIsAway(t *testing.T) {
	s := startSite(t)
	s.tenant.Fail(fault.Outage)
	if got := s.browser(t).get(s.url + "/login"); !got.tells(unavailable) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestRequests(t *testing.T) {
	s := startSite(t)
	for _, c := range []struct {
		name, method, path string
		header             http.Header
		status             int
	}{
		{"start page", "GET", "/", nil, 200},
		{"style", "GET", "/style.css", nil, 200},
		{"dashboard without a login", "GET", "/dashboard", nil, 303},
		{"organization of 256 characters", "GET", "/login?organization=" + strings.Repeat("x", 256), nil, 303},
		{"organization of 257 characters", "GET", "/login?organization=" + strings.Repeat("x", 257), nil, 400},
		{"callback without a login", "GET", "/callback?code=x&state=x", nil, 400},
		{"logout from here", "POST", "/logout", http.Header{"Sec-Fetch-Site": {"same-origin"}}, 303},
		{"logout from another site", "POST", "/logout", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		{"logout by a link", "GET", "/logout", nil, 404},
		{"unknown page", "GET", "/other", nil, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.browser(t).do(c.method, s.url+c.path, nil, c.header); got.status != c.status {
				t.Errorf("status %d, want %d", got.status, c.status)
			}
		})
	}
}

func TestCookies(t *testing.T) {
	for base, want := range map[string]struct {
		prefix string
		secure bool
	}{
		"http://127.0.0.1:3000":   {"weblogin-", false},
		"https://app.example.com": {"__Host-weblogin-", true},
	} {
		t.Run(base, func(t *testing.T) {
			s := settings{baseURL: base}
			tenant, err := startTestIssuer(&s)
			if err != nil {
				t.Fatal(err)
			}
			defer tenant.Close()
			a, err := newApp(s, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer a.verifier.Close()
			login, session := httptest.NewRecorder(), httptest.NewRecorder()
			a.handler().ServeHTTP(login, httptest.NewRequestWithContext(t.Context(), "GET", base+"/login", nil))
			a.sessions.LoadAndSave(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				a.sessions.Put(r.Context(), "key", "value")
			})).ServeHTTP(session, httptest.NewRequestWithContext(t.Context(), "GET", base+"/", nil))
			for name, answer := range map[string]*httptest.ResponseRecorder{"login-": login, "session": session} {
				cookies := answer.Result().Cookies()
				if len(cookies) != 1 {
					t.Fatalf("%s: %d cookies", name, len(cookies))
				}
				got := cookies[0]
				if !strings.HasPrefix(got.Name, want.prefix+name) || got.Secure != want.secure || got.Path != "/" || got.Domain != "" {
					t.Errorf("the cookie is %v", got)
				}
				if !got.HttpOnly || got.SameSite != http.SameSiteLaxMode {
					t.Errorf("the cookie can be read by scripts, or is sent from other sites: %v", got)
				}
			}
		})
	}
}

func TestLogoutWithoutAnEndpoint(t *testing.T) {
	s := startSite(t)
	b := s.browser(t)
	b.get(b.authorize(b.begin("").String(), "ada", nil).String())
	if !b.loggedIn() {
		t.Fatal("not logged in")
	}
	s.tenant.Fail(fault.Outage)
	if out := b.do(http.MethodPost, s.url+"/logout", nil, nil); out.status != http.StatusSeeOther {
		t.Errorf("status %d", out.status)
	}
	if b.loggedIn() {
		t.Error("logged in after the logout")
	}
}

// lines calls itself with each line of a log.
type lines func(line string)

func (l lines) Write(line []byte) (int, error) {
	l(string(line))
	return len(line), nil
}

func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	none := func(string) string { return "" }
	listening := func(line string) {
		if strings.Contains(line, "open this in a browser") {
			stop()
		}
	}
	if err := run(ctx, []string{"-listen", "127.0.0.1:0"}, none, slog.New(slog.NewTextHandler(lines(listening), nil))); err != nil {
		t.Error(err)
	}
	for name, environment := range map[string]map[string]string{
		"issuer without client":     {"WEBLOGIN_ISSUER": "tenant.example"},
		"not a URL":                 {"WEBLOGIN_URL": "app.example"},
		"issuer over plain HTTP":    {"WEBLOGIN_ISSUER": "http://127.0.0.1:1", "WEBLOGIN_CLIENT_ID": "app"},
		"address that can't be had": {"WEBLOGIN_LISTEN": "256.0.0.1:1"},

		// The test issuer asks for no password.
		"public URL without issuer":        {"WEBLOGIN_URL": "https://app.example"},
		"public URL and client, no issuer": {"WEBLOGIN_URL": "https://app.example", "WEBLOGIN_CLIENT_ID": "app"},
		"public address without issuer":    {"WEBLOGIN_LISTEN": "0.0.0.0:0"},
		"client ID without issuer":         {"WEBLOGIN_CLIENT_ID": "app"},
		"client secret without issuer":     {"WEBLOGIN_CLIENT_SECRET": "secret"},
	} {
		environment["WEBLOGIN_LISTEN"] = cmp.Or(environment["WEBLOGIN_LISTEN"], "127.0.0.1:0")
		if run(ctx, nil, func(name string) string { return environment[name] }, slog.New(slog.DiscardHandler)) == nil {
			t.Errorf("run with an %s", name)
		}
	}
}
