package verifier_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// CLAIM-EXP-02, CLAIM-IAT-02: what outlives the request ends when the token would be refused, and not before.
func TestUntilExpiry(t *testing.T) {
	issuer := verifiertest.MustIssuer(t, "https://issuer.example/")
	for name, c := range map[string]struct {
		leeway, maxTokenAge, lasts time.Duration
		code                       verifier.Code
	}{
		"exp":                           {0, 0, time.Hour, verifier.CodeExpired},
		"exp and leeway":                {time.Minute, 0, time.Hour + time.Minute, verifier.CodeExpired},
		"MaxTokenAge":                   {0, time.Hour - time.Second, time.Hour - time.Second, verifier.CodeTooOld},
		"MaxTokenAge and leeway":        {time.Minute, 30 * time.Minute, 31 * time.Minute, verifier.CodeTooOld},
		"exp, where MaxTokenAge is far": {0, time.Hour + time.Second, time.Hour, verifier.CodeExpired},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, err := verifier.New(verifier.Config{
					Domain: "issuer.example", Audiences: []string{"https://api.example"}, Fetcher: issuer, Leeway: c.leeway, MaxTokenAge: c.maxTokenAge,
				})
				if err != nil {
					t.Fatal(err)
				}
				defer v.Close()
				token := issuer.MustToken(t, verifiertest.Claims{"aud": "https://api.example", "exp": time.Now().Add(time.Hour).Unix()})
				verified, err := v.VerifyAccessToken(t.Context(), token)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := verified.UntilExpiry(t.Context())
				defer cancel()
				time.Sleep(c.lasts - time.Nanosecond)
				synctest.Wait()
				if err := ctx.Err(); err != nil {
					t.Errorf("it ended before: %v", context.Cause(ctx))
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				expired, ok := errors.AsType[*verifier.Error](context.Cause(ctx))
				if !ok || expired.Code != c.code || expired.Status != 401 || len(expired.Header["Www-Authenticate"]) != 2 {
					t.Errorf("it ended by %#v, want %s with its challenges", context.Cause(ctx), c.code)
				}
			})
		})
	}
}

// The context of a Verified that a test has made ends when the test says so.
func TestUntilExpiryOfATest(t *testing.T) {
	for name, c := range map[string]struct {
		expiresAt time.Time
		ended     bool
	}{
		"no end":  {time.Time{}, false},
		"to come": {time.Now().Add(time.Hour), false},
		"past":    {time.Now().Add(-time.Hour), true},
	} {
		ctx, cancel := (&verifier.Verified{ExpiresAt: c.expiresAt}).UntilExpiry(t.Context())
		if ended := errors.Is(context.Cause(ctx), verifier.CodeExpired); ended != c.ended {
			t.Errorf("%s: ended by %v", name, context.Cause(ctx))
		}
		cancel()
		if ctx.Err() == nil {
			t.Errorf("%s: cancel does not end it", name)
		}
	}
}
