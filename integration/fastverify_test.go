package integration

import (
	"crypto"
	"flag"
	"fmt"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/fastverify"
	"github.com/holdfast-go/holdfast/conformance/contract"
	"github.com/holdfast-go/holdfast/ports"
)

var differentialRuns = flag.Int("differential.runs", 0, "how many signatures of each kind `TestFastverifyContract` compares with the standard library; 0 is the contract's default")

func fastVerifier(t testing.TB) *fastverify.Verifier {
	t.Helper()
	v, err := fastverify.New(fastverify.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFastverifyContract(t *testing.T) {
	algorithms := []string{"ES256", "Ed25519"}
	for _, bits := range []int{256, 384, 512} {
		algorithms = append(algorithms, fmt.Sprint("RS", bits), fmt.Sprint("PS", bits))
	}
	contract.TestSignatureVerifier(t, func(t *testing.T) ports.SignatureVerifier { return fastVerifier(t) }, contract.SignatureTraits{
		Algorithms: algorithms, Uses: 7, Runs: *differentialRuns,
	})
}

// atFirstUse has keys prepared at their first use: most cases use one key once. TestVerdictsWithoutShortcuts plays the catalogue with it.
type atFirstUse struct{ *fastverify.Verifier }

func (v atFirstUse) VerifySignature(key crypto.PublicKey, digest, signature []byte, opts crypto.SignerOpts) (valid bool, err error) {
	for range 8 {
		if valid, err = v.Verifier.VerifySignature(key, digest, signature, opts); err == nil {
			break
		}
	}
	return valid, err
}
