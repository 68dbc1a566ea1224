package redis

import (
	"context"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// reloadInterval is the least time from one reload to the next.
const reloadInterval = 200 * time.Millisecond

// A topology has the client look again for the servers that hold the keys. A *redis.ClusterClient does so by itself
// when a server sends it elsewhere, and otherwise once a minute: a master that died sends it nowhere, and its keys would
// fail for that minute although a replica took over.
type topology struct {
	client interface{ ReloadState(context.Context) } // nil if there is nothing to reload
	paused atomic.Bool                               // from the start of one reload until the next may start
}

func newTopology(client goredis.UniversalClient) *topology {
	t := &topology{}
	t.client, _ = client.(interface{ ReloadState(context.Context) })
	return t
}

// reload starts a reload and returns. It does nothing within reloadInterval of another, so that a storm of errors is
// not a storm of reloads.
func (t *topology) reload() {
	if t.client == nil || !t.paused.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer time.AfterFunc(reloadInterval, func() { t.paused.Store(false) })
		defer func() { _ = recover() }() // the call that failed reports its own error
		t.client.ReloadState(context.Background())
	}()
}
