package verifier

import (
	"context"
	"errors"

	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/internal/settings"
)

// proofs checks DPoP proofs.
type proofs struct {
	checker       *dpop.Checker
	algorithms    []string
	nonces        *dpop.Nonces // nil if they are off
	nonceRequired bool
	uses          *firstUses
}

// newProofs lets package dpop check the fields that it has too.
func newProofs(c *checker) *proofs {
	config := dpop.Config{
		Algorithms: c.DPoP.Algorithms, MaxAge: c.DPoP.MaxAge, Leeway: c.DPoP.Leeway, MaxProofBytes: c.DPoP.MaxProofBytes,
		Clock: c.Clock,
	}
	if c.signatures != nil {
		config.SignatureVerifier = c.signatures
	}
	checker, err := dpop.New(config)
	c.Adopt("DPoP.", err)
	p := &proofs{checker: checker, algorithms: settings.In("dpop", config).AlgorithmNames("Algorithms")}
	p.uses = newFirstUses(c, checker)
	c.Enum("DPoP.Nonce", int(c.DPoP.Nonce), nonceModeNames)
	if c.DPoP.Nonce == NonceOff {
		noNonces(c)
		return p
	}
	p.nonceRequired = c.DPoP.Nonce == NonceRequired
	p.nonces, err = dpop.NewNonces(dpop.NonceConfig{Secrets: c.DPoP.NonceSecrets, Lifetime: c.DPoP.NonceLifetime, Clock: c.Clock})
	c.Adopt("DPoP.Nonce", err)
	return p
}

var errNoNonces = errors.New("is set, but DPoP.Nonce is NonceOff: no nonces are made; set it to NonceOffered or NonceRequired, or remove this")

// noNonces refuses settings of nonces that nothing makes: whoever wrote them believes that proofs have nonces.
func noNonces(c *checker) {
	if len(c.DPoP.NonceSecrets) > 0 {
		c.Fault("DPoP.NonceSecrets", errNoNonces)
	}
	if c.DPoP.NonceLifetime != 0 {
		c.Fault("DPoP.NonceLifetime", errNoNonces)
	}
}

// check checks the DPoP proof, that the token is bound to its key, its nonce and, when all else is good, that this
// is its first use.
func (p *proofs) check(ctx context.Context, r Request, sent presented, token *signedToken, verified *Verified, told *Decision) *Error {
	switch {
	case r.Method == "":
		return requestIncomplete.fail("DPOP-CLM-02", "Request.Method is empty: a DPoP proof is for one method; set it to the request's")
	case r.URL == "":
		return requestIncomplete.fail("DPOP-CLM-04", "Request.URL is empty: a DPoP proof is for one URL; set it to the absolute one that the client asked for")
	case token.bound.jkt == "":
		return confirmationNotSatisfied.fail("DPOP-REQ-03", "the token is not bound to a key, and was sent as DPoP")
	}
	target := dpop.Request{Method: r.Method, URL: r.URL, AccessToken: sent.token, Thumbprint: token.bound.jkt}
	if token.digest != nil {
		target.AccessTokenHash = *token.digest
	}
	proof, err := p.checker.Check(sent.proof, target)
	if err != nil {
		return p.broken(err)
	}
	if err := p.checkNonce(proof, verified); err != nil {
		return err
	}
	var refusal *Error
	if told.Replay, refusal = p.uses.take(ctx, proof); refusal != nil {
		return refusal
	}
	verified.Thumbprint = proof.Thumbprint
	return nil
}

// checkNonce compares the proof's nonce with those that were made here (RFC 9449 section 9), and gives a new one with
// the answer before the old one ends (section 8.2).
func (p *proofs) checkNonce(proof *dpop.Proof, verified *Verified) *Error {
	if p.nonces == nil {
		return nil
	}
	renew := true
	if proof.HasNonce || p.nonceRequired {
		var err error
		if renew, err = p.nonces.Check(proof); err != nil {
			return p.broken(err)
		}
	}
	if renew {
		// A cached answer would bring an old nonce back (RFC 9449 section 8.2).
		verified.Header = p.newNonce()
		verified.Header["Cache-Control"] = []string{"no-store"}
	}
	return nil
}

// newNonce is the header field in which clients are given a nonce (RFC 9449 section 8.1), as net/http spells it.
func (p *proofs) newNonce() map[string][]string {
	return map[string][]string{"Dpop-Nonce": {p.nonces.Issue()}}
}

// broken says what an error of package dpop means.
func (p *proofs) broken(err error) *Error {
	broken, known := errors.AsType[*dpop.Error](err)
	switch {
	case !known:
		return proofInvalid.because(err)
	case broken.Nonce:
		wanted := nonceNeeded.fail(broken.Rule, broken.Detail)
		wanted.Header = p.newNonce()
		return wanted
	case broken.Binding:
		// RFC 9449 section 7.1 has invalid_token in its example of an invalid key binding: another proof by the same
		// key will not help.
		return confirmationNotSatisfied.fail(broken.Rule, broken.Detail)
	}
	return proofInvalid.fail(broken.Rule, broken.Detail)
}
