package player

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A Setup is what a case is played on.
type Setup struct {
	Environment *Environment
	Target      Target
	Mode        Mode
	// URL is what clients know the API by, without a trailing slash, and Audience what tokens for it are for.
	URL, Audience string
	// Clock is what tokens and proofs go by.
	Clock ports.Clock
	// Random is where random IDs are read from; nil means that they are never the same.
	Random io.Reader
	// Typ is the typ of good tokens; empty means at+jwt. Claims are claims that they have on top of the usual ones.
	Typ    string
	Claims Fields
	// Strict checks every answer exactly.
	Strict bool
	// Log is told of each exchange of a step, if it is not nil.
	Log func(Exchange)
	// Process is nil where the target is elsewhere.
	Process *Process
	// Levers are those of a target elsewhere.
	Levers Levers
	// Patience is how long a case waits for what must happen; 0 means a minute. Only a case that fails waits so long.
	Patience time.Duration
}

// Levers move what is around a target elsewhere.
type Levers struct {
	Advance func(time.Duration) error // moves the target's clock and that of the setup
	Stop    func() error              // ends the target
	Restart func() error              // ends it, and starts it again with the same settings at the same address
	Writes  func() int                // to the shared cache, since the target was started first
}

// An Exchange is a request that a step sent, the answer that was expected, and the one that came.
type Exchange struct {
	Request  Request
	Expected Expectation
	Answer   Answer
}

// A Process is what a case may look at and change where the verifier is in this process.
type Process struct {
	Verifier *verifier.Verifier
	Cache    ports.Cache
	// Background is of the configuration of Verifier and of those that follow it.
	Background *Background
	// Advance moves the clock.
	Advance func(time.Duration)
	// Restart returns a new verifier of the same configuration, as in another process of a fleet.
	Restart func() (*verifier.Verifier, error)

	second func() (*verifier.Verifier, error) // the other process of two
}

// A Run is a case while it is played. Its methods that make tokens and proofs return no errors: the first error is kept,
// and ends the case as one that could not be played.
type Run struct {
	Setup
	// Sent is the request that was sent last.
	Sent Request
	// Kept are texts of earlier steps.
	Kept map[string]string

	ctx      context.Context
	exact    bool   // the answer is checked exactly
	rule     string // that the case is about
	reported string // the rule that the verifier reports in the end
	last     bool   // the step is the last one
	err      error  // that kept the case from being played
	failures []string
}

// Context ends when the run is to end.
func (run *Run) Context() context.Context { return run.ctx }

// Keep remembers a text for later steps, and returns it.
func (run *Run) Keep(name, text string) string {
	run.Kept[name] = text
	return text
}

// Errorf fails the case.
func (run *Run) Errorf(format string, arguments ...any) {
	run.failures = append(run.failures, fmt.Sprintf(format, arguments...))
}

// Must ends a case that could not be played because of an error, if there is one.
func (run *Run) Must(err error) {
	if err != nil && run.err == nil {
		run.err = err
	}
}

// Failed reports whether the case could not be played.
func (run *Run) Failed() bool { return run.err != nil }

// Now is the time that tokens and proofs go by.
func (run *Run) Now() time.Time { return run.Clock.Now() }

// RandomID returns a text that was never used before.
func (run *Run) RandomID() string {
	if run.Random == nil {
		return rand.Text()
	}
	id := make([]byte, 16)
	_, err := io.ReadFull(run.Random, id)
	run.Must(err)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(id)
}

// Scheme is the authentication scheme that the mode is about.
func (run *Run) Scheme() string {
	if run.bearing() {
		return "Bearer"
	}
	return "DPoP"
}

// bearing reports whether the mode is about tokens that are not bound.
func (run *Run) bearing() bool { return run.Mode != Required }

// Key returns the key of the environment that has that name: one of the constants, or an algorithm.
func (run *Run) Key(name string) *verifiertest.Key {
	key, err := run.Environment.Key(name)
	if err != nil {
		run.Must(err)
		return &verifiertest.Key{}
	}
	return key
}

// Thumbprint is what a token that is bound to a client's key has as cnf.jkt.
func (run *Run) Thumbprint(key string) string {
	thumbprint, err := (&verifiertest.Prover{Key: run.Key(key)}).Thumbprint()
	run.Must(err)
	return thumbprint
}

// Certificate returns the certificate of the client that a key is of, in DER; none where the name is empty.
func (run *Run) Certificate(key string) []byte {
	if key == "" {
		return nil
	}
	private := certificateKey(key)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: key},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
	}
	certificate, err := x509.CreateCertificate(nil, template, template, private.Public(), private)
	run.Must(err)
	return certificate
}

// CertificateHash is what a token that is bound to a certificate has as cnf.x5t#S256 (RFC 8705 section 3.1).
func CertificateHash(certificate []byte) string {
	sum := sha256.Sum256(certificate)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// certificateKey is what the client that a key is of holds its certificate by.
func certificateKey(key string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(key))
	return ed25519.NewKeyFromSeed(seed[:])
}

// clientKey is that of a certificate of [Run.Certificate].
func clientKey(certificate []byte) (ed25519.PrivateKey, error) {
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, err
	}
	return certificateKey(parsed.Subject.CommonName), nil
}
