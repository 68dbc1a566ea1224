package memory_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier/memory"
)

func ExampleReplayStore() {
	store := must(memory.NewReplayStore(memory.ReplayConfig{MaxEntries: 1000}))
	for range 2 {
		first, err := store.FirstUse(context.Background(), "dpop:proof-1", 5*time.Minute)
		fmt.Println(first, err)
	}
	// Output:
	// true <nil>
	// false <nil>
}

func ExampleCache() {
	cache := must(memory.NewCache(memory.CacheConfig{}))
	_, err := cache.Get(context.Background(), "keys:issuer")
	fmt.Println(errors.Is(err, ports.ErrMiss))
	// Output: true
}

// must ends an example that fails. An application handles the error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
