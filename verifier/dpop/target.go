package dpop

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// Why a URI is not a target. The texts hold nothing of it.
var (
	errTargetForm     = errors.New("not an absolute http or https URI in ASCII")
	errTargetUserinfo = errors.New("has userinfo")
	errTargetHost     = errors.New("its host or port is malformed")
	errTargetPath     = errors.New("its path is malformed or ambiguous")
)

// NormalizeTarget returns the URI of an HTTP request as RFC 9449 section 4.3 compares it: without query and fragment,
// and normalised by RFC 3986 sections 6.2.2 and 6.2.3 (case of scheme and host, default port, percent-encoding, dot
// segments, empty path). Two URIs of different resources never become equal: an encoded slash stays apart from a slash,
// and what servers read in different ways (a backslash, control characters, an encoded NUL) is an error, as are
// userinfo, other schemes and names that are not ASCII; internationalised ones are written in punycode.
func NormalizeTarget(uri string) (string, error) {
	uri = withoutQuery(uri)
	for i := range len(uri) {
		if uri[i] <= ' ' || uri[i] > '~' {
			return "", errTargetForm
		}
	}
	scheme, rest, found := strings.Cut(uri, "://")
	scheme = strings.ToLower(scheme)
	if !found || scheme != "http" && scheme != "https" {
		return "", errTargetForm
	}
	authority, path := rest, ""
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		authority, path = rest[:slash], rest[slash:]
	}
	authority, err := normalizeAuthority(scheme, authority)
	if err != nil {
		return "", err
	}
	path, err = normalizePath(path)
	if err != nil {
		return "", err
	}
	return scheme + "://" + authority + path, nil
}

// withoutQuery returns what of a URI stands before its query or fragment.
func withoutQuery(uri string) string {
	if end := strings.IndexAny(uri, "?#"); end >= 0 {
		return uri[:end]
	}
	return uri
}

// normalizeAuthority lower-cases the host, writes an IPv6 address in its one form (RFC 5952), and leaves out the
// scheme's default port.
func normalizeAuthority(scheme, authority string) (string, error) {
	if strings.Contains(authority, "@") {
		return "", errTargetUserinfo
	}
	host, port := authority, ""
	if colon := strings.LastIndexByte(authority, ':'); colon > strings.LastIndexByte(authority, ']') {
		host, port = authority[:colon], authority[colon+1:]
	}
	switch {
	case strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]"):
		address, err := netip.ParseAddr(host[1 : len(host)-1])
		if err != nil || !address.Is6() || address.Zone() != "" {
			return "", errTargetHost
		}
		host = "[" + address.String() + "]"
	case host == "" || strings.ContainsFunc(host, notInName):
		return "", errTargetHost
	default:
		host = strings.ToLower(host)
	}
	if port == "" {
		return host, nil
	}
	number, err := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || number == 0:
		return "", errTargetHost
	case scheme == "http" && number == 80, scheme == "https" && number == 443:
		return host, nil
	}
	return host + ":" + strconv.FormatUint(number, 10), nil
}

func notInName(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-', r == '_':
		return false
	}
	return true
}

// normalizePath writes each character in its one form and then removes dot segments, so that encoded dots count too.
func normalizePath(path string) (string, error) {
	var b strings.Builder
	b.Grow(len(path) + 1)
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '\\':
			return "", errTargetPath
		case c == '%':
			decoded, ok := decodeHex(path[i:])
			if !ok || decoded == 0 || decoded == '\\' {
				return "", errTargetPath
			}
			i += 2
			if isUnreserved(decoded) {
				b.WriteByte(decoded)
			} else {
				writeEscaped(&b, decoded)
			}
		case strings.IndexByte("\"<>^`{|}", c) >= 0:
			// No URI has these as they are, but some clients write them so; servers read both forms alike.
			writeEscaped(&b, c)
		default:
			b.WriteByte(c)
		}
	}
	return removeDotSegments(b.String()), nil
}

const upperHex = "0123456789ABCDEF"

func writeEscaped(b *strings.Builder, c byte) {
	b.WriteByte('%')
	b.WriteByte(upperHex[c>>4])
	b.WriteByte(upperHex[c&15])
}

// decodeHex reads the %XX that s begins with.
func decodeHex(s string) (byte, bool) {
	if len(s) < 3 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:3], 16, 8)
	// ParseUint takes no sign, but it would take an underscore only with base 0.
	return byte(n), err == nil
}

// isUnreserved tells the characters of RFC 3986 section 2.3.
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// removeDotSegments resolves . and .. (RFC 3986 section 5.2.4) in a path that is empty or begins with a slash.
func removeDotSegments(path string) string {
	if path == "" {
		return "/"
	}
	if !strings.Contains(path, "/.") {
		return path
	}
	segments := strings.Split(path[1:], "/")
	kept := segments[:0]
	for i, segment := range segments {
		last := i == len(segments)-1
		switch segment {
		case ".", "..":
			if segment == ".." && len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, segment)
		}
	}
	return "/" + strings.Join(kept, "/")
}
