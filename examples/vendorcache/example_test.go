package vendorcache_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/holdfast-go/holdfast/examples/vendorcache"
)

func Example() {
	folder := must(os.MkdirTemp("", "vendorcache"))
	defer os.RemoveAll(folder)
	cache := must(vendorcache.Open(folder))
	defer cache.Close()

	ctx := context.Background()
	if err := cache.Set(ctx, "keys:issuer", []byte(`{"keys":[]}`), time.Minute); err != nil {
		fmt.Println(err)
		return
	}
	value, err := cache.Get(ctx, "keys:issuer")
	fmt.Printf("%s %v\n", value, err)
	// Output: {"keys":[]} <nil>
}

// must ends an example that fails. An application handles the error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
