// Package httpfetch is a [ports.Fetcher] over net/http: it gets the JSON documents that issuers publish, their metadata
// and key sets, and tells how long they stay fresh (RFC 9111).
//
//	fetcher, err := httpfetch.New(httpfetch.Config{})
//	v, err := verifier.New(verifier.Config{Domain: "tenant.us.auth0.com", Audiences: audiences, Fetcher: fetcher})
//	defer v.Close()
//
// The same [Fetcher] is a [ports.TokenEndpoint]: it sends requests to an issuer's token endpoint.
//
// A client of the application's own (a private certificate authority, a proxy, tracing) goes into [Config.Client]; the
// bounds below hold for it too.
//
// # What is bounded
//
// URLs are absolute https ones without credentials or fragment, which is checked before a connection is made. At most
// 3 redirects are followed, from https to https only. One fetch has 10 seconds, from dialling to the last byte, and a
// body 1 MiB, counted after its content coding is undone. [Config] can change the last two, and can allow http on
// loopback hosts for tests. The same holds for a request to a token endpoint, but that no redirect is followed there.
//
// # Connections
//
// Keys and token requests have connections of their own, so that neither waits for the other. These are the bounds that a
// transport gets where it leaves them at zero, in the fields of [http.Transport] and [http.HTTP2Config]:
//
//	                            keys       token requests
//	MaxConnsPerHost             16         100
//	MaxIdleConnsPerHost         2          100
//	MaxIdleConns                100        100
//	IdleConnTimeout             30 s       30 s
//	TLSHandshakeTimeout         5 s        5 s
//	MaxResponseHeaderBytes      64 KiB     64 KiB
//	SendPingTimeout             3 s        3 s
//	PingTimeout                 3 s        3 s
//	MaxReceiveBufferPerStream   256 KiB    256 KiB
//
// Without a dial function of the application, a connection must be made within 5 seconds.
//
// A connection on which nothing comes back, since a host or a middlebox has forgotten it, is left: over HTTP/2 when a ping
// gets no answer, 6 seconds after the last sign of life; over HTTP/1.1 with the first request that runs out of time, and
// all idle ones to that host. The requests under way on it fail; none is sent again.
//
// # What an answer is
//
// Status 200 and a body that was read to its end; anything else is an error. Of a token endpoint each status is an answer. The media type is not looked at: issuers send key sets as application/jwk-set+json, application/json,
// text/plain and worse, and whoever parses the body finds out what it is. A fetch is neither repeated nor remembered:
// when to ask again is the caller's business.
//
// # Freshness
//
// [ports.Document.Fresh] is reckoned for a private cache, so s-maxage does not count. What can't be read is never an
// error (rule CACHE-02):
//
//   - no-store and no-cache, also no-cache with field names, say that the document must not be used again without asking.
//   - max-age counts, in quotes or not. Of several the shortest holds, and those that are not numbers are ignored.
//   - Expires less Date counts where there is no max-age. An Expires that is not a date has passed already (RFC 9111
//     section 5.3). Without a Date the time of receipt stands in for it.
//   - Age is taken off. The other estimates of RFC 9111 section 4.2.3 are left out: the apparent age is as wrong as the
//     two clocks are apart, and the time that the answer took is bounded by [Config.Timeout].
//   - Numbers of 2^31 seconds or more count as 2^31 (RFC 9111 section 1.2.2), and no lifetime is longer.
package httpfetch
