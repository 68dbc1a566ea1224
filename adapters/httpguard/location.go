package httpguard

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/dpop"
)

// location finds the URL that a request was sent to, and the certificate of its client.
type location struct {
	public  string          // scheme and host of PublicURL; empty if there is none
	prefix  string          // path of PublicURL, without a slash at its end
	paths   []pathPrefix    // the longest first
	origins map[string]bool // of Hosts; nil if any will do
	proxies Proxies
}

type pathPrefix struct{ internal, public string }

// A requestError is a fault of the request, by its rule.
type requestError struct{ rule, detail string }

func (e *requestError) Error() string { return e.rule + ": " + e.detail }

// The rules that requests break here. The outcome of ruleHosts is an answer of its own.
const (
	ruleHops        = "PROXY-02"
	ruleMalformed   = "PROXY-04"
	ruleHosts       = "PROXY-05"
	ruleTarget      = "PROXY-06"
	ruleCertificate = "MTLS-03"
)

// newLocation checks what is configured. resource is the API's identifier (RFC 9728), whose host is the API's where no
// other is configured.
func newLocation(config Config, resource string) (*location, error) {
	l := &location{proxies: config.Proxies}
	if err := l.proxies.check(); err != nil {
		return nil, err
	}
	l.proxies.CertificateName = cmp.Or(l.proxies.CertificateName, "X-SSL-Client-Cert")
	if err := l.setPublicURL(config.PublicURL); err != nil {
		return nil, err
	}
	if err := l.setPaths(config.PathPrefixes); err != nil {
		return nil, err
	}
	hosts := config.Hosts
	switch {
	case len(hosts) > 0 && l.public != "":
		return nil, fault("Hosts", "can't be combined with PublicURL, which is the one host: leave one of them empty")
	case len(hosts) == 0 && l.public == "" && resource != "":
		if u, err := url.Parse(resource); err == nil {
			hosts = []string{u.Host}
		}
	}
	return l, l.setHosts(hosts)
}

func (l *location) setPublicURL(public string) error {
	if public == "" {
		return nil
	}
	normal, err := dpop.NormalizeTarget(public)
	if err != nil || strings.ContainsAny(public, "?#") {
		return fault("PublicURL", fmt.Sprintf("%q is not an absolute http or https URL without userinfo, query and fragment, such as https://api.example/v1", public))
	}
	origin, path := cutOrigin(normal)
	l.public, l.prefix = origin, strings.TrimSuffix(path, "/")
	return nil
}

func (l *location) setPaths(prefixes map[string]string) error {
	for internal, public := range prefixes {
		from, fromErr := normalPath(internal)
		to, toErr := normalPath(public)
		if fromErr != nil || toErr != nil {
			return fault("PathPrefixes", fmt.Sprintf("%q: %q: both must be paths that begin with a slash", internal, public))
		}
		prefix := pathPrefix{strings.TrimSuffix(from, "/"), strings.TrimSuffix(to, "/")}
		if slices.ContainsFunc(l.paths, func(other pathPrefix) bool { return other.internal == prefix.internal }) {
			return fault("PathPrefixes", fmt.Sprintf("has %q twice, with and without a slash at its end", prefix.internal))
		}
		l.paths = append(l.paths, prefix)
	}
	slices.SortFunc(l.paths, func(a, b pathPrefix) int { return cmp.Compare(len(b.internal), len(a.internal)) })
	return nil
}

func (l *location) setHosts(hosts []string) error {
	for i, host := range hosts {
		if l.origins == nil {
			l.origins = make(map[string]bool)
		}
		name, wildcard := strings.CutPrefix(host, "*.")
		for _, scheme := range []string{"http", "https"} {
			origin, err := normalOrigin(scheme, name)
			if err != nil {
				return fault(fmt.Sprintf("Hosts[%d]", i), fmt.Sprintf("%q is not a host such as api.example, api.example:8443 or *.api.example", host))
			}
			if wildcard {
				origin = scheme + "://*." + strings.TrimPrefix(origin, scheme+"://")
			}
			l.origins[origin] = true
		}
	}
	return nil
}

// receivedTarget returns the request target as it was received (RFC 9112 section 3.2), whatever a router has made of
// r.URL. Servers other than net/http's may not fill it in.
func receivedTarget(r *http.Request) string {
	if r.RequestURI == "" && r.URL != nil {
		return r.URL.String()
	}
	return r.RequestURI
}

// url returns the absolute URL that the client asked for. Scheme and host are in normal form, as is the path where it is
// mapped; the query is as received.
func (l *location) url(r *http.Request) (string, error) {
	named, path, query, err := splitTarget(receivedTarget(r))
	if err != nil {
		return "", err
	}
	origin, err := l.origin(r)
	if err != nil {
		return "", err
	}
	if named != "" {
		// An absolute target must be taken, and its host goes before the Host field, as net/http has it (RFC 9112
		// section 3.2.2).
		if normal, err := dpop.NormalizeTarget(named); err != nil || normal != origin+"/" {
			return "", &requestError{ruleTarget, fmt.Sprintf("the absolute target is of %.256q, and the URL that counts of %q", named, origin)}
		}
	}
	if path, err = l.publicPath(path); err != nil {
		return "", err
	}
	return origin + path + query, nil
}

// splitTarget takes a request target apart. The origin is empty unless it is in the absolute form; the query has its
// question mark.
func splitTarget(target string) (origin, path, query string, err error) {
	if strings.Contains(target, "#") {
		return "", "", "", &requestError{ruleTarget, "the request target has a fragment"}
	}
	path = target
	if i := strings.IndexByte(target, '?'); i >= 0 {
		path, query = target[:i], target[i:]
	}
	switch {
	case strings.HasPrefix(path, "/"):
		return "", path, query, nil
	case path == "*":
		return "", "", query, nil // RFC 9112 section 3.3: it is about the whole server
	case strings.Contains(path, "://"):
		origin, path = cutOrigin(path)
		return origin, path, query, nil
	}
	return "", "", "", &requestError{ruleTarget, "the request target is neither a path nor an absolute URL"}
}

// cutOrigin splits an absolute URL in front of its path.
func cutOrigin(absolute string) (origin, path string) {
	host := strings.Index(absolute, "://") + len("://")
	if slash := strings.IndexByte(absolute[host:], '/'); slash >= 0 {
		return absolute[:host+slash], absolute[host+slash:]
	}
	return absolute, ""
}

// origin returns scheme and host of the URL that the client asked for, in normal form.
func (l *location) origin(r *http.Request) (string, error) {
	if l.public != "" {
		return l.public, nil
	}
	scheme, host := "http", r.Host
	if r.TLS != nil {
		scheme = "https"
	}
	proto, forwardedHost, err := l.proxies.forwarded(r)
	if err != nil {
		return "", err
	}
	if proto != "" {
		if scheme, err = httpScheme(proto); err != nil {
			return "", err
		}
	}
	host = cmp.Or(forwardedHost, host)
	origin, err := normalOrigin(scheme, host)
	if err != nil {
		return "", &requestError{ruleMalformed, fmt.Sprintf("the host %.256q is missing or malformed", host)}
	}
	if !l.serves(origin) {
		return "", &requestError{ruleHosts, fmt.Sprintf("the host %.256q is not one of those configured (Config.Hosts, or that of Resource)", host)}
	}
	return origin, nil
}

// httpScheme returns the scheme of the HTTP request. Some proxies forward that of the WebSocket that the request opens,
// whose handshake is sent over http or https (RFC 6455 section 3).
func httpScheme(forwarded string) (string, error) {
	switch strings.ToLower(forwarded) {
	case "https", "wss":
		return "https", nil
	case "http", "ws":
		return "http", nil
	}
	return "", &requestError{ruleMalformed, fmt.Sprintf("the forwarded scheme is %.32q, not http or https", forwarded)}
}

// serves reports whether the origin is of a configured host, or any will do.
func (l *location) serves(origin string) bool {
	if l.origins == nil || l.origins[origin] {
		return true
	}
	scheme, host, _ := strings.Cut(origin, "://")
	label, parent, _ := strings.Cut(host, ".")
	return label != "" && l.origins[scheme+"://*."+parent]
}

// publicPath replaces the longest configured prefix of the path, and puts that of PublicURL in front. The path is in
// normal form before that: neither an escape nor a dot segment may lead around a prefix.
func (l *location) publicPath(path string) (string, error) {
	if l.prefix == "" && len(l.paths) == 0 {
		return path, nil
	}
	normal, err := normalPath(cmp.Or(path, "/"))
	if err != nil {
		return "", &requestError{ruleTarget, "the path can't be put into normal form: " + err.Error()}
	}
	for _, prefix := range l.paths {
		if rest, within := strings.CutPrefix(normal, prefix.internal); within && (rest == "" || rest[0] == '/') {
			normal = prefix.public + rest
			break
		}
	}
	return l.prefix + normal, nil
}

var (
	errNotAHost = errors.New("not a host")
	errNotAPath = errors.New("not a path")
)

// normalOrigin returns scheme and host as DPoP proofs are compared: a host in lower case, without the scheme's own port.
func normalOrigin(scheme, host string) (string, error) {
	if strings.ContainsAny(host, "/?#") {
		return "", errNotAHost
	}
	normal, err := dpop.NormalizeTarget(scheme + "://" + host + "/")
	return strings.TrimSuffix(normal, "/"), err
}

// normalPath returns a path as DPoP proofs are compared.
func normalPath(path string) (string, error) {
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#") {
		return "", errNotAPath
	}
	normal, err := dpop.NormalizeTarget("http://a" + path)
	return strings.TrimPrefix(normal, "http://a"), err
}
