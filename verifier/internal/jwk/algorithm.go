package jwk

import (
	"cmp"
	"crypto"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// An algorithm is an asymmetric signature algorithm that a configuration may allow.
type algorithm struct {
	name   string
	source string // the specification and section that registers the name
	// kty is the family of its keys. curve is that of ECDSA.
	kty   string
	curve elliptic.Curve
	// hash makes the digest that is signed. Zero means that the algorithm hashes by itself.
	hash crypto.Hash
	// pss says RSASSA-PSS instead of RSASSA-PKCS1-v1_5.
	pss bool
	// tokenHash is the hash of at_hash and c_hash (OpenID Connect Core section 3.1.3.6).
	tokenHash *tokenHash
	// names is the one algorithm that the name stands for here, if that has a name of its own.
	names string
	// since is the first Go release that has it; empty means every release that Holdfast supports.
	since string
	// proofBytes is what a DPoP proof by it is longer than one by the other algorithms, in bytes.
	proofBytes int
}

// algorithms is the one table of algorithms. It has no row for none and none for HMAC, so that no configuration can
// allow them (RFC 8725 sections 2.1 and 3.2). A key that is not told its algorithm signs by the first row that fits.
var algorithms = []*algorithm{
	{name: "RS256", source: "RFC 7518 section 3.3", kty: "RSA", hash: crypto.SHA256, tokenHash: sum256},
	{name: "RS384", source: "RFC 7518 section 3.3", kty: "RSA", hash: crypto.SHA384, tokenHash: sum384},
	{name: "RS512", source: "RFC 7518 section 3.3", kty: "RSA", hash: crypto.SHA512, tokenHash: sum512},
	{name: "PS256", source: "RFC 7518 section 3.5", kty: "RSA", hash: crypto.SHA256, pss: true, tokenHash: sum256},
	{name: "PS384", source: "RFC 7518 section 3.5", kty: "RSA", hash: crypto.SHA384, pss: true, tokenHash: sum384},
	{name: "PS512", source: "RFC 7518 section 3.5", kty: "RSA", hash: crypto.SHA512, pss: true, tokenHash: sum512},
	{name: "ES256", source: "RFC 7518 section 3.4", kty: "EC", hash: crypto.SHA256, curve: elliptic.P256(), tokenHash: sum256},
	{name: "ES384", source: "RFC 7518 section 3.4", kty: "EC", hash: crypto.SHA384, curve: elliptic.P384(), tokenHash: sum384},
	{name: "ES512", source: "RFC 7518 section 3.4", kty: "EC", hash: crypto.SHA512, curve: elliptic.P521(), tokenHash: sum512},
	{name: "EdDSA", source: "RFC 8037 section 3.1", kty: "OKP", names: "Ed25519", tokenHash: sum512},
	{name: "Ed25519", source: "RFC 9864 section 2.2", kty: "OKP", tokenHash: sum512},
	{name: "ML-DSA-44", source: "RFC 9964 section 5", kty: "AKP", since: "1.27", tokenHash: shake256, proofBytes: 6 << 10},
	{name: "ML-DSA-65", source: "RFC 9964 section 5", kty: "AKP", since: "1.27", tokenHash: shake256, proofBytes: 8 << 10},
	{name: "ML-DSA-87", source: "RFC 9964 section 5", kty: "AKP", since: "1.27", tokenHash: shake256, proofBytes: 11 << 10},
}

var byName = func() map[string]*algorithm {
	named := make(map[string]*algorithm, len(algorithms))
	for _, a := range algorithms {
		named[a.name] = a
	}
	return named
}()

// built reports whether this program has the algorithm: its Go release, and the cryptographic module that it was built with.
func (a *algorithm) built() bool { return families[a.kty] != nil }

// is reports whether two names stand for one algorithm.
func (a *algorithm) is(b *algorithm) bool {
	return a == b || b != nil && (a.names == b.name || b.names == a.name)
}

// Algorithms returns the names that can be allowed in this program.
func Algorithms() []string {
	var names []string
	for _, a := range algorithms {
		if a.built() {
			names = append(names, a.name)
		}
	}
	return names
}

// Table writes the algorithms as a table in Markdown, those of later Go releases too.
func Table() string {
	var t strings.Builder
	t.WriteString("| name | keys | at_hash | specification | Go |\n|---|---|---|---|---|\n")
	for _, a := range algorithms {
		keys := a.kty
		if a.curve != nil {
			keys += ", " + a.curve.Params().Name
		}
		fmt.Fprintf(&t, "| `%s` | %s | %s | %s | %s |\n", a.name, keys, a.tokenHash.name, a.source, cmp.Or(a.since, "any"))
	}
	return t.String()
}

// CheckAlgorithm returns why a name, compared exactly, can't be allowed.
func CheckAlgorithm(name string) error {
	switch a := byName[name]; {
	case a == nil:
		return fmt.Errorf("is %q, not one of %s", name, strings.Join(Algorithms(), ", "))
	case !a.built():
		return fmt.Errorf("is %s, which needs Go %s or newer, and with GOFIPS140 a newer module than v1.0.0: build the program with that", name, a.since)
	}
	return nil
}

// Allowed returns the names that are accepted where these are configured. EdDSA is a name for whatever curve the key is
// on, so Ed25519, which names one curve, is accepted with it, and advertised. The reverse does not hold: a
// configuration that says Ed25519 wants names that are fully specified (RFC 9864 sections 1 and 4.4).
func Allowed(configured []string) []string {
	var accepted []string
	for _, name := range configured {
		if accepted = append(accepted, name); byName[name] != nil && byName[name].names != "" {
			accepted = append(accepted, byName[name].names)
		}
	}
	return unique(accepted)
}

// unique drops each name that was there before.
func unique(names []string) []string {
	var once []string
	for _, name := range names {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}

// ProofBytes is how much longer than usual a DPoP proof by one of these algorithms can be.
func ProofBytes(names []string) int {
	longest := 0
	for _, name := range names {
		if a := byName[name]; a != nil {
			longest = max(longest, a.proofBytes)
		}
	}
	return longest
}

// TokenHash returns the at_hash or c_hash of value in a token that is signed by alg: the left half of the value's hash,
// by the hash of the algorithm (OpenID Connect Core section 3.1.3.6). Ed25519 hashes by SHA-512 (RFC 8032 section 5.1).
// ML-DSA hashes by SHAKE256 (FIPS 204 section 3.7), of which 64 bytes are taken; no specification says how many, and
// npm oauth4webapi takes as many. An algorithm without a row is HS256.
func TokenHash(alg, value string) string {
	hash := sum256
	if a := byName[alg]; a != nil {
		hash = a.tokenHash
	}
	sum := hash.of([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// A tokenHash is a hash of at_hash.
type tokenHash struct {
	name string
	of   func(value []byte) []byte
}

var (
	sum256   = &tokenHash{"SHA-256", func(value []byte) []byte { sum := sha256.Sum256(value); return sum[:] }}
	sum384   = &tokenHash{"SHA-384", func(value []byte) []byte { sum := sha512.Sum384(value); return sum[:] }}
	sum512   = &tokenHash{"SHA-512", func(value []byte) []byte { sum := sha512.Sum512(value); return sum[:] }}
	shake256 = &tokenHash{"SHAKE256, 64 bytes", func(value []byte) []byte { return sha3.SumSHAKE256(value, 64) }}
)

// maxDigest is the length of the longest digest.
const maxDigest = sha512.Size

// digest appends the hash of signed to b; for an algorithm that hashes by itself it appends nothing.
func (a *algorithm) digest(b, signed []byte) []byte {
	switch a.hash {
	case crypto.SHA256:
		sum := sha256.Sum256(signed)
		return append(b, sum[:]...)
	case crypto.SHA384:
		sum := sha512.Sum384(signed)
		return append(b, sum[:]...)
	case crypto.SHA512:
		sum := sha512.Sum512(signed)
		return append(b, sum[:]...)
	}
	return b
}
