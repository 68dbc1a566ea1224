package dpop

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// NonceConfig says how nonces are made. Its zero value is right for a single process.
type NonceConfig struct {
	// Secrets authenticate nonces: the first one makes them, all of them check, so that secrets can be rotated.
	// Each has at least 32 bytes, and they are the same in a whole fleet. Without any, a random secret is made, which no
	// other process knows.
	Secrets [][]byte
	// Lifetime is how long a nonce is valid. Zero means 5 minutes; under a second is an error.
	Lifetime time.Duration `default:"5m"`
	// Clock tells the time; nil means the system's.
	Clock ports.Clock
}

// Nonces makes and checks the nonces that a server wants in proofs (RFC 9449 sections 8 and 9). They are stateless: the
// time they were made at and its authenticator, so that every process of a fleet that shares the secrets knows
// another's. It is safe for concurrent use.
type Nonces struct {
	secrets  [][]byte
	lifetime time.Duration
	clock    ports.Clock
}

const (
	randomSecretBytes = 32
	// A nonce is a time in seconds and a truncated HMAC-SHA256 (RFC 2104 section 5 allows half).
	nonceTimeBytes = 8
	nonceMACBytes  = 16
)

// NewNonces returns what makes and checks nonces by config. Its error names the field that can't work.
func NewNonces(config NonceConfig) (*Nonces, error) {
	check := settings.In("dpop", config)
	n := &Nonces{secrets: check.Secrets("Secrets", config.Secrets), lifetime: config.Lifetime, clock: check.ClockOr(config.Clock, memory.Clock{})}
	if n.lifetime == 0 {
		n.lifetime = check.Duration("Lifetime")
	}
	if n.lifetime < time.Second {
		check.Fault("Lifetime", errors.New("is under a second"))
	}
	if err := check.Err(); err != nil {
		return nil, err
	}
	if len(n.secrets) == 0 {
		secret := make([]byte, randomSecretBytes)
		_, _ = rand.Read(secret) // it never fails
		n.secrets = [][]byte{secret}
	}
	return n, nil
}

// Issue returns a nonce that is valid from now on.
func (n *Nonces) Issue() string {
	at := binary.BigEndian.AppendUint64(nil, uint64(n.clock.Now().Unix()))
	return base64.RawURLEncoding.EncodeToString(append(at, n.mac(n.secrets[0], at)...))
}

// Check reports whether the proof has a valid nonce, and whether that is past half its life, so that the answer
// should bring a new one (RFC 9449 section 8.2).
func (n *Nonces) Check(p *Proof) (renew bool, err error) {
	wanted := &Error{Rule: "NONCE-01", Detail: "the proof has no nonce", Nonce: true}
	if !p.HasNonce {
		return false, wanted
	}
	wanted.Detail = "the proof's nonce is not one of ours, or too old"
	var nonce [nonceTimeBytes + nonceMACBytes]byte
	if len(p.Nonce) != base64.RawURLEncoding.EncodedLen(len(nonce)) {
		return false, wanted
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(nonce[:], []byte(p.Nonce)); err != nil {
		return false, wanted
	}
	at, mac := nonce[:nonceTimeBytes], nonce[nonceTimeBytes:]
	authentic := slices.ContainsFunc(n.secrets, func(secret []byte) bool { return hmac.Equal(mac, n.mac(secret, at)) })
	if !authentic {
		return false, wanted
	}
	// Clocks of a fleet differ: one made a little ahead is as good as new.
	age := n.clock.Now().Sub(time.Unix(int64(binary.BigEndian.Uint64(at)), 0))
	if age >= n.lifetime || age < -n.lifetime {
		return false, wanted
	}
	return age >= n.lifetime/2, nil
}

func (n *Nonces) mac(secret, at []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("holdfast dpop nonce 1"))
	h.Write(at)
	return h.Sum(nil)[:nonceMACBytes]
}
