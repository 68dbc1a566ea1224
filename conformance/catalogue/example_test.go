package catalogue_test

import (
	"fmt"

	"github.com/holdfast-go/holdfast/conformance/catalogue"
)

// The catalogue is data: here, what is asked of the method that a DPoP proof is for.
func Example() {
	for _, c := range catalogue.Cases() {
		if c.Rule == "DPOP-CLM-02" {
			fmt.Printf("%s: %s (%s): %s\n", c.ID, c.Reason, c.Section, c.Expected)
		}
	}
	// Output:
	// DPOP-CLM-02.missing: no htm (RFC 9449 4.3 (8), RFC 9110 9.1): 401 invalid_dpop_proof
	// DPOP-CLM-02.another: htm is another method (RFC 9449 4.3 (8), RFC 9110 9.1): 401 invalid_dpop_proof
	// DPOP-CLM-02.lower-case: htm in lower case (RFC 9449 4.3 (8), RFC 9110 9.1): 401 invalid_dpop_proof
	// DPOP-CLM-02.empty: htm is empty (RFC 9449 4.3 (8), RFC 9110 9.1): 401 invalid_dpop_proof
	// DPOP-CLM-02.array: htm is an array (RFC 9449 4.3 (8), RFC 9110 9.1): 401 invalid_dpop_proof
	// DPOP-CLM-02.null: htm is null (RFC 9449 4.3 (8), RFC 9110 9.1): 401 invalid_dpop_proof
	// DPOP-CLM-02.of-the-request: a proof for POST, on a POST (RFC 9449 4.3 (8), RFC 9110 9.1): accepted
}
