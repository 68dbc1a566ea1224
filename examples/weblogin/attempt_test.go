package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTwoTabsLogInSideBySide(t *testing.T) {
	s := startSite(t)
	b := s.browser(t)
	first, second := b.begin(""), b.begin("")
	callback := b.authorize(first.String(), "ada", nil)
	other := b.get(second.String()).target // the issuer knows the user by now
	for _, at := range []*url.URL{other, callback} {
		if got := b.get(at.String()); got.status != http.StatusSeeOther || got.target.Path != "/dashboard" {
			t.Errorf("a tab's callback answers %d: %s", got.status, got.body)
		}
	}
	if !b.loggedIn() {
		t.Error("not logged in")
	}
}

// What the issuer answered to one tab is not good for the other.
func TestTabsDoNotShareAnAnswer(t *testing.T) {
	s := startSite(t)
	b := s.browser(t)
	first, second := b.begin(""), b.begin("")
	callback := b.authorize(first.String(), "ada", nil)
	if got := b.get(edited(callback, "state", second.Query().Get("state"))); !got.tells(notRedeemed) || b.loggedIn() {
		t.Errorf("the code of one tab with the state of the other: %d %s", got.status, got.body)
	}
	if got := b.get(callback.String()); got.status == http.StatusSeeOther {
		t.Error("the code was good for a second try")
	}
}

func (b *browser) attempts() (names []string) {
	b.t.Helper()
	base, err := url.Parse(b.site.url)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, cookie := range b.Jar.Cookies(base) {
		if strings.HasPrefix(cookie.Name, "weblogin-login-") {
			names = append(names, cookie.Name)
		}
	}
	return names
}

// A browser has at most five logins under way: the newest.
func TestTabsAreBounded(t *testing.T) {
	s := startSite(t)
	b := s.browser(t)
	var states []string
	for range 7 {
		states = append(states, b.begin("").Query().Get("state"))
	}
	if kept := len(b.attempts()); kept != 5 {
		t.Errorf("the browser keeps %d logins, want 5", kept)
	}
	for i, state := range states {
		want := denied
		if i < 2 {
			want = unknownLogin
		}
		callback := url.Values{"state": {state}, "error": {"access_denied"}, "iss": {s.tenant.URL}}
		if got := b.get(s.url + callbackPath + "?" + callback.Encode()); !got.tells(want) {
			t.Errorf("the callback of login %d answers %d, want %q", i, got.status, want.Title)
		}
	}
	if kept := len(b.attempts()); kept != 0 {
		t.Errorf("the browser keeps %d logins that have ended", kept)
	}
}

// A stranger's logins take no memory, and don't drive out anybody's.
func TestAnonymousLoginsAreNotKept(t *testing.T) {
	s := startSite(t)
	b := s.browser(t)
	callback := b.authorize(b.begin("").String(), "ada", nil)
	handler := s.handler()
	for range 1000 {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", s.url+"/login", nil))
		if answer.Code != http.StatusSeeOther {
			t.Fatalf("status %d", answer.Code)
		}
	}
	sessions, err := s.sessions.Store.(interface {
		All() (map[string][]byte, error)
	}).All()
	if err != nil || len(sessions) != 0 {
		t.Errorf("%d sessions are kept, %v", len(sessions), err)
	}
	if got := b.get(callback.String()); got.status != http.StatusSeeOther || !b.loggedIn() {
		t.Errorf("the user's callback answers %d: %s", got.status, got.body)
	}
}

// begun has a browser begin a login, and returns the cookie that it keeps.
func begun(t *testing.T, a *attempts, state string) *http.Cookie {
	t.Helper()
	answer := httptest.NewRecorder()
	if err := a.begin(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/login", nil), attempt{State: state, Nonce: "n"}); err != nil {
		t.Fatal(err)
	}
	return answer.Result().Cookies()[0]
}

// taken has a browser with a cookie come back with a state.
func taken(t *testing.T, a *attempts, cookie *http.Cookie, state string) (attempt, error) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), "GET", "/callback", nil)
	request.AddCookie(cookie)
	return a.take(httptest.NewRecorder(), request, state)
}

func TestSealedAttempts(t *testing.T) {
	newOne := func() *attempts {
		a, err := newAttempts(false)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a, other := newOne(), newOne()
	for _, c := range []struct {
		name   string
		change func(*http.Cookie)
		state  string
		by     *attempts
		good   bool
	}{
		{name: "untouched", state: "one", by: a, good: true},
		{name: "another state", state: "two", by: a},
		{name: "no state", state: "", by: a},
		{name: "under the name of another", state: "two", by: a, change: func(c *http.Cookie) { c.Name = "weblogin-login-two" }},
		{name: "another process", state: "one", by: other},
		{name: "changed", state: "one", by: a, change: func(c *http.Cookie) { c.Value = "A" + c.Value[1:] }},
		{name: "cut short", state: "one", by: a, change: func(c *http.Cookie) { c.Value = c.Value[:20] }},
		{name: "empty", state: "one", by: a, change: func(c *http.Cookie) { c.Value = "" }},
		{name: "not base64url", state: "one", by: a, change: func(c *http.Cookie) { c.Value = "!" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			cookie := begun(t, a, "one")
			for strings.HasPrefix(cookie.Value, "A") { // so that it can be changed
				cookie = begun(t, a, "one")
			}
			if c.change != nil {
				c.change(cookie)
			}
			got, err := taken(t, c.by, cookie, c.state)
			if good := err == nil && got.Nonce == "n"; good != c.good {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	if cookie := begun(t, a, "one"); strings.Contains(fmt.Sprint(cookie), `"n"`) {
		t.Errorf("the cookie can be read: %v", cookie)
	}
}

func TestALoginMayTakeTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, err := newAttempts(false)
		if err != nil {
			t.Fatal(err)
		}
		cookie := begun(t, a, "one")
		time.Sleep(10 * time.Minute) // of the bubble's time
		if _, err := taken(t, a, cookie, "one"); err != nil {
			t.Errorf("after ten minutes: %v", err)
		}
		time.Sleep(time.Nanosecond)
		if _, err := taken(t, a, cookie, "one"); err == nil {
			t.Error("a login took longer than ten minutes")
		}
	})
}
