package jwk

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// edKey is an Ed25519 public key (RFC 8037 section 2). Ed25519 is the one curve of key type OKP that is for signatures
// and that is supported.
type edKey ed25519.PublicKey

func (edKey) read(object strictjson.Object) (publicKey, error) {
	if crv, _ := object.Text("crv"); crv != "Ed25519" {
		return nil, ErrKeyType
	}
	return edKey(nil).adopt(ed25519.PublicKey(octets(object, "x")))
}

func (edKey) adopt(public crypto.PublicKey) (publicKey, error) {
	key, isEd25519 := public.(ed25519.PublicKey)
	switch {
	case !isEd25519:
		return nil, nil
	case len(key) != ed25519.PublicKeySize:
		return nil, ErrPoint
	}
	return edKey(key), nil
}

func (edKey) generate(*algorithm) (crypto.Signer, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return private, err
}

func (k edKey) fits(a *algorithm) bool { return a.kty == "OKP" }

func (k edKey) verify(_ *algorithm, signed, signature []byte) bool {
	return ed25519.Verify(ed25519.PublicKey(k), signed, signature)
}

func (k edKey) standard() (crypto.PublicKey, int) { return ed25519.PublicKey(k), ed25519.SignatureSize }

func (k edKey) sign(a *algorithm, private crypto.Signer, signed []byte) ([]byte, error) {
	return private.Sign(rand.Reader, signed, a.hash)
}

func (k edKey) cheap() bool { return true }

func (k edKey) appendMembers(m []byte) []byte {
	return append(appendMember(m, `{"crv":"Ed25519","kty":"OKP","x":"`, k), `"}`...)
}

func (k edKey) thumbprint() [sha256.Size]byte {
	return sha256.Sum256(k.appendMembers(make([]byte, 0, membersLength)))
}
