package catalogue

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// fields are members of a JSON object, on top of good ones. A value of type in counts from now, one of type from is
// asked for, and absent leaves the member out.
type fields map[string]any

// in is a NumericDate so many seconds from now.
type in float64

// from is a value that depends on the scene.
type from func(*scene) any

const absent = verifiertest.Absent

// A token says how an access token differs from a good one.
type token struct {
	header, claims fields
	// moreHeader and moreClaims are written as they are behind the other members: `,"iss":"x"`.
	moreHeader, moreClaims string
	// rawHeader and rawClaims make others of the whole objects.
	rawHeader, rawClaims func(string) string
	// key names the key that signs; empty means the issuer's. The kid is that of the key.
	key string
	// sign makes the signature in the key's stead.
	sign func(s *scene, signed []byte) []byte
	// edit changes the compact form.
	edit func(string) string
	// bound binds the token to the client's key whatever the mode, unbound does not.
	bound, unbound bool
}

// A proof says how a DPoP proof differs from a good one.
type proof struct {
	header, claims         fields
	moreHeader, moreClaims string
	rawHeader, rawClaims   func(string) string
	key                    string // empty means the client's; jwk is always its public half, unless header says otherwise
	edit                   func(string) string
}

// A scene is a case while it is played. Minting never fails half-way: what goes wrong is kept, and ends the case.
type scene struct {
	Stage
	ctx    context.Context
	c      Case
	broken error
	last   bool // step of the case, whose rule is known

	sent     Request // last
	answered Answer
	faults   []string
	kept     map[string]string
}

// keep remembers a text of an earlier step.
func (s *scene) keep(name, text string) string {
	s.kept[name] = text
	return text
}

func (s *scene) errorf(format string, arguments ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, arguments...))
}

// must keeps an error that is the catalogue's own.
func (s *scene) must(err error) {
	if err != nil && s.broken == nil {
		s.broken = err
	}
}

func (s *scene) now() time.Time { return s.Clock.Now() }

// resolve returns f with its values as they are now.
func (s *scene) resolve(f fields) fields {
	resolved := make(fields, len(f))
	for name, value := range f {
		switch value := value.(type) {
		case in:
			resolved[name] = number(float64(s.now().Unix()) + float64(value))
		case from:
			resolved[name] = value(s)
		case fields:
			resolved[name] = s.resolve(value)
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
func (s *scene) object(good, changes fields, more string, raw func(string) string) []byte {
	maps.Copy(good, s.resolve(changes))
	maps.DeleteFunc(good, func(_ string, value any) bool { return value == absent })
	written, err := json.Marshal(good)
	s.must(err)
	text := strings.TrimSuffix(string(written), "}") + more + "}"
	if raw != nil {
		text = raw(text)
	}
	return []byte(text)
}

// bearing reports whether the mode is about tokens that are not bound.
func (s *scene) bearing() bool { return s.Mode != Required }

// scheme is the one that the mode is about.
func (s *scene) scheme() string {
	if s.bearing() {
		return "Bearer"
	}
	return "DPoP"
}

// key returns a key of the world.
func (s *scene) key(name string) *verifiertest.Key {
	key, err := s.World.key(name)
	if err != nil {
		s.must(err)
		return &verifiertest.Key{}
	}
	return key
}

// thumbprint is what a token that is bound to a client's key has as cnf.jkt.
func (s *scene) thumbprint(key string) string {
	thumbprint, err := (&verifiertest.Prover{Key: s.key(key)}).Thumbprint()
	s.must(err)
	return thumbprint
}

// sign mints an access token.
func (s *scene) sign(t token) string {
	name := t.key
	if name == "" {
		name = signingKey
	}
	key := s.key(name)
	if s.broken != nil {
		return ""
	}
	now := s.now().Unix()
	// It was issued a while ago: an unknown kid of a token that is newer than the keys may be that of a key newer than
	// they are.
	claims := fields{
		"iss": s.World.issuer.URL, "aud": s.Audience, "sub": "user-1", "client_id": "client-1",
		"iat": now - 120, "exp": now + 300, "jti": randomID(),
	}
	if t.bound || !s.bearing() && !t.unbound {
		claims["cnf"] = fields{"jkt": s.thumbprint(clientKey)}
	}
	header := s.object(fields{"alg": key.Algorithm, "kid": key.ID, "typ": "at+jwt"}, t.header, t.moreHeader, t.rawHeader)
	payload := s.object(claims, t.claims, t.moreClaims, t.rawClaims)
	signed, err := key.Sign(header, payload)
	s.must(err)
	if t.sign != nil {
		input := signed[:strings.LastIndexByte(signed, '.')]
		signed = input + "." + base64.RawURLEncoding.EncodeToString(t.sign(s, []byte(input)))
	}
	if t.edit != nil {
		signed = t.edit(signed)
	}
	return signed
}

// prove mints a DPoP proof for a request with that token.
func (s *scene) prove(r Request, accessToken string, p proof) string {
	name := p.key
	if name == "" {
		name = clientKey
	}
	key := s.key(name)
	if s.broken != nil {
		return ""
	}
	jwk, err := s.World.jwk(name, fields{"kid": absent, "use": absent, "alg": absent})
	s.must(err)
	header := s.object(fields{"typ": "dpop+jwt", "alg": key.Algorithm, "jwk": jwk}, p.header, p.moreHeader, p.rawHeader)
	payload := s.object(fields{
		"jti": randomID(), "htm": r.Method, "htu": s.target(r), "iat": s.now().Unix(),
		"ath": tokenHash(accessToken),
	}, p.claims, p.moreClaims, p.rawClaims)
	signed, err := key.Sign(header, payload)
	s.must(err)
	if p.edit != nil {
		signed = p.edit(signed)
	}
	return signed
}

// target is the request's URL without query, as a client sees it.
func (s *scene) target(r Request) string {
	path, _, _ := strings.Cut(r.Path, "?")
	return s.URL + path
}

// get is a request without credentials.
func get() Request { return Request{Method: "GET", Path: "/resource", Header: map[string][]string{}} }

// carry sends a token by the scheme that the mode is about, with a good proof if that is DPoP.
func (s *scene) carry(t token) Request { return s.present(get(), s.sign(t)) }

// present adds an access token to a request, by the scheme that the mode is about.
func (s *scene) present(r Request, accessToken string) Request {
	if s.bearing() {
		return r.with("Authorization", "Bearer "+accessToken)
	}
	return r.with("Authorization", "DPoP "+accessToken).with("DPoP", s.prove(r, accessToken, proof{}))
}

// proved sends an access token with a DPoP proof.
func (s *scene) proved(accessToken string, p proof) Request {
	r := get()
	return r.with("Authorization", "DPoP "+accessToken).with("DPoP", s.prove(r, accessToken, p))
}

// bearer sends an access token as Bearer, whatever the mode.
func bearer(accessToken string) Request { return get().with("Authorization", "Bearer "+accessToken) }

// tokenHash is the ath of a proof (RFC 9449 section 4.2).
func tokenHash(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
