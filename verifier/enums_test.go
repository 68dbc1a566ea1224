package verifier_test

import (
	"fmt"
	"testing"

	"github.com/holdfast-go/holdfast/verifier"
)

func TestEnumsPrintByName(t *testing.T) {
	for want, value := range map[string]fmt.Stringer{
		"OpenIDConfiguration":         verifier.OpenIDConfiguration,
		"AuthorizationServerMetadata": verifier.AuthorizationServerMetadata,
		"DPoPAllowed":                 verifier.DPoPAllowed,
		"DPoPRequired":                verifier.DPoPRequired,
		"DPoPDisabled":                verifier.DPoPDisabled,
		"NonceOff":                    verifier.NonceOff,
		"NonceOffered":                verifier.NonceOffered,
		"NonceRequired":               verifier.NonceRequired,
		"MTLSOff":                     verifier.MTLSOff,
		"MTLSOn":                      verifier.MTLSOn,
		"MTLSRequired":                verifier.MTLSRequired,
		"verifier.DPoPMode(3)":        verifier.DPoPMode(3),
		"verifier.MTLSMode(-1)":       verifier.MTLSMode(-1),
	} {
		if got := value.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
