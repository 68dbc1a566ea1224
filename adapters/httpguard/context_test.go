package httpguard_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestUntilExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := newIssuer(t)
		v := newVerifier(t, issuer)
		token, err := v.VerifyAccessToken(t.Context(), mint(t, issuer, verifiertest.Claims{"exp": time.Now().Add(time.Minute).Unix()}))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := httpguard.UntilExpiry(httpguard.NewContext(t.Context(), token))
		defer cancel()
		for _, c := range []struct {
			after time.Duration
			cause error
		}{{time.Minute - time.Nanosecond, nil}, {time.Nanosecond, verifier.CodeExpired}} {
			time.Sleep(c.after)
			synctest.Wait()
			if got := context.Cause(ctx); !errors.Is(got, c.cause) {
				t.Errorf("%v later the cause is %v, want %v", c.after, got, c.cause)
			}
		}

		anonymous, cancel := httpguard.UntilExpiry(t.Context())
		if _, bounded := anonymous.Deadline(); bounded {
			t.Error("a request without a token has a deadline")
		}
		cancel()
		if anonymous.Err() == nil {
			t.Error("cancel does not end it")
		}
	})
}
