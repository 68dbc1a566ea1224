package httpfetch

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"time"
)

// Config says how documents are fetched. Its zero value suits issuers on the internet.
type Config struct {
	// Client sends the requests. Its Jar and Timeout are used as they are, and its CheckRedirect is asked about
	// redirects that the rules of this package allow. The client itself is never changed. Nil means a client of this
	// package's own: TLS 1.2 or newer, HTTP/2, and the proxies of the environment.
	//
	// Where its Transport is an [*http.Transport], or nil, which means [http.DefaultTransport], keys and token requests
	// are sent by two copies of it, made by New, whose connections are their own. Of the copies, the bounds that are
	// zero get the values that the package comment names. Any other RoundTripper is used as it is: whether it leaves a
	// dark connection, and who waits for whom, is then its own affair.
	Client *http.Client
	// Timeout bounds one fetch, from dialling to the last byte of the body. Zero means 10 seconds; negative is an
	// error. Where Client has a Timeout too, the shorter one holds.
	Timeout time.Duration
	// MaxBytes bounds a body, after its content coding is undone. Zero means 1 MiB; negative is an error.
	MaxBytes int64
	// PublicAddressesOnly refuses to connect to addresses that are not public: loopback, private, link-local, shared
	// (RFC 6598), multicast, reserved, those for documentation, and those that embed such an address (the registries of
	// RFC 6890). The address is checked when the connection is made, after the name was resolved, so neither a jwks_uri,
	// a redirect nor a name server can lead a fetch into the application's own network. Set it where issuers are not
	// trusted with that, as when tenants bring their own. A public address of the application's own network passes.
	//
	// Only what dials here can be checked: New refuses a Client whose Transport is no [*http.Transport], is nil, has a
	// dialler or a Proxy; and without a Client, an HTTPS_PROXY in the environment. InsecureAllowLoopbackHTTP contradicts
	// it.
	PublicAddressesOnly bool
	// InsecureAllowLoopbackHTTP allows http URLs whose host is localhost or a loopback address, and redirects from
	// one to another: for tests.
	InsecureAllowLoopbackHTTP bool
}

const (
	defaultTimeout  = 10 * time.Second
	defaultMaxBytes = 1 << 20
)

// withDefaults returns the config with its defaults, or an error that names every field that is wrong.
func (c Config) withDefaults() (Config, error) {
	var faults []error
	refuse := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("holdfast/httpfetch: Config."+format, args...))
	}
	if c.Timeout < 0 {
		refuse("Timeout is negative: %v", c.Timeout)
	}
	if c.MaxBytes < 0 {
		refuse("MaxBytes is negative: %d", c.MaxBytes)
	}
	if c.Client != nil {
		if isNil(c.Client.Transport) {
			refuse("Client.Transport is a nil %T: give it a value, or leave the field unset", c.Client.Transport)
		}
		if isNil(c.Client.Jar) {
			refuse("Client.Jar is a nil %T: give it a value, or leave the field unset", c.Client.Jar)
		}
	}
	if c.PublicAddressesOnly {
		if reason := uncheckable(c.Client); reason != "" {
			refuse("PublicAddressesOnly can't be kept: %s", reason)
		}
		if c.InsecureAllowLoopbackHTTP {
			refuse("PublicAddressesOnly contradicts InsecureAllowLoopbackHTTP: leave one of them out")
		}
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = defaultMaxBytes
	}
	return c, errors.Join(faults...)
}

// isNil tells whether value is a nil pointer or function in an interface that is not nil itself.
func isNil(value any) bool {
	v := reflect.ValueOf(value)
	return (v.Kind() == reflect.Pointer || v.Kind() == reflect.Func) && v.IsNil()
}

// uncheckable says why the addresses that client connects to can't be checked, and what to do; "" means that they can.
func uncheckable(client *http.Client) string {
	if client == nil {
		for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
			if os.Getenv(name) != "" {
				return name + " is set, and the proxy would choose the address: have the proxy refuse private addresses, " +
					"or set a Client with &http.Transport{ForceAttemptHTTP2: true}, which uses no proxy"
			}
		}
		return ""
	}
	const plain = ": give it an &http.Transport{...} without Proxy, dial functions and TLSNextProto, or leave Client nil"
	theirs, ok := client.Transport.(*http.Transport)
	switch {
	case client.Transport == nil:
		return "Client.Transport is nil, which means http.DefaultTransport with its own dialler" + plain
	case !ok:
		return fmt.Sprintf("Client.Transport is a %T, which dials as it likes", client.Transport) + plain
	case theirs == nil:
		return "" // refused already
	}
	switch transport := copyOf(theirs); {
	case transport.Proxy != nil:
		return "Client.Transport has a Proxy, which would choose the address" + plain
	case transport.DialContext != nil || transport.DialTLSContext != nil:
		return "Client.Transport has a dial function" + plain
	case len(transport.TLSNextProto) > 0:
		return "Client.Transport has a TLSNextProto, which may have connections of its own" + plain
	}
	return ""
}
