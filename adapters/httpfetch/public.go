package httpfetch

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// nonPublicIPv4 are the blocks of the IANA IPv4 Special-Purpose Address Registry (RFC 6890) that are not globally
// reachable or serve no host, multicast, and one address of a cloud.
var nonPublicIPv4 = prefixes(
	"0.0.0.0/8",        // this network (RFC 791)
	"10.0.0.0/8",       // private use (RFC 1918)
	"100.64.0.0/10",    // shared address space of carriers (RFC 6598)
	"127.0.0.0/8",      // loopback (RFC 1122)
	"168.63.129.16/32", // the platform of Azure, which only its own machines reach
	"169.254.0.0/16",   // link-local, the metadata services of clouds among them (RFC 3927)
	"172.16.0.0/12",    // private use (RFC 1918)
	"192.0.0.0/24",     // IETF protocol assignments (RFC 6890)
	"192.0.2.0/24",     // documentation (RFC 5737)
	"192.88.99.0/24",   // relays of 6to4, deprecated (RFC 7526)
	"192.168.0.0/16",   // private use (RFC 1918)
	"198.18.0.0/15",    // benchmarking (RFC 2544)
	"198.51.100.0/24",  // documentation (RFC 5737)
	"203.0.113.0/24",   // documentation (RFC 5737)
	"224.0.0.0/4",      // multicast (RFC 5771)
	"240.0.0.0/4",      // reserved, and limited broadcast (RFC 1112, RFC 8190)
)

var (
	// globalIPv6 is all that is handed out of IPv6 as global unicast (RFC 4291 section 2.4). Loopback, unspecified,
	// unique local, link-local, multicast and what embeds IPv4 addresses outside 2002::/16 are not in it.
	globalIPv6 = netip.MustParsePrefix("2000::/3")
	// nonPublicIPv6 are the parts of globalIPv6 in which no public host is.
	nonPublicIPv6 = prefixes(
		"2001::/23",     // IETF protocol assignments, Teredo, benchmarking and ORCHID among them (RFC 2928)
		"2001:db8::/32", // documentation (RFC 3849)
		"2002::/16",     // 6to4, which embeds an IPv4 address (RFC 3056)
		"3fff::/20",     // documentation (RFC 9637)
	)
	// nat64 is how networks without IPv4 reach an IPv4 address, which is its last four bytes (RFC 6052).
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(texts ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		parsed[i] = netip.MustParsePrefix(text)
	}
	return parsed
}

// public tells whether an address is of a host on the internet.
func public(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if nat64.Contains(address) {
		embedded := address.As16()
		address = netip.AddrFrom4([4]byte(embedded[12:]))
	}
	within := func(p netip.Prefix) bool { return p.Contains(address) }
	if address.Is4() {
		return !slices.ContainsFunc(nonPublicIPv4, within)
	}
	return globalIPv6.Contains(address) && !slices.ContainsFunc(nonPublicIPv6, within)
}

// An addressError says that a connection to an address was refused before it was made.
type addressError struct{ address string }

func (e *addressError) Error() string {
	return fmt.Sprintf("not connected to %.60q, which is not a public address (Config.PublicAddressesOnly)", e.address)
}

// refuseNonPublic returns a ControlContext of [net.Dialer], which is asked about each address that a name was resolved
// to, just before the connection is made: what a name server says afterwards makes no difference (rule FETCH-03).
func refuseNonPublic(public func(netip.Addr) bool) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		if parsed, err := netip.ParseAddrPort(address); err != nil || !public(parsed.Addr()) {
			return &addressError{address}
		}
		return nil
	}
}
