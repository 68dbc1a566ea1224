package exchange

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

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

// failure returns what is wrong with an answer that is not of status 200, or is over the size bound.
func (a *response) failure() *Error {
	switch {
	case a.Status < 400 && a.Status != 200, a.Status > 599:
		return a.unexpected()
	case len(a.Body) > maxAnswerBytes:
		return unusable(CodeInvalidResponse, "XCHG-08", "the answer is over the size bound")
	case a.Status != 200:
		refusal := a.refusal()
		refusal.RetryAfter = readRetryAfter(a.TokenResponse, a.received)
		return refusal
	}
	return nil
}

// unexpected is about a status that the endpoint has no use for. What asks to be sent on would take the client's
// credentials along (rule XCHG-16).
func (a *response) unexpected() *Error {
	if a.Status >= 300 && a.Status < 400 {
		return unusable(CodeUnexpected, "XCHG-16", "the "+a.at.name+" redirects")
	}
	return unusable(CodeUnexpected, "XCHG-10", "the "+a.at.name+" answered with an unexpected status")
}

// object reads an answer that is a JSON object.
func (a *response) object() (strictjson.Object, *Error) {
	if failed := a.failure(); failed != nil {
		return strictjson.Object{}, failed
	}
	object, err := strictjson.ParseObject(a.Body, answerLimits)
	if err != nil {
		return strictjson.Object{}, unusable(CodeInvalidJSON, "XCHG-08", err.Error())
	}
	return object, nil
}

// token reads a token response (RFC 6749 section 5.1).
func (a *response) token() (*Token, *Error) {
	answer, failed := a.object()
	if failed != nil {
		return nil, failed
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
	token.ExpiresIn, token.ExpiresAt = lifetime, a.sent.Add(lifetime)
	if _, found := answer.Lookup("expires_in"); found {
		token.members = append(token.members, "expires_in")
	}
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

// refusal reads the body of an error response (RFC 6749 section 5.2), or the challenge of one that takes access tokens
// (RFC 6750 section 3.1). Nothing else of it is told.
func (a *response) refusal() *Error {
	refusal := &Error{
		Class: verifier.Rejected, Code: a.at.failed, Rule: "XCHG-10", Status: a.Status,
		Description: "the " + a.at.name + " answered with status " + strconv.Itoa(a.Status),
	}
	code, description := "", ""
	if answer, err := strictjson.ParseObject(a.Body, answerLimits); err == nil {
		code, _ = answer.Text("error")
		description, _ = answer.Text("error_description")
	}
	if a.at == userInfoEndpoint && code == "" {
		code = challengeError(a.Header["Www-Authenticate"])
	}
	if isCode(code, maxCodeBytes) && !quotes(code, a.secrets) {
		refusal.Code = verifier.Code(code)
	}
	if description != "" && !quotes(description, a.secrets) {
		refusal.Description = printable(description)
	}
	switch {
	case a.Status >= 500, a.Status == 408, a.Status == 429:
		refusal.Class = verifier.Undecidable
	case slices.Contains(setupCodes, refusal.Code):
		refusal.Class = verifier.Misconfigured
	}
	return refusal
}

// challengeError returns the error of the first challenge that has one in quotes, as RFC 6750 section 3 writes it.
func challengeError(challenges []string) string {
	for _, challenge := range challenges {
		for part := range strings.FieldsFuncSeq(challenge, func(r rune) bool { return r == ',' || r == ' ' }) {
			if code, found := strings.CutPrefix(part, `error="`); found {
				return strings.TrimSuffix(code, `"`)
			}
		}
	}
	return ""
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
