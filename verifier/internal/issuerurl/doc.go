// Package issuerurl turns what people write for an issuer into its identifier, and an identifier into the address of
// its metadata.
package issuerurl
