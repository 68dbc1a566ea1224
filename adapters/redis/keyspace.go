package redis

import (
	"errors"
	"fmt"

	goredis "github.com/redis/go-redis/v9"
)

// Config names the keys. The zero value is ready for use.
type Config struct {
	// Prefix starts every key, so that several deployments can share a server: 1 to 64 of the characters
	// A-Z a-z 0-9 . : _ - and by default "holdfast:". Processes that share a cache or a replay store must
	// agree on it.
	Prefix string
}

const (
	defaultPrefix = "holdfast:"
	maxPrefix     = 64
)

// A keyspace is what the two ports have in common. They never share a key, so that no cache entry can stand in for
// a use.
type keyspace struct {
	client goredis.UniversalClient
	prefix string
}

// newKeyspace returns the keyspace of one port, or every fault of what New was given.
func newKeyspace(client goredis.UniversalClient, config Config, port string) (keyspace, error) {
	var faults []error
	if client == nil {
		faults = append(faults, errors.New("holdfast/redis: client is nil"))
	}
	prefix := config.Prefix
	if prefix == "" {
		prefix = defaultPrefix
	}
	if len(prefix) > maxPrefix {
		faults = append(faults, fmt.Errorf("holdfast/redis: Config.Prefix has %d characters, over %d", len(prefix), maxPrefix))
	}
	for _, r := range prefix {
		if !inKey(r) {
			faults = append(faults, fmt.Errorf("holdfast/redis: Config.Prefix has the character %q, which is not one of A-Z a-z 0-9 . : _ -", r))
			break
		}
	}
	return keyspace{client: client, prefix: prefix + port}, errors.Join(faults...)
}

// inKey tells whether r is in the alphabet of the ports' keys.
func inKey(r rune) bool {
	switch {
	case 'A' <= r && r <= 'Z', 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		return true
	default:
		return r == '.' || r == '_' || r == '-' || r == ':'
	}
}
