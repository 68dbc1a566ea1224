package httpfetch

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// maxRedirects is how many redirects one fetch follows (rule DISC-07).
const maxRedirects = 3

// The faults of a URL or of a redirect. Their texts hold nothing of the URL, which a server may have written.
var (
	errNotAbsolute   = errors.New("the URL is not absolute")
	errCredentials   = errors.New("the URL has credentials")
	errFragment      = errors.New("the URL has a fragment")
	errNotHTTPS      = errors.New("the URL is not https")
	errManyRedirects = errors.New("there are more than 3")
	errSchemeChanges = errors.New("it leads to another scheme")
)

// checkURL tells whether a request may go to target: over https, or over http to a loopback host where that is allowed.
func (f *Fetcher) checkURL(target *url.URL) error {
	switch {
	case target.Scheme == "" || target.Opaque != "" || target.Hostname() == "":
		return errNotAbsolute
	case target.User != nil:
		return errCredentials
	case target.Scheme == "http" && f.loopbackHTTP && loopback(target.Hostname()):
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
		return &redirectError{err}
	}
}

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
