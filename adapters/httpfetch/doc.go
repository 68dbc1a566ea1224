// Package httpfetch is a [ports.Fetcher] over net/http: it gets the JSON documents that issuers publish, with bounds on
// time, size and redirects, and tells how long they are fresh (RFC 9111).
//
//	fetcher, err := httpfetch.New(httpfetch.Config{})
//
// A client of your own (for a proxy, a private certificate authority, tracing) goes into [Config.Client]; the bounds hold
// for it too.
package httpfetch
