// Package jwk reads public keys, one by one so that an odd one never spoils the others, and verifies signatures with
// them, by the algorithm that fits the key and no other.
package jwk
