package contract

import (
	"errors"
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/ports"
)

// SignatureTraits say what [TestSignatureVerifier] can't know of a verifier.
type SignatureTraits struct {
	// Algorithms are those that it verifies by itself, for keys of every size, by their names in RFC 7518 section 3.1, and Ed25519. Of
	// others it may return errors.
	Algorithms []string
	// Uses is how often a key is used until it is prepared: so many calls may return an error. Zero means that the first
	// has an answer.
	Uses int
	// Runs is how many signatures each of the four kinds of algorithm is compared on with the standard library. Zero means
	// 1,000.
	Runs int
}

// TestSignatureVerifier proves that the verifiers which open returns keep the contract of [ports.SignatureVerifier]: by
// Wycheproof's vectors, and compared with the standard library. It calls open once for each case, with the case's own t.
func TestSignatureVerifier(t *testing.T, open func(*testing.T) ports.SignatureVerifier, traits SignatureTraits) {
	t.Helper()
	if traits.Runs < 0 || traits.Uses < 0 {
		t.Fatal(errors.New("contract: SignatureTraits.Runs or Uses is negative"))
	}
	runContract(t, signatureContract(), true, func(t *testing.T, trial trial) *signatureTrial {
		return newSignatureTrial(t, trial, open, traits)
	})
}

// A signatureTrial is a case of the signature verifier's contract under way.
type signatureTrial struct {
	trial
	SignatureTraits
	open    func() ports.SignatureVerifier
	vectors func() ([]vector, error)
}

func newSignatureTrial(
	t *testing.T, trial trial, open func(*testing.T) ports.SignatureVerifier, traits SignatureTraits,
) *signatureTrial {
	traits.Algorithms = slices.Clone(traits.Algorithms)
	if traits.Runs == 0 {
		traits.Runs = 1000
	}
	return &signatureTrial{trial, traits, func() ports.SignatureVerifier { return open(t) }, wycheproofVectors}
}

// ask returns the answer of a verifier. A key is used until it is prepared, where the verifier prepares such keys; then an error
// fails the case.
func (t *signatureTrial) ask(v ports.SignatureVerifier, s signature) (valid, told bool) {
	t.Helper()
	var err error
	for range 1 + t.Uses {
		if valid, err = t.verify(v, s); err == nil {
			return valid, true
		}
	}
	if slices.Contains(t.Algorithms, s.algorithm) && !errors.Is(err, errPanicked) {
		t.fail("%s is among SignatureTraits.Algorithms, and the error is %v: %v", s.algorithm, err, s)
	}
	return false, false
}

// verify asks once, about a copy.
func (t *signatureTrial) verify(v ports.SignatureVerifier, s signature) (bool, error) {
	return t.verifyGiven(v, s.clone())
}

func (t *signatureTrial) verifyGiven(v ports.SignatureVerifier, s signature) (valid bool, err error) {
	defer t.rescue("VerifySignature", &err)
	return v.VerifySignature(s.key, s.digest, s.value, s.opts)
}

// wantStandard wants the answer of the standard library, if there is one.
func (t *signatureTrial) wantStandard(v ports.SignatureVerifier, s signature) {
	t.Helper()
	if valid, told := t.ask(v, s); told && valid != s.standard(s.digest, s.value) {
		t.fail("the answer is %v, that of the standard library %v: %v", valid, !valid, s)
	}
}
