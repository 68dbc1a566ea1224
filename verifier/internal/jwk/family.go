package jwk

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// A publicKey is a key of one family. A family is one type that has all that differs from family to family, so that one
// which lacks a part does not compile. Its zero value is the family itself: it reads keys and makes them.
type publicKey interface {
	// read returns the key that the members of a JSON Web Key make. The rest (x5c, say) is not even looked at: a
	// certificate vouches for nothing here, and a broken one must not cost the key.
	read(strictjson.Object) (publicKey, error)
	// adopt returns the key that the standard library made, or nil if it is of another family.
	adopt(crypto.PublicKey) (publicKey, error)
	// generate makes a private key that the algorithm fits. Only tests call it, so the linker leaves it out of programs.
	generate(*algorithm) (crypto.Signer, error)

	// fits reports whether the algorithm is for keys of this type and curve.
	fits(*algorithm) bool
	// verify reports whether signature is the signature of signed by an algorithm that fits.
	verify(a *algorithm, signed, signature []byte) bool
	// standard returns the key as the standard library has it, and how long its signatures are.
	standard() (crypto.PublicKey, int)
	// sign has private, the key's private half, sign by an algorithm that fits.
	sign(a *algorithm, private crypto.Signer, signed []byte) ([]byte, error)
	// cheap reports whether a verification costs little enough for a key that a stranger chose.
	cheap() bool
	// appendMembers appends the JSON Web Key of the members that RFC 7638 section 3.2 requires: in the order of their
	// names, and without white space.
	appendMembers([]byte) []byte
	// thumbprint is the SHA-256 of those (RFC 7638 section 3). Keys that differ have different ones. It is a method of
	// its own, though all are written alike, since by way of an interface the members would escape to the heap.
	thumbprint() [sha256.Size]byte
}

// families are those of this Go release, by kty. A family that not all supported releases have adds itself.
var families = map[string]publicKey{"RSA": rsaKey{}, "EC": ecKey{}, "OKP": edKey(nil)}

func read(object strictjson.Object) (publicKey, error) {
	kty, _ := object.Text("kty")
	if kty == "oct" {
		return nil, ErrPrivate
	}
	family, known := families[kty]
	if !known {
		return nil, ErrKeyType
	}
	return family.read(object)
}

func adopt(public crypto.PublicKey) (publicKey, error) {
	for _, family := range families {
		if key, err := family.adopt(public); key != nil || err != nil {
			return key, err
		}
	}
	return nil, ErrKeyType
}

// octets returns a member that is canonical base64url, nil if it is anything else.
func octets(object strictjson.Object, name string) []byte { return appendOctets(nil, object, name) }

// appendOctets appends to b what a member holds in canonical base64url, nothing if it is anything else.
func appendOctets(b []byte, object strictjson.Object, name string) []byte {
	encoded, _ := object.Text(name)
	decoded, err := base64.RawURLEncoding.Strict().AppendDecode(b, []byte(encoded))
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return b
	}
	return decoded
}

// membersLength is about the most that the members of a key take, except very large RSA keys.
const membersLength = 1024

// appendMember appends the text up to a value, and the value in base64url.
func appendMember(members []byte, before string, value []byte) []byte {
	return base64.RawURLEncoding.AppendEncode(append(members, before...), value)
}
