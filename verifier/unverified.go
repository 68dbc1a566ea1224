package verifier

import "github.com/holdfast-go/holdfast/verifier/internal/jwt"

// maxUnverifiedBytes bounds a token that is only read: the default of Config.MaxTokenBytes.
const maxUnverifiedBytes = 16 << 10

// UnsafeDecodeUnverified writes the header and the claims of a token into what they point to, as [Verified.Decode] does,
// and verifies nothing: whoever sent the token has chosen every word. Either may be nil. It is for logs, for support tools,
// and for routing where a wrong route does no harm. Never decide by it whether a request may pass, whose it is, or whose keys
// to ask for: a [ports.DomainResolver] is given the unverified issuer, and compares it with issuers that it knows.
//
// The token is read as strictly as one to be verified, and may have 16 KiB; its alg and typ may be any. An error, an
// [*Error], holds nothing of the token.
func UnsafeDecodeUnverified(token string, header, claims any) error {
	refuse := func(fault *jwt.Fault) error { return new(Verified).refuse(refused(fault), Route{}) }
	size := jwt.Form{MaxBytes: maxUnverifiedBytes}
	if fault := size.CheckSize(token); fault != nil {
		return refuse(fault)
	}
	message, fault := jwt.Parse(token)
	if fault != nil {
		return refuse(fault)
	}
	if header != nil {
		if fault := jwt.Decode(message.Header, header); fault != nil {
			return refuse(fault)
		}
	}
	if claims != nil {
		if fault := jwt.Decode(message.Payload, claims); fault != nil {
			return refuse(fault)
		}
	}
	return nil
}
