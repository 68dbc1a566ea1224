package exchange

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// A UserInfoRequest asks for what the issuer knows of the user who logged in.
type UserInfoRequest struct {
	// AccessToken is the one of the login, without the word Bearer. It is required, and its scope has openid.
	AccessToken string
	// TokenType is that of the access token: Bearer, which empty means, or DPoP, for one that is bound to Config.DPoPKey.
	TokenType string
	// Subject is the sub of the login's ID token, verified by package idtoken. It is required: without it, claims of
	// somebody else could be taken for the user's (OpenID Connect Core section 5.3.4).
	Subject string
}

// UserInfo is what the issuer says of a user. It is safe for concurrent reading. It prints, and is logged, without its
// claims.
type UserInfo struct {
	// Subject is the sub of the answer, which is that of the request.
	Subject string

	claims strictjson.Object
}

// Decode writes the claims into the value that target points to, as encoding/json does, but strictly: names are compared
// with case, and a member that stands twice in an object is an error, of the code [verifier.CodeClaimsUndecodable].
func (u *UserInfo) Decode(target any) error {
	if fault := jwt.Decode(u.claims, target); fault != nil {
		return faulty(fault)
	}
	return nil
}

// Format prints no claim, by whatever verb.
func (u *UserInfo) Format(f fmt.State, _ rune) { fmt.Fprint(f, "{userinfo}") }

// UserInfo asks the issuer's UserInfo endpoint for the claims of the user of an access token (OpenID Connect Core section
// 5.3). The answer must be about the subject of the request, or its error has the code [CodeSubject].
//
// What an ID token needs to be verified is in the ID token; this is for claims that the issuer does not put there.
func (c *Client) UserInfo(ctx context.Context, r UserInfoRequest) (*UserInfo, error) {
	p := parameters{}
	p.token("AccessToken", "access_token", r.AccessToken)
	p.require("XCHG-21", "Subject", "", r.Subject)
	scheme, proves := "Bearer", (*prover)(nil)
	switch {
	case r.TokenType == "" || strings.EqualFold(r.TokenType, "Bearer"):
	case !strings.EqualFold(r.TokenType, "DPoP"):
		p.refuse("XCHG-21", "TokenType", errors.New("is neither Bearer nor DPoP"))
	case c.userInfoDPoP == nil:
		p.refuse("XCHG-21", "TokenType", errors.New("is DPoP, and there is no Config.DPoPKey"))
	default:
		scheme, proves = "DPoP", c.userInfoDPoP
	}
	if strings.ContainsFunc(r.AccessToken, func(c rune) bool { return c == ' ' || notPrintableASCII(c) }) {
		p.refuse("XCHG-03", "AccessToken", errors.New("has characters that no header field can have"))
	}
	if p.fault != nil {
		return nil, p.fault
	}
	prepare := func(string) (*request, *Error) {
		return &request{
			header:  map[string][]string{"Authorization": {scheme + " " + r.AccessToken}},
			secrets: []string{r.AccessToken}, dpop: proves, accessToken: r.AccessToken,
		}, nil
	}
	return ask(ctx, c, userInfoEndpoint, prepare, func(ctx context.Context, came response) (*UserInfo, *Error) {
		claims, failed := c.readUserInfo(ctx, came)
		if failed != nil {
			return nil, failed
		}
		return about(r.Subject, claims)
	})
}

// readUserInfo returns the claims of an answer.
func (c *Client) readUserInfo(ctx context.Context, came response) (strictjson.Object, *Error) {
	if c.signedUserInfo == nil {
		claims, failed := came.object()
		if failed != nil && failed.Code == CodeInvalidJSON && strings.Count(string(came.Body), ".") == 2 {
			failed.Description = "the answer is not JSON; if it is a JWT, set UserInfoAlgorithm to the client's userinfo_signed_response_alg"
		}
		return claims, failed
	}
	if failed := came.failure(); failed != nil {
		return strictjson.Object{}, failed
	}
	claims, fault := c.signedUserInfo.verify(ctx, string(came.Body))
	if fault != nil {
		return strictjson.Object{}, faulty(fault)
	}
	return claims, nil
}

// maxSubject bounds sub (OpenID Connect Core section 2).
const maxSubject = 255

// about returns claims that are about the subject (OpenID Connect Core section 5.3.2).
func about(subject string, claims strictjson.Object) (*UserInfo, *Error) {
	const rule = "XCHG-21"
	sub, isText := claims.Text("sub")
	switch {
	case !isText || sub == "" || utf8.RuneCountInString(sub) > maxSubject:
		return nil, unusable(CodeInvalidResponse, rule, "sub is not a string of 1 to 255 characters")
	case sub != subject:
		return nil, &Error{
			Class: verifier.Rejected, Code: CodeSubject, Rule: rule, Status: 502,
			Description: "sub is not the Subject of the request: the access token and the ID token are of different users",
		}
	}
	return &UserInfo{Subject: sub, claims: claims}, nil
}

// faulty makes a fault of the front that tokens of all kinds have in common an error. Only an issuer that is out of reach
// is worth another try.
func faulty(fault *jwt.Fault) *Error {
	e := &Error{
		Class: verifier.Rejected, Code: verifier.Code(fault.Code), Rule: fault.Rule, Description: fault.Detail, Status: 502, Err: fault.Err,
	}
	if fault.Code == jwt.CodeIssuerUnavailable || fault.Code == jwt.CodeCanceled {
		e.Class, e.Status = verifier.Undecidable, 503
	}
	return e
}
