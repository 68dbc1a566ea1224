package dpop

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/jws"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

// Config says which proofs are good. Its zero value is usable.
type Config struct {
	// Algorithms are the signature algorithms accepted, of those that [verifier.Algorithms] returns. Empty means only
	// ES256. EdDSA stands for Ed25519 as well.
	//
	// [verifier.Algorithms]: https://pkg.go.dev/github.com/holdfast-go/holdfast/verifier#Algorithms
	Algorithms []string `default:"ES256"`
	// MaxAge is how old a proof may be, by its iat. Zero means 300 seconds.
	MaxAge time.Duration `default:"300s"`
	// Leeway is how far ahead a proof's iat may be, and how far clocks may differ when its exp and nbf are checked.
	// Zero means 30 seconds, negative none.
	Leeway time.Duration `default:"30s" negative:"none"`
	// MaxProofBytes bounds a proof before it is parsed. Zero means 8 KiB, and where Algorithms has ML-DSA-44, -65 or
	// -87 also 6, 8 or 11 KiB more, as their keys and signatures take.
	MaxProofBytes int `default:"8 KiB"`
	// Clock tells the time; nil means the system's.
	Clock ports.Clock
	// SignatureVerifier verifies signatures in place of the standard library, for speed. Where it can't tell or panics, the
	// standard library verifies. Nil means that it always does.
	SignatureVerifier ports.SignatureVerifier
}

// A Checker checks proofs. It does not change, and is safe for concurrent use.
type Checker struct {
	form           jwt.Form
	maxAge, leeway time.Duration
	clock          ports.Clock
	signatures     *jwk.Verifier
}

// longest keeps sums of times from overflowing.
const longest = 50 * 365 * 24 * time.Hour

// New returns a checker by config. Its error names the fields that can't work.
func New(config Config) (*Checker, error) {
	check := settings.In("dpop", config)
	c := &Checker{
		form:   jwt.Form{Algorithms: check.AlgorithmNames("Algorithms")},
		maxAge: min(check.Duration("MaxAge"), longest),
		leeway: min(check.Duration("Leeway"), longest),
		clock:  check.ClockOr(config.Clock, memory.Clock{}),
	}
	check.Port("SignatureVerifier", config.SignatureVerifier)
	c.signatures = jwk.NewVerifier(config.SignatureVerifier, nil)
	if c.form.MaxBytes = check.Int("MaxProofBytes"); config.MaxProofBytes == 0 {
		c.form.MaxBytes += jwk.ProofBytes(c.form.Algorithms)
	}
	if err := check.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// A Request is what a proof must be for.
type Request struct {
	// Method is the request's method, as sent.
	Method string
	// URL is the absolute URL that the client asked for: the one before any proxy. Its query and fragment don't
	// count.
	URL string
	// AccessToken is the token that came with the proof. Empty means none, as at a token endpoint: then the proof
	// need not name one.
	AccessToken string
	// AccessTokenHash is the SHA-256 of AccessToken, for a caller who has it already. Zero means that Check computes
	// it.
	AccessTokenHash [sha256.Size]byte
	// Thumbprint is what the access token's cnf.jkt says (RFC 9449 section 6.1): the proof must be by that key. It is
	// compared before the signature is verified, so that only a key that the issuer has seen costs a verification.
	// Empty means that the caller compares [Proof.Thumbprint] where the token is bound.
	Thumbprint string
}

// A Proof is a DPoP proof that is valid for its request.
type Proof struct {
	// Thumbprint is the JWK thumbprint (RFC 7638, SHA-256) of the key that the sender has proved to hold. An access
	// token is bound to it by cnf.jkt (RFC 9449 section 6.1).
	Thumbprint string
	// ID is the proof's jti.
	ID string
	// IssuedAt is its iat.
	IssuedAt time.Time
	// Nonce is its nonce; HasNonce is false if it has none or one that is not a string.
	Nonce    string
	HasNonce bool
	// Window is how much longer the proof could be accepted, anywhere in a fleet whose clocks differ by the leeway:
	// for so long its first use must be remembered. It is positive.
	Window time.Duration
}

// Check reports whether proof, the value of the one DPoP header field, is good for r by RFC 9449 section 4.3, items 2 to
// 9, 11 and 12. Its errors are of type [*Error]. It leaves to the caller: that there was one header field (item 1), the
// nonce (item 10, see [Nonces.Check]), and first use (section 11.1). It does no I/O.
//
// A proof's RSA key must have at most 4096 bits and an exponent of at most 65537, whatever the issuer's may have.
func (c *Checker) Check(proof string, r Request) (*Proof, error) {
	checked, err := c.check(proof, r)
	if err != nil {
		return nil, err
	}
	return checked, nil
}

func (c *Checker) check(proof string, r Request) (*Proof, *Error) {
	message, err := c.parse(proof)
	if err != nil {
		return nil, err
	}
	key, err := embeddedKey(message)
	if err != nil {
		return nil, err
	}
	checked := &Proof{Thumbprint: key.Thumbprint()}
	if r.Thumbprint != "" && r.Thumbprint != checked.Thumbprint { // neither is secret
		return nil, &Error{Rule: "DPOP-BIND-01", Detail: "the access token is bound to another key than the proof's", Binding: true}
	}
	if !message.Verify(key, c.signatures) {
		return nil, broken("DPOP-FORM-06", "the signature is not that of jwk")
	}
	claims := message.Payload
	err = cmp.Or(
		checkID(claims, checked), checkMethod(claims, r.Method), checkTarget(claims, r.URL), c.checkTimes(claims, checked),
		checkTokenHash(claims, r),
	)
	if err != nil {
		return nil, err
	}
	var nonce strictjson.Value
	nonce, checked.HasNonce = claims.Lookup("nonce")
	checked.Nonce, _ = nonce.Text()
	return checked, nil
}

// parse checks the proof's form and header (items 2, 4 and 5).
func (c *Checker) parse(proof string) (*jws.Message, *Error) {
	if c.form.CheckSize(proof) != nil {
		return nil, broken("DPOP-REQ-08", "the proof is over the size bound")
	}
	message, fault := c.form.Parse(proof)
	switch {
	case message == nil:
		return nil, broken("DPOP-FORM-01", fault.Detail)
	case message.Type != "dpop+jwt":
		return nil, broken("DPOP-FORM-02", "typ is not dpop+jwt")
	case fault != nil:
		return nil, broken("DPOP-FORM-03", fault.Detail)
	}
	return message, nil
}

// embeddedKey reads the header's jwk, the only key that may verify the proof (items 6 and 7).
func embeddedKey(message *jws.Message) (*jwk.Key, *Error) {
	value, found := message.Header.Lookup("jwk")
	if !found {
		return nil, broken("DPOP-FORM-04", "jwk is missing")
	}
	if value.Kind() != strictjson.ObjectKind {
		return nil, broken("DPOP-FORM-04", "jwk is not an object")
	}
	key, err := jwk.ParseEmbedded(value.Raw())
	switch {
	case errors.Is(err, jwk.ErrPrivate):
		return nil, broken("DPOP-FORM-04", "jwk is a private or symmetric key")
	case err != nil:
		return nil, broken("DPOP-FORM-05", "jwk: "+err.Error())
	case !key.Fits(message.Algorithm):
		return nil, broken("DPOP-FORM-05", "jwk does not fit alg")
	}
	return key, nil
}

// maxIDBytes bounds a jti.
const maxIDBytes = 1 << 10

func checkID(claims strictjson.Object, checked *Proof) *Error {
	var isText bool
	if checked.ID, isText = claims.Text("jti"); !isText || settings.Blank(checked.ID) || len(checked.ID) > maxIDBytes {
		return broken("DPOP-CLM-01", "jti is not a non-blank string of at most 1 KiB")
	}
	return nil
}

// checkMethod compares htm with the method (item 8), with case: methods have one (RFC 9110 section 9.1).
func checkMethod(claims strictjson.Object, method string) *Error {
	if htm, isText := claims.Text("htm"); !isText || htm == "" || htm != method {
		return broken("DPOP-CLM-02", "htm is not the request's method")
	}
	return nil
}

// checkTarget compares htu with the request's URL (item 9).
func checkTarget(claims strictjson.Object, url string) *Error {
	htu, isText := claims.Text("htu")
	if !isText {
		return broken("DPOP-CLM-03", "htu is not a string")
	}
	proved, err := NormalizeTarget(htu)
	if err != nil {
		return broken("DPOP-CLM-03", "htu "+err.Error())
	}
	if htu == withoutQuery(url) {
		return nil
	}
	requested, err := NormalizeTarget(url)
	if err != nil {
		return broken("DPOP-CLM-04", "the request's URL "+err.Error())
	}
	if proved != requested {
		return broken("DPOP-CLM-04", fmt.Sprintf("htu is %.512q, the request's URL %.512q", proved, requested))
	}
	return nil
}

// checkTimes checks iat (item 11, both edges inclusive), and exp and nbf if the proof has them.
func (c *Checker) checkTimes(claims strictjson.Object, checked *Proof) *Error {
	times := jwt.Times{Now: c.clock.Now(), Leeway: c.leeway}
	issuedAt, found, err := jwt.Date(claims, "iat")
	switch {
	case !found || err != nil:
		return broken("DPOP-CLM-08", "iat is not a number in range")
	case issuedAt.Add(c.maxAge).Before(times.Now):
		return broken("DPOP-CLM-08", "the proof is too old")
	case times.ToCome(issuedAt, 0):
		return broken("DPOP-CLM-08", "the proof is from the future")
	}
	if expires, found, err := jwt.Date(claims, "exp"); err != nil || found && times.Past(expires) {
		return broken("DPOP-CLM-09", "exp is past or malformed")
	}
	if notBefore, found, err := jwt.Date(claims, "nbf"); err != nil || found && times.ToCome(notBefore, 0) {
		return broken("DPOP-CLM-09", "nbf is still to come or malformed")
	}
	checked.IssuedAt = issuedAt
	checked.Window = issuedAt.Add(c.maxAge+c.leeway).Sub(times.Now) + edge
	return nil
}

// edge is for how long a proof's window is open after its end, which is inclusive.
const edge = time.Second

// MaxWindow is the longest [Proof.Window] of a proof: one whose iat is as far ahead as it may be.
func (c *Checker) MaxWindow() time.Duration { return c.maxAge + 2*c.leeway + edge }

// hashLength is that of a SHA-256 in base64url.
const hashLength = 43

// checkTokenHash compares ath with the hash of the access token (item 12), in constant time.
func checkTokenHash(claims strictjson.Object, r Request) *Error {
	if r.AccessToken == "" {
		return nil
	}
	ath, isText := claims.Text("ath")
	sum := r.AccessTokenHash
	if sum == [sha256.Size]byte{} {
		sum = sha256.Sum256([]byte(r.AccessToken))
	}
	want := base64.RawURLEncoding.AppendEncode(make([]byte, 0, hashLength), sum[:])
	if !isText || subtle.ConstantTimeCompare([]byte(ath), want) != 1 {
		return broken("DPOP-CLM-10", "ath is not the hash of the access token")
	}
	return nil
}

// ReplayKey is what the first use of the proof is remembered by: a fixed length, of the key and the jti (RFC 9449
// section 11.1), so that the same jti under another key is another proof.
func (p *Proof) ReplayKey() string {
	// A thumbprint always has 43 characters, so that the two can't run into one another.
	const usual = 128
	sum := sha256.Sum256(append(append(make([]byte, 0, usual), p.Thumbprint...), p.ID...))
	const prefix = "dpop:"
	return string(base64.RawURLEncoding.AppendEncode(append(make([]byte, 0, len(prefix)+hashLength), prefix...), sum[:]))
}
