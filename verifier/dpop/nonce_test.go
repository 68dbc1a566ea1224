package dpop_test

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestDPoPNonces(t *testing.T) {
	clock := verifiertest.NewClock(noon)
	a, b := []byte(strings.Repeat("a", 32)), []byte(strings.Repeat("b", 32))
	nonces := func(secrets ...[]byte) *dpop.Nonces {
		t.Helper()
		n, err := dpop.NewNonces(dpop.NonceConfig{Secrets: secrets, Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	mine := nonces(a)
	fresh := mine.Issue()
	type result struct{ good, renew bool }
	check := func(t *testing.T, n *dpop.Nonces, nonce string, has bool, want result) {
		t.Helper()
		renew, err := n.Check(&dpop.Proof{Nonce: nonce, HasNonce: has})
		if (err == nil) != want.good || renew != want.renew {
			t.Errorf("Check = %v, %v; want %+v", renew, err, want)
		}
		var broken *dpop.Error
		if err != nil && (!errors.As(err, &broken) || !broken.Nonce || broken.Rule != "NONCE-01") {
			t.Errorf("error is %v", err)
		}
	}
	good, bad := result{good: true}, result{}

	t.Run("NONCE-01 none", func(t *testing.T) { check(t, mine, "", false, bad) })
	t.Run("NONCE-01 fresh", func(t *testing.T) { check(t, mine, fresh, true, good) })
	t.Run("NONCE-04 no string", func(t *testing.T) { check(t, mine, "", true, bad) })
	t.Run("NONCE-02 a changed bit", func(t *testing.T) {
		for i := range fresh {
			changed := []byte(fresh)
			if changed[i] = 'A'; fresh[i] == 'A' {
				changed[i] = 'B'
			}
			check(t, mine, string(changed), true, bad)
		}
	})
	t.Run("NONCE-02 the same from release to release", func(t *testing.T) {
		// The time, and HMAC-SHA256 over "holdfast dpop nonce 1" and the time, by the secret: processes of two releases
		// share it while a fleet is upgraded.
		if want := "AAAAAGmkKkA-kKAu2RysCsyJTU-86liI"; fresh != want {
			t.Errorf("nonce is %s, want %s", fresh, want)
		}
	})
	t.Run("NONCE-02 longer and shorter", func(t *testing.T) {
		check(t, mine, fresh+"A", true, bad)
		check(t, mine, fresh[1:], true, bad)
		check(t, mine, fresh+"AAAA", true, bad)
		check(t, mine, fresh[4:], true, bad)
		check(t, mine, strings.Repeat("A", 4096), true, bad)
		check(t, mine, fresh[:len(fresh)-1]+"\n", true, bad)
	})
	t.Run("NONCE-02 of the fleet", func(t *testing.T) { check(t, nonces(a), fresh, true, good) })
	t.Run("NONCE-02 of another fleet", func(t *testing.T) { check(t, nonces(b), fresh, true, bad) })
	t.Run("NONCE-02 of a secret rotated out of use", func(t *testing.T) { check(t, nonces(b, a), fresh, true, good) })
	t.Run("NONCE-02 the first secret makes them", func(t *testing.T) { check(t, nonces(a), nonces(a, b).Issue(), true, good) })
	t.Run("NONCE-02 by chance", func(t *testing.T) { check(t, nonces(), nonces().Issue(), true, bad) })
	t.Run("NONCE-05 characters", func(t *testing.T) {
		if strings.ContainsFunc(fresh, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) || len(fresh) != 32 {
			t.Errorf("nonce is %q", fresh)
		}
	})
	clock.Advance(-300 * time.Second)
	t.Run("NONCE-02 made a life ahead, by clocks that differ", func(t *testing.T) { check(t, mine, fresh, true, good) })
	clock.Advance(-1)
	t.Run("NONCE-02 made further ahead", func(t *testing.T) { check(t, mine, fresh, true, bad) })
	clock.Advance(300*time.Second + 1)
	clock.Advance(150*time.Second - 1)
	t.Run("NONCE-03 before half its life", func(t *testing.T) { check(t, mine, fresh, true, good) })
	clock.Advance(1)
	t.Run("NONCE-03 past half its life", func(t *testing.T) { check(t, mine, fresh, true, result{good: true, renew: true}) })
	clock.Advance(150*time.Second - 1)
	t.Run("NONCE-02 before its end", func(t *testing.T) { check(t, mine, fresh, true, result{good: true, renew: true}) })
	clock.Advance(1)
	t.Run("NONCE-02 at its end", func(t *testing.T) { check(t, mine, fresh, true, bad) })

}

// A nonce says when it was made. Whoever could write another time into it would have it live for ever.
func TestFaultNonceIsAuthenticForItsTimeOnly(t *testing.T) {
	clock := verifiertest.NewClock(noon)
	nonces, err := dpop.NewNonces(dpop.NonceConfig{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	for name, seconds := range map[string]int64{"a second later": 1, "a minute later": 60, "a second earlier": -1, "as it is": 0} {
		moved, err := base64.RawURLEncoding.DecodeString(nonces.Issue())
		if err != nil {
			t.Fatal(err)
		}
		binary.BigEndian.PutUint64(moved, uint64(noon.Unix()+seconds))
		_, err = nonces.Check(&dpop.Proof{Nonce: base64.RawURLEncoding.EncodeToString(moved), HasNonce: true})
		if good := seconds == 0; (err == nil) != good {
			t.Errorf("NONCE-02: the time %s: %v", name, err)
		}
	}
}

func TestNonceConfig(t *testing.T) {
	secret := []byte(strings.Repeat("a", 32))
	for name, config := range map[string]dpop.NonceConfig{
		"a short secret":          {Secrets: [][]byte{secret, secret[:31]}},
		"a negative lifetime":     {Lifetime: -1},
		"a lifetime under 1 s":    {Lifetime: time.Second - 1},
		"a clock that is nothing": {Clock: (*verifiertest.Clock)(nil)},
	} {
		if _, err := dpop.NewNonces(config); err == nil {
			t.Errorf("NONCE-02: NewNonces takes %s", name)
		}
	}
	for name, config := range map[string]dpop.NonceConfig{
		"the zero value":    {},
		"a lifetime of 1 s": {Lifetime: time.Second},
		"a secret":          {Secrets: [][]byte{secret}},
	} {
		nonces, err := dpop.NewNonces(config)
		if err != nil {
			t.Errorf("NONCE-02: NewNonces refuses %s: %v", name, err)
			continue
		}
		if _, err := nonces.Check(&dpop.Proof{Nonce: nonces.Issue(), HasNonce: true}); err != nil {
			t.Errorf("NONCE-02: with %s a fresh nonce is bad: %v", name, err)
		}
	}
}
