package memcached

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/holdfast-go/holdfast/ports"
)

// Config names the keys. The zero value is ready for use.
type Config struct {
	// Prefix starts every key, so that several deployments can share a server: 1 to 64 of the characters
	// A-Z a-z 0-9 . : _ - and by default "holdfast:". Processes that share a cache or a replay store must
	// agree on it.
	Prefix string
	// Clock tells the time for TTLs over 30 days, which memcached takes as a date by its own clock. Nil means the
	// system's clock.
	Clock ports.Clock
}

const (
	defaultPrefix = "holdfast:"
	maxPrefix     = 64
)

// A keyspace is what the two ports have in common. They never share a key, so that no cache entry can stand in for
// a use.
type keyspace struct {
	client *memcache.Client
	prefix string
	clock  ports.Clock
}

// newKeyspace returns the keyspace of one port, or every fault of what New was given.
func newKeyspace(client *memcache.Client, config Config, port string) (keyspace, error) {
	var faults []error
	if client == nil {
		faults = append(faults, errors.New("holdfast/memcached: client is nil"))
	}
	prefix := config.Prefix
	if prefix == "" {
		prefix = defaultPrefix
	}
	if len(prefix) > maxPrefix {
		faults = append(faults, fmt.Errorf("holdfast/memcached: Config.Prefix has %d characters, over %d", len(prefix), maxPrefix))
	}
	for _, r := range prefix {
		if !inKey(r) {
			faults = append(faults, fmt.Errorf("holdfast/memcached: Config.Prefix has the character %q, which is not one of A-Z a-z 0-9 . : _ -", r))
			break
		}
	}
	clock := config.Clock
	switch {
	case clock == nil:
		clock = systemClock{}
	case isNil(clock):
		faults = append(faults, fmt.Errorf("holdfast/memcached: Config.Clock is a nil %T; leave it out for the system's clock", clock))
	}
	return keyspace{client: client, prefix: prefix + port, clock: clock}, errors.Join(faults...)
}

// isNil reports whether clock holds a nil pointer or function, whose first use would panic.
func isNil(clock ports.Clock) bool {
	switch value := reflect.ValueOf(clock); value.Kind() {
	case reflect.Pointer, reflect.Func:
		return value.IsNil()
	}
	return false
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

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// maxRelative is the most seconds that memcached takes as a span; more is a Unix time.
const maxRelative = 30 * 24 * 60 * 60

var errTooLong = errors.New("the ttl ends after 2038-01-19, the last date that memcached knows")

// expiration is a time to live in memcached's terms. Zero would mean for ever and less would mean at once, so
// seconds is positive.
func (k keyspace) expiration(seconds int64) (int32, error) {
	if seconds > maxRelative {
		seconds += k.clock.Now().Unix() + 1 // the clock's fraction of a second rounded up
	}
	if seconds > math.MaxInt32 {
		return 0, errTooLong
	}
	return int32(seconds), nil
}

// wholeSeconds rounds ttl up.
func wholeSeconds(ttl time.Duration) int64 {
	seconds := int64(ttl / time.Second)
	if ttl%time.Second > 0 {
		seconds++
	}
	return seconds
}
