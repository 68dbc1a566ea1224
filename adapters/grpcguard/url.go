package grpcguard

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/dpop"
)

// The rules that calls break here.
const (
	ruleHosts  = "PROXY-05"
	ruleMethod = "PROXY-06"
)

// A publicURL is one that clients call this server by.
type publicURL struct {
	scheme, host string // in normal form; of any is the host the rest, behind one label
	any          bool
	path         string // without a slash at its end
}

// A publicURLs is all that a server is called by.
type publicURLs []publicURL

// newPublicURLs checks what is configured. resource is the API's identifier (RFC 9728), whose host is the API's where
// nothing else is configured.
func newPublicURLs(configured []string, resource string) (publicURLs, error) {
	if u, err := url.Parse(resource); len(configured) == 0 && resource != "" && err == nil {
		configured = []string{u.Scheme + "://" + u.Host}
	}
	var all publicURLs
	for i, text := range configured {
		field := fmt.Sprintf("PublicURLs[%d]", i)
		before, after, any := strings.Cut(text, "://*.")
		if any {
			text = before + "://" + after
		}
		normal, err := dpop.NormalizeTarget(text)
		if err != nil || strings.ContainsAny(text, "?#") {
			return nil, fault(field, fmt.Sprintf("%q is not an absolute http or https URL without userinfo, query and fragment, such as https://api.example", configured[i]))
		}
		scheme, rest, _ := strings.Cut(normal, "://")
		host, path, _ := strings.Cut(rest, "/")
		one := publicURL{scheme: scheme, host: host, any: any}
		if path = strings.TrimSuffix(path, "/"); path != "" {
			one.path = "/" + path
		}
		if slices.ContainsFunc(all, func(other publicURL) bool { return other.host == host && other.any == any }) {
			return nil, fault(field, fmt.Sprintf("%q is of a host that is there already: :authority could not tell them apart", configured[i]))
		}
		all = append(all, one)
	}
	return all, nil
}

// of returns the URL of a call of method. An only one without a * holds whatever the client has written into
// :authority; otherwise the authority chooses, and false is reported if it is none of them.
func (all publicURLs) of(method, authority string) (string, bool) {
	for _, one := range all {
		if len(all) == 1 && !one.any {
			return one.scheme + "://" + one.host + one.path + method, true
		}
		if host, serves := one.serves(authority); serves {
			return one.scheme + "://" + host + one.path + method, true
		}
	}
	return "", false
}

// serves compares the host of a call, and returns it in normal form.
func (one publicURL) serves(authority string) (string, bool) {
	if strings.ContainsAny(authority, "/?#") {
		return "", false
	}
	prefix := one.scheme + "://"
	normal, err := dpop.NormalizeTarget(prefix + authority + "/")
	host := strings.TrimSuffix(strings.TrimPrefix(normal, prefix), "/")
	label, compared := "any", host
	if one.any {
		label, compared, _ = strings.Cut(host, ".")
	}
	return host, err == nil && label != "" && compared == one.host
}
