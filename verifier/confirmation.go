package verifier

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// confirmation checks that the sender holds what a token is bound to.
type confirmation struct {
	mtls                MTLSMode
	proofs              *proofs // nil if DPoP is disabled
	keyRequired         bool    // by DPoPRequired
	acceptBoundAsBearer bool
}

func newConfirmation(c *checker) confirmation {
	c.Enum("MTLS", int(c.MTLS), mtlsModeNames)
	c.Enum("DPoP.Mode", int(c.DPoP.Mode), dpopModeNames)
	insecure := c.DPoP.InsecureAcceptBoundTokensAsBearer
	if insecure && c.DPoP.Mode != DPoPDisabled {
		c.Fault("DPoP.InsecureAcceptBoundTokensAsBearer", errors.New("is only for DPoPDisabled"))
	}
	if c.DPoP.Mode == DPoPDisabled {
		if c.DPoP.Nonce != NonceOff {
			c.Fault("DPoP.Nonce", fmt.Errorf("is %v, but DPoP.Mode is DPoPDisabled: no proof is read; leave it at NonceOff, or offer DPoP", c.DPoP.Nonce))
		} else {
			noNonces(c)
		}
		return confirmation{mtls: c.MTLS, acceptBoundAsBearer: insecure}
	}
	return confirmation{mtls: c.MTLS, proofs: newProofs(c), keyRequired: c.DPoP.Mode == DPoPRequired}
}

// algorithms are those of proofs, none if DPoP is disabled.
func (c *confirmation) algorithms() []string {
	if c.proofs == nil {
		return nil
	}
	return c.proofs.algorithms
}

// check checks that the sender holds what the token is bound to. A bound token is never a plain Bearer token, and an
// unbound one is never more than that (RFC 9449 section 7.2).
func (c *confirmation) check(ctx context.Context, r Request, sent presented, token *signedToken, verified *Verified, told *Decision) *Error {
	bound := token.bound
	if err := c.checkCertificate(r, bound); err != nil {
		return err
	}
	if sent.possession != nil {
		return c.checkPossession(*sent.possession, bound, verified)
	}
	if sent.scheme == DPoPScheme {
		return c.proofs.check(ctx, r, sent, token, verified, told)
	}
	switch {
	case bound.jkt != "" && c.proofs == nil && c.acceptBoundAsBearer:
		return nil
	case bound.jkt != "" && c.proofs == nil:
		return confirmationNotSatisfied.fail("DPOP-REQ-07", "the token is bound to a key, and DPoP is disabled")
	case bound.jkt != "":
		return confirmationNotSatisfied.fail("DPOP-REQ-04", "the token is bound to a key, and was sent as Bearer")
	case c.proofs != nil && sent.proofs > 0:
		return requestMalformed.fail("DPOP-REQ-05", "a DPoP proof with a Bearer token")
	}
	return nil
}

// checkPossession compares what a token is bound to with what the sender proved to hold.
func (c *confirmation) checkPossession(proved Possession, bound binding, verified *Verified) *Error {
	switch {
	case bound == (binding{}):
		return confirmationNotSatisfied.fail("DPOP-REQ-03", "the token is bound to nothing: anyone can have sent it")
	case bound.jkt == "" && (proved.Thumbprint != "" || c.proofs != nil && c.keyRequired):
		return confirmationNotSatisfied.fail("DPOP-REQ-03", "the token is not bound to a key")
	case bound.jkt != "" && c.proofs == nil && !c.acceptBoundAsBearer:
		return confirmationNotSatisfied.fail("DPOP-REQ-07", "the token is bound to a key, and DPoP is disabled")
	case bound.jkt != proved.Thumbprint:
		return confirmationNotSatisfied.fail("DPOP-BIND-01", "the token is bound to another key than the sender proved to hold")
	}
	verified.Thumbprint = bound.jkt
	return nil
}

// checkCertificate compares the certificate that the token is bound to with the client's (RFC 8705 section 3).
func (c *confirmation) checkCertificate(r Request, bound binding) *Error {
	switch {
	case bound.x5tS == "" && c.mtls == MTLSRequired:
		return confirmationNotSatisfied.fail("MTLS-02", "the token is not bound to a certificate")
	case bound.x5tS == "":
		return nil
	case c.mtls == MTLSOff:
		return confirmationNotSatisfied.fail("DPOP-BIND-03", "the token is bound to a certificate, and mTLS is off")
	case len(r.ClientCertificate) == 0:
		return confirmationNotSatisfied.fail("MTLS-02", "the token is bound to a certificate, and the client has none")
	}
	sum := sha256.Sum256(r.ClientCertificate)
	if base64.RawURLEncoding.EncodeToString(sum[:]) != bound.x5tS {
		return confirmationNotSatisfied.fail("MTLS-01", "the token is bound to another certificate")
	}
	return nil
}
