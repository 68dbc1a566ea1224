package exchange

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
)

// A TokenCacheConfig says what a [TokenCache] keeps, and where. Its zero value is usable.
type TokenCacheConfig struct {
	// MaxTokens bounds the tokens in memory; the least recently used one is evicted first. Zero means 10,000; negative is an
	// error. A token of over 16 KiB is not kept.
	MaxTokens int `default:"10000"`
	// Ahead is how long before its end a token is renewed: see SourceConfig.Ahead.
	Ahead time.Duration `default:"1m"`
	// Shared is a cache that the processes of a fleet share, so that a token that one of them got serves all. Nil means that
	// each keeps its own. It goes with Secrets. A cache that fails or lies costs a request.
	Shared ports.Cache
	// Secrets encrypt what is in Shared. The first one writes, all of them read, so that secrets can be rotated; each has at
	// least 32 bytes and they are the same in the whole fleet.
	Secrets [][]byte
	// Logger is told of failures of Shared, and of panics with their stacks. Nil means the client's.
	Logger *slog.Logger
}

// A TokenCache keeps the tokens that users' tokens were exchanged for, so that an API that calls the next one on behalf of
// users does not ask the issuer on each request. It is safe for concurrent use.
//
// A token is given out only for the very request that it was got for: the same access token of the user, audience, scope and
// organization, by the same client and DPoP key (rule XCHG-23). For each of them the cache is a [Source], with what that
// says of renewal and of failures. So revoking a grant at the issuer takes effect when the exchanged token ends, or is
// forgotten.
//
// What it keeps in memory has the users' access tokens only as hashes.
type TokenCache struct {
	client *Client
	ahead  time.Duration
	vault  *vault // nil where nothing is shared
	logger *slog.Logger

	mu      sync.Mutex // guards sources
	sources *simplelru.LRU[cacheKey, *Source]
}

// A cacheKey stands for all that decides which token a request gets.
type cacheKey [sha256.Size]byte

// maxKeptBytes bounds a token that is kept, with its scope.
const maxKeptBytes = 16 << 10

func (t *Token) keepable() bool {
	return len(t.AccessToken)+len(t.Scope)+len(t.TokenType)+len(t.IssuedTokenType) <= maxKeptBytes
}

// NewTokenCache returns a cache of tokens that client gets. Its error is that of [New].
func NewTokenCache(client *Client, config TokenCacheConfig) (*TokenCache, error) {
	check := newChecker(config)
	if client == nil {
		check.Fault("client", settings.ErrRequired)
		client = &Client{}
	}
	c := &TokenCache{
		client: client,
		ahead:  check.Duration("Ahead"),
		logger: cmp.Or(config.Logger, client.logger),
	}
	c.vault = newVault(check, config, c.logger)
	c.sources, _ = simplelru.NewLRU[cacheKey, *Source](max(1, check.Int("MaxTokens")), nil) // its only error is a size that is not positive
	if err := check.Err(); err != nil {
		return nil, misconfigured(err)
	}
	return c, nil
}

// OnBehalfOf is [Client.OnBehalfOf], from the cache where that has the token. The access token of r must have been verified:
// what is kept for it is given out whether it has expired or not.
func (c *TokenCache) OnBehalfOf(ctx context.Context, r OnBehalfOfRequest) (*Token, error) {
	if p := r.parameters(); p.fault != nil {
		return nil, p.fault
	}
	key := c.key(r)
	source, err := c.source(key)
	if err != nil {
		return nil, err
	}
	// The request is in the context and not in the source, which outlives it.
	token, err := source.Token(context.WithValue(ctx, requestKey{}, r))
	if err == nil && !token.keepable() {
		c.drop(key)
	}
	return token, err
}

// Forget drops the token for a request, such as one that the next API refuses. Its error says that the shared cache may
// still have it.
func (c *TokenCache) Forget(ctx context.Context, r OnBehalfOfRequest) error {
	key := c.key(r)
	c.drop(key)
	if c.vault == nil {
		return nil
	}
	if err := c.vault.delete(ctx, key); err != nil {
		return unanswered(ctx, err)
	}
	return nil
}

type requestKey struct{}

// source returns what keeps the token of a key.
func (c *TokenCache) source(key cacheKey) (*Source, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, found := c.sources.Get(key); found {
		return known, nil
	}
	made, err := NewSource(func(ctx context.Context) (*Token, error) {
		r, _ := ctx.Value(requestKey{}).(OnBehalfOfRequest)
		return c.obtain(ctx, key, r)
	}, SourceConfig{Ahead: c.ahead, Clock: c.client.clock, Logger: c.logger})
	if err == nil {
		c.sources.Add(key, made)
	}
	return made, err
}

func (c *TokenCache) drop(key cacheKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sources.Remove(key)
}

// obtain gets a token from the shared cache, or from the issuer.
func (c *TokenCache) obtain(ctx context.Context, key cacheKey, r OnBehalfOfRequest) (*Token, error) {
	if c.vault == nil {
		return c.client.OnBehalfOf(ctx, r)
	}
	if token := c.vault.get(ctx, key); token != nil && token.ExpiresAt.Sub(c.client.clock.Now()) > c.ahead {
		return token, nil
	}
	token, err := c.client.OnBehalfOf(ctx, r)
	if err == nil && token.keepable() {
		c.vault.set(ctx, key, token, token.ExpiresAt.Sub(c.client.clock.Now())-c.ahead)
	}
	return token, err
}

// key hashes what decides which token a request gets, each part with its length, so that no two requests look alike.
func (c *TokenCache) key(r OnBehalfOfRequest) cacheKey {
	thumbprint := ""
	if c.client.dpop != nil {
		thumbprint = c.client.dpop.key.Thumbprint()
	}
	h := sha256.New()
	for _, part := range []string{
		sealVersion, c.client.issuer, c.client.targets[tokenEndpoint].url, c.client.clientID, thumbprint,
		r.AccessToken, r.Audience, r.Scope, r.Organization,
	} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return cacheKey(h.Sum(nil))
}

// String is the name of the entry in a shared cache.
func (k cacheKey) String() string { return "token:" + base64.RawURLEncoding.EncodeToString(k[:]) }

// vaultTimeout keeps a hanging cache from costing more than a request would.
const vaultTimeout = time.Second

// A vault is a shared cache of tokens, encrypted. Its outage costs a request, never a decision.
type vault struct {
	cache   ports.Cache
	secrets [][]byte
	calls   *outbound.Port
	logger  *slog.Logger
}

func newVault(check *settings.Checker, config TokenCacheConfig, logger *slog.Logger) *vault {
	check.Port("Shared", config.Shared)
	switch {
	case config.Shared == nil && len(config.Secrets) > 0:
		check.Fault("Secrets", errors.New("are set, but Shared is not; set Shared, or remove them"))
	case config.Shared != nil && len(config.Secrets) == 0:
		check.Fault("Secrets", errors.New("are required with Shared, since whoever reads it could use the tokens; give every process the same random 32 bytes"))
	}
	secrets := check.Secrets("Secrets", config.Secrets)
	if config.Shared == nil {
		return nil
	}
	return &vault{config.Shared, secrets, &outbound.Port{Name: "token cache", Timeout: vaultTimeout, Logger: logger}, logger}
}

// get returns nil if no stored token can be opened.
func (v *vault) get(ctx context.Context, key cacheKey) *Token {
	sealed, err := outbound.Call(ctx, v.calls, func(ctx context.Context) ([]byte, error) { return v.cache.Get(ctx, key.String()) })
	var token *Token
	if err == nil {
		token, err = open(v.secrets, key, sealed)
	}
	if err != nil && !errors.Is(err, ports.ErrMiss) {
		v.failed(ctx, err)
	}
	return token
}

func (v *vault) set(ctx context.Context, key cacheKey, token *Token, ttl time.Duration) {
	if ttl <= 0 {
		return
	}
	sealed, err := seal(v.secrets[0], key, token)
	if err == nil {
		_, err = outbound.Call(ctx, v.calls, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, v.cache.Set(ctx, key.String(), sealed, ttl)
		})
	}
	if err != nil {
		v.failed(ctx, err)
	}
}

func (v *vault) delete(ctx context.Context, key cacheKey) error {
	_, err := outbound.Call(ctx, v.calls, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, v.cache.Delete(ctx, key.String())
	})
	return err
}

func (v *vault) failed(ctx context.Context, err error) {
	if v.logger != nil && ctx.Err() == nil {
		v.logger.WarnContext(ctx, "token_cache_failed", "err", err)
	}
}
