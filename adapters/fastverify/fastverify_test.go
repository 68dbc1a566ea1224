package fastverify_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/fastverify"
)

func newVerifier(tb testing.TB, config fastverify.Config) *fastverify.Verifier {
	tb.Helper()
	v, err := fastverify.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func TestNew(t *testing.T) {
	for size, taken := range map[int]bool{-1: false, 0: true, 1: false, 64<<10 - 1: false, 64 << 10: true} {
		_, err := fastverify.New(fastverify.Config{MaxBytes: size})
		if (err == nil) != taken || err != nil && !strings.Contains(err.Error(), "Config.MaxBytes") {
			t.Errorf("MaxBytes of %d: %v", size, err)
		}
	}
}

func TestNewFailsInFIPSMode(t *testing.T) {
	if os.Getenv("HOLDFAST_FIPS") != "" {
		if _, err := fastverify.New(fastverify.Config{}); err == nil || !strings.Contains(err.Error(), "FIPS 140-3") {
			t.Errorf("New: %v", err)
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	again := exec.CommandContext(t.Context(), self, "-test.run", "^TestNewFailsInFIPSMode$")
	again.Env = append(os.Environ(), "HOLDFAST_FIPS=1", "GODEBUG=fips140=on")
	if output, err := again.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// A key is prepared at its eighth use, and verifies from then on. Equal keys are one key, whoever holds them.
func TestEighthUse(t *testing.T) {
	for _, s := range subjects(t) {
		t.Run(s.name, func(t *testing.T) {
			v := newVerifier(t, fastverify.Config{})
			bad := bytes.Clone(s.signature)
			bad[len(bad)/2] ^= 1
			for use := 1; use <= 10; use++ {
				signature, want := s.signature, true
				if use%2 == 1 {
					signature, want = bad, false
				}
				valid, err := v.VerifySignature(s.copied(), s.digest, signature, s.opts)
				if prepared := use >= 8; (err == nil) != prepared || prepared && valid != want {
					t.Errorf("use %d: %v, error %v", use, valid, err)
				}
			}
		})
	}
}

func TestOtherKindsAreNotPrepared(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, fastverify.Config{})
	for _, key := range []crypto.PublicKey{nil, &p384.PublicKey, x25519.PublicKey(), "key"} {
		for range 10 {
			if valid, err := v.VerifySignature(key, make([]byte, 48), make([]byte, 96), crypto.SHA384); valid || !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%T: %v, %v", key, valid, err)
			}
		}
	}
}

// The memory of prepared keys is bounded. Keys that come in turn, more than there is room for, don't drive each other out; one that
// is used while others are not takes the place of one of them.
func TestBoundedMemory(t *testing.T) {
	const room, keys = 10, 40
	v := newVerifier(t, fastverify.Config{MaxBytes: room * 42_000})
	all := make([]subject, keys)
	for i := range all {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = subject{key: public, digest: []byte("message"), signature: ed25519.Sign(private, []byte("message")), opts: crypto.Hash(0)}
	}
	use := func(s subject) bool {
		valid, err := v.VerifySignature(s.key, s.digest, s.signature, s.opts)
		if err == nil && !valid {
			t.Fatal("a good signature is refused")
		}
		return err == nil
	}
	round := func() (prepared int) {
		for _, s := range all {
			if use(s) {
				prepared++
			}
		}
		return prepared
	}
	for range 30 {
		round()
	}
	for range 5 {
		if prepared := round(); prepared != room {
			t.Fatalf("%d keys are prepared, and there is room for %d", prepared, room)
		}
	}
	last := all[keys-1]
	for range 16 { // eight may have been counted that began before the others were used
		use(last)
	}
	if !use(last) {
		t.Error("a key that is used while the others are not is not prepared")
	}
	if prepared := round(); prepared != room {
		t.Errorf("%d keys are prepared then", prepared)
	}
}

// Strangers' keys, of which each is used once, take little.
func TestManyKeysOnce(t *testing.T) {
	const keys = 50_000
	v := newVerifier(t, fastverify.Config{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	key := make(ed25519.PublicKey, ed25519.PublicKeySize)
	for i := range keys {
		key[0], key[1], key[2] = byte(i), byte(i>>8), byte(i>>16)
		if _, err := v.VerifySignature(key, nil, make([]byte, ed25519.SignatureSize), crypto.Hash(0)); err == nil {
			t.Fatal("a new key is prepared")
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("%d keys take %d bytes", keys, grown)
	}
	runtime.KeepAlive(v)
}

// A key that can't be prepared (one that is no point) is left to the standard library, and is not tried each time.
func TestKeyThatCannotBePrepared(t *testing.T) {
	v := newVerifier(t, fastverify.Config{})
	noPoint := make(ed25519.PublicKey, ed25519.PublicKeySize)
	noPoint[0] = 2
	for range 20 {
		if valid, err := v.VerifySignature(noPoint, nil, make([]byte, ed25519.SignatureSize), crypto.Hash(0)); valid || err == nil {
			t.Fatalf("%v, %v", valid, err)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	v := newVerifier(t, fastverify.Config{MaxBytes: 64 << 10}) // so that keys give way to others
	all := subjects(t)
	var uses sync.WaitGroup
	for worker := range 8 {
		uses.Go(func() {
			for i := range 200 {
				s := all[(i/10+worker)%len(all)]
				if valid, err := v.VerifySignature(s.key, s.digest, s.signature, s.opts); err == nil && !valid {
					t.Errorf("%s: a good signature is refused", s.name)
				}
			}
		})
	}
	uses.Wait()
}
