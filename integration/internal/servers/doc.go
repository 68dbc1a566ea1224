// Package servers runs real Redis and memcached servers for tests: as child processes on free loopback ports, with
// nothing persisted, stopped when the test ends. A server can be killed, stopped, continued and restarted, which is
// how the tests come by an outage.
//
// A program that is not installed fails the test; no test is skipped for it.
package servers
