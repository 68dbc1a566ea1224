package contract

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"slices"
	"sync"
)

// signatures make signatures of one kind: good ones, ones that are nearly good, and ones that are odd.
type signatures interface {
	next(*rand.Rand) signature
}

// A pool makes them of signatures that took long to make.
type pool struct {
	// made are good, or bad in a way that a verifier must look for.
	made []signature
	// good are those of them that the standard library accepts.
	good func() []signature
	// odd are numbers at which an implementation may go wrong, by the signer: each is put in place of a part of a signature.
	odd func(*signer) []*big.Int
	// parts is of how many numbers a signature consists.
	parts int
	// reversed says that they are in little-endian order.
	reversed bool
}

// finished returns the pool when all its signatures are made.
func (p *pool) finished() *pool {
	p.good = sync.OnceValue(func() []signature {
		return slices.DeleteFunc(slices.Clone(p.made), func(s signature) bool { return !s.standard(s.digest, s.value) })
	})
	return p
}

func (p *pool) next(r *rand.Rand) signature {
	from := p.made
	if r.IntN(3) > 0 {
		from = p.good()
	}
	s := from[r.IntN(len(from))].clone()
	if r.IntN(2) == 0 {
		return s
	}
	for range 1 + r.IntN(2) {
		p.change(&s, r)
	}
	return s
}

// change changes a part of a signature, or the digest.
func (p *pool) change(s *signature, r *rand.Rand) {
	size := len(s.value) / p.parts
	at := r.IntN(p.parts) * size
	part := s.value[at : at+size]
	switch r.IntN(8) {
	case 0: // a bit of the part
		part[r.IntN(size)] ^= 1 << r.IntN(8)
	case 1: // a bit of the digest
		if len(s.digest) > 0 {
			s.digest[r.IntN(len(s.digest))] ^= 1 << r.IntN(8)
		}
	case 2: // a run of zeros or ones
		fill := byte(0)
		if r.IntN(2) == 0 {
			fill = 0xff
		}
		from := r.IntN(size)
		for i := range part[from : from+r.IntN(size-from)+1] {
			part[from+i] = fill
		}
	case 3: // the whole
		for i := range part {
			part[i] = byte(r.Uint32())
		}
	case 4: // that of another
		other := p.made[r.IntN(len(p.made))]
		if len(other.value) == len(s.value) {
			copy(part, other.value[at:at+size])
		}
	case 5: // an odd number
		odd := p.odd(s.signer)
		p.put(part, odd[r.IntN(len(odd))])
	default: // an odd number more or less, or what is left to it
		odd := p.odd(s.signer)
		by, number := odd[r.IntN(len(odd))], p.number(part)
		switch r.IntN(3) {
		case 0:
			p.put(part, number.Add(number, by))
		case 1:
			p.put(part, number.Sub(number, by))
		case 2:
			p.put(part, number.Sub(by, number))
		}
	}
}

func (p *pool) number(part []byte) *big.Int {
	part = bytes.Clone(part)
	if p.reversed {
		slices.Reverse(part)
	}
	return new(big.Int).SetBytes(part)
}

// put writes a number that fits.
func (p *pool) put(part []byte, number *big.Int) {
	if number.Sign() < 0 || number.BitLen() > 8*len(part) {
		return
	}
	number.FillBytes(part)
	if p.reversed {
		slices.Reverse(part)
	}
}

// around returns numbers next to each of these.
func around(numbers ...*big.Int) []*big.Int {
	var all []*big.Int
	for _, n := range numbers {
		for d := int64(-2); d <= 2; d++ {
			all = append(all, new(big.Int).Add(n, big.NewInt(d)))
		}
	}
	return all
}

// must is for what can fail only where the machine has no randomness.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// sample has a good signature of each algorithm, made once.
var sample = sync.OnceValue(func() []signature {
	var all []signature
	seen := make(map[string]bool)
	for _, p := range []*pool{pkcs1Signatures(), pssSignatures(), ecdsaSignatures(), ed25519Signatures()} {
		for _, s := range p.good() {
			if !seen[s.algorithm] {
				seen[s.algorithm] = true
				all = append(all, s)
			}
		}
	}
	return all
})
