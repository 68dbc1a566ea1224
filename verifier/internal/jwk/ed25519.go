package jwk

import (
	"crypto/ed25519"
	"crypto/sha256"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// edKey is an Ed25519 public key (RFC 8037 section 2).
type edKey ed25519.PublicKey

// readOKP reads the one curve of key type OKP that is for signatures and that is supported.
func readOKP(object strictjson.Object) (publicKey, error) {
	if crv, _ := object.Text("crv"); crv != "Ed25519" {
		return nil, ErrKeyType
	}
	return newEd25519(octets(object, "x"))
}

func newEd25519(public ed25519.PublicKey) (publicKey, error) {
	if len(public) != ed25519.PublicKeySize {
		return nil, ErrPoint
	}
	return edKey(public), nil
}

func (k edKey) fits(a algorithm) bool { return a.family == edDSA }

func (k edKey) verify(_ algorithm, signed, signature []byte) bool {
	return ed25519.Verify(ed25519.PublicKey(k), signed, signature)
}

func (k edKey) cheap() bool { return true }

func (k edKey) thumbprint() [sha256.Size]byte {
	m := make([]byte, 0, membersLength)
	m = appendMember(m, `{"crv":"Ed25519","kty":"OKP","x":"`, k)
	return sumMembers(m)
}
