package httpfetch

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// maxRedirects is how many redirects one fetch follows (rule DISC-07).
const maxRedirects = 3

// The faults of a URL or of a redirect.
var (
	errUnreadable    = errors.New("the URL can't be parsed, want https://host/path")
	errNotAbsolute   = errors.New("the URL is not absolute, want https://host/path")
	errCredentials   = errors.New("the URL has a user or a password, want none")
	errFragment      = errors.New("the URL has a fragment, want none")
	errNotHTTPS      = errors.New("the URL is not https")
	errLoopbackHTTP  = errors.New("the URL is not https: for tests, Config.InsecureAllowLoopbackHTTP allows http on loopback hosts")
	errManyRedirects = errors.New("there are more than 3")
	errSchemeChanges = errors.New("its scheme is another")
)

// checkURL tells whether a request may go to target: over https, or over http to a loopback host where that is allowed.
func (f *Fetcher) checkURL(target *url.URL) error {
	switch {
	case target.Scheme == "" || target.Opaque != "" || target.Hostname() == "":
		return errNotAbsolute
	case target.User != nil:
		return errCredentials
	case target.Scheme == "http" && loopback(target.Hostname()):
		if !f.loopbackHTTP {
			return errLoopbackHTTP
		}
		return nil
	case target.Scheme != "https":
		return errNotHTTPS
	}
	return nil
}

// loopback tells whether host is localhost or a loopback address in its usual form; what "127.1" means is the
// resolver's guess.
func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.IsLoopback()
}

// A redirectPolicy is a CheckRedirect of [http.Client].
type redirectPolicy func(next *http.Request, via []*http.Request) error

// followRedirect returns the policy of this package. What it allows, theirs may still refuse, if there is one.
func (f *Fetcher) followRedirect(theirs redirectPolicy) redirectPolicy {
	return func(next *http.Request, via []*http.Request) error {
		err := f.checkRedirect(next, via)
		if err == nil && theirs != nil {
			err = theirs(next, via)
		}
		if err == nil || err == http.ErrUseLastResponse { // as net/http compares it
			return err
		}
		return &redirectError{next.URL, err}
	}
}

// followNoRedirect is the policy for token requests: what would be sent on are credentials (rule XCHG-16).
func followNoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (f *Fetcher) checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errManyRedirects
	}
	if err := f.checkURL(next.URL); err != nil {
		return err
	}
	if next.URL.Scheme != via[len(via)-1].URL.Scheme {
		return errSchemeChanges
	}
	next.Header.Del("Referer") // the query of the URL that was asked is for its own host
	return nil
}

// display returns how errors show a URL: quoted, cut short, and without what may be secret, which is the user, the
// password, the query and the fragment.
func display(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	if u.Opaque != "" {
		shown.Opaque = "..."
	}
	text := shown.String()
	if u.RawQuery != "" {
		text += "?..."
	}
	return fmt.Sprintf("%.200q", text)
}
