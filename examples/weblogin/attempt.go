package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// An attempt is a login under way.
type attempt struct {
	State        string
	Nonce        string
	CodeVerifier string
	Organization string
	Expires      time.Time
}

const (
	// attemptLife is how long a login may take.
	attemptLife = 10 * time.Minute
	// maxAttempts is how many logins one browser may have under way, in its tabs. The oldest ends for a new one.
	maxAttempts = 5
)

// attempts keeps logins under way in cookies of the browsers that began them, one for each state, so that
//
//   - tabs log in side by side,
//   - logins that are never finished take no memory here, and can't drive out those of others,
//   - a callback is good in the browser that began the login, and in no other.
//
// The cookies are sealed: their content can be neither read nor changed. The key is made by this process, so where there
// are several processes, give them one key.
type attempts struct {
	prefix string // of the cookies' names, before the state
	secure bool
	sealer cipher.AEAD
}

func newAttempts(secure bool) (*attempts, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	sealer, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &attempts{cookieName("login-", secure), secure, sealer}, nil
}

// begin has the browser keep a login, and forget those that there is no room for.
func (a *attempts) begin(w http.ResponseWriter, r *http.Request, begun attempt) error {
	begun.Expires = time.Now().Add(attemptLife)
	content, err := json.Marshal(begun)
	if err != nil {
		return err
	}
	kept := a.kept(w, r)
	slices.SortFunc(kept, func(a, b attempt) int { return a.Expires.Compare(b.Expires) })
	for len(kept) >= maxAttempts {
		a.forget(w, a.prefix+kept[0].State)
		kept = kept[1:]
	}
	name := a.prefix + begun.State
	sealed := a.sealer.Seal(nil, nil, content, []byte(name))
	http.SetCookie(w, a.cookie(name, base64.RawURLEncoding.EncodeToString(sealed), int(attemptLife.Seconds())))
	return nil
}

var errState = errors.New("state is not that of a login under way in this browser")

// take returns the login that the browser began with a state (RFC 6749 section 10.12). It is good for one answer: the
// browser forgets it. An answer with another state ends no login.
func (a *attempts) take(w http.ResponseWriter, r *http.Request, state string) (attempt, error) {
	cookie, err := r.Cookie(a.prefix + state)
	if err != nil {
		return attempt{}, errState
	}
	begun, err := a.open(cookie)
	if err != nil {
		return attempt{}, err
	}
	a.forget(w, cookie.Name)
	return begun, nil
}

// kept returns the logins that the browser has under way, and has it forget what is none.
func (a *attempts) kept(w http.ResponseWriter, r *http.Request) []attempt {
	var kept []attempt
	for _, cookie := range r.Cookies() {
		if !strings.HasPrefix(cookie.Name, a.prefix) {
			continue
		}
		if begun, err := a.open(cookie); err == nil {
			kept = append(kept, begun)
		} else {
			a.forget(w, cookie.Name)
		}
	}
	return kept
}

// open returns the login of a cookie that this process sealed under that name, and that has not ended.
func (a *attempts) open(cookie *http.Cookie) (attempt, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return attempt{}, errState
	}
	content, err := a.sealer.Open(nil, nil, sealed, []byte(cookie.Name))
	if err != nil {
		return attempt{}, errState
	}
	var begun attempt
	if err := json.Unmarshal(content, &begun); err != nil {
		return attempt{}, err
	}
	if time.Now().After(begun.Expires) {
		return attempt{}, errState
	}
	return begun, nil
}

func (a *attempts) forget(w http.ResponseWriter, name string) {
	http.SetCookie(w, a.cookie(name, "", -1))
}

func (a *attempts) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, MaxAge: maxAge, Path: "/", Secure: a.secure, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, // Strict would leave the cookie out of the issuer's redirect
	}
}
