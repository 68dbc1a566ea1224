// Package integration proves Holdfast's adapters on real servers, and the architecture on the real module graph. It
// has tests, and the command load, which measures an API while its stores and issuers fail. It is not released.
//
// The adapters' own tests need no server; these start theirs (package internal/servers) and fail where a program is
// missing:
//
//	apt-get install redis-server memcached
//
// The contract tests take the sentences of ports/cache.go and ports/replay.go one by one; the outage and fault tests
// kill, stop and restart the servers, and lose their replies; the import table states which module may import what.
package integration
