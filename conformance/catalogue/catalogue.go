package catalogue

import (
	"slices"

	. "github.com/holdfast-go/holdfast/conformance/player"
)

// Cases returns the whole catalogue, in the order of the topics of package rules.
func Cases() []Case {
	return slices.Concat(
		credentialCases(), jwsCases(), typeCases(), claimCases(), policyCases(), routeCases(), keysCases(), discoveryCases(), sourceCases(), spiffeCases(), cacheCases(), keyFaultCases(), challengeCases(),
		dpopCases(), nonceCases(), mtlsCases(), forwardedCertificateCases(), proxyCases(), forwardedCases(), publicURLCases(), wireCases(), servedCases(), delegationCases(), resourceCases(),
	)
}
