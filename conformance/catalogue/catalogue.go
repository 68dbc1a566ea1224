package catalogue

import (
	"slices"

	. "github.com/holdfast-go/holdfast/conformance/player"
)

// Cases returns the whole catalogue, in the order of the topics of package rules.
func Cases() []Case {
	return slices.Concat(
		credCases(), jwsCases(), typCases(), claimCases(), policyCases(), keysCases(), discCases(), sourceCases(), cacheCases(), keyFaultCases(), chalCases(),
		dpopCases(), nonceCases(), mtlsCases(), proxyCases(), actCases(),
	)
}
