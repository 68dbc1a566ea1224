//go:build go1.27

package jwk

import (
	"crypto"
	"crypto/mldsa"
	"crypto/rand"
	"crypto/sha256"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// The Go Cryptographic Module v1.0.0 has no ML-DSA. In a program that is built with it, the family is absent, as with an
// older Go release.
func init() {
	if _, err := mldsa.NewPublicKey(mldsa.MLDSA44(), make([]byte, mldsa.MLDSA44PublicKeySize)); err == nil {
		families["AKP"] = akpKey{}
	}
}

// akpKey is an ML-DSA public key (RFC 9964 sections 3 and 5).
type akpKey struct{ *mldsa.PublicKey }

// parameters are those of FIPS 204 section 4. Their names are those of the algorithms.
var parameters = []mldsa.Parameters{mldsa.MLDSA44(), mldsa.MLDSA65(), mldsa.MLDSA87()}

// read takes what pub is from alg, which a key of this type must have.
func (akpKey) read(object strictjson.Object) (publicKey, error) {
	alg, _ := object.Text("alg")
	for _, p := range parameters {
		if p.String() != alg {
			continue
		}
		key, err := mldsa.NewPublicKey(p, octets(object, "pub"))
		if err != nil {
			return nil, ErrMalformed
		}
		return akpKey{key}, nil
	}
	return nil, ErrKeyType
}

func (akpKey) adopt(public crypto.PublicKey) (publicKey, error) {
	key, isMLDSA := public.(*mldsa.PublicKey)
	switch {
	case !isMLDSA:
		return nil, nil
	case key == nil:
		return nil, ErrMalformed
	}
	return akpKey{key}, nil
}

func (akpKey) generate(a *algorithm) (crypto.Signer, error) {
	for _, p := range parameters {
		if p.String() == a.name {
			return mldsa.GenerateKey(p)
		}
	}
	return nil, ErrKeyType
}

func (k akpKey) fits(a *algorithm) bool { return a.name == k.Parameters().String() }

// verify wants the empty context (RFC 9964 section 5).
func (k akpKey) verify(_ *algorithm, signed, signature []byte) bool {
	return mldsa.Verify(k.PublicKey, signed, signature, nil) == nil
}

func (k akpKey) standard() (crypto.PublicKey, int) {
	return k.PublicKey, k.Parameters().SignatureSize()
}

func (k akpKey) sign(a *algorithm, private crypto.Signer, signed []byte) ([]byte, error) {
	return private.Sign(rand.Reader, signed, a.hash)
}

func (k akpKey) cheap() bool { return true }

func (k akpKey) appendMembers(m []byte) []byte {
	m = append(append(m, `{"alg":"`...), k.Parameters().String()...)
	return append(appendMember(m, `","kty":"AKP","pub":"`, k.Bytes()), `"}`...)
}

func (k akpKey) thumbprint() [sha256.Size]byte {
	return sha256.Sum256(k.appendMembers(make([]byte, 0, 4*membersLength)))
}
