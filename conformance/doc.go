// Package conformance is for those who write an adapter or an API and want proof that it keeps Holdfast's rules. So far
// it has the test issuer, in package issuer; the contracts of the ports and the rule catalogue join it here.
package conformance
