package interop

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// startWebLogin runs examples/weblogin as a user does, by its environment, and returns its URL.
func startWebLogin(t *testing.T, environment ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "weblogin")
	build := exec.Command("go", "build", "-o", program, "./weblogin")
	build.Dir = "../examples"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	command := exec.Command(program)
	command.Env = append(os.Environ(), "WEBLOGIN_LISTEN=127.0.0.1:0", "WEBLOGIN_ISSUER=", "WEBLOGIN_URL=")
	command.Env = append(command.Env, environment...)
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		if err := command.Wait(); err != nil {
			t.Errorf("weblogin: %v", err)
		}
	})
	tooLate := time.AfterFunc(3*time.Minute, func() { _ = command.Process.Kill() })
	defer tooLate.Stop()
	listening := regexp.MustCompile(`url=(\S+)`)
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return found[1]
		}
	}
	t.Fatal("weblogin does not listen")
	return ""
}

// open goes to a page and waits for it.
func (b *tab) open(t *testing.T, url string) {
	t.Helper()
	b.do(t, chromedp.Navigate(url))
}

// follow clicks on a button or link and waits for an element of the page that it leads to.
func (b *tab) follow(t *testing.T, click, want string) {
	t.Helper()
	b.do(t, chromedp.Click(click), chromedp.WaitVisible(want))
}

func (b *tab) heading(t *testing.T) string {
	t.Helper()
	return evaluate[string](t, b, `document.querySelector('h1').innerText`)
}

func (b *tab) location(t *testing.T) string {
	t.Helper()
	return evaluate[string](t, b, `location.href`)
}

// logIn goes from the start page over the issuer's login page to the dashboard.
func (b *tab) logIn(t *testing.T, site, name string) {
	t.Helper()
	b.open(t, site)
	b.follow(t, `a[href="/login"]`, `#login`)
	b.do(t, chromedp.SendKeys(`#login`, name))
	b.follow(t, `button.primary`, `form[action="/logout"]`)
}

// checkNoFault is checkQuiet for a page that asks a server for what it shows.
func (b *tab) checkNoFault(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		if !strings.HasPrefix(fault, "the page asked for http://127.0.0.1:") {
			t.Error(fault)
		}
	}
}

// checkFits fails the test if the page has to be scrolled sideways.
func (b *tab) checkFits(t *testing.T, width int64) {
	t.Helper()
	if wide := evaluate[int64](t, b, `document.documentElement.scrollWidth`); wide > width {
		t.Errorf("%s is %d pixels wide on a screen of %d", b.location(t), wide, width)
	}
}

// TestWebLoginInABrowser logs in and out in Chromium. The folder SCREENSHOTS, if set, keeps the pictures for someone to
// look at.
func TestWebLoginInABrowser(t *testing.T) {
	site := startWebLogin(t)
	for _, screen := range []struct {
		name          string
		width, height int64
		scheme        string
	}{
		{"phone", 390, 844, "light"},
		{"phone-in-the-dark", 390, 844, "dark"},
		{"desktop", 1280, 900, "light"},
		{"desktop-in-the-dark", 1280, 900, "dark"},
	} {
		t.Run(screen.name, func(t *testing.T) {
			tab := openTab(t)
			shown := func(page string) {
				t.Helper()
				tab.checkFits(t, screen.width)
				tab.screenshot(t, "weblogin-"+page+"-"+screen.name)
			}
			tab.do(t, chromedp.EmulateViewport(screen.width, screen.height), colorScheme(screen.scheme))
			tab.open(t, site)
			shown("start")
			tab.follow(t, `a[href="/login"]`, `#login`)
			shown("issuer")
			tab.do(t, chromedp.SendKeys(`#login`, `Ada <b>Lovelace</b>`))
			tab.follow(t, `button.primary`, `form[action="/logout"]`)
			shown("dashboard")
			if got := tab.heading(t); got != "Hello, Ada <b>Lovelace</b>" || tab.location(t) != site+"/dashboard" {
				t.Errorf("%s says %q", tab.location(t), got)
			}
			tab.follow(t, `form[action="/logout"] button`, `a[href="/login"]`)
			if got := tab.location(t); got != site+"/" {
				t.Errorf("the logout ends at %s", got)
			}
			tab.open(t, site+"/dashboard")
			if got := tab.heading(t); got != "Log in" {
				t.Errorf("after the logout the dashboard says %q", got)
			}
			tab.checkNoFault(t)

			tab.open(t, site+"/callback?code=forged&state=forged")
			shown("problem")
			if got := tab.heading(t); got != "We don't know this login" {
				t.Errorf("a forged callback says %q", got)
			}
		})
	}
}

// Two tabs begin a login before either of them ends its own.
func TestTwoTabsLogInInABrowser(t *testing.T) {
	site := startWebLogin(t)
	first := openTab(t)
	second := first.another(t)
	for _, tab := range []*tab{first, second} {
		tab.open(t, site)
		tab.follow(t, `a[href="/login"]`, `#login`)
	}
	for _, tab := range []*tab{first, second} {
		tab.do(t, chromedp.SendKeys(`#login`, "Ada"))
		tab.follow(t, `button.primary`, `form[action="/logout"]`)
		if got := tab.heading(t); got != "Hello, Ada" {
			t.Errorf("%s says %q", tab.location(t), got)
		}
	}
}

// Callbacks that the issuer did not send log no one in or out.
func TestForgedCallbacksInABrowser(t *testing.T) {
	site := startWebLogin(t)
	tab := openTab(t)
	for _, row := range []struct {
		name     string
		callback func() url.Values
		want     string
	}{
		{"no login under way", func() url.Values {
			return url.Values{"code": {"forged"}, "state": {"forged"}}
		}, "We don't know this login"},
		{"state is another", func() url.Values {
			tab.open(t, site+"/login")
			return url.Values{"code": {"forged"}, "state": {"forged"}}
		}, "We don't know this login"},
		{"state is right, code is forged", func() url.Values {
			tab.open(t, site+"/login")
			return url.Values{"code": {"forged"}, "state": {tab.query(t, "state")}, "iss": {tab.origin(t)}}
		}, "This login can't be finished"},
		{"state is right, no issuer", func() url.Values {
			tab.open(t, site+"/login")
			return url.Values{"code": {"forged"}, "state": {tab.query(t, "state")}}
		}, "This login can't be trusted"},
		{"state is right, no code", func() url.Values {
			tab.open(t, site+"/login")
			return url.Values{"state": {tab.query(t, "state")}, "iss": {tab.origin(t)}}
		}, "This request makes no sense"},
		{"state is right, access is denied", func() url.Values {
			tab.open(t, site+"/login")
			return url.Values{"error": {"access_denied"}, "state": {tab.query(t, "state")}, "iss": {tab.origin(t)}}
		}, "You were not let in"},
	} {
		t.Run(row.name, func(t *testing.T) {
			tab.open(t, site+"/callback?"+row.callback().Encode())
			if got := tab.heading(t); got != row.want {
				t.Errorf("the callback says %q, want %q", got, row.want)
			}
			tab.open(t, site+"/dashboard")
			if got := tab.heading(t); got != "Log in" {
				t.Errorf("then the dashboard says %q", got)
			}
		})
	}
	t.Run("a session that there is stays", func(t *testing.T) {
		tab.logIn(t, site, "Ada")
		tab.open(t, site+"/callback?code=forged&state=forged")
		tab.open(t, site+"/dashboard")
		if got := tab.heading(t); got != "Hello, Ada" {
			t.Errorf("the dashboard says %q", got)
		}
	})
}

// query returns a parameter of the page's address.
func (b *tab) query(t *testing.T, name string) string {
	t.Helper()
	at, err := url.Parse(b.location(t))
	if err != nil {
		t.Fatal(err)
	}
	return at.Query().Get(name)
}

// origin returns the origin of the page, as the test issuer writes its identifier.
func (b *tab) origin(t *testing.T) string {
	t.Helper()
	return evaluate[string](t, b, `location.origin`) + "/"
}

// TestWebLoginAtOIDCProvider logs in and out at an issuer of others: the one thing that changes is the environment.
func TestWebLoginAtOIDCProvider(t *testing.T) {
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	client := registered("weblogin", "authorization_code")
	client["redirect_uris"], client["response_types"] = []string{"http://" + address + "/callback"}, []string{"code"}
	client["post_logout_redirect_uris"] = []string{"http://" + address + "/"}
	issuer := startTokenIssuer(t, client)
	site := startWebLogin(t, "WEBLOGIN_LISTEN="+address, "WEBLOGIN_ISSUER="+issuer.URL, "WEBLOGIN_CLIENT_ID=weblogin",
		"WEBLOGIN_CLIENT_SECRET="+clientSecret, "SSL_CERT_FILE="+issuer.CAFile)

	browser := issuer.provider.client()
	defer browser.CloseIdleConnections()
	var err error
	if browser.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	at, page := visit(t, browser, http.MethodGet, site+"/login", nil)
	if at != site+"/dashboard" || !strings.Contains(page, "Hello, Ada") {
		t.Fatalf("the login ends at %s: %s", at, page)
	}

	// The provider asks whether the user wants to log out there.
	at, page = visit(t, browser, http.MethodPost, site+"/logout", url.Values{})
	found := regexp.MustCompile(`name="xsrf" value="([^"]+)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the logout ends at %s: %s", at, page)
	}
	confirmed := url.Values{"xsrf": {found[1]}, "logout": {"yes"}}
	at, page = visit(t, browser, http.MethodPost, issuer.URL+"session/end/confirm", confirmed)
	if at != site+"/" || !strings.Contains(page, "Log in") {
		t.Errorf("the provider's logout ends at %s: %s", at, page)
	}
}

// visit follows redirects and returns where they end, and what is there.
func visit(t *testing.T, browser *http.Client, method, target string, form url.Values) (at, page string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := browser.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		t.Fatal(err)
	}
	return answer.Request.URL.String(), string(body)
}
