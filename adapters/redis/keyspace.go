package redis

import (
	"context"
	"errors"
	"fmt"
	"reflect"

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
	client   goredis.UniversalClient
	topology *topology
	prefix   string
}

// newKeyspace returns the keyspace of one port, or every fault of what New was given.
func newKeyspace(client goredis.UniversalClient, config Config, port string) (keyspace, error) {
	var faults []error
	if isNil(client) {
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
	return keyspace{client: client, topology: newTopology(client), prefix: prefix + port}, errors.Join(faults...)
}

// isNil reports whether client is nil, or a nil pointer in the interface.
func isNil(client goredis.UniversalClient) bool {
	if client == nil {
		return true
	}
	value := reflect.ValueOf(client)
	return value.Kind() == reflect.Pointer && value.IsNil()
}

// call awaits op, and has the topology reloaded if it fails. A caller that left says nothing about the servers.
func call[T any](ctx context.Context, k keyspace, op func() (T, error)) (T, error) {
	value, err := await(ctx, op)
	if err != nil && !errors.Is(err, context.Canceled) {
		k.topology.reload()
	}
	return value, err
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
