package fault

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Slow delays each answer by d, or until the client leaves.
func Slow(d time.Duration) Fault {
	return Fault{fmt.Sprintf("Slow(%v)", d), fmt.Sprintf("answers after %v", d), "", func(healthy http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			wait := time.NewTimer(d)
			defer wait.Stop()
			if untilGone(r, wait.C) {
				healthy.ServeHTTP(w, r)
			}
		})
	}}
}

// Hold keeps answers back until release is called. Requested is closed when the first request has come.
func Hold() (held Fault, requested <-chan struct{}, release func()) {
	first, over := make(chan struct{}), make(chan struct{})
	arrive := sync.OnceFunc(func() { close(first) })
	return Fault{"Hold", "answers when it is told to", "", func(healthy http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			arrive()
			if untilGone(r, over) {
				healthy.ServeHTTP(w, r)
			}
		})
	}}, first, sync.OnceFunc(func() { close(over) })
}

// Status gives each answer that status.
func Status(status int) Fault {
	return Fault{fmt.Sprintf("Status(%v)", status), fmt.Sprintf("answers %d", status), "", edited(func(answer *httptest.ResponseRecorder, _ *http.Request) { answer.Code = status })}
}

// Header sets a field of each answer's header: a Cache-Control, say.
func Header(name, value string) Fault {
	return Fault{fmt.Sprintf("Header(%s: %s)", name, value), fmt.Sprintf("answers with %s: %s", name, value), "", field(name, value)}
}

// Body answers 200 with that body, whatever it is.
func Body(body string) Fault {
	return Fault{fmt.Sprintf("Body(%q)", body), fmt.Sprintf("answers %q", body), "", answerJSON(body)}
}

// Redirect sends every request to another URL.
func Redirect(to string) Fault {
	return Fault{fmt.Sprintf("Redirect(%s)", to), "redirects to " + to, "", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Location"] = []string{to}
			w.WriteHeader(http.StatusFound)
		})
	}}
}

// Redirects puts each document that many redirects away.
func Redirects(count int) Fault {
	const hop = "hop"
	return Fault{fmt.Sprintf("Redirects(%v)", count), fmt.Sprintf("redirects %d times", count), "", func(healthy http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			done, _ := strconv.Atoi(r.URL.Query().Get(hop))
			if done >= count {
				healthy.ServeHTTP(w, r)
				return
			}
			http.Redirect(w, r, fmt.Sprintf("%s?%s=%d", r.URL.Path, hop, done+1), http.StatusFound)
		})
	}}
}

// Oversized fills up each answer to size bytes by white space, which JSON permits: it is right, but too much.
func Oversized(size int) Fault {
	return Fault{fmt.Sprintf("Oversized(%v)", size), fmt.Sprintf("answers %d bytes", size), "", edited(func(answer *httptest.ResponseRecorder, _ *http.Request) { pad(answer, size) })}
}

// Compressed is Oversized in gzip, of which little is sent, where the client takes gzip.
func Compressed(size int) Fault {
	return Fault{fmt.Sprintf("Compressed(%v)", size), fmt.Sprintf("answers %d bytes in gzip", size), "", edited(func(answer *httptest.ResponseRecorder, r *http.Request) {
		pad(answer, size)
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			return
		}
		var compressed bytes.Buffer
		to := gzip.NewWriter(&compressed)
		_, _ = answer.Body.WriteTo(to)
		_ = to.Close()
		answer.Header().Set("Content-Encoding", "gzip")
		answer.Body = &compressed
	})}
}

func pad(answer *httptest.ResponseRecorder, size int) {
	answer.Body.Write(bytes.Repeat([]byte(" "), max(0, size-answer.Body.Len())))
}

// Flood answers with up to limit bytes of white space, and calls taken with how many were sent, as they are; nil is fine.
func Flood(limit int64, taken func(n int64)) Fault {
	return Fault{fmt.Sprintf("Flood(%v)", limit), fmt.Sprintf("answers up to %d bytes", limit), "", wrap(flood(limit, taken))}
}

// Raw sends these bytes, be they HTTP or not, and closes the connection.
func Raw(bytes string) Fault {
	return Fault{"Raw", fmt.Sprintf("sends %q", bytes), "", wrap(raw(bytes))}
}

// WrongIssuer publishes metadata that name another issuer, as in a mix-up (OpenID Connect Discovery section 4.3).
func WrongIssuer(name string) Fault {
	return Fault{fmt.Sprintf("WrongIssuer(%s)", name), "publishes metadata whose issuer is another", Metadata, members(map[string]any{"issuer": name})}
}

// OtherMetadata publishes metadata with these members on top of its own, and without those that are nil.
func OtherMetadata(changes map[string]any) Fault {
	return Fault{fmt.Sprintf("OtherMetadata(%s)", strings.Join(slices.Sorted(maps.Keys(changes)), ", ")), "publishes metadata with other members", Metadata, members(changes)}
}

// MoreKeys publishes these JSON Web Keys, which need not be any, before its own.
func MoreKeys(keys ...any) Fault {
	return Fault{"MoreKeys", "publishes other keys before its own", Keys, moreKeys(func([]any) []any { return keys })}
}

// ManyKeys fills up the key set to count keys, by RSA keys that sign nothing, which come first.
func ManyKeys(count int) Fault {
	return Fault{fmt.Sprintf("ManyKeys(%v)", count), fmt.Sprintf("publishes %d keys", count), Keys, moreKeys(func(own []any) []any {
		return bogusKeys(count-len(own), func(i int) any { return fmt.Sprint("bogus-", i) })
	})}
}

// SharedKeyID fills up the key set to count keys of one kid, that of its first key, which comes last.
func SharedKeyID(count int) Fault {
	return Fault{fmt.Sprintf("SharedKeyID(%v)", count), fmt.Sprintf("publishes %d keys of one kid", count), Keys, moreKeys(func(own []any) []any {
		if len(own) == 0 {
			return nil
		}
		first, _ := own[0].(map[string]any)
		return bogusKeys(count-1, func(int) any { return first["kid"] })
	})}
}

// bogusKeys are RSA keys of unknown factors.
func bogusKeys(count int, id func(int) any) []any {
	keys := make([]any, max(0, count))
	for i := range keys {
		n := new(big.Int).Lsh(big.NewInt(1), 2047)
		n.Add(n, big.NewInt(int64(2*i+1)))
		keys[i] = map[string]any{"kty": "RSA", "kid": id(i), "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(n.Bytes())}
	}
	return keys
}
