package jws

import (
	"bytes"
	"encoding/base64"
	"math"
	"strings"
	"unicode"
	"unsafe"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// PayloadLimits bound the JSON of a payload. Its members are bounded by the token's size, which the caller has bounded:
// a token may hold any number of permissions that fits, and reading them takes time in proportion to its size.
var PayloadLimits = strictjson.Limits{Depth: 40, Members: math.MaxInt}

// headerLimits bound the JSON of a header, each member of which is looked up by its name (RFC 7515 section 4.1 registers
// 11; its longest array is x5c).
var headerLimits = strictjson.Limits{Depth: 40, Members: 64}

// An Error is a fault of a token's outer form. Its text holds nothing of the token.
type Error struct {
	// Rule is the ID of the rule that is broken, as docs/rules.md lists it.
	Rule string
	text string
}

// Error returns the text.
func (e *Error) Error() string { return e.text }

// The faults that [Parse] returns, as they are.
var (
	ErrSegments   = &Error{"JWS-01", "not three non-empty segments"}
	ErrBase64     = &Error{"JWS-02", "segment is not base64url"}
	ErrUnusedBits = &Error{"JWS-03", "segment is not canonical base64url: unused bits are set"}
	ErrObject     = &Error{"JWS-04", "header or payload is not one JSON object"}
	ErrDuplicate  = &Error{"JWS-05", "header or payload has duplicate member names"}
	ErrBounds     = &Error{"JWS-07", "header or payload is nested too deeply, or the header has too many members"}
	ErrAlgorithm  = &Error{"JWS-08", "alg is missing or not a string"}
	ErrCritical   = &Error{"JWS-12", "crit in the header"}
	ErrUnencoded  = &Error{"JWS-13", "b64 in the header"}
	ErrEncryption = &Error{"JWS-18", "a JWE member in the header"}
	ErrKeyID      = &Error{"KEYS-02", "kid is not a string of acceptable length"}
	ErrType       = &Error{"TYP-01", "typ is not the name of a media type"}
)

// jsonFault says which rule the JSON of a header or payload breaks.
func jsonFault(err error) *Error {
	switch err {
	case strictjson.ErrDuplicate:
		return ErrDuplicate
	case strictjson.ErrDepth, strictjson.ErrMembers:
		return ErrBounds
	}
	return ErrObject
}

// A Message is a compact JWS whose form is right. Nothing in it is to be trusted until Verify returned true.
type Message struct {
	// Algorithm is the alg of the header, KeyID its kid.
	Algorithm string
	KeyID     string
	HasKeyID  bool
	// Type is the typ of the header in lower case and without application/ (RFC 7515 section 4.1.9), empty if
	// there is none.
	Type string

	Header  strictjson.Object
	Payload strictjson.Object

	signed    []byte
	signature []byte
}

// foreignMembers in a header are a rejection. No extension is understood, so any crit is fatal (RFC 7515 section
// 4.1.11), whatever it holds; b64 would change what is signed (RFC 7797); the others belong to a JWE (RFC 7516
// section 4.1), and a JWS that has them is out to confuse.
var foreignMembers = []struct {
	name  string
	fault *Error
}{
	{"crit", ErrCritical},
	{"b64", ErrUnencoded},
	{"zip", ErrEncryption}, {"enc", ErrEncryption}, {"epk", ErrEncryption}, {"apu", ErrEncryption}, {"apv", ErrEncryption},
	{"p2s", ErrEncryption}, {"p2c", ErrEncryption}, {"iv", ErrEncryption}, {"tag", ErrEncryption},
}

// Parse reads a compact JWS whose payload is a JSON object. The caller has bounded its size.
func Parse(compact string) (*Message, *Error) {
	message, payload, fault := parseForm(compact)
	if fault != nil {
		return nil, fault
	}
	var err error
	if message.Payload, err = strictjson.ParseObject(payload, PayloadLimits); err != nil {
		return nil, jsonFault(err)
	}
	return message, nil
}

// parseForm reads a compact JWS of any payload.
func parseForm(compact string) (message *Message, payload string, fault *Error) {
	if strings.Count(compact, ".") != 2 {
		return nil, "", ErrSegments
	}
	// The token's own bytes, without a copy: they are decoded and hashed, and nothing is ever written to them.
	token := unsafe.Slice(unsafe.StringData(compact), len(compact))
	dot1, dot2 := bytes.IndexByte(token, '.'), bytes.LastIndexByte(token, '.')
	message = &Message{signed: token[:dot2]}

	// The header is read before the others are decoded, so that most garbage costs little. Each has memory of its own: a token
	// that is remembered keeps only its payload.
	header, fault := decode(token[:dot1])
	if fault != nil {
		return nil, "", fault
	}
	var err error
	if message.Header, err = strictjson.ParseObject(text(header), headerLimits); err != nil {
		return nil, "", jsonFault(err)
	}
	if fault := message.readHeader(); fault != nil {
		return nil, "", fault
	}
	body, fault := decode(token[dot1+1 : dot2])
	if fault != nil {
		return nil, "", fault
	}
	if message.signature, fault = decode(token[dot2+1:]); fault != nil {
		return nil, "", fault
	}
	return message, text(body), nil
}

// text is decoded as a string, without a copy: nothing is written to it any more.
func text(decoded []byte) string { return unsafe.String(unsafe.SliceData(decoded), len(decoded)) }

func (m *Message) readHeader() *Error {
	for _, member := range foreignMembers {
		if _, found := m.Header.Lookup(member.name); found {
			return member.fault
		}
	}
	value, found := m.Header.Lookup("alg")
	var isText bool
	if m.Algorithm, isText = value.Text(); !found || !isText {
		return ErrAlgorithm
	}
	if value, m.HasKeyID = m.Header.Lookup("kid"); m.HasKeyID {
		if m.KeyID, isText = value.Text(); !isText || m.KeyID == "" || len(m.KeyID) > jwk.MaxIDBytes {
			return ErrKeyID
		}
	}
	if value, found = m.Header.Lookup("typ"); found {
		typ, isText := value.Text()
		m.Type = strings.TrimPrefix(strings.ToLower(typ), "application/")
		// Some letters outside of ASCII have lower cases inside.
		if !isText || m.Type == "" || strings.ContainsFunc(typ, func(r rune) bool { return r > unicode.MaxASCII }) {
			return ErrType
		}
	}
	return nil
}

// Verify reports whether the message was signed with key by the algorithm it names, over the very bytes received
// (RFC 7515 section 5.2). By may be nil.
func (m *Message) Verify(key *jwk.Key, by *jwk.Verifier) bool {
	return by.Verify(key, m.Algorithm, m.signed, m.signature)
}

// strict refuses unused bits that are set (RFC 4648 section 3.5) and padding, but skips line breaks.
var strict = base64.RawURLEncoding.Strict()

// decode returns what a segment says.
func decode(segment []byte) ([]byte, *Error) {
	if len(segment) == 0 {
		return nil, ErrSegments
	}
	decoded := make([]byte, strict.DecodedLen(len(segment)))
	n, err := strict.Decode(decoded, segment)
	// A skipped line break makes the result shorter than its encoding says, or the encoding of a length that none has.
	if err == nil && len(segment)%4 != 1 && n == len(decoded) {
		return decoded, nil
	}
	if bytes.ContainsAny(segment, "\r\n") {
		return nil, ErrBase64
	}
	if _, err := base64.RawURLEncoding.AppendDecode(nil, segment); err == nil {
		return nil, ErrUnusedBits
	}
	return nil, ErrBase64
}
