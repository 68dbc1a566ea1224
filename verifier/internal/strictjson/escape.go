package strictjson

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape decodes the escapes in what stands between the quotation marks of a string.
func unescape(quoted string) (string, error) {
	text := make([]byte, 0, len(quoted))
	for {
		plain := strings.IndexByte(quoted, '\\')
		if plain < 0 {
			return string(append(text, quoted...)), nil
		}
		text = append(text, quoted[:plain]...)
		r, size, err := character(quoted[plain:])
		if err != nil {
			return "", err
		}
		text = utf8.AppendRune(text, r)
		quoted = quoted[plain+size:]
	}
}

// character decodes the escape that s begins with (RFC 8259 section 7), and says how many bytes it takes. Two escapes
// that are a surrogate pair are one character.
func character(s string) (r rune, size int, err error) {
	if len(s) < 2 {
		return 0, 0, ErrSyntax
	}
	switch c := s[1]; c {
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
	unit, ok := codeUnit(s)
	if !ok {
		return 0, 0, ErrSyntax
	}
	if !utf16.IsSurrogate(unit) {
		return unit, unitSize, nil
	}
	low, _ := codeUnit(s[unitSize:]) // zero makes no pair
	if r = utf16.DecodeRune(unit, low); r == unicode.ReplacementChar {
		return 0, 0, ErrSurrogate
	}
	return r, 2 * unitSize, nil
}

// unitSize is the length of \uXXXX.
const unitSize = 6

// codeUnit decodes the \uXXXX that s begins with, if it does: one UTF-16 code unit.
func codeUnit(s string) (rune, bool) {
	if len(s) < unitSize || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(s[2:unitSize], 16, 16)
	return rune(unit), err == nil
}
