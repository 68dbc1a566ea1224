package simulation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// An issuer publishes keys, takes new ones into use, withdraws old ones, and fails as it is told to.
type issuer struct {
	number     int
	published  []period // of each key that it has used; the newest signs
	fresh      time.Duration
	failure    failure
	faultTimes []period // when it had a fault
}

// rotate takes a new key into use, and withdraws the others if they are not to stay.
func (i *issuer) rotate(now time.Duration, stay bool) {
	if len(i.published) == keysPerIssuer {
		return
	}
	if !stay {
		for k := range i.published {
			i.withdraw(k, now)
		}
	}
	i.published = append(i.published, period{from: now})
}

func (i *issuer) withdraw(key int, now time.Duration) {
	if i.published[key].open() {
		i.published[key].to = now
	}
}

// withdrawOldest withdraws the oldest key that is published. The last one is replaced.
func (i *issuer) withdrawOldest(now time.Duration) {
	for k := range i.published {
		if i.published[k].open() {
			if k == i.signing() {
				i.rotate(now, false)
			} else {
				i.withdraw(k, now)
			}
			return
		}
	}
}

func (i *issuer) signing() int { return len(i.published) - 1 }

// keySet is what it publishes at that time.
func (i *issuer) keySet(at time.Duration) string {
	var keys []string
	for k, p := range i.published {
		if p.holds(at) {
			keys = append(keys, issuerKeys[i.number][k].jwk)
		}
	}
	return `{"keys":[` + strings.Join(keys, ",") + `]}`
}

// metadata is what the issuer says of itself.
func (i *issuer) metadata(f fault) string {
	named, jwksURI := issuerURL(i.number), issuerURL(i.number)+"jwks"
	switch f {
	case faultGarbageMetadata:
		return `<html>`
	case faultForeignMetadata:
		named = issuerURL(i.number + 1)
	case faultUnusableMetadata:
		jwksURI = "http://issuer.example/jwks"
	}
	return fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, named, jwksURI)
}

// keys is the key set as it was at that time, and whether it is good.
func (i *issuer) keys(f fault, at time.Duration) (body string, good bool) {
	switch f {
	case faultEmptySet:
		return `{"keys":[]}`, false
	case faultUnusableKeys:
		return `{"keys":[{"kty":"AKP","kid":"key-0","alg":"ML-DSA-44","pub":"AAAA"}]}`, false
	case faultGarbageKeys:
		return `{"keys":{}}`, false
	}
	return i.keySet(at), true
}

// An attempt is one fetch of an issuer's metadata and keys by one life of a process.
type attempt struct {
	life   *life
	issuer int
	period
	deaf     bool          // it did not heed its context, so that it may have been given up
	good     bool          // it ended with a key set that can be used
	composed time.Duration // when that key set was true
}

// mostAttempts are more than any history needs.
const mostAttempts = 1000

// A fetcher is the ports.Fetcher of one life of a process.
type fetcher struct {
	environment *environment
	life        *life
}

func (f fetcher) Fetch(ctx context.Context, url string) (ports.Document, error) {
	env := f.environment
	number, path := int(url[len("https://issuer-")]-'0'), url[len(issuerURL(0)):]
	drawn := draw(env.seed, f.life.name+url, env.now())

	env.mu.Lock()
	i := env.issuers[number]
	now, failure := env.now(), i.failure
	current := env.attempting(f.life, number, path != "jwks", now)
	current.deaf = current.deaf || failure.fault == faultDeaf
	loops := len(env.attempts) > mostAttempts
	env.mu.Unlock()
	if loops {
		return ports.Document{}, errFault // or the history would never end
	}

	usual := time.Millisecond + time.Duration(drawn%40_000_000)
	defer current.end() // also when it panics
	err := failure.fault.behave(ctx, usual, failure.slow)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return ports.Document{}, err
	}
	env.mu.Lock()
	defer env.mu.Unlock()
	if path != "jwks" {
		return ports.Document{Body: []byte(i.metadata(failure.fault))}, nil
	}
	// Some issuers write their answer when they get the request, others when they send it.
	if drawn&(1<<40) == 0 {
		now = env.now()
	}
	body, good := i.keys(failure.fault, now)
	current.good, current.composed = good, now
	return ports.Document{Body: []byte(body), Fresh: i.fresh}, nil
}

// attempting returns the attempt that a request belongs to: one for metadata begins a new one.
func (env *environment) attempting(l *life, issuer int, begins bool, now time.Duration) *attempt {
	if !begins {
		for n := len(env.attempts) - 1; n >= 0; n-- {
			if a := env.attempts[n]; a.life == l && a.issuer == issuer {
				return a
			}
		}
	}
	a := &attempt{life: l, issuer: issuer, period: period{from: now}}
	env.attempts = append(env.attempts, a)
	return a
}

func (a *attempt) end() {
	env := a.life.environment
	env.mu.Lock()
	defer env.mu.Unlock()
	a.to = max(env.now(), a.from+1)
}
