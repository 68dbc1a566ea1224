package catalogue

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/holdfast-go/holdfast/conformance/fault"
	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// sourceCases are about issuers as they are, and where their keys are.
func sourceCases() []Case {
	const opaque = "kubernetes/serviceaccount"
	var (
		theirKeys = keysAt(func(e *Environment) ports.KeySource { return ports.KeySource{JWKSURL: e.Other.URL + "jwks"} })
		ownKeySet = keysAt(func(e *Environment) ports.KeySource { return ports.KeySource{JWKSURL: e.Issuer.URL + "jwks"} })
		metadata  = keysAt(func(e *Environment) ports.KeySource {
			return ports.KeySource{MetadataURL: e.Issuer.URL + ".well-known/oauth-authorization-server"}
		})
		hostile = keysAt(func(e *Environment) ports.KeySource {
			return ports.KeySource{MetadataURL: e.Other.URL + ".well-known/openid-configuration"}
		})
	)
	refused := func(id, reason string, d ports.Domain) Case {
		return ConfigCase(id, RefusedByNew, reason, domainList(d))
	}
	return []Case{
		TokenCase("DISC-15.equal", Accepted, "an issuer that is not a URL", Token{Claims: Fields{"iss": opaque}}).
			Configured(exactly(opaque)),
		TokenCase("DISC-15.as-a-url", BadToken, "an issuer with https:// in front, which is configured without",
			Token{Claims: Fields{"iss": "https://" + opaque}}).Configured(exactly(opaque)).ReportedAs("CLAIM-ISS-02"),
		TokenCase("DISC-15.other-case", BadToken, "an issuer that is not a URL, in other case",
			Token{Claims: Fields{"iss": "Kubernetes/serviceaccount"}}).Configured(exactly(opaque)).ReportedAs("CLAIM-ISS-02"),
		refused("DISC-15.no-keys", "an issuer that is not a URL, whose keys are nowhere", ports.Domain{Issuer: opaque, Exact: true}),
		refused("DISC-15.white-space", "an exact issuer with white space behind it",
			ports.Domain{Issuer: opaque + " ", Exact: true, Keys: ports.KeySource{JWKSURL: "https://issuer.example/jwks"}}),

		refused("DISC-16.placeholder", "an issuer with a placeholder for the tenant",
			ports.Domain{Issuer: "https://login.microsoftonline.com/{tenantid}/v2.0"}),
		refused("DISC-16.metadata", "the address of metadata for an issuer",
			ports.Domain{Issuer: "https://issuer.example/.well-known/openid-configuration"}),

		TokenCase("DISC-17.key-set", Accepted, "a token signed by a key of the key set that is named",
			Token{Key: OtherKey}).Configured(theirKeys),
		TokenCase("DISC-17.another-key-set", BadToken, "a token signed by a key of the issuer's own, where another key set is named",
			Token{}).Configured(theirKeys).ReportedAs("CACHE-05"),
		InsideCase("DISC-17.no-metadata", Accepted, "metadata is not asked for where the key set is named", Step{
			Send: func(run *Run) Request { return run.Carry(Token{Key: OtherKey}) }, Want: Accepted,
			Check: func(run *Run, _ Answer) {
				if asked := run.Environment.Issuer.Requests(); asked > 0 {
					run.Errorf("the issuer got %d requests", asked)
				}
			},
		}).Configured(theirKeys),
		TokenCase("DISC-17.metadata", Accepted, "metadata at another address, which is named", Token{}).Configured(metadata),
		TokenCase("DISC-17.metadata-of-another", Undecidable, "metadata of another issuer at the address that is named", Token{Key: OtherKey}).
			Configured(hostile).ReportedAs(""),
		UnusableCase("DISC-17.garbage", "metadata at the address that is named are HTML", fault.Garbage.At(fault.Metadata)).Configured(metadata),
		UnusableCase("DISC-17.jwks-uri-of-http", "metadata at the address that is named have a jwks_uri of http", fault.HTTPJWKSURI).Configured(metadata),
		UnusableCase("DISC-17.oversized", "metadata at the address that is named are over 1 MiB", fault.Oversized(1<<20+1).At(fault.Metadata)).
			Configured(metadata).As(Ours, "OURS bound; the sources have none").Having("bounds"),
		UnusableCase("DISC-17.key-set-garbage", "the key set that is named is HTML", fault.Garbage.At(fault.Keys)).Configured(ownKeySet),
		UnusableCase("DISC-17.key-set-oversized", "the key set that is named is over 1 MiB", fault.Oversized(1<<20+1).At(fault.Keys)).
			Configured(ownKeySet).As(Ours, "OURS bound; the sources have none").Having("bounds"),
		refused("DISC-17.http", "a key set at an http URL",
			ports.Domain{Issuer: "issuer.example", Keys: ports.KeySource{JWKSURL: "http://issuer.example/jwks"}}),
		refused("DISC-17.two-places", "keys at two places", ports.Domain{
			Issuer: "issuer.example", Keys: ports.KeySource{JWKSURL: "https://issuer.example/jwks", File: "keys.json"},
		}),
		refused("DISC-17.static-garbage", "static keys that are none",
			ports.Domain{Issuer: "issuer.example", Keys: ports.KeySource{Static: []byte{}}}),

		refused("DISC-18.missing", "a file that is not there",
			ports.Domain{Issuer: "issuer.example", Keys: ports.KeySource{File: filepath.Join(os.DevNull, "keys.json")}}),
		refused("DISC-18.directory", "a directory for a file of keys",
			ports.Domain{Issuer: "issuer.example", Keys: ports.KeySource{File: os.TempDir()}}),
		fileCase("DISC-18.read", "a file with the key", func(f *keyFile) {
			f.want(SigningKey, "")
			f.want(ForgerKey, verifier.CodeSignature)
			f.want(NextKey, verifier.CodeKeyUnknown)
		}),
		fileCase("DISC-18.replaced", "a file that is replaced", func(f *keyFile) {
			f.want(SigningKey, "")
			f.write(f.set(NextKey))
			f.want(NextKey, "")                         // its kid is unknown, so the file is read at once
			f.want(SigningKey, verifier.CodeKeyUnknown) // and the key that is gone is gone
		}),
		fileCase("DISC-18.withdrawn", "a key that leaves the file", func(f *keyFile) {
			f.want(SigningKey, "")
			f.write(f.set(NextKey))
			f.clock.Advance(time.Minute)
			f.want(SigningKey, verifier.CodeKeyUnknown)
		}),
		fileCase("DISC-18.half-written", "a file that is half written", func(f *keyFile) {
			f.want(SigningKey, "")
			both := f.set(SigningKey, NextKey)
			f.write(both[:len(both)*3/4])
			f.clock.Advance(time.Minute)
			f.want(SigningKey, "")
			f.want(NextKey, verifier.CodeIssuerUnavailable)
			f.write(both)
			f.clock.Advance(time.Minute)
			f.want(NextKey, "")
		}),
		fileCase("DISC-18.removed", "a file that is removed", func(f *keyFile) {
			f.want(SigningKey, "")
			f.run.Must(os.Remove(f.path))
			f.clock.Advance(time.Minute)
			f.want(SigningKey, "")
			f.clock.Advance(24 * time.Hour)
			f.want(SigningKey, verifier.CodeIssuerUnavailable)
		}),

		NewCase("CACHE-22.key-set", Holds, "keys of one issuer from two places, in one shared cache", Step{Do: sharedBySources}).
			Needing(Inside).In(Allowed),
	}
}

// keysAt has the issuer's keys where it says.
func keysAt(source func(*Environment) ports.KeySource) Policy {
	return func(e *Environment, c *verifier.Config) {
		c.Domain, c.Domains = "", []ports.Domain{{Issuer: e.Issuer.URL, Keys: source(e)}}
	}
}

// exactly has an issuer that is compared byte for byte, with the issuer's keys.
func exactly(issuer string) Policy {
	return func(e *Environment, c *verifier.Config) {
		source := ports.KeySource{JWKSURL: e.Issuer.URL + "jwks"}
		c.Domain, c.Domains = "", []ports.Domain{{Issuer: issuer, Exact: true, Keys: source}}
	}
}

// A keyFile is a file that an issuer's keys are in, and a verifier that reads it.
type keyFile struct {
	run      *Run
	path     string
	clock    *verifiertest.Clock
	verifier *verifier.Verifier
}

// fileCase does something with a file that has the issuer's key.
func fileCase(id, reason string, do func(*keyFile)) Case {
	return NewCase(id, Holds, reason, Step{Do: func(run *Run) {
		dir, err := os.MkdirTemp("", "holdfast-keys-")
		if run.Must(err); err != nil {
			return
		}
		defer func() { run.Must(os.RemoveAll(dir)) }()
		f := &keyFile{run: run, path: filepath.Join(dir, "keys.json"), clock: verifiertest.NewClock(run.Now())}
		f.write(f.set(SigningKey))
		domain := ports.Domain{Issuer: run.Environment.Issuer.URL, Keys: ports.KeySource{File: f.path}}
		f.verifier, err = verifier.New(verifier.Config{Domains: []ports.Domain{domain}, Audiences: []string{run.Audience}, Clock: f.clock})
		if run.Must(err); err != nil {
			return
		}
		defer f.verifier.Close()
		do(f)
	}}).Needing(Inside).In(Allowed)
}

// set is a JWK Set of the keys of those names.
func (f *keyFile) set(names ...string) string {
	var keys []any
	for _, name := range names {
		key, err := f.run.Environment.JWK(name, nil)
		f.run.Must(err)
		keys = append(keys, key)
	}
	set, err := json.Marshal(map[string]any{"keys": keys})
	f.run.Must(err)
	return string(set)
}

func (f *keyFile) write(content string) {
	f.run.Must(os.WriteFile(f.path, []byte(content), 0o600))
}

// want sends a token signed by that key, issued two minutes ago: longer ago than the file was read.
func (f *keyFile) want(key string, code verifier.Code) {
	now := f.clock.Now().Unix()
	token := f.run.Sign(Token{Key: key, Claims: Fields{"iat": now - 120, "exp": now + 60}, Unbound: true})
	_, err := f.verifier.VerifyAccessToken(f.run.Context(), token)
	if code == "" && err != nil || code != "" && !errors.Is(err, code) {
		f.run.Errorf("a token signed by %s: %v, want %q", key, err, code)
	}
}

// A part of a cache has entries of its own.
type part struct {
	ports.Cache
	prefix string
}

func (p part) Get(ctx context.Context, key string) ([]byte, error) {
	return p.Cache.Get(ctx, p.prefix+key)
}

func (p part) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return p.Cache.Set(ctx, p.prefix+key, value, ttl)
}

// sharedBySources has two verifiers share a cache, of which each knows another place of the issuer's keys.
func sharedBySources(run *Run) {
	cache, prefix := run.Process.Cache, run.RandomID() // since the cache may be one that other cases write to
	for _, c := range []struct {
		source ports.KeySource
		key    string
	}{
		{ports.KeySource{}, SigningKey},
		{ports.KeySource{JWKSURL: run.Environment.Other.URL + "jwks"}, OtherKey},
		{ports.KeySource{JWKSURL: run.Environment.Issuer.URL + "jwks"}, SigningKey},
		{ports.KeySource{MetadataURL: run.Environment.Issuer.URL + ".well-known/oauth-authorization-server"}, SigningKey},
	} {
		config := verifier.Config{
			Domains: []ports.Domain{{Issuer: run.Environment.Issuer.URL, Keys: c.source}}, Audiences: []string{run.Audience},
			Fetcher: ports.FetcherFunc(run.Environment.Fetch), Clock: run.Clock, Cache: cache,
		}
		SharedCache(nil, &config)
		cache, config.CacheSecrets = config.Cache, [][]byte{[]byte("a secret of thirty-two bytes, say")}
		config.Cache = part{cache, prefix}
		var fetched []ports.KeyEventKind
		config.Observer = func(event ports.KeyEvent) { fetched = append(fetched, event.Kind) }
		v, err := verifier.New(config)
		if run.Must(err); err != nil {
			return
		}
		_, err = v.VerifyAccessToken(run.Context(), run.Sign(Token{Key: c.key, Unbound: true}))
		v.Close()
		if err != nil {
			run.Errorf("keys of %+v: %v", c.source, err)
		}
		for _, kind := range fetched {
			if kind != ports.KeysFetched {
				run.Errorf("keys of %+v: %s", c.source, kind)
			}
		}
	}
}
