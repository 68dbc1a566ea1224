// Package fault is the list of what test issuers do wrong: they answer 503 or not at all, break off, publish metadata that
// can't be used, or keys by the thousand. A test issuer shows them by Server.Fail of package conformance/issuer:
//
//	tenant.Fail(fault.Outage)              // every endpoint answers 503
//	tenant.Fail(fault.Hang.At(fault.Keys)) // there is metadata, but no answer about keys
//	tenant.Fail()                          // healthy again
//
// Any other handler shows them by [Over]. The contract of fetchers and the cases of the rules use the same list.
//
// It imports the standard library only.
package fault
