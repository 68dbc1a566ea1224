package exchange

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// The bounds of an answer. The endpoint has bounds of its own; these hold whatever it is.
const (
	maxAnswerBytes      = 1 << 20
	maxDescriptionRunes = 256
	maxCodeBytes        = 64
)

var answerLimits = strictjson.Limits{Depth: 20, Members: 256}

// readAnswer reads the answer to a request that was sent and answered at those times, with those secrets.
func readAnswer(response ports.TokenResponse, sent, received time.Time, secrets []string) (*Token, *Error) {
	switch {
	case response.Status < 400 && response.Status != 200, response.Status > 599:
		return nil, unexpected(response.Status)
	case len(response.Body) > maxAnswerBytes:
		return nil, unusable(CodeInvalidResponse, "XCHG-08", "the answer is over the size bound")
	case response.Status != 200:
		refusal := readRefusal(response, secrets)
		refusal.RetryAfter = readRetryAfter(response, received)
		return nil, refusal
	}
	return readToken(response.Body, sent)
}

// unexpected is about a status that the token endpoint has no use for. What asks to be sent on would take the client's
// credentials along (rule XCHG-16).
func unexpected(status int) *Error {
	if status >= 300 && status < 400 {
		return unusable(CodeUnexpected, "XCHG-16", "the token endpoint redirects")
	}
	return unusable(CodeUnexpected, "XCHG-10", "the token endpoint answered with an unexpected status")
}

// readToken reads a token response (RFC 6749 section 5.1).
func readToken(body []byte, sent time.Time) (*Token, *Error) {
	answer, err := strictjson.ParseObject(body, answerLimits)
	if err != nil {
		return nil, unusable(CodeInvalidJSON, "XCHG-08", err.Error())
	}
	token := new(Token)
	accessToken, isText := answer.Text("access_token")
	if !isText || accessToken == "" || strings.ContainsFunc(accessToken, notPrintableASCII) {
		return nil, unusable(CodeInvalidResponse, "XCHG-08", "access_token is not a non-empty string of printable ASCII")
	}
	token.AccessToken = accessToken
	lifetime, ok := readLifetime(answer)
	if !ok {
		return nil, unusable(CodeInvalidResponse, "XCHG-09", "expires_in is not a whole number of seconds from 0 on")
	}
	token.ExpiresAt = sent.Add(lifetime)
	for _, member := range []struct {
		name string
		into *string
	}{
		{"scope", &token.Scope},
		{"token_type", &token.TokenType},
		{"issued_token_type", &token.IssuedTokenType},
		{"id_token", &token.IDToken},
		{"refresh_token", &token.RefreshToken},
	} {
		value, found := answer.Lookup(member.name)
		if !found || value.Kind() == strictjson.Null {
			continue
		}
		if *member.into, isText = value.Text(); !isText {
			return nil, unusable(CodeInvalidResponse, "XCHG-14", member.name+" is not a string")
		}
		token.members = append(token.members, member.name)
	}
	return token, nil
}

// The lifetimes of tokens: what is meant by an answer without expires_in, and what the longest counts as.
const (
	defaultLifetime = 3600 * time.Second
	maxLifetime     = math.MaxInt32 * time.Second
)

// readLifetime reads expires_in, which some issuers write as a string.
func readLifetime(answer strictjson.Object) (time.Duration, bool) {
	value, found := answer.Lookup("expires_in")
	if !found {
		return defaultLifetime, true
	}
	seconds, ok := value.Number()
	if text, isText := value.Text(); isText {
		whole, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		seconds, ok = float64(whole), err == nil
	}
	if !ok || seconds < 0 || seconds != math.Trunc(seconds) {
		return 0, false
	}
	return time.Duration(min(seconds, maxLifetime.Seconds())) * time.Second, true
}

// readRefusal reads the body of an error response (RFC 6749 section 5.2). Nothing else of it is told.
func readRefusal(response ports.TokenResponse, secrets []string) *Error {
	refusal := &Error{
		Class: verifier.Rejected, Code: CodeTokenEndpoint, Rule: "XCHG-10", Status: response.Status,
		Description: "the token endpoint answered with status " + strconv.Itoa(response.Status),
	}
	if answer, err := strictjson.ParseObject(response.Body, answerLimits); err == nil {
		if code, _ := answer.Text("error"); isCode(code, maxCodeBytes) && !quotes(code, secrets) {
			refusal.Code = verifier.Code(code)
		}
		if description, _ := answer.Text("error_description"); description != "" && !quotes(description, secrets) {
			refusal.Description = printable(description)
		}
	}
	switch {
	case response.Status >= 500, response.Status == 408, response.Status == 429:
		refusal.Class = verifier.Undecidable
	case slices.Contains(setupCodes, refusal.Code):
		refusal.Class = verifier.Misconfigured
	}
	return refusal
}

// setupCodes say that the client is not set up as the issuer wants it.
var setupCodes = []verifier.Code{CodeInvalidClient, CodeUnauthorizedClient, CodeUnsupportedGrantType}

// isCode reports whether s has the form of an error code (RFC 6749 section 5.2).
func isCode(s string, maxBytes int) bool {
	return s != "" && len(s) <= maxBytes &&
		!strings.ContainsFunc(s, func(r rune) bool { return notPrintableASCII(r) || r == '"' || r == '\\' })
}

func notPrintableASCII(r rune) bool { return r < ' ' || r > '~' }

// quotes reports whether text has one of the secrets in it, as it is or as forms write it.
func quotes(text string, secrets []string) bool {
	return slices.ContainsFunc(secrets, func(secret string) bool {
		return secret != "" && (strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)))
	})
}

// printable is text as it may go to a log: without what does not print, and cut short.
func printable(text string) string {
	var b strings.Builder
	kept := 0
	for _, r := range text {
		if kept++; kept > maxDescriptionRunes {
			break
		}
		if !unicode.IsPrint(r) {
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}
