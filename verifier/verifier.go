package verifier

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/jws"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/shared"
)

// A Verifier decides whether requests may pass. It is safe for concurrent use. Close ends its background fetches.
type Verifier struct {
	// The stages. Each has the settings that it applies, and can't reach those of another.
	credentials  credentials
	issuers      issuers
	form         form
	keys         jwt.Keys
	claims       claims
	confirmation confirmation
	responder    *responder
	observer     decisionObserver
	remembered   *tokenMemory // nil if it is off
	resource     *resource    // that requests are for; nil if none is described

	origin *origin
	shared shared.Verifier
}

// VerifyRequest decides whether a request may pass: it finds the access token in the Authorization header field and
// verifies it and what binds it to the request. Its errors are of type [*Error], with the answer to send.
//
// It does not read the request's body, and checks no scopes but those of r.Route.
func (v *Verifier) VerifyRequest(ctx context.Context, r Request) (*Verified, error) {
	told := v.observer.begin()
	verified, err := v.verifyRequest(ctx, r, &told.Decision)
	v.observer.end(ctx, told, err)
	return verified, err
}

func (v *Verifier) verifyRequest(ctx context.Context, r Request, told *Decision) (*Verified, error) {
	sent, err := v.credentials.find(r)
	if err == nil {
		err = r.Route.checkScheme(sent.scheme)
	}
	if err != nil {
		told.Scheme = sent.scheme
		return nil, v.responder.respond(err, sent.scheme, r.Route)
	}
	return v.decide(ctx, r, sent, told)
}

// NeedsURL reports whether more of r.URL than its query counts: r has credentials, and a DPoP proof is checked against
// its URL or a Resolver is asked for its issuers. It does not look at r.URL. Adapters for which working out the URL costs
// something, or can fail, ask it first.
func (v *Verifier) NeedsURL(r Request) bool {
	authorization, proof := r.fields()
	return authorization.count > 0 && (v.issuers.resolver != nil || v.confirmation.proofs != nil && proof.count > 0)
}

// VerifyAccessToken verifies a token that did not come with an HTTP request that [Verifier.VerifyRequest] can be given.
// The token must not be bound to a key or certificate (cnf), since nothing here can prove that the sender holds it, and
// DPoP must not be required: [Verifier.VerifyBoundAccessToken] is for those. Its errors are those of VerifyRequest.
func (v *Verifier) VerifyAccessToken(ctx context.Context, token string) (*Verified, error) {
	told := v.observer.begin()
	verified, err := v.verifyAccessToken(ctx, token, &told.Decision)
	v.observer.end(ctx, told, err)
	return verified, err
}

func (v *Verifier) verifyAccessToken(ctx context.Context, token string, told *Decision) (*Verified, error) {
	if v.credentials.offered(string(Bearer)) == "" {
		return nil, v.responder.respond(schemeNotOffered.fail("DPOP-REQ-06", "DPoP is required, and a token without a proof is not enough"), "", Route{})
	}
	return v.decide(ctx, Request{}, presented{scheme: Bearer, token: token}, told)
}

// VerifyBoundAccessToken verifies a token that is bound to a key or certificate (cnf), where the sender proved possession
// of it otherwise than with an HTTP request that [Verifier.VerifyRequest] can be given. The token must be bound, and to all
// that proved names: a Thumbprint to what cnf.jkt says, a ClientCertificate to cnf.x5t#S256 by the verifier's MTLS mode. Where
// DPoP is required, it must be bound to a key. Replay of what proved the possession is for the caller to prevent.
//
// Verified.Scheme is DPoPScheme for a token that is bound to a key, and Bearer for others. Its errors are those of
// VerifyRequest.
func (v *Verifier) VerifyBoundAccessToken(ctx context.Context, token string, proved Possession) (*Verified, error) {
	sent := presented{scheme: Bearer, token: token, possession: &proved}
	if proved.Thumbprint != "" {
		sent.scheme = DPoPScheme
	}
	told := v.observer.begin()
	verified, err := v.decide(ctx, Request{ClientCertificate: proved.ClientCertificate}, sent, &told.Decision)
	v.observer.end(ctx, told, err)
	return verified, err
}

// Malformed returns the error of a request that can't be made into a [Request], with the answer to send: for adapters,
// which find that out before there are credentials to verify. The rule and the detail are for the operator.
func (v *Verifier) Malformed(rule, detail string) *Error {
	return v.refuse(requestMalformed.fail(rule, detail))
}

// Misdirected returns the error of a request for a host that the API does not serve, with the answer to send (421, RFC
// 9110 section 15.5.20): for adapters, which know the hosts. The rule and the detail are for the operator.
func (v *Verifier) Misdirected(rule, detail string) *Error {
	return v.refuse(requestMisdirected.fail(rule, detail))
}

// refuse refuses a request before there are credentials.
func (v *Verifier) refuse(err *Error) *Error {
	told := v.observer.begin()
	v.responder.respond(err, "", Route{})
	v.observer.end(context.Background(), told, err)
	return err
}

// decide is the way that every token goes once it is found. It stops at the first fault, so that an answer tells no more
// than it must.
func (v *Verifier) decide(ctx context.Context, r Request, sent presented, told *Decision) (*Verified, error) {
	told.Scheme = sent.scheme
	if v.issuers.reader.unused {
		return nil, v.responder.respond(configInvalid.because(errUnused), sent.scheme, Route{})
	}
	token, err := v.verify(ctx, ports.DomainQuery{URL: r.URL, Header: r.Header}, sent.token, told)
	if err != nil {
		return nil, v.responder.respond(sent.fault(err), sent.scheme, r.Route)
	}
	if err := v.resource.check(&token.says); err != nil {
		return nil, v.responder.respond(err, sent.scheme, r.Route)
	}
	verified := token.verified()
	verified.Scheme, verified.origin = sent.scheme, v.origin
	if err := v.confirmation.check(ctx, r, sent, token, verified, told); err != nil {
		return nil, v.responder.respond(err, sent.scheme, r.Route)
	}
	if err := verified.Require(r.Route); err != nil {
		return nil, err
	}
	return verified, nil
}

// verify checks the token itself. For one that was verified recently, parsing and the signature are skipped, and nothing else.
func (v *Verifier) verify(ctx context.Context, query ports.DomainQuery, compact string, told *Decision) (*signedToken, *Error) {
	if fault := v.form.CheckSize(compact); fault != nil {
		return nil, refused(fault)
	}
	at := v.remembered.place(compact)
	token := v.remembered.recall(at, compact)
	var (
		message *jws.Message // of a token that is not remembered
		err     *Error
	)
	if token != nil {
		query.UnverifiedIssuer = token.says.Issuer
	} else if message, query.UnverifiedIssuer, err = v.form.read(compact); err != nil {
		return nil, err
	}
	told.Issuer = OtherIssuer
	policy, err := v.issuers.find(ctx, query)
	if err != nil {
		return nil, err
	}
	if v.issuers.resolver == nil {
		told.Issuer = policy.issuer
	}
	var keys []*jwk.Key // by which a remembered token names its own; where the policy says that they are
	if token != nil {
		var fault *jwt.Fault
		if keys, fault = v.keys.Find(ctx, policy.source, token.named()); fault != nil {
			return nil, refused(fault)
		}
	}
	// A key that has left the issuer's set, or was fetched again, no longer vouches for what it verified. Neither does
	// another policy: a resolver may return one for the next request.
	known := token != nil && token.policy == policy && slices.Contains(keys, token.key)
	told.Remembered = known
	if !known {
		if token, err = v.authenticate(ctx, policy, compact, message, keys); err != nil {
			return nil, err
		}
	}
	if err = v.claims.check(&token.says); err == nil {
		err = token.boundFault
	}
	switch {
	case err == nil && !known:
		v.remembered.remember(at, compact, token)
	case err != nil && known:
		v.remembered.forget(at)
	}
	return token, err
}

// authenticate checks that an allowed issuer signed a token, and reads what it says by the issuer's policy. A message of
// nil is read first: it was verified by a key that the issuer no longer has, or by another policy. Keys are those that the
// token names, nil if the issuer has not been asked for them: a request waits for keys once.
func (v *Verifier) authenticate(
	ctx context.Context, p *policy, compact string, message *jws.Message, keys []*jwk.Key,
) (*signedToken, *Error) {
	var fault *jwt.Fault
	if message == nil {
		if message, fault = v.form.Parse(compact); fault != nil {
			return nil, refused(fault)
		}
	}
	if fault = p.form.Check(message); fault != nil {
		return nil, refused(fault)
	}
	named, fault := v.keys.Named(message)
	if fault != nil {
		return nil, refused(fault)
	}
	if keys == nil {
		if keys, fault = v.keys.Find(ctx, p.source, named); fault != nil {
			return nil, refused(fault)
		}
	}
	key, fault := v.keys.Signer(message, keys)
	if fault != nil {
		return nil, refused(fault)
	}
	token := &signedToken{policy: p, key: key, keyID: named.KeyID, hasKeyID: named.HasKeyID, algorithm: named.Algorithm}
	token.claims = signedClaims{payload: message.Payload.Raw(), parsed: &message.Payload}
	token.says.Issuer, token.says.token = p.issuer, &token.claims
	if err := v.claims.read(p, &token.says, message.Payload); err != nil {
		return nil, err
	}
	token.bound, token.boundFault = readBinding(message.Payload)
	token.says.CertificateThumbprint = token.bound.x5tS
	return token, nil
}

// Warm fetches the keys of all configured domains that are not held yet, some at once, so that the first request need not
// wait. It waits for each issuer until Keys.FetchTimeout or ctx ends it. It returns what failed, of class [Undecidable];
// the verifier works all the same, and fetches again when it is asked. With a Resolver there is nothing to fetch ahead.
func (v *Verifier) Warm(ctx context.Context) error {
	const atOnce = 16
	var (
		all    sync.WaitGroup
		turns  = make(chan struct{}, atOnce)
		mu     sync.Mutex // guards failed
		failed []error
	)
	for _, p := range v.issuers.fixed.byIssuer {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			if err := v.keys.Ring.Warm(ctx, p.source); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, v.responder.respond(refused(v.keys.NotFound(err)), "", Route{}))
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// Close ends the fetches under way and returns when they have ended. Afterwards keys that are held still verify, until
// Keys.SoftTTL has passed since they were fetched. It may be called more than once, and always returns nil.
func (v *Verifier) Close() error {
	v.keys.Ring.Close()
	return nil
}
