// Package issuer is an OAuth 2.0 issuer for tests, over TLS on a loopback address: it publishes metadata and keys,
// signs whatever tokens it is told to, rotates its keys, and misbehaves on request.
package issuer
