// Package memory has the embedded default of every port: what the verifier uses when it is given nothing else. All of
// it is bounded, and runs nothing in the background.
//
// It is right for one process. The processes of a fleet that should share keys, or must know each other's used proofs,
// need a Cache and a ReplayStore over a server that they share: see the adapters for Redis and Memcached.
package memory
