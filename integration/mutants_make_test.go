package integration

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/conformance"
	"github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

func configured(change func(*verifier.Config)) conformance.Mutant {
	return conformance.Mutant{Config: func(_ verifier.Config, config *verifier.Config) { change(config) }}
}

// fetching changes what is fetched.
func fetching(change func(url string, d ports.Document) (ports.Document, error)) conformance.Mutant {
	return configured(func(c *verifier.Config) { c.Fetcher = documents{c.Fetcher, change} })
}

type documents struct {
	ports.Fetcher
	change func(url string, d ports.Document) (ports.Document, error)
}

func (f documents) Fetch(ctx context.Context, url string) (ports.Document, error) {
	d, err := f.Fetcher.Fetch(ctx, url)
	if err != nil {
		return d, err
	}
	return f.change(url, d)
}

// members changes a member of metadata.
func members(name string, change func(url string, value any) any) func(string, ports.Document) (ports.Document, error) {
	return func(url string, d ports.Document) (ports.Document, error) {
		var metadata map[string]any
		if err := json.Unmarshal(d.Body, &metadata); err != nil || !strings.Contains(url, ".well-known") {
			return d, nil
		}
		metadata[name] = change(url, metadata[name])
		var err error
		d.Body, err = json.Marshal(metadata)
		return d, err
	}
}

// keys changes the keys of a set.
func keys(change func([]map[string]any) []map[string]any) func(string, ports.Document) (ports.Document, error) {
	return func(_ string, d ports.Document) (ports.Document, error) {
		var set struct {
			Keys []map[string]any `json:"keys"`
		}
		if json.Unmarshal(d.Body, &set) != nil || set.Keys == nil {
			return d, nil
		}
		set.Keys = change(set.Keys)
		var err error
		d.Body, err = json.Marshal(set)
		return d, err
	}
}

func keysOrError(look func([]map[string]any) error) func(string, ports.Document) (ports.Document, error) {
	return func(url string, d ports.Document) (_ ports.Document, err error) {
		_, _ = keys(func(all []map[string]any) []map[string]any {
			err = look(all)
			return all
		})(url, d)
		return d, err
	}
}

// twice fetches everything twice.
type twice struct{ ports.Fetcher }

func (f twice) Fetch(ctx context.Context, url string) (ports.Document, error) {
	if d, err := f.Fetcher.Fetch(ctx, url); err != nil {
		return d, err
	}
	return f.Fetcher.Fetch(ctx, url)
}

// frozen returns of what it fetches always the first: bodies of documents, or failures.
type frozen struct {
	fetcher  ports.Fetcher
	failures bool
	first    sync.Map
}

func (f *frozen) Fetch(ctx context.Context, url string) (ports.Document, error) {
	kept, found := f.first.Load(url)
	if err, failed := kept.(error); failed {
		return ports.Document{}, err
	}
	d, err := f.fetcher.Fetch(ctx, url)
	switch {
	case err != nil && f.failures:
		f.first.Store(url, err)
	case err == nil && !f.failures && found:
		d.Body = bytes.Clone(kept.([]byte))
	case err == nil && !f.failures:
		f.first.Store(url, bytes.Clone(d.Body))
	}
	return d, err
}

// onward is a clock that never goes back.
type onward struct {
	clock ports.Clock
	mutex sync.Mutex
	last  time.Time
}

func (c *onward) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if now := c.clock.Now(); now.After(c.last) {
		c.last = now
	}
	return c.last
}

// forgetful is a replay store that remembers nothing.
type forgetful struct{}

func (forgetful) FirstUse(context.Context, string, time.Duration) (bool, error) { return true, nil }

// asking fetches the metadata of the issuer of a token that was refused by a rule, or of any if it is empty.
func asking(refusedBy string) conformance.Mutant {
	var fetcher ports.Fetcher
	m := configured(func(c *verifier.Config) { fetcher = c.Fetcher })
	m.Target = answering(func(r player.Request, rule string, a player.Answer) player.Answer {
		issuer, _ := claimsOf(accessToken(r))["iss"].(string)
		if strings.HasPrefix(issuer, "https://127.0.0.1:") && (refusedBy == "" || refusedBy == rule) {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			_, _ = fetcher.Fetch(ctx, issuer+".well-known/openid-configuration")
		}
		return a
	})
	return m
}

// rememberingIDs refuses a proof whose jti came before, with a good proof or with any.
func rememberingIDs(any bool) func(player.Target) player.Target {
	return func(good player.Target) player.Target {
		var mutex sync.Mutex
		used := make(map[string]bool)
		return answering(func(r player.Request, _ string, a player.Answer) player.Answer {
			id, _ := claimsOf(proofOf(r))["jti"].(string)
			mutex.Lock()
			defer mutex.Unlock()
			before := used[id]
			if id != "" && (any || a.Status == http.StatusOK) {
				used[id] = true
			}
			if before && a.Status == http.StatusOK {
				return player.Answer{Status: http.StatusUnauthorized, Header: map[string][]string{"Www-Authenticate": {`DPoP error="invalid_dpop_proof"`}}}
			}
			return a
		})(good)
	}
}

// fields changes the header of answers.
func fields(do func(*player.Answer)) change {
	return func(_ player.Request, _ string, a player.Answer) player.Answer {
		header := make(map[string][]string)
		for name, values := range a.Header {
			header[name] = slices.Clone(values)
		}
		a.Header = header
		do(&a)
		return a
	}
}

// challenging changes the challenges of answers.
func challenging(do func([]player.Challenge) []player.Challenge) change {
	return fields(func(a *player.Answer) {
		before, err := player.ParseChallenges(a.Values("Www-Authenticate"))
		after, _ := player.ParseChallenges(a.Values("Www-Authenticate"))
		if err != nil || len(before) == 0 {
			return
		}
		if after = do(after); reflect.DeepEqual(before, after) {
			return
		}
		a.Header["Www-Authenticate"] = nil
		for _, c := range after {
			text := c.Scheme
			for i, name := range slices.Sorted(maps.Keys(c.Params)) {
				separator := ", "
				if i == 0 {
					separator = " "
				}
				text += separator + name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c.Params[name]) + `"`
			}
			a.Header["Www-Authenticate"] = append(a.Header["Www-Authenticate"], text)
		}
	})
}

type actors struct {
	Actors []any `json:"actors"`
}

// body changes the actors that an answer tells.
func body(do func(*actors)) change {
	return func(r player.Request, _ string, a player.Answer) player.Answer {
		var told actors
		if r.Path == player.ActorsPath && json.Unmarshal(a.Body, &told) == nil {
			do(&told)
			a.Body, _ = json.Marshal(told)
		}
		return a
	}
}

// credentials returns the scheme of a request's first Authorization field, and what is behind it.
func credentials(r player.Request) (scheme, text string) {
	for name, values := range r.Header {
		if strings.EqualFold(name, "Authorization") && len(values) > 0 {
			scheme, text, _ = strings.Cut(values[0], " ")
		}
	}
	return scheme, text
}

func accessToken(r player.Request) string {
	_, text := credentials(r)
	return strings.TrimSpace(text)
}

func proofOf(r player.Request) string {
	for name, values := range r.Header {
		if strings.EqualFold(name, "DPoP") && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// proofTarget is the htu of a request's proof.
func proofTarget(r player.Request) string {
	htu, _ := claimsOf(proofOf(r))["htu"].(string)
	return htu
}

func headerOf(jws string) map[string]any { return part(jws, 0) }
func claimsOf(jws string) map[string]any { return part(jws, 1) }

// part reads a part of a JWS, as well as it can.
func part(jws string, index int) map[string]any {
	var members map[string]any
	if parts := strings.Split(jws, "."); index < len(parts) {
		decoded, _ := base64.RawURLEncoding.DecodeString(parts[index])
		_ = json.Unmarshal(decoded, &members)
	}
	return members
}

// loosePath is what is left of a URL for those who compare loosely.
func loosePath(text string) string {
	_, rest, _ := strings.Cut(text, "://")
	host, path, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, ":")
	path, _, _ = strings.Cut(path, ";")
	for strings.Contains(path, "%") {
		decoded, err := url.PathUnescape(path)
		if err != nil {
			break
		}
		path = decoded
	}
	return host + "/" + strings.ToLower(strings.Trim(path, "/"))
}
