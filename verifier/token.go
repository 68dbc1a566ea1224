package verifier

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/issuerurl"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/jws"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
)

// parse checks all of a token that needs neither its issuer nor its keys.
func (v *Verifier) parse(token string) (*jws.Message, *Error) {
	message, fault := jws.Parse(token)
	switch {
	case fault == jws.ErrType:
		return nil, fail(CodeTokenType, fault.Rule, fault.Error())
	case fault != nil:
		return nil, fail(CodeTokenMalformed, fault.Rule, fault.Error())
	case !slices.Contains(v.algorithms, message.Algorithm):
		return nil, fail(CodeAlgorithm, algorithmRule(message.Algorithm), "alg is not one of those configured")
	}
	if err := v.checkType(message); err != nil {
		return nil, err
	}
	return message, nil
}

// algorithmRule is the rule that an alg breaks which is not configured. None and HMAC never are.
func algorithmRule(alg string) string {
	switch {
	case strings.EqualFold(alg, "none"):
		return "JWS-09"
	case strings.HasPrefix(alg, "HS"):
		return "JWS-10"
	}
	return "JWS-08"
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

// unverifiedIssuer returns the iss of a token whose signature is not checked yet: it says where to look for the key,
// if it is an issuer that is allowed.
func unverifiedIssuer(message *jws.Message) (string, *Error) {
	value, found := message.Payload.Lookup("iss")
	if !found {
		return "", missing("CLAIM-ISS-01", "iss")
	}
	issuer, isText := value.Text()
	if !isText || issuer == "" {
		return "", malformed("CLAIM-ISS-01", "iss", "is not a non-empty string")
	}
	return issuer, nil
}

// allowedDomain finds the token's issuer among those allowed, before any request leaves the process (RFC 8725 section
// 3.10). What it returns holds nothing of the token.
func (v *Verifier) allowedDomain(ctx context.Context, query ports.DomainQuery) (domain, *Error) {
	domains := v.domains
	if v.resolver != nil {
		var err *Error
		if domains, err = v.resolve(ctx, query); err != nil {
			return domain{}, err
		}
	}
	allowed, found := domains.byIssuer[query.UnverifiedIssuer]
	if !found {
		return domain{}, fail(CodeIssuer, "CLAIM-ISS-02", "iss is not "+domains.String())
	}
	return allowed, nil
}

// resolve asks the application which issuers the request may come from.
func (v *Verifier) resolve(ctx context.Context, query ports.DomainQuery) (domains, *Error) {
	resolved, err := outbound.Call(ctx, v.resolverPort, func(ctx context.Context) ([]ports.Domain, error) {
		return v.resolver.ResolveDomains(ctx, query)
	})
	switch {
	case err == nil:
	case errors.Is(err, outbound.ErrCallerLeft):
		return domains{}, fail(CodeCanceled, "", "").because(err)
	case errors.Is(err, ports.ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, outbound.ErrAway), errors.Is(err, outbound.ErrStuck):
		return domains{}, fail(CodeResolverUnavailable, "DISC-11", "").because(err)
	default:
		return domains{}, fail(CodeResolver, "DISC-11", "").because(err)
	}
	if len(resolved) == 0 {
		return domains{}, fail(CodeResolver, "DISC-11", "the resolver returned no domain")
	}
	allowed := newDomains(len(resolved))
	for _, d := range resolved {
		identifier, err := issuerurl.Identifier(d, v.loopbackHTTP)
		if err != nil {
			return domains{}, fail(CodeResolver, "DISC-11", "a resolved issuer").because(err)
		}
		audiences := d.Audiences
		if len(audiences) == 0 {
			audiences = v.audiences
		}
		if len(audiences) == 0 || slices.ContainsFunc(audiences, blank) {
			return domains{}, fail(CodeResolver, "DISC-11", "a resolved domain has no audience, or a blank one")
		}
		if !allowed.add(domain{identifier, audiences}) {
			return domains{}, fail(CodeResolver, "DISC-11", "the resolver").because(errDuplicate)
		}
	}
	return allowed, nil
}

// keysNamed returns the issuer's keys that a token names, and of no other issuer (RFC 8725 section 3.8).
func (v *Verifier) keysNamed(ctx context.Context, issuer string, named keyring.Selector) ([]*jwk.Key, *Error) {
	keys, err := v.keys.Keys(ctx, issuer, named)
	if err != nil {
		return nil, keysFailed(err)
	}
	return keys, nil
}

// checkSignature verifies the token with one of the keys, and returns that key.
func checkSignature(message *jws.Message, keys []*jwk.Key) (*jwk.Key, *Error) {
	key, fault := message.Signer(keys)
	switch fault {
	case nil:
		return key, nil
	case jws.ErrKeyFit:
		return nil, fail(CodeAlgorithm, fault.Rule, fault.Error())
	default:
		return nil, fail(CodeSignature, fault.Rule, fault.Error())
	}
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
