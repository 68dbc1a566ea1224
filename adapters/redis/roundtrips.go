package redis

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	// tripsAtOnce is how many round trips may be under way before commands wait to share one. With several, a
	// connection that hangs holds up a part of them only.
	tripsAtOnce = 4
	// perTrip bounds the commands of one round trip.
	perTrip = 64
	// lateTrip is after how long a round trip no longer counts: what waits goes by another connection.
	lateTrip = 50 * time.Millisecond
)

// roundTrips sends commands to one server, in one round trip those that come together. A command goes out at once while few
// are under way; otherwise with those that come until one of these is over. It never waits for more to come.
type roundTrips struct {
	client *goredis.Client

	mu       sync.Mutex // guards what follows
	underWay int
	waiting  []*trip
}

// A trip is a command that waits. Its turn brings the commands that it is to send, its own among them, or none if another
// has sent it.
type trip struct {
	ctx  context.Context
	cmd  goredis.Cmder
	turn chan []*trip
}

// newTrips reports false for a client of several servers: in one round trip with others' keys, those of a server that hangs
// would hold up all.
func newTrips(client goredis.UniversalClient) (*roundTrips, bool) {
	server, one := client.(*goredis.Client)
	if !one {
		return nil, false
	}
	return &roundTrips{client: server}, true
}

// process is the client's Process. The end of one command's context ends no other one.
func (r *roundTrips) process(ctx context.Context, cmd goredis.Cmder) error {
	own := r.queue(ctx, cmd)
	if own == nil {
		defer r.leave()()
		return r.client.Process(ctx, cmd)
	}
	if together := <-own.turn; together != nil {
		defer r.leave()()
		r.send(own, together)
	}
	return cmd.Err()
}

// queue returns nil if the command need not wait.
func (r *roundTrips) queue(ctx context.Context, cmd goredis.Cmder) *trip {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.underWay < tripsAtOnce {
		r.underWay++
		return nil
	}
	own := &trip{ctx, cmd, make(chan []*trip, 1)}
	r.waiting = append(r.waiting, own)
	return own
}

// leave returns what ends a round trip that begins now. It ends by itself once it is late.
func (r *roundTrips) leave() func() {
	end := sync.OnceFunc(r.next)
	late := time.AfterFunc(lateTrip, end)
	return func() {
		late.Stop()
		end()
	}
}

// next gives what has waited to the first of those who wait.
func (r *roundTrips) next() {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(len(r.waiting), perTrip)
	if n == 0 {
		r.underWay--
		return
	}
	together := slices.Clone(r.waiting[:n])
	r.waiting = slices.Delete(r.waiting, 0, n)
	together[0].turn <- together
}

var errTripEnded = errors.New("the client panicked, or ended the goroutine, in a round trip with other calls")

// send makes a round trip, which may take until the last of those who wait for it has left.
func (r *roundTrips) send(own *trip, together []*trip) {
	err := errTripEnded // unless it comes back
	defer func() {
		for _, t := range together {
			if err != nil {
				t.cmd.SetErr(err)
			}
			if t != own {
				t.turn <- nil
			}
		}
	}()
	ctx, cancel := lastOf(together)
	defer cancel()
	pipe := r.client.Pipeline()
	for _, t := range together {
		if left := t.ctx.Err(); left != nil {
			t.cmd.SetErr(left)
			continue
		}
		_ = pipe.Process(ctx, t.cmd) // which only queues it
	}
	_, _ = pipe.Exec(ctx) // each command has an error of its own
	err = nil
}

// lastOf returns a context that ends at the last deadline of all, and by none of them before.
func lastOf(together []*trip) (context.Context, context.CancelFunc) {
	ctx := context.WithoutCancel(together[0].ctx)
	var last time.Time
	for _, t := range together {
		deadline, found := t.ctx.Deadline()
		if !found {
			return ctx, func() {}
		}
		if deadline.After(last) {
			last = deadline
		}
	}
	return context.WithDeadline(ctx, last)
}
