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
	store, err := memory.NewReplayStore(memory.ReplayConfig{MaxEntries: 1000})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		first, err := store.FirstUse(context.Background(), "dpop:proof-1", 5*time.Minute)
		fmt.Println(first, err)
	}
	// Output:
	// true <nil>
	// false <nil>
}

func ExampleCache() {
	cache, err := memory.NewCache(memory.CacheConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = cache.Get(context.Background(), "keys:issuer")
	fmt.Println(errors.Is(err, ports.ErrMiss))
	// Output: true
}
