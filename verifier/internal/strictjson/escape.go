package strictjson

import (
	"bytes"
	"encoding/hex"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape decodes the escapes in what stands between the quotation marks of a string.
func unescape(quoted []byte) ([]byte, error) {
	text := make([]byte, 0, len(quoted))
	for {
		plain := bytes.IndexByte(quoted, '\\')
		if plain < 0 {
			return append(text, quoted...), nil
		}
		text = append(text, quoted[:plain]...)
		r, size, err := character(quoted[plain:])
		if err != nil {
			return nil, err
		}
		text = utf8.AppendRune(text, r)
		quoted = quoted[plain+size:]
	}
}

// character decodes the escape that b begins with (RFC 8259 section 7), and says how many bytes it takes. Two escapes
// that are a surrogate pair are one character.
func character(b []byte) (r rune, size int, err error) {
	if len(b) < 2 {
		return 0, 0, ErrSyntax
	}
	switch c := b[1]; c {
	case '"', '\\', '/':
		return rune(c), 2, nil
	case 'b':
		return '\b', 2, nil
	case 'f':
		return '\f', 2, nil
	case 'n':
		return '\n', 2, nil
	case 'r':
		return '\r', 2, nil
	case 't':
		return '\t', 2, nil
	}
	unit, ok := codeUnit(b)
	if !ok {
		return 0, 0, ErrSyntax
	}
	if !utf16.IsSurrogate(unit) {
		return unit, unitSize, nil
	}
	low, _ := codeUnit(b[unitSize:]) // zero makes no pair
	if r = utf16.DecodeRune(unit, low); r == unicode.ReplacementChar {
		return 0, 0, ErrSurrogate
	}
	return r, 2 * unitSize, nil
}

// unitSize is the length of \uXXXX.
const unitSize = 6

// codeUnit decodes the \uXXXX that b begins with, if it does: one UTF-16 code unit.
func codeUnit(b []byte) (rune, bool) {
	if len(b) < unitSize || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var unit [2]byte
	if _, err := hex.Decode(unit[:], b[2:unitSize]); err != nil {
		return 0, false
	}
	return rune(unit[0])<<8 | rune(unit[1]), true
}
