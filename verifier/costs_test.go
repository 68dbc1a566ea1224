package verifier_test

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// manyDomains allows the issuers of that many tenants.
func manyDomains(n int) func(*verifier.Config) {
	return func(c *verifier.Config) {
		c.Domain = ""
		for i := range n {
			c.Domains = append(c.Domains, ports.Domain{Issuer: fmt.Sprintf("tenant-%d.example", i)})
		}
	}
}

// Anybody can write an iss that is not allowed: to say so must not take more work where many issuers are.
func TestFaultUnknownIssuerCostsTheSameWithManyDomains(t *testing.T) {
	cost := func(domains int) uint64 {
		env := newEnvironment(t, manyDomains(domains))
		unknown := token(t, env.issuer, nil)
		least := uint64(math.MaxUint64)
		for range 100 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := env.VerifyAccessToken(t.Context(), unknown); refusal(t, err).Code != verifier.CodeIssuer {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			least = min(least, after.TotalAlloc-before.TotalAlloc)
		}
		return least
	}
	// One list of all names has 160 KiB. Pools, which forget at any time, make a difference of less.
	if some, many := cost(300), cost(10_000); many > some+16<<10 {
		t.Errorf("%d bytes allocated with 10,000 domains, %d with 300", many, some)
	}
}

func BenchmarkUnknownIssuer(b *testing.B) {
	for _, domains := range []int{1, 10_000} {
		b.Run(fmt.Sprint(domains, " domains"), func(b *testing.B) {
			env := newEnvironment(b, manyDomains(domains))
			unknown := token(b, env.issuer, nil)
			for b.Loop() {
				if _, err := env.VerifyAccessToken(b.Context(), unknown); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

// What is kept of an issuer (its keys, its name) must not keep the token alive that named it first.
func TestFaultIssuerHoldsNothingOfTheToken(t *testing.T) {
	env := newEnvironment(t, nil)
	first, err := verify(t, env, token(t, env.issuer, nil))
	wantCode(t, err, "")
	second, err := verify(t, env, token(t, env.issuer, nil))
	wantCode(t, err, "")
	if unsafe.StringData(first.Issuer) != unsafe.StringData(second.Issuer) {
		t.Error("the issuer of each token is a string of its own: a part of its payload")
	}
}

func TestCLAIMIAT02LongestMaxTokenAge(t *testing.T) {
	env := newEnvironment(t, both(maxAge(1<<63-1), func(c *verifier.Config) { c.Leeway = time.Minute }))
	_, err := verify(t, env, token(t, env.issuer, verifiertest.Claims{"iat": 0}))
	wantCode(t, err, "")
}

// A token within the size bound may hold as many permissions as fit.
func TestFaultTokenOfManyPermissionsIsAccepted(t *testing.T) {
	env := newEnvironment(t, nil)
	permissions := make([]string, 1025)
	for i := range permissions {
		permissions[i] = fmt.Sprint("p", i)
	}
	many := token(t, env.issuer, verifiertest.Claims{"permissions": permissions})
	verified, err := verify(t, env, many)
	if err != nil {
		t.Fatalf("JWS-07: a token of %d bytes: %v", len(many), err)
	}
	var read struct {
		Permissions []string `json:"permissions"`
	}
	if err := verified.Decode(&read); err != nil || len(read.Permissions) != len(permissions) {
		t.Errorf("JWS-07: %d permissions are read, %v", len(read.Permissions), err)
	}
}

// An issuer signs more than access tokens with one key, and not all of it says in typ what it is.
func TestFaultLogoutTokenIsNoAccessToken(t *testing.T) {
	env := newEnvironment(t, nil)
	logout := verifiertest.Claims{
		"aud": audience, "sid": "session-1",
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	payload, err := env.issuer.Payload(logout)
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []any{verifiertest.Absent, "JWT", "at+jwt"} {
		_, err := verify(t, env, sign(t, env.issuer, key(t, "RS256", "key-1"), header{"typ": typ}, string(payload)))
		wantCode(t, err, verifier.CodeTokenType)
		wantRule(t, err, "TYP-06", "")
	}
}

// An issuer's clock may be a little ahead: what it writes into iat, it writes into nbf as well.
func TestFaultTokenOfAClockALittleAheadIsAccepted(t *testing.T) {
	env := newEnvironment(t, nil)
	for ahead, want := range map[int64]verifier.Code{0: "", 1: "", 60: "", 61: verifier.CodeNotYetValid} {
		at := noon.Unix() + ahead
		_, err := verify(t, env, token(t, env.issuer, verifiertest.Claims{"iat": at, "nbf": at, "exp": at + 300}))
		wantCode(t, err, want)
	}
}
