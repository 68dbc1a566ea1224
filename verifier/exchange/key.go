package exchange

import (
	"log/slog"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/internal/signing"
)

// A SigningKey signs for the client.
type SigningKey = verifier.SigningKey

// A signer asks a SigningKey. It needs no bound of its own: a request for a token has one.
type signer struct{ signing.Signer }

func newSigner(key SigningKey, logger *slog.Logger) (signer, error) {
	made, err := signing.New(signing.Key(key), logger)
	return signer{made}, err
}

// sign returns claims as a compact JWS with the typ, if any, and the public key in its header where embed says so.
func (k signer) sign(claims any, typ string, embed bool) (string, *Error) {
	signed, err := k.Sign(claims, typ, embed)
	if err != nil {
		return "", &Error{Class: verifier.Undecidable, Code: CodeSigning, Status: 503, Err: err}
	}
	return signed, nil
}
