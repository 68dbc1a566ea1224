package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/auth0/go-jwt-middleware/v3/core"
	"github.com/auth0/go-jwt-middleware/v3/jwks"
	"github.com/auth0/go-jwt-middleware/v3/validator"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"
)

// A verifyFunc verifies one access token: signature, issuer, audience and times. If the API reads claims, it reads them
// into what it is given.
type verifyFunc func(token string, into *apiClaims) error

// A peer is another library, set up as its README says, for one issuer.
type peer struct {
	name    string
	modules []string // whose versions the report tells
	start   func(ctx context.Context, t *tenant) (verifyFunc, error)
}

// What the report calls the fastest peer, and the one that knows DPoP and many issuers.
const (
	golangJWTName     = "golang-jwt + keyfunc"
	jwtMiddlewareName = "go-jwt-middleware"
)

// peers are the rivals. All ask for the same: one algorithm, one issuer, one audience, an expiry.
func peers() []peer {
	return []peer{
		{
			golangJWTName,
			[]string{"github.com/golang-jwt/jwt/v5", "github.com/MicahParks/keyfunc/v3"},
			startGolangJWT,
		},
		{"go-jose, raw", []string{"github.com/go-jose/go-jose/v4"}, startGoJOSE},
		{"go-oidc", []string{"github.com/coreos/go-oidc/v3"}, startGoOIDC},
		{"jwx", []string{"github.com/lestrrat-go/jwx/v3"}, startJWX},
		{jwtMiddlewareName, []string{"github.com/auth0/go-jwt-middleware/v3"}, startJWTMiddleware},
	}
}

func startGolangJWT(ctx context.Context, t *tenant) (verifyFunc, error) {
	keys, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{t.keySetURL()}, keyfunc.Override{Client: t.client})
	if err != nil {
		return nil, err
	}
	parser := newGolangJWTParser(t)
	return func(token string, into *apiClaims) error {
		if into == nil {
			// Into the claims that golang-jwt has a type for, which is somewhat faster than into a map.
			_, err := parser.ParseWithClaims(token, &jwt.RegisteredClaims{}, keys.Keyfunc)
			return err
		}
		var claims struct {
			jwt.RegisteredClaims
			apiClaims
		}
		_, err := parser.ParseWithClaims(token, &claims, keys.Keyfunc)
		*into = claims.apiClaims
		return err
	}, nil
}

func newGolangJWTParser(t *tenant) *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{t.algorithm}),
		jwt.WithIssuer(t.URL),
		jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
	)
}

// startGoJOSE is what is written by hand around go-jose: the key set is fetched once.
func startGoJOSE(ctx context.Context, t *tenant) (verifyFunc, error) {
	document, err := t.Fetch(ctx, t.keySetURL())
	if err != nil {
		return nil, err
	}
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(document.Body, &keys); err != nil {
		return nil, err
	}
	algorithms := []jose.SignatureAlgorithm{jose.SignatureAlgorithm(t.algorithm)}
	return func(token string, into *apiClaims) error {
		parsed, err := josejwt.ParseSigned(token, algorithms)
		if err != nil {
			return err
		}
		found := keys.Key(parsed.Headers[0].KeyID)
		if len(found) == 0 {
			return errors.New("the key is unknown")
		}
		var claims josejwt.Claims
		read := []any{&claims}
		if into != nil {
			read = append(read, into)
		}
		if err := parsed.Claims(found[0], read...); err != nil {
			return err
		}
		return claims.Validate(josejwt.Expected{Issuer: t.URL, AnyAudience: []string{audience}, Time: time.Now()})
	}, nil
}

// startGoOIDC verifies access tokens as if they were ID tokens, which is what go-oidc is used for at APIs.
func startGoOIDC(ctx context.Context, t *tenant) (verifyFunc, error) {
	ctx = oidc.ClientContext(ctx, t.client)
	provider, err := oidc.NewProvider(ctx, t.URL)
	if err != nil {
		return nil, err
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: audience})
	return func(token string, into *apiClaims) error {
		verified, err := verifier.Verify(ctx, token)
		if err != nil || into == nil {
			return err
		}
		return verified.Claims(into)
	}, nil
}

func startJWX(ctx context.Context, t *tenant) (verifyFunc, error) {
	cache, err := jwk.NewCache(ctx, httprc.NewClient())
	if err != nil {
		return nil, err
	}
	if err := cache.Register(ctx, t.keySetURL(), jwk.WithHTTPClient(t.client)); err != nil {
		return nil, err
	}
	keys, err := cache.CachedSet(t.keySetURL())
	if err != nil {
		return nil, err
	}
	options := []jwxjwt.ParseOption{
		jwxjwt.WithKeySet(keys),
		jwxjwt.WithIssuer(t.URL),
		jwxjwt.WithAudience(audience),
		jwxjwt.WithRequiredClaim("exp"),
	}
	typed := append(slices.Clip(options),
		jwxjwt.WithTypedClaim("permissions", []string{}), jwxjwt.WithTypedClaim("https://api.example/roles", []string{}))
	return func(token string, into *apiClaims) error {
		if into == nil {
			_, err := jwxjwt.ParseString(token, options...)
			return err
		}
		verified, err := jwxjwt.ParseString(token, typed...)
		if err != nil {
			return err
		}
		return errors.Join(
			verified.Get("permissions", &into.Permissions),
			verified.Get("https://api.example/roles", &into.Roles),
			verified.Get("https://api.example/plan", &into.Plan),
		)
	}, nil
}

func startJWTMiddleware(ctx context.Context, t *tenant) (verifyFunc, error) {
	v, err := newJWTMiddlewareValidator(t, 0)
	if err != nil {
		return nil, err
	}
	reading, err := newJWTMiddlewareValidator(t, 0, validator.WithCustomClaims(func() *apiClaims { return new(apiClaims) }))
	if err != nil {
		return nil, err
	}
	return func(token string, into *apiClaims) error {
		if into == nil {
			_, err := v.ValidateToken(ctx, token)
			return err
		}
		verified, err := reading.ValidateToken(ctx, token)
		if err != nil {
			return err
		}
		*into = *verified.(*validator.ValidatedClaims).CustomClaims.(*apiClaims)
		return nil
	}, nil
}

// Validate is what go-jwt-middleware asks of claims.
func (*apiClaims) Validate(context.Context) error { return nil }

// newJWTMiddlewareValidator keeps keys for life, or as long as is the default if that is zero.
func newJWTMiddlewareValidator(t *tenant, life time.Duration, more ...validator.Option) (*validator.Validator, error) {
	issuer, err := url.Parse(t.URL)
	if err != nil {
		return nil, err
	}
	options := []any{jwks.WithIssuerURL(issuer), jwks.WithCustomClient(t.client)}
	if life > 0 {
		options = append(options, jwks.WithCacheTTL(life))
	}
	keys, err := jwks.NewCachingProvider(options...)
	if err != nil {
		return nil, err
	}
	return validator.New(append(more,
		validator.WithKeyFunc(keys.KeyFunc),
		validator.WithAlgorithm(validator.SignatureAlgorithm(t.algorithm)),
		validator.WithIssuer(t.URL),
		validator.WithAudience(audience),
	)...)
}

// A verifyProofFunc verifies an access token and the DPoP proof that came with it.
type verifyProofFunc func(token, proof string) error

// startJWTMiddlewareDPoP calls go-jwt-middleware beneath its net/http part, as Holdfast is called. It does not look for
// proofs that were used before.
func startJWTMiddlewareDPoP(ctx context.Context, t *tenant) (verifyProofFunc, error) {
	v, err := newJWTMiddlewareValidator(t, 0)
	if err != nil {
		return nil, err
	}
	engine, err := core.New(core.WithValidator(coreValidator{v}))
	if err != nil {
		return nil, err
	}
	return func(token, proof string) error {
		_, _, err := engine.CheckTokenWithDPoP(ctx, token, core.AuthSchemeDPoP, proof, http.MethodGet, targetURL)
		return err
	}, nil
}

// coreValidator does what go-jwt-middleware's adapter of the same purpose does, which is not exported.
type coreValidator struct{ *validator.Validator }

func (v coreValidator) ValidateDPoPProof(ctx context.Context, proof string) (core.DPoPProofClaims, error) {
	return v.Validator.ValidateDPoPProof(ctx, proof)
}

// startJWTMiddlewareIssuers accepts tokens of many issuers, as go-jwt-middleware's README says for a large number.
func startJWTMiddlewareIssuers(ctx context.Context, s *site) (verifyFunc, error) {
	issuers := make([]string, len(s.tenants))
	for i, t := range s.tenants {
		issuers[i] = t.URL
	}
	keys, err := jwks.NewMultiIssuerProvider(
		jwks.WithMultiIssuerHTTPClient(s.Client()),
		jwks.WithMaxProviders(len(issuers)),
	)
	if err != nil {
		return nil, err
	}
	v, err := validator.New(
		validator.WithKeyFunc(keys.KeyFunc),
		validator.WithAlgorithm(validator.SignatureAlgorithm(s.tenants[0].algorithm)),
		validator.WithIssuers(issuers),
		validator.WithAudience(audience),
	)
	if err != nil {
		return nil, err
	}
	return func(token string, _ *apiClaims) error {
		_, err := v.ValidateToken(ctx, token)
		return err
	}, nil
}
