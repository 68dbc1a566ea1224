package player

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// Fields are members of a JSON object, on top of good ones. A value of type In counts from now, one of type From is
// asked for, and Absent leaves the member out.
type Fields map[string]any

// In is a NumericDate so many seconds from now.
type In float64

// From is a value that depends on the run.
type From func(*Run) any

// Absent leaves a member out.
const Absent = verifiertest.Absent

// A Token says how an access token differs from a good one.
type Token struct {
	Header, Claims Fields
	// MoreHeader and MoreClaims are written as they are behind the other members: `,"iss":"x"`.
	MoreHeader, MoreClaims string
	// RawHeader and RawClaims replace the whole objects.
	RawHeader, RawClaims func(string) string
	// Key names the key that signs; empty means the issuer's. The kid is that of the key.
	Key string
	// Sign makes the signature instead of the key.
	Sign func(run *Run, signed []byte) []byte
	// Edit changes the compact form.
	Edit func(string) string
	// Bound binds the token to the client's key whatever the mode, Unbound does not.
	Bound, Unbound bool
}

// A Proof says how a DPoP proof differs from a good one.
type Proof struct {
	Header, Claims         Fields
	MoreHeader, MoreClaims string
	RawHeader, RawClaims   func(string) string
	Key                    string // empty means the client's; jwk is always its public half, unless Header says otherwise
	Edit                   func(string) string
}

// resolve returns f with its values as they are now.
func (run *Run) resolve(f Fields) Fields {
	resolved := make(Fields, len(f))
	for name, value := range f {
		switch value := value.(type) {
		case In:
			resolved[name] = number(float64(run.Now().Unix()) + float64(value))
		case From:
			resolved[name] = value(run)
		case Fields:
			resolved[name] = run.resolve(value)
		default:
			resolved[name] = value
		}
	}
	return resolved
}

// number writes a date as issuers do: without a fraction or exponent where it has none.
func number(n float64) json.Number {
	if n == float64(int64(n)) {
		return json.Number(fmt.Sprint(int64(n)))
	}
	return json.Number(fmt.Sprintf("%.3f", n))
}

// object writes a JSON object: good members, changes on top, more behind, and raw over all of it.
func (run *Run) object(good, changes Fields, more string, raw func(string) string) []byte {
	maps.Copy(good, run.resolve(changes))
	maps.DeleteFunc(good, func(_ string, value any) bool { return value == Absent })
	written, err := json.Marshal(good)
	run.Must(err)
	text := strings.TrimSuffix(string(written), "}") + more + "}"
	if raw != nil {
		text = raw(text)
	}
	return []byte(text)
}

// Sign makes an access token.
func (run *Run) Sign(t Token) string {
	name := t.Key
	if name == "" {
		name = SigningKey
	}
	key := run.Key(name)
	if run.Failed() {
		return ""
	}
	now := run.Now().Unix()
	// It was issued a while ago: an unknown kid of a token that is newer than the keys may be that of a key newer than
	// they are.
	claims := Fields{
		"iss": run.Environment.Issuer.URL, "aud": run.Audience, "sub": "user-1", "client_id": "client-1",
		"iat": now - 120, "exp": now + 300, "jti": run.RandomID(),
	}
	if t.Bound || !run.bearing() && !t.Unbound {
		claims["cnf"] = Fields{"jkt": run.Thumbprint(ClientKey)}
	}
	maps.Copy(claims, run.Claims)
	header := run.object(Fields{"alg": key.Algorithm, "kid": key.ID, "typ": cmp.Or(run.Typ, "at+jwt")}, t.Header, t.MoreHeader, t.RawHeader)
	payload := run.object(claims, t.Claims, t.MoreClaims, t.RawClaims)
	signed, err := key.Sign(header, payload)
	run.Must(err)
	if t.Sign != nil {
		input := signed[:strings.LastIndexByte(signed, '.')]
		signed = input + "." + base64.RawURLEncoding.EncodeToString(t.Sign(run, []byte(input)))
	}
	if t.Edit != nil {
		signed = t.Edit(signed)
	}
	return signed
}

// Prove makes a DPoP proof for a request with that token.
func (run *Run) Prove(r Request, accessToken string, p Proof) string {
	name := p.Key
	if name == "" {
		name = ClientKey
	}
	key := run.Key(name)
	if run.Failed() {
		return ""
	}
	jwk, err := run.Environment.JWK(name, Fields{"kid": Absent, "use": Absent, "alg": Absent})
	run.Must(err)
	header := run.object(Fields{"typ": "dpop+jwt", "alg": key.Algorithm, "jwk": jwk}, p.Header, p.MoreHeader, p.RawHeader)
	payload := run.object(Fields{
		"jti": run.RandomID(), "htm": r.Method, "htu": run.TargetURI(r), "iat": run.Now().Unix(),
		"ath": TokenHash(accessToken),
	}, p.Claims, p.MoreClaims, p.RawClaims)
	signed, err := key.Sign(header, payload)
	run.Must(err)
	if p.Edit != nil {
		signed = p.Edit(signed)
	}
	return signed
}

// TargetURI is the request's URL without query, as a client sees it.
func (run *Run) TargetURI(r Request) string {
	path, _, _ := strings.Cut(r.Path, "?")
	return run.URL + path
}

// Carry sends a token by the scheme that the mode is about, with a good proof if that is DPoP.
func (run *Run) Carry(t Token) Request { return run.Present(Get(), run.Sign(t)) }

// Carrying makes requests with a token, sent by the scheme that the mode is about.
func Carrying(t Token) func(*Run) Request { return func(run *Run) Request { return run.Carry(t) } }

// Scoped makes requests that need [NeededScope], with a token sent by the scheme that the mode is about.
func Scoped(t Token) func(*Run) Request {
	return func(run *Run) Request { return run.Present(Get().At("/scoped"), run.Sign(t)) }
}

// AsBearer makes requests with a token as Bearer, whatever the mode.
func AsBearer(t Token) func(*Run) Request {
	return func(run *Run) Request { return Bearer(run.Sign(t)) }
}

// AsDPoP makes requests with a token and a proof, whatever the mode.
func AsDPoP(t Token, p Proof) func(*Run) Request {
	return func(run *Run) Request { return run.Proved(run.Sign(t), p) }
}

// Present adds an access token to a request, by the scheme that the mode is about.
func (run *Run) Present(r Request, accessToken string) Request {
	if run.bearing() {
		return r.With("Authorization", "Bearer "+accessToken)
	}
	return r.With("Authorization", "DPoP "+accessToken).With("DPoP", run.Prove(r, accessToken, Proof{}))
}

// Proved sends an access token with a DPoP proof.
func (run *Run) Proved(accessToken string, p Proof) Request {
	r := Get()
	return r.With("Authorization", "DPoP "+accessToken).With("DPoP", run.Prove(r, accessToken, p))
}

// TokenHash is the ath of a proof (RFC 9449 section 4.2).
func TokenHash(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// OtherURL is the iss of the issuer that the API does not trust.
func OtherURL(run *Run) any { return run.Environment.Other.URL }
