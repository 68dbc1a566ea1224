// Package jws reads a JSON Web Signature in compact form (RFC 7515 section 7.1), strictly: what it accepts has one
// spelling only, so that what was signed, what is read and what is remembered are the same thing.
package jws
