package fastverify_test

import (
	"crypto"
	"crypto/ed25519"
	"fmt"
	"log"

	"github.com/holdfast-go/holdfast/adapters/fastverify"
)

// A verifier is given to verifier.Config.SignatureVerifier, which asks it as here. Until the key is prepared it returns an error, and
// the standard library verifies.
func ExampleNew() {
	fast, err := fastverify.New(fastverify.Config{MaxBytes: 8 << 20})
	if err != nil {
		log.Fatal(err)
	}
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	message := []byte("header.payload")
	signature := ed25519.Sign(private, message)

	for use := 1; ; use++ {
		valid, err := fast.VerifySignature(private.Public(), message, signature, crypto.Hash(0))
		if err == nil {
			fmt.Println("use", use, valid)
			break
		}
	}
	// Output: use 8 true
}
