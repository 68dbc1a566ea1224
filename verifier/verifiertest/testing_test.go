package verifiertest_test

import (
	"runtime"
	"testing"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A failing test remembers that it was ended.
type failing struct {
	testing.TB
	ended bool
}

func (f *failing) Helper() {}

func (f *failing) Fatal(...any) {
	f.ended = true
	runtime.Goexit()
}

func TestMustEndsTheTest(t *testing.T) {
	issuer := verifiertest.MustIssuer(t, issuerURL, verifiertest.MustKey(t, "ES256", "key-1"))
	issuer.MustToken(t, nil)
	issuer.SetKeys()
	for name, must := range map[string]func(testing.TB){
		"MustKey":        func(t testing.TB) { verifiertest.MustKey(t, "none", "") },
		"MustIssuer":     func(t testing.TB) { verifiertest.MustIssuer(t, issuerURL, nil) },
		"MustToken":      func(t testing.TB) { issuer.MustToken(t, nil) },
		"MustProof":      func(t testing.TB) { (&verifiertest.Prover{}).MustProof(t, "GET", issuerURL, "", nil, nil) },
		"MustThumbprint": func(t testing.TB) { (&verifiertest.Prover{}).MustThumbprint(t) },
	} {
		f, done := &failing{TB: t}, make(chan struct{})
		go func() {
			defer close(done)
			must(f)
		}()
		<-done
		if !f.ended {
			t.Errorf("%s goes on after an error", name)
		}
	}
}
