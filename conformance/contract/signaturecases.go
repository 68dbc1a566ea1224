package contract

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"math/rand/v2"
	"time"
)

const (
	signatureType   = "ports/signature.go, SignatureVerifier"
	verifySignature = "ports/signature.go, SignatureVerifier.VerifySignature"
)

func signatureContract() []contractCase[*signatureTrial] {
	const (
		cannotVerify = "If it can't tell, as of a key that it has not prepared or of another kind, it must return an error: then " +
			"the standard library verifies the signature"
		changesNothing = "It must not change what it is given, and must keep only the key, which does not change"
		remedy         = "compare with the standard library on what is told here"
	)
	return []contractCase[*signatureTrial]{
		{
			clause: clause{"SignatureVerifier.VerifySignature/vectors", verifySignature,
				"VerifySignature reports whether signature is the signature of digest by key", "look the vector up in Project Wycheproof's file"},
			try: func(t *signatureTrial) {
				vectors, err := t.vectors()
				if err != nil {
					t.Fatal(err)
				}
				v, told := t.open(), 0
				for _, vector := range vectors {
					valid, answered := t.ask(v, vector.signature)
					if answered {
						told++
					}
					if answered && valid != vector.valid {
						t.fail("the answer on %s is %v", vector.name, valid)
					}
				}
				t.Logf("%d of %d vectors answered", told, len(vectors))
			},
		},
		{
			clause: clause{"SignatureVerifier.VerifySignature/pkcs1", verifySignature,
				"*crypto/rsa.PublicKey and a crypto.Hash: RSASSA-PKCS1-v1_5", remedy},
			try: func(t *signatureTrial) { t.compare(pkcs1Signatures()) },
		},
		{
			clause: clause{"SignatureVerifier.VerifySignature/pss", verifySignature,
				"*crypto/rsa.PublicKey and *crypto/rsa.PSSOptions: RSASSA-PSS with a salt as long as the hash, and of no other length", remedy},
			try: func(t *signatureTrial) { t.compare(pssSignatures()) },
		},
		{
			clause: clause{"SignatureVerifier.VerifySignature/ecdsa", verifySignature,
				"*crypto/ecdsa.PublicKey and a crypto.Hash: ECDSA", remedy},
			try: func(t *signatureTrial) { t.compare(ecdsaSignatures()) },
		},
		{
			clause: clause{"SignatureVerifier.VerifySignature/ed25519", verifySignature,
				"crypto/ed25519.PublicKey and crypto.Hash(0): Ed25519", remedy},
			try: func(t *signatureTrial) { t.compare(ed25519Signatures()) },
		},
		{
			clause: clause{"SignatureVerifier.VerifySignature/standard", verifySignature,
				"It must answer as the standard library does, which opts select as for crypto.Signer.Sign:",
				"let opts select the algorithm: a signature by one is none by another"},
			try: func(t *signatureTrial) {
				v := t.open()
				for _, s := range sample() {
					t.wantStandard(v, s)
					for _, other := range sample() {
						if s.algorithm != other.algorithm && s.key.(interface{ Equal(crypto.PublicKey) bool }).Equal(other.key) {
							t.wantStandard(v, signature{other.signer, other.digest, s.value})
						}
					}
				}
			},
		},
		{
			clause: clause{"SignatureVerifier.VerifySignature/unknown", verifySignature, cannotVerify,
				"return an error for keys and options that it does not know"},
			try: func(t *signatureTrial) {
				v := t.open()
				for _, s := range unknownSignatures() {
					for range 1 + t.Uses {
						if valid, err := t.verify(v, s); err == nil {
							t.fail("%T and %v are answered by %v, without error", s.key, s.opts, valid)
						}
					}
				}
			},
		},
		{
			clause: clause{"SignatureVerifier.VerifySignature/keeps", verifySignature, changesNothing,
				"copy what is written to, and what is needed later"},
			try: func(t *signatureTrial) {
				v := t.open()
				for _, s := range sample() {
					if _, told := t.ask(v, s); !told {
						continue
					}
					given := s.clone()
					first, _ := t.verifyGiven(v, given)
					if !bytes.Equal(given.digest, s.digest) || !bytes.Equal(given.value, s.value) {
						t.fail("%s: the digest or the signature was changed", s.algorithm)
					}
					clear(given.digest)
					clear(given.value)
					if again, told := t.ask(v, s); told && again != first {
						t.fail("%s: the answer is another after the caller has changed what it gave before", s.algorithm)
					}
				}
			},
		},
		{
			clause: clause{"SignatureVerifier/blocks", signatureType, "It must not block", "keep prepared keys in memory, and ask no one on a call"},
			try: func(t *signatureTrial) {
				v := t.open()
				for _, s := range sample() {
					for range 1 + t.Uses {
						_ = t.wantAnswerWithin(5*time.Second, "VerifySignature", func() error { _, err := t.verify(v, s); return err })
					}
				}
			},
		},
		{
			clause: generalClause("SignatureVerifier/concurrency", safeForConcurrentUse, "guard what calls share with a mutex, and run the suite with -race"),
			try: func(t *signatureTrial) {
				v := t.open()
				atOnce(8, func(i int) {
					r := rand.New(rand.NewPCG(uint64(i), 0))
					all := sample()
					for range 20 {
						s := all[r.IntN(len(all))]
						if valid, err := t.verify(v, s); err == nil && !valid {
							t.fail("%s: a good signature is refused while others are verified", s.algorithm)
						}
					}
				})
			},
		},
		{
			clause: panicClause("SignatureVerifier/panics"),
			try: func(t *signatureTrial) {
				v := t.open()
				for _, s := range sample() {
					t.ask(v, s)
					for _, odd := range []signature{
						{s.signer, nil, s.value}, {s.signer, s.digest, nil}, {s.signer, s.digest[1:], s.value}, {s.signer, s.digest, s.value[1:]},
						{s.signer, append(bytes.Clone(s.digest), 0), append(bytes.Clone(s.value), 0)},
					} {
						_, _ = t.verify(v, odd)
					}
				}
			},
		},
	}
}

// unknownSignatures are by keys and options that no token is signed by.
func unknownSignatures() []signature {
	digest, value := make([]byte, 32), make([]byte, 64)
	all := []signature{
		{&signer{key: nil, opts: crypto.SHA256}, digest, value},
		{&signer{key: elliptic.P256(), opts: crypto.SHA256}, digest, value},
	}
	if key, err := ecdh.X25519().NewPublicKey(digest); err == nil {
		all = append(all, signature{&signer{key: key, opts: crypto.Hash(0)}, digest, value})
	}
	for _, s := range sample() {
		for _, opts := range []crypto.SignerOpts{
			crypto.MD5SHA1, crypto.Hash(99), &ed25519.Options{Context: "another"}, &ed25519.Options{Hash: crypto.SHA512},
			&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: crypto.SHA256}, &rsa.PSSOptions{SaltLength: 8, Hash: crypto.SHA256},
		} {
			all = append(all, signature{&signer{key: s.key, opts: opts}, s.digest, s.value})
		}
	}
	return all
}

// compare compares a verifier with the standard library on signatures that m makes.
func (t *signatureTrial) compare(m signatures) {
	t.Helper()
	v := t.open()
	r, told, valid := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), 0, 0
	for range t.Runs {
		s := m.next(r)
		answer, answered := t.ask(v, s)
		if !answered {
			continue
		}
		told++
		if answer {
			valid++
		}
		if answer != s.standard(s.digest, s.value) {
			t.fail("the answer is %v, that of the standard library %v: %v", answer, !answer, s)
			return
		}
	}
	t.Logf("%d signatures, %d answered, %d of them valid", t.Runs, told, valid)
}
