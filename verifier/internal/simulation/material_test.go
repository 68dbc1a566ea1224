package simulation

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const (
	audience = "https://api.example"
	target   = "https://api.example/orders"

	maxIssuers    = 3
	maxProcesses  = 3
	keysPerIssuer = 10 // after so many an issuer rotates no more
	clients       = 2
)

// A signer is a key as all histories share it: making one takes longer than a history.
type signer struct {
	*verifiertest.Key
	jwk string
}

// The keys that there are: those of each issuer in the order in which it takes them into use, that of a stranger, and
// those of clients.
var (
	issuerKeys   [maxIssuers][keysPerIssuer]signer
	strangerKey  signer
	clientKeys   [clients]signer
	clientPrints [clients]string
)

func init() {
	for i := range issuerKeys {
		for k := range issuerKeys[i] {
			issuerKeys[i][k] = newSigner(fmt.Sprintf("key-%d", k))
		}
	}
	strangerKey = newSigner("stranger")
	for c := range clientKeys {
		clientKeys[c] = newSigner("")
		print, err := (&verifiertest.Prover{Key: clientKeys[c].Key}).Thumbprint()
		if err != nil {
			panic(err)
		}
		clientPrints[c] = print
	}
}

func newSigner(id string) signer {
	key, err := verifiertest.NewKey("EdDSA", id)
	if err != nil {
		panic(err)
	}
	jwk, err := key.JWK()
	if err != nil {
		panic(err)
	}
	return signer{key, string(jwk)}
}

func (s signer) sign(header, payload string) string {
	signed, err := s.Sign([]byte(header), []byte(payload))
	if err != nil {
		panic(err)
	}
	return signed
}

func issuerURL(i int) string { return fmt.Sprintf("https://issuer-%d.example/", i) }

// A token is an access token and what the oracle knows of it.
type token struct {
	compact string
	issuer  int
	key     int // of the issuer's keys; stranger if another key signed it
	client  int // that it is bound to; unbound
	name    string
	iat     time.Time
	exp     time.Time
}

const (
	stranger = -1
	unbound  = -1
)

// mint signs a token. The kid is that of the key unless a stranger names another.
func mint(issuer, key, client int, kid string, now time.Time, life time.Duration) *token {
	signed := strangerKey
	if key != stranger {
		signed = issuerKeys[issuer][key]
		kid = signed.ID
	}
	t := &token{issuer: issuer, key: key, client: client, iat: now.Truncate(time.Second)}
	t.exp = t.iat.Add(life)
	cnf := ""
	if client != unbound {
		cnf = fmt.Sprintf(`,"cnf":{"jkt":%q}`, clientPrints[client])
	}
	t.compact = signed.sign(
		fmt.Sprintf(`{"alg":"EdDSA","typ":"at+jwt","kid":%q}`, kid),
		fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":"user","iat":%d,"exp":%d%s}`,
			issuerURL(issuer), audience, t.iat.Unix(), t.exp.Unix(), cnf))
	t.name = fmt.Sprintf("token(issuer %d, kid %s, signed by %s)", issuer, kid, signed.ID)
	return t
}

// A proof is a DPoP proof for one use.
type proof struct {
	compact string
	id      string
	key     string // by which its first use is remembered
	iat     time.Time
}

func prove(t *token, id string, now time.Time) *proof {
	p := &proof{id: id, iat: now.Truncate(time.Second)}
	p.key = (&dpop.Proof{Thumbprint: clientPrints[t.client], ID: id}).ReplayKey()
	key := clientKeys[t.client]
	ath := sha256.Sum256([]byte(t.compact))
	p.compact = key.sign(
		`{"alg":"EdDSA","typ":"dpop+jwt","jwk":`+key.jwk+`}`,
		fmt.Sprintf(`{"jti":%q,"htm":"GET","htu":%q,"iat":%d,"ath":%q}`,
			id, target, p.iat.Unix(), base64.RawURLEncoding.EncodeToString(ath[:])))
	return p
}
