package exchange

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"
)

// sealVersion is the version of entries in a shared cache of tokens: a random salt, then the token as JSON by AES-256-GCM,
// with a random nonce, the name of the entry as additional data, and a key of its own that HKDF-SHA256 (RFC 5869) derives from
// the secret and the salt. So entries of one secret may be many more than one key of AES-GCM could encrypt, and none can be
// put in another's place.
const sealVersion = "holdfast-token/1"

const (
	saltBytes      = 16
	maxSealedBytes = 8 * maxKeptBytes // JSON may escape
)

var errSealed = errors.New("the entry is not one that the secrets have made for this place")

// A sealedToken is what an entry has.
type sealedToken struct {
	AccessToken     string        `json:"access_token"`
	TokenType       string        `json:"token_type"`
	IssuedTokenType string        `json:"issued_token_type"`
	Scope           string        `json:"scope"`
	ExpiresAt       time.Time     `json:"expires_at"`
	ExpiresIn       time.Duration `json:"expires_in_ns"`
	Members         []string      `json:"members"`
}

// sealer returns what encrypts an entry with that salt.
func sealer(secret, salt []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, salt, sealVersion, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal encrypts a token for its place.
func seal(secret []byte, place cacheKey, t *Token) ([]byte, error) {
	plain, err := json.Marshal(sealedToken{t.AccessToken, t.TokenType, t.IssuedTokenType, t.Scope, t.ExpiresAt.UTC(), t.ExpiresIn, t.members})
	if err != nil {
		return nil, err
	}
	salt := make([]byte, saltBytes, saltBytes+len(plain)+64)
	_, _ = rand.Read(salt) // never fails
	aead, err := sealer(secret, salt)
	if err != nil {
		return nil, err
	}
	return aead.Seal(salt, nil, plain, []byte(place.String())), nil
}

// open decrypts what one of the secrets has encrypted for that place.
func open(secrets [][]byte, place cacheKey, sealed []byte) (*Token, error) {
	if len(sealed) < saltBytes || len(sealed) > maxSealedBytes {
		return nil, errSealed
	}
	for _, secret := range secrets {
		aead, err := sealer(secret, sealed[:saltBytes])
		if err != nil {
			return nil, err
		}
		plain, err := aead.Open(nil, nil, sealed[saltBytes:], []byte(place.String()))
		if err != nil {
			continue // with another secret, perhaps
		}
		var t sealedToken
		if err := json.Unmarshal(plain, &t); err != nil || t.AccessToken == "" {
			return nil, errSealed
		}
		return &Token{
			AccessToken: t.AccessToken, TokenType: t.TokenType, IssuedTokenType: t.IssuedTokenType, Scope: t.Scope,
			ExpiresAt: t.ExpiresAt, ExpiresIn: t.ExpiresIn, members: t.Members,
		}, nil
	}
	return nil, errSealed
}
