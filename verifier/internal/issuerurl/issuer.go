package issuerurl

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"github.com/holdfast-go/holdfast/ports"
)

// The faults of an issuer or of a URL that it publishes. Their texts hold nothing of the input, since metadata is
// written by others.
var (
	ErrBlank       = errors.New("is blank")
	ErrNotURL      = errors.New("is not an absolute URL or domain")
	ErrScheme      = errors.New("must be https")
	ErrLoopback    = errors.New("must be https; for tests against a loopback address set InsecureAllowLoopbackHTTP")
	ErrCredentials = errors.New("must not have credentials")
	ErrQuery       = errors.New("must not have a query")
	ErrFragment    = errors.New("must not have a fragment")
	ErrTemplate    = errors.New("has a placeholder; write the issuer as tokens have it, one domain for each tenant, or choose the tenant's by a Resolver")
	ErrWellKnown   = errors.New("is the address of metadata; write the issuer that the metadata names, which is mostly what stands before /.well-known/, " +
		"or put this address into Keys.MetadataURL")
	ErrControl = errors.New("begins or ends with white space, or has control characters, and Exact takes it as it is")
)

// Identifier returns the issuer identifier that d stands for, by the rules of [ports.Domain]. Plain http is
// refused, except for loopback hosts where loopbackHTTP is set.
func Identifier(d ports.Domain, loopbackHTTP bool) (string, error) {
	written := strings.TrimSpace(d.Issuer)
	switch {
	case written == "":
		return "", ErrBlank
	case strings.ContainsAny(written, "{}"):
		return "", ErrTemplate
	case strings.Contains(written, "/.well-known/"):
		return "", ErrWellKnown
	case d.Exact && !webURL(written):
		return d.Issuer, checkOpaque(d.Issuer)
	case d.Exact && d.Issuer != written:
		return "", ErrControl
	case !strings.Contains(written, "://"):
		written = "https://" + written
	}
	u, err := CheckURL(written, loopbackHTTP)
	if _, local := CheckURL(written, true); err == ErrScheme && local == nil {
		err = ErrLoopback
	}
	if err != nil {
		return "", err
	}
	// RFC 8414 section 2 and OpenID Connect Discovery section 3: no query component.
	if strings.Contains(written, "?") {
		return "", ErrQuery
	}
	if d.Exact || strings.Trim(u.Path, "/") != "" {
		return written, nil
	}
	return u.Scheme + "://" + strings.ToLower(u.Host) + "/", nil
}

// webURL reports whether an issuer is meant to be a URL that metadata can be asked for.
func webURL(written string) bool {
	scheme, _, found := strings.Cut(written, "://")
	return found && (strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http"))
}

// checkOpaque checks an issuer that is only compared.
func checkOpaque(issuer string) error {
	if strings.TrimSpace(issuer) != issuer || strings.ContainsFunc(issuer, unicode.IsControl) {
		return ErrControl
	}
	return nil
}

// HasMetadata reports whether metadata of an identifier can be found: it is a URL.
func HasMetadata(identifier string) bool { return webURL(identifier) }

// CheckURL parses an absolute https URL without credentials or fragment (RFC 8414 section 2).
func CheckURL(raw string, loopbackHTTP bool) (*url.URL, error) {
	for i := range len(raw) {
		if raw[i] <= ' ' || raw[i] > '~' || raw[i] == '\\' {
			return nil, ErrNotURL
		}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "" || strings.HasSuffix(u.Host, ":") || strings.ContainsFunc(u.Host, notInHost):
		return nil, ErrNotURL
	case u.User != nil:
		return nil, ErrCredentials
	case strings.Contains(raw, "#"):
		return nil, ErrFragment
	case u.Scheme == "http" && loopbackHTTP && loopback(u.Hostname()):
		return u, nil
	case u.Scheme != "https":
		return nil, ErrScheme
	}
	return u, nil
}

// notInHost refuses what net/url lets through in a host (percent-encoded bytes, sub-delimiters): such a name resolves
// nowhere good.
func notInHost(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune(".-_:[]", r):
		return false
	}
	return true
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// OpenIDConfiguration is where an issuer's metadata is by OpenID Connect Discovery section 4: below its path.
func OpenIDConfiguration(identifier string) string {
	return strings.TrimSuffix(identifier, "/") + "/.well-known/openid-configuration"
}

// AuthorizationServerMetadata is where an issuer's metadata is by RFC 8414 section 3: between its host and its path.
func AuthorizationServerMetadata(identifier string) string {
	scheme, rest, _ := strings.Cut(identifier, "://")
	host, path, found := strings.Cut(rest, "/")
	if found {
		path = "/" + path
	}
	return scheme + "://" + host + "/.well-known/oauth-authorization-server" + strings.TrimSuffix(path, "/")
}
