// Package simulation plays random histories against the verifier and holds what it decided against a small oracle. It
// consists of tests only; see docs/assurance.md for what is simulated and how a seed is replayed.
//
// A history is drawn from a seed (history_test.go). It is played in a bubble of testing/synctest, where time is fake and
// a goroutine that is left over is a failure: some processes, each with a verifier and a clock that can step, share
// issuers, a cache and a replay store that fail as the history says (environment_test.go, issuer_test.go, stores_test.go). All
// goes through the public API of package verifier. What happened is recorded, and judged when the history has ended
// (oracle_test.go), by what docs/rules.md and docs/operations.md promise and not by how the code does it.
//
// A seed replays a run: the steps, the latencies and the faults are drawn from the seed, the jitter of the verifier from
// the fake time, and one request after the other is started, the next when all goroutines wait.
//
// The package is inside the domain's module since it needs neither a network nor a server, and internal since it replaces
// the verifier's jitter.
package simulation
