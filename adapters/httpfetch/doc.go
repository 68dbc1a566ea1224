// Package httpfetch is a [ports.Fetcher] over net/http: it gets the JSON documents that issuers publish, their metadata
// and key sets, and tells how long they stay fresh (RFC 9111).
//
//	fetcher, err := httpfetch.New(httpfetch.Config{})
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
// # What an answer is
//
// Status 200 and a body that was read to its end; anything else is an error, but of a token endpoint, where each status
// is an answer. The media type is not looked at: issuers send key sets as application/jwk-set+json, application/json,
// text/plain and worse, and whoever parses the body finds out what it is. A fetch is neither repeated nor remembered:
// when to ask again is the caller's business.
//
// # Freshness
//
// [ports.Document.Fresh] is reckoned for a private cache, so s-maxage does not count. What can't be read is never an
// error (rule CACHE-02):
//
//   - no-store and no-cache, also no-cache with field names, say that the document must not be used again without asking.
//   - max-age counts, in quotes or not. Of several the shortest holds, and those that are no number are passed over.
//   - Expires less Date counts where there is no max-age. An Expires that is no date has passed already (RFC 9111
//     section 5.3). Without a Date the time of receipt stands in for it.
//   - Age is taken off. The other estimates of RFC 9111 section 4.2.3 are left out: the apparent age is as wrong as the
//     two clocks are apart, and the time that the answer took is bounded by [Config.Timeout].
//   - Numbers of 2^31 seconds or more count as 2^31 (RFC 9111 section 1.2.2), and no lifetime is longer.
package httpfetch
