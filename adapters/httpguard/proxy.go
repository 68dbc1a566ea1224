package httpguard

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies says which proxies are in front of this process, and what they write. Its zero value is none: then the URL is
// that of the connection, and no forwarded field is read.
//
// What is usual, by proxy (docs/guide/proxies.md says what each must be told):
//
//	nginx, HAProxy, Envoy, AWS ALB:  Proxies{Hops: 1, Forwarded: XForwardedFor | XForwardedProto}
//	Google Cloud load balancers:     Proxies{Hops: 2, Forwarded: XForwardedFor | XForwardedProto}
//	Traefik, Caddy:                  Proxies{Hops: 1, Forwarded: XForwardedFor | XForwardedProto | XForwardedHost}
//
// With Trusted in place of Hops where their addresses are known. Where the API has one public URL, Config.PublicURL is
// simpler and needs none of this.
type Proxies struct {
	// Trusted are the addresses of the proxies. What a peer outside them says of the request is ignored. With
	// several proxies in a row each of them must be in it: the chain is read from the right for as long as it names
	// trusted addresses, by XForwardedFor or Forwarded. Without either, only the nearest proxy's word counts.
	Trusted []netip.Prefix
	// Hops is how many proxies there are, up to 32, for those whose addresses aren't known: the chain is read that
	// far from the right. It believes every peer, so nothing but the proxies may be able to reach this process. It
	// can't be combined with Trusted. More than one needs XForwardedFor or Forwarded, which count them.
	Hops int
	// Forwarded is which header fields the proxies write: each of the proxies overwrites or appends to each of
	// them. The others are never read, since proxies pass on what a client has sent under their names. It is
	// required with Trusted and Hops, unless the proxies only forward certificates.
	Forwarded ForwardedFields
	// Certificate is how they forward the client's certificate.
	Certificate CertificateField
	// CertificateName is the name of the field for CertificateEscapedPEM. Empty means X-SSL-Client-Cert.
	CertificateName string
}

// ForwardedFields is a set of header fields in which proxies write what they know of a request, joined by |.
type ForwardedFields uint

// The fields. X-Forwarded-Port and X-Forwarded-Prefix are never read: a port or a path that the Host field does not show
// is for [Config.PublicURL].
const (
	// XForwardedFor: X-Forwarded-For, the address that each proxy was called from, the nearest proxy's last.
	XForwardedFor ForwardedFields = 1 << iota
	// XForwardedProto: X-Forwarded-Proto, the scheme by which it was called: http or https, or ws or wss for the
	// request that opens a WebSocket. One value holds for all proxies; several go with those of X-Forwarded-For.
	XForwardedProto
	// XForwardedHost: X-Forwarded-Host, the Host field that it received, in the same way. Without it the host is
	// that of the Host field, which the proxies must then pass on.
	XForwardedHost
	// Forwarded: the Forwarded field of RFC 7239, its parameters for, proto and host. It can't be combined with the
	// others.
	Forwarded

	xForwarded = XForwardedFor | XForwardedProto | XForwardedHost
)

var forwardedNames = []string{"XForwardedFor", "XForwardedProto", "XForwardedHost", "Forwarded"}

// String returns the names of the constants, joined by |.
func (f ForwardedFields) String() string {
	var names []string
	for i, name := range forwardedNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if unknown := f &^ (xForwarded | Forwarded); unknown != 0 || f == 0 {
		names = append(names, fmt.Sprintf("ForwardedFields(%d)", uint(unknown)))
	}
	return strings.Join(names, "|")
}

// maxHops bounds how many elements of a forwarded field are looked at, and maxElementBytes one of them. Real
// chains are far shorter.
const (
	maxHops         = 32
	maxElementBytes = 4 << 10
)

// check says what can't work.
func (p *Proxies) check() error {
	const some = "Proxies.Trusted or Proxies.Hops"
	none, fields := p.Hops == 0 && len(p.Trusted) == 0, p.Forwarded
	switch {
	case p.Hops < 0 || p.Hops > maxHops:
		return fault("Proxies.Hops", fmt.Sprintf("is %d: it must be from 0 to %d", p.Hops, maxHops))
	case p.Hops > 0 && len(p.Trusted) > 0:
		return fault("Proxies.Hops", "can't be combined with Proxies.Trusted: name the proxies by number or by address")
	case fields&^(xForwarded|Forwarded) != 0:
		return fault("Proxies.Forwarded", fmt.Sprintf("is %v: it must be of %s", fields, strings.Join(forwardedNames, ", ")))
	case fields&Forwarded != 0 && fields != Forwarded:
		return fault("Proxies.Forwarded", "can't have both Forwarded and X-Forwarded fields: choose those that the proxies write")
	case fields != 0 && none:
		return fault("Proxies.Forwarded", "needs "+some+": whose fields are they?")
	case p.Hops > 1 && fields != 0 && fields&(XForwardedFor|Forwarded) == 0:
		return fault("Proxies.Forwarded", "needs XForwardedFor or Forwarded where Proxies.Hops is over 1: nothing else counts proxies")
	case p.Certificate < CertificateOfConnection || p.Certificate > CertificateXFCC:
		return fault("Proxies.Certificate", fmt.Sprintf("is %d, not one of %s", int(p.Certificate), strings.Join(certificateNames, ", ")))
	case p.Certificate != CertificateOfConnection && none:
		return fault("Proxies.Certificate", "needs "+some+": who forwards it?")
	case fields == 0 && p.Certificate == CertificateOfConnection && !none:
		return fault("Proxies.Forwarded", "is required with "+some+": the fields that the proxies write, such as XForwardedFor | XForwardedProto")
	case p.CertificateName != "" && p.Certificate != CertificateEscapedPEM:
		return fault("Proxies.CertificateName", "is only for CertificateEscapedPEM")
	}
	for i, prefix := range p.Trusted {
		if !prefix.IsValid() {
			return fault(fmt.Sprintf("Proxies.Trusted[%d]", i), "is not a valid prefix: make it by netip.ParsePrefix")
		}
	}
	return nil
}

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

// isProxied reports whether the peer of the connection is a trusted proxy.
func (p *Proxies) isProxied(r *http.Request) bool { return p.Hops > 0 || p.trusts(r.RemoteAddr) }

// forwarded returns what the outermost proxy that is trusted says of the client's request: everything to the left of it
// is the client's word (RFC 7239 section 7.4). What it does not say is empty.
func (p *Proxies) forwarded(r *http.Request) (proto, host string, err error) {
	switch {
	case p.Forwarded == 0 || !p.isProxied(r):
		return "", "", nil
	case p.Forwarded == Forwarded:
		return p.rfc7239(r.Header.Values("Forwarded"))
	}
	return p.xForwarded(r.Header)
}

// xForwarded reads the X-Forwarded fields. A proxy adds one element to each of them, so that the elements at one place
// are of one proxy; or the proxy that faces the client has set the one value, and the others have kept it.
func (p *Proxies) xForwarded(header http.Header) (proto, host string, err error) {
	from, protos, hosts := p.list(header, XForwardedFor), p.list(header, XForwardedProto), p.list(header, XForwardedHost)
	hops := max(from.length, protos.length, hosts.length)
	switch {
	case hops == 0:
		return "", "", nil
	case hops > maxHops:
		return "", "", &requestError{ruleMalformed, fmt.Sprintf("an X-Forwarded field has over %d elements", maxHops)}
	case from.length != 0 && from.length != hops, protos.length > 1 && protos.length != hops, hosts.length > 1 && hosts.length != hops:
		return "", "", &requestError{ruleMalformed, fmt.Sprintf("X-Forwarded-For, -Proto and -Host have %d, %d and %d elements", from.length, protos.length, hosts.length)}
	case hops < p.Hops:
		return "", "", tooFewHops(hops, p.Hops)
	}
	at := max(p.Hops-1, 0)
	for p.Hops == 0 && at < hops-1 && p.trusts(from.fromRight(at)) {
		at++
	}
	return protos.fromRight(at), hosts.fromRight(at), nil
}

func tooFewHops(are, configured int) error {
	return &requestError{ruleHops, fmt.Sprintf("%d proxies have forwarded the request, and Proxies.Hops is %d", are, configured)}
}

// A list is a header field of elements between commas, in however many lines.
type list struct {
	lines  []string
	length int
}

var xForwardedNames = map[ForwardedFields]string{
	XForwardedFor: "X-Forwarded-For", XForwardedProto: "X-Forwarded-Proto", XForwardedHost: "X-Forwarded-Host",
}

// list returns an X-Forwarded field, empty if the proxies don't write it.
func (p *Proxies) list(header http.Header, field ForwardedFields) list {
	if p.Forwarded&field == 0 {
		return list{}
	}
	l := list{lines: header.Values(xForwardedNames[field])}
	for _, line := range l.lines {
		l.length += 1 + strings.Count(line, ",")
	}
	return l
}

// fromRight returns the element at a place counted from the right, from 0; the only one for every place.
func (l list) fromRight(at int) string {
	if l.length == 1 {
		at = 0
	}
	for i := len(l.lines) - 1; i >= 0; i-- {
		for rest, more := l.lines[i], true; more; at-- {
			comma := strings.LastIndexByte(rest, ',')
			if at == 0 {
				return strings.TrimSpace(rest[comma+1:])
			}
			if more = comma >= 0; more {
				rest = rest[:comma]
			}
		}
	}
	return ""
}
