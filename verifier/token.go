package verifier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/jws"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
)

// formRules names the rule that each fault of a token's form breaks.
var formRules = map[error]struct {
	code Code
	rule string
}{
	jws.ErrSegments:  {CodeTokenMalformed, "JWS-01"},
	jws.ErrBase64:    {CodeTokenMalformed, "JWS-02"},
	jws.ErrHeader:    {CodeTokenMalformed, "JWS-04"},
	jws.ErrPayload:   {CodeTokenMalformed, "JWS-04"},
	jws.ErrAlgorithm: {CodeTokenMalformed, "JWS-08"},
	jws.ErrExtension: {CodeTokenMalformed, "JWS-12"},
	jws.ErrKeyID:     {CodeTokenMalformed, "KEYS-02"},
	jws.ErrType:      {CodeTokenType, "TYP-01"},
}

// parse checks all of a token that needs neither its issuer nor its keys.
func (v *Verifier) parse(token string) (*jws.Message, *Error) {
	if len(token) > v.maxTokenBytes {
		return nil, fail(CodeTokenTooLarge, "CRED-09", "the token is over the size bound")
	}
	message, err := jws.Parse(token)
	if err != nil {
		broken := formRules[err]
		return nil, fail(broken.code, broken.rule, err.Error())
	}
	if !slices.Contains(v.algorithms, message.Algorithm) {
		return nil, fail(CodeAlgorithm, "JWS-08", "alg is none of those configured")
	}
	if err := v.checkType(message); err != nil {
		return nil, err
	}
	return message, nil
}

// checkType keeps JWTs of other kinds out (RFC 8725 section 3.11). An access token says at+jwt; many issuers still
// write JWT or nothing.
func (v *Verifier) checkType(message *jws.Message) *Error {
	switch {
	case message.Type == "at+jwt":
		return nil
	case v.requireProfile:
		return fail(CodeTokenType, "TYP-04", "typ is not at+jwt")
	case message.Type == "" || message.Type == "jwt":
		return nil
	}
	return fail(CodeTokenType, "TYP-02", "typ is that of another kind of JWT")
}

// allowedDomain finds the token's issuer among those allowed, before any request leaves the process (RFC 8725 section
// 3.10).
func (v *Verifier) allowedDomain(ctx context.Context, query ports.DomainQuery, message *jws.Message) (domain, *Error) {
	value, found := message.Payload.Lookup("iss")
	if !found {
		return domain{}, missing("CLAIM-ISS-01", "iss")
	}
	unverified, isText := value.Text()
	if !isText || unverified == "" {
		return domain{}, malformed("CLAIM-ISS-01", "iss", "is not a non-empty string")
	}
	domains := v.domains
	if v.resolver != nil {
		query.UnverifiedIssuer = unverified
		var err *Error
		if domains, err = v.resolve(ctx, query); err != nil {
			return domain{}, err
		}
	}
	if audiences, allowed := domains[unverified]; allowed {
		return domain{unverified, audiences}, nil
	}
	return domain{}, fail(CodeIssuer, "CLAIM-ISS-02", "iss is not "+listIssuers(domains))
}

// listIssuers names the allowed issuers, for an operator who wonders which byte differs; a few will do.
func listIssuers(allowed domains) string {
	const few = 5
	names := slices.Sorted(maps.Keys(allowed))
	more := len(names) - few
	for i, name := range names[:min(few, len(names))] {
		names[i] = strconv.Quote(name)
	}
	if more > 0 {
		names = append(names[:few], fmt.Sprintf("one of %d others", more))
	}
	return strings.Join(names, " or ")
}

// resolve asks the application which issuers the request may come from.
func (v *Verifier) resolve(ctx context.Context, query ports.DomainQuery) (domains, *Error) {
	resolved, err := v.resolver.ResolveDomains(ctx, query)
	switch {
	case err == nil:
	case errors.Is(err, ports.ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return nil, fail(CodeResolverUnavailable, "DISC-11", "").because(err)
	default:
		return nil, fail(CodeResolver, "DISC-11", "").because(err)
	}
	if len(resolved) == 0 {
		return nil, fail(CodeResolver, "DISC-11", "the resolver returned no domain")
	}
	allowed := make(domains, len(resolved))
	for _, d := range resolved {
		identifier, err := issuerurl.Identifier(d, v.loopbackHTTP)
		if err != nil {
			return nil, fail(CodeResolver, "DISC-11", "a resolved issuer").because(err)
		}
		audiences := d.Audiences
		if len(audiences) == 0 {
			audiences = v.audiences
		}
		if len(audiences) == 0 || slices.Contains(audiences, "") {
			return nil, fail(CodeResolver, "DISC-11", "a resolved domain has no audience, or a blank one")
		}
		allowed[identifier] = audiences
	}
	return allowed, nil
}

// maxKeyTries bounds how many keys of one kid are tried on one token.
const maxKeyTries = 4

// checkSignature verifies the token with a key of its issuer, and of no other (RFC 8725 section 3.8).
func (v *Verifier) checkSignature(ctx context.Context, issuer string, message *jws.Message) *Error {
	if !message.HasKeyID && !v.allowNoKeyID {
		return fail(CodeKeyIDMissing, "KEYS-01", "the header has no kid")
	}
	keys, err := v.keys.Keys(ctx, issuer, keyring.Selector{
		KeyID: message.KeyID, HasKeyID: message.HasKeyID, Algorithm: message.Algorithm,
	})
	if err != nil {
		return keysFailed(err)
	}
	tried := 0
	for _, key := range keys {
		if !key.Fits(message.Algorithm) {
			continue
		}
		if message.Verify(key) {
			return nil
		}
		if tried++; tried == maxKeyTries {
			break
		}
	}
	if tried == 0 {
		return fail(CodeAlgorithm, "JWS-11", "alg does not fit the key that kid names")
	}
	return fail(CodeSignature, "JWS-16", "the signature is not that of the key")
}

// keysFailed says what it means that there is no key: a bad token only if the issuer was asked.
func keysFailed(err error) *Error {
	switch {
	case errors.Is(err, keyring.ErrUnknownKey):
		return fail(CodeKeyUnknown, "CACHE-05", "the issuer has no key of that kid")
	case errors.As(err, new(*keyring.UnavailableError)):
		return fail(CodeIssuerUnavailable, "", "").because(err)
	}
	return fail(CodeCanceled, "", "").because(err)
}
