package verifier

import "time"

// A Decision says what became of one request or token, for metrics and traces: see Config.DecisionObserver. Nothing in it is
// from the token but what an allowed issuer is called, and each of its texts is one of a bounded set.
type Decision struct {
	// Class is empty if the request may pass.
	Class Class
	// Code is empty if the request may pass.
	Code Code
	// Rule is the ID of the rule that was broken, as docs/rules.md lists it; empty where there is none.
	Rule string
	// Issuer is the issuer of Config.Domain or Config.Domains that the token names. It is [OtherIssuer] for all others, those
	// of a Resolver included, since there may be any number of them. It is empty if the token was refused before that was
	// read. It is what the token says: its signature may be bad.
	Issuer string
	// Scheme is how the token was sent; empty if that could not be read.
	Scheme Scheme
	// Remembered tells that the token was verified recently, and its signature was not verified again.
	Remembered bool
	// Replay is what is known of earlier uses of the DPoP proof; empty if that was not asked, since there is none or
	// something else was wrong before.
	Replay Replay
	// Duration is how long it took, by Config.Clock.
	Duration time.Duration
}

// OtherIssuer stands in a [Decision] for every issuer that the configuration does not name.
const OtherIssuer = "other"

// Replay is what is known of earlier uses of a DPoP proof (RFC 9449 section 11.1).
type Replay string

const (
	// FirstUse: the proof was not used before.
	FirstUse Replay = "first_use"
	// Replayed: the proof was used before.
	Replayed Replay = "replayed"
	// ReplayUnknown: it can't be told. The request is refused, or was accepted by InsecureAcceptWithoutReplayStore.
	ReplayUnknown Replay = "unknown"
)
