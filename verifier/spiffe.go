package verifier

import (
	"errors"
	"strings"

	"github.com/holdfast-go/holdfast/ports"
)

// The bounds of SPIFFE IDs (SPIFFE ID section 2.3).
const (
	spiffeScheme     = "spiffe://"
	maxSPIFFEID      = 2048
	maxTrustDomain   = 255
	trustDomainChars = "abcdefghijklmnopqrstuvwxyz0123456789.-_"
	spiffePathChars  = trustDomainChars + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

var (
	errTrustDomain = errors.New("is not the name of a trust domain: letters in lower case, digits, dots, dashes and underscores, without spiffe://")
	errBundle      = errors.New("goes with JWKSURL, File or Static, which name the trust bundle")
	// Those keys would verify ID tokens and UserInfo answers, of which a workload's SVID is none.
	errTrustDomainToo = errors.New("is an issuer in Domains with a SPIFFE trust bundle, whose keys are only for JWT-SVIDs; leave Domain empty, or name the issuer that users log in at")
	errOtherDomain    = errors.New("is not the trust domain of the issuer")
)

// checkTrustDomain checks where a SPIFFE trust bundle is, and what it is of.
func checkTrustDomain(issuer string, keys ports.KeySource, fault faultFunc) {
	const field = "Keys.SPIFFETrustDomain"
	of, named := strings.CutPrefix(issuer, spiffeScheme)
	switch {
	case len(keys.SPIFFETrustDomain) > maxTrustDomain || strings.Trim(keys.SPIFFETrustDomain, trustDomainChars) != "":
		fault(field, errTrustDomain)
	case keys.JWKSURL == "" && keys.File == "" && keys.Static == nil:
		fault(field, errBundle)
	case named && of != keys.SPIFFETrustDomain:
		fault(field, errOtherDomain)
	}
}

// trustDomainOf returns spiffe:// and the trust domain of a SPIFFE ID of a workload, and whether it is one.
func trustDomainOf(id string) (string, bool) {
	rest, found := strings.CutPrefix(id, spiffeScheme)
	domain, path, hasPath := strings.Cut(rest, "/")
	if !found || !hasPath || len(id) > maxSPIFFEID || domain == "" || strings.Trim(domain, trustDomainChars) != "" {
		return "", false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.Trim(segment, spiffePathChars) != "" {
			return "", false
		}
	}
	return id[:len(spiffeScheme)+len(domain)], true
}
