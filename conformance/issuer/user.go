package issuer

import (
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// SetUser says what the ID tokens of the user who logs in under that name claim, on top of sub and name; their sub is
// that of their access tokens too. Users need not be set: anyone may log in.
func (s *Server) SetUser(login string, claims verifiertest.Claims) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[login] = maps.Clone(claims)
}

// userClaims returns what is claimed of the user who logs in under that name.
func (s *Server) userClaims(login string) verifiertest.Claims {
	s.mu.Lock()
	defer s.mu.Unlock()
	claims := verifiertest.Claims{"sub": "user|" + login, "name": login}
	maps.Copy(claims, s.users[login])
	return claims
}

// A session is a browser's at the issuer: who logged in with it is not asked again.
type session struct {
	login string
	since time.Time
}

const sessionLife = time.Hour

// The cookie's name tells it from an application's on another port of the same host, which browsers don't separate.
const sessionCookie = "test-issuer-session"

func (s *Server) session(r *http.Request) (session, bool) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return session{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions.get(cookie.Value, s.now())
}

func (s *Server) startSession(w http.ResponseWriter, login string) session {
	s.mu.Lock()
	defer s.mu.Unlock()
	started := session{login, s.now()}
	s.setSessionCookie(w, s.sessions.add(started, started.since.Add(sessionLife)), 0)
	return started
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		s.mu.Lock()
		delete(s.sessions, cookie.Value)
		s.mu.Unlock()
	}
	s.setSessionCookie(w, "", -1)
}

func (s *Server) setSessionCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
	})
}

// nameOrganization adds the claims of an organization that is asked for as Auth0 does it: by its ID, or by its name,
// whose lower case is claimed.
func nameOrganization(claims verifiertest.Claims, organization string) {
	switch {
	case strings.HasPrefix(organization, "org_"):
		claims["org_id"] = organization
	case organization != "":
		claims["org_name"] = strings.ToLower(organization)
	}
}
