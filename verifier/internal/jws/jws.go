// Package jws reads a JSON Web Signature in compact form (RFC 7515 section 7.1), strictly: what it accepts has one
// spelling only, so that what was signed, what is read and what is remembered are the same thing.
package jws

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// Limits bound the JSON of a header or payload (RFC 8725 section 2 knows no cure for hostile size but a bound).
var Limits = strictjson.Limits{Depth: 40, Members: 1024}

// The faults of a token's outer form. Their texts hold nothing of the token.
var (
	ErrSegments  = errors.New("not three non-empty segments")
	ErrBase64    = errors.New("segment is not canonical base64url")
	ErrHeader    = errors.New("header is not one strict JSON object")
	ErrPayload   = errors.New("payload is not one strict JSON object")
	ErrAlgorithm = errors.New("alg is missing or not a string")
	ErrKeyID     = errors.New("kid is not a string of acceptable length")
	ErrType      = errors.New("typ is not a non-empty string")
	ErrExtension = errors.New("crit, b64 or a JWE member in the header")
)

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
var foreignMembers = []string{"crit", "b64", "zip", "enc", "epk", "apu", "apv", "p2s", "p2c", "iv", "tag"}

// Parse reads a compact JWS whose payload is a JSON object. The caller has bounded its size.
func Parse(compact string) (*Message, error) {
	message, payload, err := parseForm(compact)
	if err != nil {
		return nil, err
	}
	if message.Payload, err = strictjson.ParseObject(payload, Limits); err != nil {
		return nil, ErrPayload
	}
	return message, nil
}

// parseForm reads a compact JWS of any payload.
func parseForm(compact string) (message *Message, payload []byte, err error) {
	if strings.Count(compact, ".") != 2 {
		return nil, nil, ErrSegments
	}
	token := []byte(compact)
	dot1, dot2 := bytes.IndexByte(token, '.'), bytes.LastIndexByte(token, '.')
	message = &Message{signed: token[:dot2]}

	// One buffer for the three decoded segments; it is never longer than the token.
	decoded := make([]byte, 0, len(token))
	var header []byte
	for _, segment := range []struct {
		encoded []byte
		into    *[]byte
	}{
		{token[:dot1], &header},
		{token[dot1+1 : dot2], &payload},
		{token[dot2+1:], &message.signature},
	} {
		if len(segment.encoded) == 0 {
			return nil, nil, ErrSegments
		}
		start := len(decoded)
		if decoded, err = appendBase64(decoded, segment.encoded); err != nil {
			return nil, nil, ErrBase64
		}
		*segment.into = decoded[start:len(decoded):len(decoded)]
	}
	if message.Header, err = strictjson.ParseObject(header, Limits); err != nil {
		return nil, nil, ErrHeader
	}
	return message, payload, message.readHeader()
}

func (m *Message) readHeader() error {
	for _, name := range foreignMembers {
		if _, found := m.Header.Lookup(name); found {
			return ErrExtension
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
		if !isText || typ == "" {
			return ErrType
		}
		m.Type = strings.TrimPrefix(strings.ToLower(typ), "application/")
	}
	return nil
}

// Verify reports whether the message was signed with key by the algorithm it names, over the very bytes received
// (RFC 7515 section 5.2).
func (m *Message) Verify(key *jwk.Key) bool {
	return key.Verify(m.Algorithm, m.signed, m.signature)
}

// strict refuses unused bits that are set (RFC 4648 section 3.5) and padding, but skips line breaks.
var strict = base64.RawURLEncoding.Strict()

func appendBase64(b, encoded []byte) ([]byte, error) {
	if bytes.ContainsAny(encoded, "\r\n") {
		return nil, ErrBase64
	}
	return strict.AppendDecode(b, encoded)
}
