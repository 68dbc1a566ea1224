package fastverify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/holdfast-go/holdfast/ports"
)

// Config says how much memory prepared keys may take. Its zero value is usable.
type Config struct {
	// MaxBytes bounds about how much memory prepared keys take: 2 KiB for RSA-2048, 24 KiB for P-256, 40 KiB for Ed25519. A
	// key for which there is no room is verified by the standard library. Zero means 32 MiB; the least is 64 KiB.
	MaxBytes int
}

const (
	defaultMaxBytes = 32 << 20
	leastMaxBytes   = 64 << 10
)

// A Verifier verifies signatures by keys that it has prepared. It is safe for concurrent use.
type Verifier struct{ keys *preparedKeys }

var _ ports.SignatureVerifier = (*Verifier)(nil)

// New returns a verifier by config. It fails in FIPS 140-3 mode, whose validated module these implementations are no part of.
func New(config Config) (*Verifier, error) {
	switch {
	case fips140.Enabled():
		return nil, errors.New("holdfast/fastverify: the program runs in FIPS 140-3 mode, and this is no validated module; " +
			"leave verifier.Config.SignatureVerifier nil")
	case config.MaxBytes == 0:
		config.MaxBytes = defaultMaxBytes
	case config.MaxBytes < leastMaxBytes:
		return nil, fmt.Errorf("holdfast/fastverify: Config.MaxBytes is %d, under %d, which one prepared key may take; set it to 0 for %d",
			config.MaxBytes, leastMaxBytes, defaultMaxBytes)
	}
	return &Verifier{newPreparedKeys(config.MaxBytes)}, nil
}

// Why the standard library verifies instead.
var (
	errKind        = fmt.Errorf("holdfast/fastverify: keys of this kind are not prepared: %w", errors.ErrUnsupported)
	errAlgorithm   = fmt.Errorf("holdfast/fastverify: not verified by this algorithm: %w", errors.ErrUnsupported)
	errNotPrepared = errors.New("holdfast/fastverify: the key is not prepared, since it is new or there is no room")
)

// VerifySignature is that of [ports.SignatureVerifier]. It returns an error for a key that is not prepared: one that was
// used less than eight times, or for which keys that are used more often leave no room.
func (v *Verifier) VerifySignature(key crypto.PublicKey, digest, signature []byte, opts crypto.SignerOpts) (bool, error) {
	id, size, err := identify(key)
	if err != nil {
		return false, err
	}
	prepared := v.keys.use(id, size, func() (preparedKey, error) { return prepare(key) })
	if prepared == nil {
		return false, errNotPrepared
	}
	return prepared.verify(digest, signature, opts)
}

// A preparedKey is a public key and what was computed from it. It does not change.
type preparedKey interface {
	// verify reports whether signature is that of digest, or of the message. It returns errAlgorithm for opts that are not
	// those of its algorithm.
	verify(digest, signature []byte, opts crypto.SignerOpts) (bool, error)
}

func prepare(key crypto.PublicKey) (preparedKey, error) {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return prepareRSA(key)
	case *ecdsa.PublicKey:
		return prepareP256(key)
	case ed25519.PublicKey:
		return prepareEd25519(key)
	}
	return nil, errKind
}

// A keyID is the SHA-256 of a key's kind and members: keys that differ have different ones.
type keyID [sha256.Size]byte

// identify returns about how many bytes the prepared key takes, too.
func identify(key crypto.PublicKey) (keyID, int, error) {
	const usual = 512
	members := make([]byte, 0, usual)
	switch key := key.(type) {
	case *rsa.PublicKey:
		length := key.Size()
		members = binary.BigEndian.AppendUint64(append(members, 'R'), uint64(key.E))
		from := len(members)
		members = append(members, make([]byte, length)...)
		key.N.FillBytes(members[from:])
		return sha256.Sum256(members), sizeOfRSA(length), nil
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return keyID{}, 0, errKind
		}
		point, err := key.Bytes()
		if err != nil {
			return keyID{}, 0, errKind
		}
		return sha256.Sum256(append(append(members, 'E'), point...)), sizeOfP256, nil
	case ed25519.PublicKey:
		return sha256.Sum256(append(append(members, 'O'), key...)), sizeOfEd25519, nil
	}
	return keyID{}, 0, errKind
}
