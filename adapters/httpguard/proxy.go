package httpguard

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/dpop"
)

// Proxies says which proxies are in front of this process, and what they write. Its zero value is none: then the URL is
// that of the connection, and no header field is believed.
type Proxies struct {
	// Trusted are the addresses of the proxies. What a peer outside them says of the request is ignored. With
	// several proxies in a row each of them must be in it: the chain is read from the right for as long as it names
	// trusted addresses.
	Trusted []netip.Prefix
	// Hops is how many proxies there are, for those whose addresses aren't known: the chain is read that far from
	// the right. It believes every peer, so nothing but the proxies may be able to reach this process. It can't be
	// combined with Trusted.
	Hops int
	// Forwarded is which header fields the proxies write. The others are never read: a proxy that writes one passes
	// on what a client has sent as another.
	Forwarded ForwardedField
	// Certificate is how they forward the client's certificate.
	Certificate CertificateField
	// CertificateName is the name of the field for CertificateEscapedPEM. Empty means X-SSL-Client-Cert.
	CertificateName string
}

// ForwardedField says where proxies write what they know of a request.
type ForwardedField int

const (
	// XForwarded: X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host, parted by commas, the nearest proxy
	// last. One that the proxies don't write they must take away, or it is the client's word.
	XForwarded ForwardedField = iota
	// Forwarded: the Forwarded field of RFC 7239, its parameters for, proto and host.
	Forwarded
)

// location finds the URL that a request was sent to, and the certificate of its client.
type location struct {
	public  *url.URL // replaces scheme, host and prefix, if not nil
	paths   []pathPrefix
	proxies Proxies
}

type pathPrefix struct{ internal, public string }

// errRequest is a fault of the request: PROXY-04 and MTLS-03.
type errRequest struct{ rule, detail string }

func (e *errRequest) Error() string { return e.rule + ": " + e.detail }

// newLocation checks what is configured.
func newLocation(config Config) (*location, error) {
	l := &location{proxies: config.Proxies}
	p := config.Proxies
	switch {
	case p.Hops < 0:
		return nil, errors.New("Proxies.Hops must not be negative")
	case p.Hops > 0 && len(p.Trusted) > 0:
		return nil, errors.New("Proxies.Hops can't be combined with Proxies.Trusted")
	case p.Forwarded != XForwarded && p.Forwarded != Forwarded:
		return nil, errors.New("Proxies.Forwarded is not a known value")
	case p.Certificate < CertificateOfConnection || p.Certificate > CertificateXFCC:
		return nil, errors.New("Proxies.Certificate is not a known value")
	case p.Certificate != CertificateOfConnection && p.Hops == 0 && len(p.Trusted) == 0:
		return nil, errors.New("Proxies.Certificate needs Proxies.Trusted or Proxies.Hops")
	}
	for i, prefix := range p.Trusted {
		if !prefix.IsValid() {
			return nil, fmt.Errorf("Proxies.Trusted[%d] is not a valid prefix", i)
		}
	}
	if l.proxies.CertificateName == "" {
		l.proxies.CertificateName = "X-SSL-Client-Cert"
	}
	if config.PublicURL != "" {
		public, err := url.Parse(config.PublicURL)
		if _, malformed := dpop.NormalizeTarget(config.PublicURL); err != nil || malformed != nil || strings.ContainsAny(config.PublicURL, "?#") {
			return nil, errors.New("PublicURL is not an absolute http or https URL without query")
		}
		l.public = public
	}
	for internal, public := range config.PathPrefixes {
		if !strings.HasPrefix(internal, "/") || !strings.HasPrefix(public, "/") {
			return nil, errors.New("PathPrefixes must begin with a slash")
		}
		prefix := pathPrefix{strings.TrimSuffix(internal, "/"), strings.TrimSuffix(public, "/")}
		if slices.ContainsFunc(l.paths, func(other pathPrefix) bool { return other.internal == prefix.internal }) {
			return nil, errors.New("PathPrefixes has a prefix twice, with and without its closing slash")
		}
		l.paths = append(l.paths, prefix)
	}
	return l, nil
}

// url returns the absolute URL that the client asked for.
func (l *location) url(r *http.Request) (string, error) {
	scheme, host := "http", r.Host
	if r.TLS != nil {
		scheme = "https"
	}
	// RFC 9112 section 3.2.2: net/http takes the host of an absolute-form target for r.Host. What else sets up
	// requests must do so too.
	if r.URL.Host != "" && (r.URL.Host != r.Host || r.URL.Scheme != scheme) {
		return "", &errRequest{"PROXY-04", "the absolute target is not the connection's"}
	}
	target := l.publicPath(r.URL.EscapedPath())
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	if l.public != nil {
		return strings.TrimSuffix(l.public.String(), "/") + target, nil
	}
	if hop, believed, err := l.nearestClient(r); err != nil {
		return "", err
	} else if believed {
		if hop.proto != "" {
			scheme = strings.ToLower(hop.proto)
		}
		if hop.host != "" {
			host = hop.host
		}
	}
	// A host with a path or query in it would make another URL of the target.
	if _, err := dpop.NormalizeTarget(scheme + "://" + host + "/"); err != nil || strings.ContainsAny(host, "/?#") {
		return "", &errRequest{"PROXY-04", "the host is missing or malformed"}
	}
	return scheme + "://" + host + target, nil
}

// publicPath replaces the longest configured prefix of the path.
func (l *location) publicPath(path string) string {
	var longest *pathPrefix
	for i := range l.paths {
		prefix := &l.paths[i]
		within := path == prefix.internal || strings.HasPrefix(path, prefix.internal+"/")
		if within && (longest == nil || len(prefix.internal) > len(longest.internal)) {
			longest = prefix
		}
	}
	if longest == nil {
		return path
	}
	return longest.public + strings.TrimPrefix(path, longest.internal)
}

// A hop is what one proxy says of the request that it received.
type hop struct{ from, proto, host string }

// trusts reports whether an address is a proxy's.
func (p *Proxies) trusts(address string) bool {
	from, err := netip.ParseAddrPort(address)
	ip := from.Addr()
	if err != nil {
		if ip, err = netip.ParseAddr(strings.Trim(address, "[]")); err != nil {
			return false
		}
	}
	ip = ip.Unmap().WithZone("")
	for _, prefix := range p.Trusted {
		if prefix.Contains(ip) {
			return true
		}
	}
	return false
}

// believes reports whether the peer of the connection is a proxy.
func (p *Proxies) believes(r *http.Request) bool { return p.Hops > 0 || p.trusts(r.RemoteAddr) }

// nearestClient returns what the outermost proxy that is trusted says of the client (RFC 7239 section 7.4): everything
// to the left of it is the client's word.
func (l *location) nearestClient(r *http.Request) (hop, bool, error) {
	p := &l.proxies
	if !p.believes(r) {
		return hop{}, false, nil
	}
	chain, err := p.chain(r.Header)
	if err != nil || len(chain) == 0 {
		return hop{}, false, err
	}
	if p.Hops > 0 {
		if len(chain) < p.Hops {
			return hop{}, false, &errRequest{"PROXY-02", "fewer proxies have forwarded the request than are configured"}
		}
		return chain[len(chain)-p.Hops], true, nil
	}
	outermost := len(chain) - 1
	for outermost > 0 && p.trusts(chain[outermost].from) {
		outermost--
	}
	return chain[outermost], true, nil
}

// chain reads the hops in the order they were made, the nearest proxy last.
func (p *Proxies) chain(header http.Header) ([]hop, error) {
	if p.Forwarded == Forwarded {
		return parseForwarded(header.Values("Forwarded"))
	}
	from, proto, host := list(header, "X-Forwarded-For"), list(header, "X-Forwarded-Proto"), list(header, "X-Forwarded-Host")
	chain := make([]hop, max(len(from), len(proto), len(host)))
	for _, field := range []struct {
		values []string
		into   func(*hop) *string
	}{
		{from, func(h *hop) *string { return &h.from }},
		{proto, func(h *hop) *string { return &h.proto }},
		{host, func(h *hop) *string { return &h.host }},
	} {
		switch {
		case len(field.values) == len(chain):
			for i, value := range field.values {
				*field.into(&chain[i]) = value
			}
		case len(field.values) == 1:
			// The proxy that faces the client has set it, and the others kept it.
			for i := range chain {
				*field.into(&chain[i]) = field.values[0]
			}
		case len(field.values) > 1:
			return nil, &errRequest{"PROXY-04", "X-Forwarded fields of different lengths"}
		}
	}
	return chain, nil
}

// list returns the comma-separated values of all fields of a name.
func list(header http.Header, name string) []string {
	var values []string
	for _, field := range header.Values(name) {
		for value := range strings.SplitSeq(field, ",") {
			values = append(values, strings.TrimSpace(value))
		}
	}
	return values
}

// parseForwarded reads the elements of RFC 7239 section 4.
func parseForwarded(fields []string) ([]hop, error) {
	var chain []hop
	for _, element := range splitQuoted(strings.Join(fields, ","), ',') {
		if strings.TrimSpace(element) == "" {
			continue
		}
		var h hop
		for _, pair := range splitQuoted(element, ';') {
			if strings.TrimSpace(pair) == "" {
				continue
			}
			name, written, found := strings.Cut(strings.TrimSpace(pair), "=")
			value, wellFormed := unquote(written)
			if !found || !wellFormed {
				return nil, &errRequest{"PROXY-04", "malformed Forwarded field"}
			}
			into := map[string]*string{"for": &h.from, "proto": &h.proto, "host": &h.host}[strings.ToLower(name)]
			switch {
			case into == nil:
			case *into != "":
				return nil, &errRequest{"PROXY-04", "a parameter of Forwarded stands twice"}
			default:
				*into = value
			}
		}
		chain = append(chain, h)
	}
	return chain, nil
}

// splitQuoted splits s at separators that are outside quoted strings (RFC 9110 section 5.6.4).
func splitQuoted(s string, separator byte) []string {
	var parts []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// unquote returns what a token or quoted string stands for. It reports false for quotation marks that are anywhere
// else: by one that it leaves open, a client could draw what its proxy appends into a value of its own.
func unquote(s string) (string, bool) {
	if !strings.ContainsAny(s, `"\`) {
		return s, true
	}
	if len(s) < 2 || s[0] != '"' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), i == len(s)-1
		case s[i] == '\\':
			if i++; i == len(s) {
				return "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", false
}
