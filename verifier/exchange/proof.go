package exchange

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync/atomic"
	"time"
)

// A prover proves that the client holds a key (RFC 9449 section 4.2), with the nonce that the token endpoint wants. It
// is safe for concurrent use.
type prover struct {
	key   signer
	nonce atomic.Pointer[string] // the last one that was given, or nil
}

// proof returns a proof for one request, and the nonce in it. One with an access token is for that token (RFC 9449 section
// 7.1).
func (p *prover) proof(endpoint, accessToken string, now time.Time) (proof, nonce string, failed *Error) {
	if given := p.nonce.Load(); given != nil {
		nonce = *given
	}
	target, _, _ := strings.Cut(endpoint, "?")
	hash := ""
	if accessToken != "" {
		sum := sha256.Sum256([]byte(accessToken))
		hash = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	proof, failed = p.key.sign(struct {
		ID       string `json:"jti"`
		Method   string `json:"htm"`
		Target   string `json:"htu"`
		IssuedAt int64  `json:"iat"`
		Hash     string `json:"ath,omitempty"`
		Nonce    string `json:"nonce,omitempty"`
	}{rand.Text(), "POST", target, now.Unix(), hash, nonce}, "dpop+jwt", true)
	return proof, nonce, failed
}

// nonceField is where nonces are given (RFC 9449 section 8), as net/http spells it.
const nonceField = "Dpop-Nonce"

// maxNonceBytes bounds a nonce, which goes into each proof.
const maxNonceBytes = 512

// remember keeps the nonce of an answer, if it has one of the form that RFC 9449 section 8.1 gives it.
func (p *prover) remember(header map[string][]string) {
	given := header[nonceField]
	if len(given) == 1 && isCode(given[0], maxNonceBytes) {
		p.nonce.Store(&given[0])
	}
}

// hasOtherThan reports whether the nonce for the next proof is another than that.
func (p *prover) hasOtherThan(nonce string) bool {
	given := p.nonce.Load()
	return given != nil && *given != nonce
}
