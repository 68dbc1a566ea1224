package vendorcache_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/holdfast-go/holdfast/examples/vendorcache"
)

func Example() {
	folder, err := os.MkdirTemp("", "vendorcache")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	cache, err := vendorcache.Open(folder)
	if err != nil {
		fmt.Println(err)
		return
	}
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
