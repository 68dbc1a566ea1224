package otel

import (
	"sync"

	"github.com/holdfast-go/holdfast/verifier"
)

// issuers are those that are named.
type issuers struct {
	most  int
	mu    sync.RWMutex // guards known
	known map[string]bool
}

func newIssuers(most int) issuers { return issuers{most: most, known: make(map[string]bool)} }

// named returns the issuer if it is one of those that are named, or becomes one.
func (i *issuers) named(issuer string) string {
	if issuer == "" || issuer == verifier.OtherIssuer {
		return issuer
	}
	i.mu.RLock()
	known, full := i.known[issuer], len(i.known) >= i.most
	i.mu.RUnlock()
	switch {
	case known:
		return issuer
	case full:
		return verifier.OtherIssuer
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.known) >= i.most && !i.known[issuer] {
		return verifier.OtherIssuer
	}
	i.known[issuer] = true
	return issuer
}
