package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Garbage is held against the floor by its size: one RSA signature for each so many bytes, and for the last part of
// them. So no garbage costs more than a token that is well formed and not signed by the issuer.
const bytesPerFloor = 64 << 10

// A garbageKind is what an attacker sends to cost more than it costs him.
type garbageKind struct {
	name string
	// make returns it, in place of a token of t.
	make func(t *tenant) string
}

// The sizes over 16 KiB are rejected for their size by Holdfast, at its default bound; those beneath it are parsed.
const (
	garbageBytes     = "Garbage, 64 KiB of random bytes"
	garbageToken     = "Garbage, a token of 1 MiB"
	garbageDeep      = "Garbage, deep JSON of 64 KiB"
	garbageTextSmall = "Garbage, 12 KiB of random base64url"
	garbageDeepSmall = "Garbage, deep JSON of 12 KiB"
)

func garbage() []garbageKind {
	return []garbageKind{
		{garbageBytes, func(*tenant) string { return string(random(64 << 10)) }},
		{garbageToken, func(t *tenant) string {
			return t.unsigned(`{"iss":"` + t.URL + `","pad":"` + strings.Repeat("x", 768<<10) + `"}`)
		}},
		{garbageDeep, func(t *tenant) string { return t.unsigned(deep(48 << 10)) }},
		{garbageTextSmall, func(*tenant) string {
			part := base64.RawURLEncoding.EncodeToString(random(3 << 10))
			return part + "." + part + "." + part
		}},
		{garbageDeepSmall, func(t *tenant) string { return t.unsigned(deep(9 << 10)) }},
	}
}

// random returns n random bytes.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// deep returns n bytes of a JSON object in which arrays are nested.
func deep(n int) string {
	depth := (n - len(`{"a":}`)) / 2
	return `{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`
}

// unsigned returns a token whose header is good, with that payload and a signature of zeros.
func (t *tenant) unsigned(payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	header := fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"at+jwt"}`, t.algorithm, t.Keys()[0].ID)
	return encode([]byte(header)) + "." + encode([]byte(payload)) + "." + encode(make([]byte, 256))
}

// garbageWorkload has every verifier reject the same garbage.
func garbageWorkload(kind garbageKind) preparation {
	return preparation{kind.name, func(ctx context.Context, after *cleanup) (*workload, error) {
		t, err := newTenant("RS256", after)
		if err != nil {
			return nil, err
		}
		good, err := t.Token(claims())
		if err != nil {
			return nil, err
		}
		bare, err := bearerFloor(t, []string{good})
		if err != nil {
			return nil, err
		}
		sent := kind.make(t)
		verifiers, err := bearerContenders(ctx, t, []string{sent}, false, after)
		if err != nil {
			return nil, err
		}
		contenders := []*contender{bare}
		for _, c := range verifiers {
			contenders = append(contenders, &contender{name: c.name, do: func(i int) error {
				if c.do(i) == nil {
					return errors.New("garbage is accepted")
				}
				return nil
			}})
		}
		return &workload{
			name:     kind.name,
			variants: variants(contenders, 1),
			floors:   max(1, float64(len(sent))/bytesPerFloor),
		}, nil
	}}
}
