package verifier

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/internal/jwk"
	"github.com/holdfast-go/holdfast/verifier/internal/jws"
	"github.com/holdfast-go/holdfast/verifier/internal/jwt"
	"github.com/holdfast-go/holdfast/verifier/internal/keyring"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
	"github.com/holdfast-go/holdfast/verifier/internal/shared"
)

// A Verifier decides whether requests may pass. It is safe for concurrent use. Close ends its background fetches.
type Verifier struct {
	clock    ports.Clock
	keys     *keyring.Ring
	shared   shared.Verifier
	resolver ports.DomainResolver // nil where domains are fixed
	domains  domains

	resolverPort *outbound.Port

	remembered *tokenMemory // nil if it is off

	audiences      []string // of resolved domains that name none
	loopbackHTTP   bool
	algorithms     []string
	requireProfile bool
	requiredClaims []string
	organization   string
	scopeClaim     string
	leeway         time.Duration
	maxTokenAge    time.Duration
	maxTokenBytes  int
	allowNoKeyID   bool
	allowIDTokens  bool

	schemes             []Scheme      // on offer, in the order of challenges
	dpop                *dpop.Checker // nil if DPoP is disabled
	proofAlgorithms     string        // of DPoP challenges
	nonces              *dpop.Nonces  // nil if nonces are off
	nonceMode           NonceMode
	replay              ports.ReplayStore
	replayPort          *outbound.Port
	shares              *proofShares // nil if a key's proofs are not bounded
	mtls                MTLSMode
	acceptBoundAsBearer bool

	acceptWithoutReplayStore bool

	realm            string
	resource         string // identifier, empty if there is none
	resourceMetadata string // address of its metadata
}

// VerifyRequest decides whether a request may pass: it finds the access token in the Authorization header field and
// verifies it and what binds it to the request. Its errors are of type [*Error], with the answer to send.
//
// It does not read the request's body, and checks no scopes but r.Scopes: see [Verified.RequireScopes].
func (v *Verifier) VerifyRequest(ctx context.Context, r Request) (*Verified, error) {
	sent, err := v.credentials(r)
	if err != nil {
		return nil, v.answer(err, sent.scheme, r.Scopes)
	}
	return v.decide(ctx, r, sent)
}

// VerifyAccessToken verifies a token that did not come with an HTTP request that [Verifier.VerifyRequest] can be given.
// The token must not be bound to a key or certificate (cnf), since nothing here can prove that the sender holds it, and
// DPoP must not be required. Its errors are those of VerifyRequest.
func (v *Verifier) VerifyAccessToken(ctx context.Context, token string) (*Verified, error) {
	if v.offered(string(Bearer)) == "" {
		return nil, v.answer(fail(CodeSchemeNotOffered, "DPOP-REQ-06", "DPoP is required, and a token alone proves nothing"), "", nil)
	}
	return v.decide(ctx, Request{}, credentials{scheme: Bearer, token: token})
}

// Malformed returns the error of a request that can't be made into a [Request], with the answer to send: for adapters,
// which find that out before there are credentials to verify. The rule and the detail are for the operator.
func (v *Verifier) Malformed(rule, detail string) *Error {
	return v.answer(fail(CodeRequestMalformed, rule, detail), "", nil)
}

// Misdirected returns the error of a request for a host that the API does not serve, with the answer to send (421, RFC
// 9110 section 15.5.20): for adapters, which know the hosts. The rule and the detail are for the operator.
func (v *Verifier) Misdirected(rule, detail string) *Error {
	return v.answer(fail(CodeMisdirected, rule, detail), "", nil)
}

// decide is the one way that every token goes, once it is found. The first fault ends it, so that an answer tells no
// more than it must.
func (v *Verifier) decide(ctx context.Context, r Request, sent credentials) (*Verified, error) {
	token, err := v.verify(ctx, ports.DomainQuery{URL: r.URL, Header: r.Header}, sent.token)
	if err != nil {
		return nil, v.answer(sent.fault(err), sent.scheme, r.Scopes)
	}
	verified := token.verified()
	verified.Scheme, verified.verifier = sent.scheme, v
	if err := v.confirm(ctx, r, sent, token, verified); err != nil {
		return nil, v.answer(err, sent.scheme, r.Scopes)
	}
	if err := verified.RequireScopes(r.Scopes...); err != nil {
		return nil, err
	}
	return verified, nil
}

// verify checks the token itself. For one that was verified recently, parsing and the signature are skipped, and nothing else.
func (v *Verifier) verify(ctx context.Context, query ports.DomainQuery, compact string) (*signedToken, *Error) {
	if len(compact) > v.maxTokenBytes {
		return nil, fail(CodeTokenTooLarge, "CRED-09", "the token is over the size bound")
	}
	at := v.remembered.place(compact)
	token := v.remembered.recall(at, compact)
	var (
		message *jws.Message // of a token that is not remembered
		err     *Error
	)
	if token != nil {
		query.UnverifiedIssuer = token.says.Issuer
	} else if message, query.UnverifiedIssuer, err = v.read(compact); err != nil {
		return nil, err
	}
	allowed, err := v.allowedDomain(ctx, query)
	if err != nil {
		return nil, err
	}
	var keys []*jwk.Key // by which a remembered token names its own
	if token != nil {
		if keys, err = v.keysNamed(ctx, allowed.issuer, token.named); err != nil {
			return nil, err
		}
	}
	// A key that has left the issuer's set, or was fetched again, no longer vouches for what it verified.
	known := token != nil && slices.Contains(keys, token.key)
	if !known {
		if token, err = v.authenticate(ctx, allowed.issuer, compact, message, keys); err != nil {
			return nil, err
		}
	}
	if err = v.judge(allowed, &token.says); err == nil {
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

// read checks the form of a token and finds the issuer that it names.
func (v *Verifier) read(compact string) (*jws.Message, string, *Error) {
	message, err := v.parse(compact)
	if err != nil {
		return nil, "", err
	}
	issuer, err := unverifiedIssuer(message)
	return message, issuer, err
}

// authenticate checks that an allowed issuer signed a token, and reads what it says. A message of nil is read first: it
// was verified by a key that the issuer no longer has. Keys are those that the token names, nil if the issuer has not been
// asked for them: a request waits for keys once.
func (v *Verifier) authenticate(
	ctx context.Context, issuer, compact string, message *jws.Message, keys []*jwk.Key,
) (*signedToken, *Error) {
	var err *Error
	if message == nil {
		if message, err = v.parse(compact); err != nil {
			return nil, err
		}
	}
	named := keyring.Selector{KeyID: message.KeyID, HasKeyID: message.HasKeyID, Algorithm: message.Algorithm}
	named.IssuedAt, _, _ = jwt.Date(message.Payload, "iat")
	if !message.HasKeyID && !v.allowNoKeyID {
		return nil, fail(CodeKeyIDMissing, "KEYS-01", "the header has no kid")
	}
	if keys == nil {
		if keys, err = v.keysNamed(ctx, issuer, named); err != nil {
			return nil, err
		}
	}
	key, err := checkSignature(message, keys)
	if err != nil {
		return nil, err
	}
	token := &signedToken{named: named, key: key, length: len(compact)}
	if err := v.readClaims(&token.says, issuer, message.Payload); err != nil {
		return nil, err
	}
	token.bound, token.boundFault = readConfirmation(message.Payload)
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
	for issuer := range v.domains.byIssuer {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			if err := v.keys.Warm(ctx, issuer); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, v.answer(keysFailed(err), "", nil))
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// Close ends the fetches under way and returns when they have ended. Afterwards keys that are held still verify, until
// Keys.SoftTTL has passed since they were fetched. It may be called more than once, and always returns nil.
func (v *Verifier) Close() error {
	v.keys.Close()
	return nil
}

// nonceField is where nonces are given to clients (RFC 9449 section 8.1), as net/http spells it.
const nonceField = "Dpop-Nonce"

// answer adds the header fields of the HTTP answer to a request that used a scheme. The challenge of a missing scope
// names those that are needed.
func (v *Verifier) answer(e *Error, used Scheme, neededScopes []string) *Error {
	// RFC 6750 section 5.3 wants answers with tokens not cached; one without must not be either, since the next
	// request may well carry a good token.
	e.Header = map[string][]string{"Cache-Control": {"no-store"}}
	switch e.Class {
	case Rejected:
		e.Header["Www-Authenticate"] = v.challenges(e, used, neededScopes)
		if e.Code == CodeNonce {
			e.Header[nonceField] = []string{v.nonces.Issue()}
		}
	case Undecidable:
		var unavailable *keyring.UnavailableError
		wait := time.Second
		if errors.As(e.Err, &unavailable) {
			wait = unavailable.RetryAfter
		}
		e.Header["Retry-After"] = []string{retryAfter(wait)}
	}
	return e
}
