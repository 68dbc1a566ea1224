package verifiertest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// A Prover makes DPoP proofs (RFC 9449 section 4.2), as a client does. It is safe for concurrent use, once its fields
// are set.
type Prover struct {
	// Key signs the proofs.
	Key *Key
	// Clock is what iat is read from; nil means the system's.
	Clock ports.Clock
}

var errNoKey = errors.New("verifiertest: there is no key to sign with")

// Thumbprint is what an access token for this client has as cnf.jkt (RFC 9449 section 6.1).
func (p *Prover) Thumbprint() (string, error) {
	if p.Key == nil {
		return "", errNoKey
	}
	return p.Key.public.Thumbprint(), nil
}

// Proof returns a proof for one request. Its htu is url without query and fragment, and with a slash for an empty path,
// as strict servers want it (RFC 9449 section 4.2, RFC 9110 section 4.2.3). An accessToken that is not empty is named by
// its hash. What header and claims name is set on top of what a good proof has, and left out where it is [Absent].
func (p *Prover) Proof(method, url, accessToken string, header, claims Claims) (string, error) {
	if p.Key == nil {
		return "", errNoKey
	}
	check := settings.In("verifiertest", nil)
	source := check.ClockOr(p.Clock, memory.Clock{})
	if err := check.Err(); err != nil {
		return "", err
	}
	good := Claims{"jti": rand.Text(), "htm": method, "htu": targetURI(url), "iat": source.Now().Unix()}
	if accessToken != "" {
		sum := sha256.Sum256([]byte(accessToken))
		good["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	writtenHeader, err := overlay(Claims{"typ": "dpop+jwt", "alg": p.Key.Algorithm, "jwk": json.RawMessage(p.Key.public.Members())}, header)
	if err != nil {
		return "", err
	}
	payload, err := overlay(good, claims)
	if err != nil {
		return "", err
	}
	return p.Key.Sign(writtenHeader, payload)
}

// targetURI returns what of a URL is the target of a proof.
func targetURI(url string) string {
	if end := strings.IndexAny(url, "?#"); end >= 0 {
		url = url[:end]
	}
	if _, rest, absolute := strings.Cut(url, "://"); absolute && !strings.Contains(rest, "/") {
		url += "/"
	}
	return url
}

// overlay writes good with what changes names on top.
func overlay(good, changes Claims) ([]byte, error) {
	maps.Copy(good, changes)
	maps.DeleteFunc(good, func(_ string, value any) bool { return value == Absent })
	return json.Marshal(good)
}
