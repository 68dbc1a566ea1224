package player

import (
	"encoding/base64"
	"strings"
)

// Segments changes the segments of a compact form.
func Segments(change func([]string) []string) func(string) string {
	return func(compact string) string { return strings.Join(change(strings.Split(compact, ".")), ".") }
}

// Segment changes one part of a compact JWS: 0 is the header, 1 the payload, 2 the signature.
func Segment(i int, change func(string) string) func(string) string {
	return Segments(func(parts []string) []string {
		parts[i] = change(parts[i])
		return parts
	})
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// Flip changes the lowest bit of one character of base64url.
func Flip(encoded string, i int) string {
	return encoded[:i] + string(alphabet[strings.IndexByte(alphabet, encoded[i])^1]) + encoded[i+1:]
}

// FlipLast sets a bit that encodes nothing, in a segment whose length leaves some.
func FlipLast(encoded string) string { return Flip(encoded, len(encoded)-1) }

// ChangeByte replaces a part of what is encoded by another of the same length.
func ChangeByte(old, new string) func(string) string {
	return func(encoded string) string {
		decoded, _ := base64.RawURLEncoding.DecodeString(encoded)
		return base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(decoded), old, new, 1)))
	}
}
