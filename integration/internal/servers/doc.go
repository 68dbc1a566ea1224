// Package servers runs real Redis and memcached servers for tests: as child processes on free loopback ports, with
// nothing persisted, stopped when the test ends: single ones, Clusters and what Sentinels watch, also by TLS. A server can be
// killed, stopped, continued and restarted, a replica takes over, slots move, and a proxy loses replies or goes dark: that
// is how the tests come by an outage.
//
// A program that is not installed fails the test; no test is skipped for it.
package servers
