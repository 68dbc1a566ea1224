package verifier

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/internal/outbound"
	"github.com/holdfast-go/holdfast/verifier/internal/strictjson"
)

// A confirmation is what a token is bound to (RFC 7800), by the methods that are understood.
type confirmation struct {
	jkt  string // thumbprint of a DPoP key (RFC 9449 section 6.1)
	x5tS string // hash of a client certificate (RFC 8705 section 3.1)
}

// readConfirmation reads cnf, and fails closed: what can't be read, or binds the token by a method that is not
// understood, makes it worthless here.
func readConfirmation(payload strictjson.Object) (confirmation, *Error) {
	value, found := payload.Lookup("cnf")
	if !found {
		return confirmation{}, nil
	}
	cnf, err := value.Object()
	if err != nil {
		return confirmation{}, fail(CodeConfirmation, "DPOP-BIND-02", "cnf is not an object")
	}
	var bound confirmation
	understood := 0
	for _, method := range []struct {
		name string
		into *string
	}{{"jkt", &bound.jkt}, {"x5t#S256", &bound.x5tS}} {
		value, found := cnf.Lookup(method.name)
		if !found {
			continue
		}
		understood++
		if *method.into, _ = value.Text(); !isSHA256(*method.into) {
			return confirmation{}, fail(CodeConfirmation, "DPOP-BIND-02", "cnf."+method.name+" is not a SHA-256 in base64url")
		}
	}
	if understood == 0 || understood < cnf.Len() {
		return confirmation{}, fail(CodeConfirmation, "DPOP-BIND-03", "cnf has no confirmation method, or one that is not understood")
	}
	return bound, nil
}

// isSHA256 reports whether s is a hash of 32 bytes in canonical base64url.
func isSHA256(s string) bool {
	var hash [sha256.Size]byte
	if len(s) != base64.RawURLEncoding.EncodedLen(len(hash)) {
		return false
	}
	n, err := base64.RawURLEncoding.Strict().Decode(hash[:], []byte(s))
	return err == nil && n == len(hash)
}

// confirm checks that the sender holds what the token is bound to. A bound token is never a plain Bearer token, and an
// unbound one is never more than that (RFC 9449 section 7.2).
func (v *Verifier) confirm(ctx context.Context, r Request, sent credentials, token *signedToken, verified *Verified) *Error {
	bound := token.bound
	if err := v.confirmCertificate(r, bound); err != nil {
		return err
	}
	if sent.scheme == DPoPScheme {
		return v.confirmKey(ctx, r, sent, token, verified)
	}
	switch {
	case bound.jkt != "" && v.dpop == nil && v.acceptBoundAsBearer:
		return nil
	case bound.jkt != "" && v.dpop == nil:
		return fail(CodeConfirmation, "DPOP-REQ-07", "the token is bound to a key, and DPoP is disabled")
	case bound.jkt != "":
		return fail(CodeConfirmation, "DPOP-REQ-04", "the token is bound to a key, and was sent as Bearer")
	case v.dpop != nil && sent.proofs > 0:
		return fail(CodeRequestMalformed, "DPOP-REQ-05", "a DPoP proof with a Bearer token")
	}
	return nil
}

// confirmCertificate compares the certificate that the token is bound to with the client's (RFC 8705 section 3).
func (v *Verifier) confirmCertificate(r Request, bound confirmation) *Error {
	switch {
	case bound.x5tS == "" && v.mtls == MTLSRequired:
		return fail(CodeConfirmation, "MTLS-02", "the token is not bound to a certificate")
	case bound.x5tS == "":
		return nil
	case v.mtls == MTLSOff:
		return fail(CodeConfirmation, "DPOP-BIND-03", "the token is bound to a certificate, and mTLS is off")
	case len(r.ClientCertificate) == 0:
		return fail(CodeConfirmation, "MTLS-02", "the token is bound to a certificate, and the client has none")
	}
	sum := sha256.Sum256(r.ClientCertificate)
	if base64.RawURLEncoding.EncodeToString(sum[:]) != bound.x5tS {
		return fail(CodeConfirmation, "MTLS-01", "the token is bound to another certificate")
	}
	return nil
}

// confirmKey checks the DPoP proof, that the token is bound to its key, its nonce and, when all else is good, that this
// is its first use.
func (v *Verifier) confirmKey(ctx context.Context, r Request, sent credentials, token *signedToken, verified *Verified) *Error {
	switch {
	case r.Method == "":
		return fail(CodeRequestIncomplete, "DPOP-CLM-02", "Request.Method is empty: a DPoP proof is for one method; set it to the request's")
	case r.URL == "":
		return fail(CodeRequestIncomplete, "DPOP-CLM-04", "Request.URL is empty: a DPoP proof is for one URL; set it to the absolute one that the client asked for")
	case token.bound.jkt == "":
		return fail(CodeConfirmation, "DPOP-REQ-03", "the token is not bound to a key, and was sent as DPoP")
	}
	proof, err := v.dpop.Check(sent.proof, dpop.Request{
		Method: r.Method, URL: r.URL, AccessToken: sent.token, AccessTokenHash: token.digest, Thumbprint: token.bound.jkt,
	})
	if err != nil {
		return proofFailed(err)
	}
	if err := v.checkNonce(proof, verified); err != nil {
		return err
	}
	if err := v.useShare(ctx, proof); err != nil {
		return err
	}
	verified.Thumbprint = proof.Thumbprint
	return nil
}

// useShare uses the proof as a part of its key's share of the replay store. A proof over the share can't be remembered,
// so it can't be told either whether it was used before; accepting it is never a choice, since its client would get any
// proof accepted twice by sending many.
func (v *Verifier) useShare(ctx context.Context, proof *dpop.Proof) *Error {
	if !v.shares.take(proof.Thumbprint) {
		return fail(CodeProofShare, "DPOP-RPL-08", "the proof's key has used up its share of the replay store; see DPoP.MaxProofsPerKey")
	}
	err := v.firstUse(ctx, proof)
	if err != nil && err.Code == CodeProofReplayed {
		v.shares.giveBack(proof.Thumbprint)
	}
	return err
}

// checkNonce holds the proof's nonce against those that were made here (RFC 9449 section 9), and gives a new one with
// the answer before the old one ends (section 8.2).
func (v *Verifier) checkNonce(proof *dpop.Proof, verified *Verified) *Error {
	if v.nonces == nil {
		return nil
	}
	renew := true
	if proof.HasNonce || v.nonceMode == NonceRequired {
		var err error
		if renew, err = v.nonces.Check(proof); err != nil {
			return proofFailed(err)
		}
	}
	if renew {
		// A cached answer would bring an old nonce back (RFC 9449 section 8.2).
		verified.Header = map[string][]string{nonceField: {v.nonces.Issue()}, "Cache-Control": {"no-store"}}
	}
	return nil
}

// firstUse remembers the proof, and tells whether it was used before (RFC 9449 section 11.1).
func (v *Verifier) firstUse(ctx context.Context, proof *dpop.Proof) *Error {
	first, err := outbound.Call(ctx, v.replayPort, func(ctx context.Context) (bool, error) {
		return v.replay.FirstUse(ctx, proof.ReplayKey(), proof.Window)
	})
	switch {
	case errors.Is(err, outbound.ErrCallerLeft):
		// It says nothing about the store, so it is never a reason to accept: clients choose when they hang up.
		return fail(CodeCanceled, "", "").because(err)
	case err != nil && v.acceptWithoutReplayStore && !errors.Is(err, outbound.ErrStuck):
		return nil
	case err != nil:
		return fail(CodeReplayStore, "DPOP-RPL-05", "").because(err)
	case !first:
		return fail(CodeProofReplayed, "DPOP-RPL-01", "the proof was used before")
	}
	return nil
}

func proofFailed(err error) *Error {
	var broken *dpop.Error
	if !errors.As(err, &broken) {
		return fail(CodeProof, "", "").because(err)
	}
	code := CodeProof
	switch {
	case broken.Nonce:
		code = CodeNonce
	case broken.Binding:
		// RFC 9449 section 7.1 has invalid_token in its example of an invalid key binding: another proof by the same
		// key will not help.
		code = CodeConfirmation
	}
	return fail(code, broken.Rule, broken.Detail)
}
