package verifier

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
)

var (
	errDotSegment = errors.New("must not have a dot segment in its path, which clients take out")
	errEmptyQuery = errors.New("must not have an empty query")
	errPage       = errors.New("is not an absolute http or https URL without credentials")
	errAlgorithm  = errors.New("is not a JWS algorithm that signs")
	errLanguage   = errors.New("is not a language tag of BCP 47, such as de or pt-BR")
	errTwice      = errors.New("is there twice, in different case")
	errUntagged   = errors.New("must have a value under the empty tag, for readers of other languages")
	errUTF8       = errors.New("is not UTF-8")
)

// checkMembers checks what can be known without a verifier.
func (r Resource) checkMembers(loopback bool, fault faultFunc) {
	if err := checkIdentifier(r.Identifier, loopback); err != nil {
		fault("Identifier", err)
	}
	fault.each("Scopes", r.Scopes, without(`"\`, errScope))
	fault.each("AuthorizationDetailsTypes", r.AuthorizationDetailsTypes, settings.NotBlank)
	fault.each("AuthorizationServers", r.AuthorizationServers, func(issuer string) error { return checkIssuer(issuer, loopback) })
	r.Name.check("Name", settings.NotBlank, fault)
	r.Documentation.check("Documentation", checkPage, fault)
	r.PolicyURI.check("PolicyURI", checkPage, fault)
	r.TermsOfServiceURI.check("TermsOfServiceURI", checkPage, fault)
	if r.JWKSURI != "" {
		if _, err := issuerurl.CheckURL(r.JWKSURI, loopback); err != nil {
			fault("JWKSURI", err)
		}
	}
	fault.each("SigningAlgorithms", r.SigningAlgorithms, func(algorithm string) error {
		if strings.EqualFold(algorithm, "none") || without(`"\`, errAlgorithm)(algorithm) != nil {
			return errAlgorithm
		}
		return nil
	})
}

func checkIdentifier(identifier string, loopbackHTTP bool) error {
	u, err := issuerurl.CheckURL(identifier, loopbackHTTP)
	switch {
	case err != nil:
		return err
	case u.ForceQuery:
		return errEmptyQuery
	case slices.ContainsFunc(strings.Split(u.Path, "/"), func(segment string) bool { return segment == "." || segment == ".." }):
		return errDotSegment
	}
	return nil
}

func checkIssuer(issuer string, loopbackHTTP bool) error {
	_, err := issuerurl.CheckURL(issuer, loopbackHTTP)
	if err == nil && strings.Contains(issuer, "?") {
		return issuerurl.ErrQuery // RFC 8414 section 2
	}
	return err
}

// checkPage checks the URL of a page, which a person opens.
func checkPage(page string) error {
	u, err := url.Parse(page)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || without("", errPage)(page) != nil {
		return errPage
	}
	return nil
}

// check checks the texts and their tags, in the order of the tags.
func (l Localized) check(field string, text func(string) error, fault faultFunc) {
	if _, untagged := l[""]; len(l) > 0 && !untagged {
		fault(field, errUntagged)
	}
	seen := make(map[string]bool)
	for _, tag := range slices.Sorted(maps.Keys(l)) {
		at := fmt.Sprintf("%s[%q]", field, tag)
		switch lower := strings.ToLower(tag); {
		case tag != "" && !isLanguage(tag):
			fault(at, errLanguage)
		case seen[lower]:
			fault(at, errTwice)
		case !utf8.ValidString(l[tag]):
			fault(at, errUTF8)
		default:
			seen[lower] = true
			if err := text(l[tag]); err != nil {
				fault(at, err)
			}
		}
	}
}

// isLanguage reports whether a tag has the form of RFC 4647 section 2.1.
func isLanguage(tag string) bool {
	for i, part := range strings.Split(tag, "-") {
		other := func(r rune) bool {
			letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
			return !letter && (i == 0 || r < '0' || r > '9')
		}
		if part == "" || len(part) > 8 || strings.ContainsFunc(part, other) {
			return false
		}
	}
	return true
}
