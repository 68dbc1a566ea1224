package verifier

// A Possession is what the sender of a token proved to hold in a way that the caller has checked: the key of a DPoP proof
// that package dpop checked when a WebSocket was opened, say, a key that signed a message of a queue, or the client
// certificate of a connection. What is not proved for this token, or for the connection that it came over, must not stand
// here: a thumbprint that was copied out of the token proves nothing.
type Possession struct {
	// Thumbprint is that of the key (RFC 7638, SHA-256, base64url), as [dpop.Proof] has it; empty if no key was proved.
	Thumbprint string
	// ClientCertificate is the client certificate, in DER; nil if there was none.
	ClientCertificate []byte
}
