package jwt

import "github.com/holdfast-go/holdfast/verifier/internal/strictjson"

// Audiences reads an aud claim (RFC 7519 section 4.1.3): one string or an array of them. It reports false for anything
// else, and for an array without any.
func Audiences(value strictjson.Value) ([]string, bool) {
	if one, isText := value.Text(); isText {
		return []string{one}, true
	}
	several, areTexts := value.Strings()
	return several, areTexts && len(several) > 0
}
