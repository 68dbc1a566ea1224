package contract

import (
	"compress/gzip"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"embed"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"sync"
)

//go:embed wycheproof/*.json.gz
var wycheproof embed.FS

// A vector is one of Project Wycheproof's, which are an outside opinion of which signatures are good.
type vector struct {
	signature
	name  string // file and number
	valid bool
}

// wycheproofVectors are those of all files in folder wycheproof.
var wycheproofVectors = sync.OnceValues(func() ([]vector, error) {
	files, err := wycheproof.ReadDir("wycheproof")
	if err != nil {
		return nil, err
	}
	var all []vector
	for _, file := range files {
		vectors, err := readVectors(file.Name())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name(), err)
		}
		all = append(all, vectors...)
	}
	return all, nil
})

// A vectorGroup has what the vectors of one key have in common.
type vectorGroup struct {
	PublicKeyPEM string `json:"publicKeyPem"`
	SHA          string // empty for Ed25519
	MGF          string `json:"mgf"`    // of PSS
	MGFSHA       string `json:"mgfSha"` // of PSS
	SaltLength   int    `json:"sLen"`   // of PSS
	Tests        []struct {
		ID               int `json:"tcId"`
		Msg, Sig, Result string
	}
}

func readVectors(name string) ([]vector, error) {
	opened, err := wycheproof.Open("wycheproof/" + name)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	unzipped, err := gzip.NewReader(opened)
	if err != nil {
		return nil, err
	}
	var file struct {
		NumberOfTests int
		TestGroups    []vectorGroup
	}
	if err := json.NewDecoder(unzipped).Decode(&file); err != nil {
		return nil, err
	}
	var all []vector
	read := 0
	for _, group := range file.TestGroups {
		read += len(group.Tests)
		vectors, err := group.vectors(strings.TrimSuffix(name, ".json.gz"))
		if err != nil {
			return nil, err
		}
		all = append(all, vectors...)
	}
	if read != file.NumberOfTests {
		return nil, fmt.Errorf("has %d tests, not %d", read, file.NumberOfTests)
	}
	return all, nil
}

var vectorHashes = map[string]crypto.Hash{"": 0, "SHA-256": crypto.SHA256, "SHA-384": crypto.SHA384, "SHA-512": crypto.SHA512}

// vectors returns none for a hash that no token is signed by. A PSS signature with another salt length or another hash in its mask
// than a token has is not valid, and nor is what Wycheproof calls acceptable: a legacy form that must not be needed.
func (g *vectorGroup) vectors(name string) ([]vector, error) {
	hash, known := vectorHashes[g.SHA]
	if !known {
		return nil, nil
	}
	block, _ := pem.Decode([]byte(g.PublicKeyPEM))
	if block == nil {
		return nil, errors.New("has no key")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	by := signedBy(key, hash, g.MGF != "")
	if by == nil {
		return nil, fmt.Errorf("has a key of type %T", key)
	}
	usual := g.MGF == "" || g.MGFSHA == g.SHA && g.SaltLength == hash.Size()
	var all []vector
	for _, test := range g.Tests {
		message, err1 := hex.DecodeString(test.Msg)
		value, err2 := hex.DecodeString(test.Sig)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		valid := test.Result == "valid"
		if len(value) != by.length || !usual && !valid {
			continue // package verifier refuses it by itself, or it may be good as a token's
		}
		all = append(all, vector{by.signature(message, value), fmt.Sprintf("%s %d", name, test.ID), usual && valid})
	}
	return all, nil
}

// signedBy returns nil for a key of a kind that no token is signed by.
func signedBy(key crypto.PublicKey, hash crypto.Hash, pss bool) *signer {
	if key, isRSA := key.(*rsa.PublicKey); isRSA {
		return rsaSigner(key, hash, pss)
	}
	if key, isECDSA := key.(*ecdsa.PublicKey); isECDSA {
		return ecdsaSigner(key, hash)
	}
	if key, isEd25519 := key.(ed25519.PublicKey); isEd25519 {
		return ed25519Signer(key)
	}
	return nil
}
