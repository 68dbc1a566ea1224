package catalogue

import (
	"crypto"
	"encoding/json"
	"strings"

	"github.com/holdfast-go/holdfast/verifier"
)

// keysCases are about keys and key sets (RFC 7517, RFC 8725 section 3).
func keysCases() []Case {
	return []Case{
		tokenCase("KEYS-01.present", accepted, "a kid", token{}),
		tokenCase("KEYS-01.missing", badToken, "no kid, where two keys fit",
			token{header: fields{"kid": absent}}),
		tokenCase("KEYS-01.missing-sole", badToken, "no kid, where one key fits",
			token{header: fields{"kid": absent}}).while(SoleKey).needs(Inside),
		tokenCase("KEYS-01.allowed", accepted, "no kid, where one key fits and that is allowed",
			token{header: fields{"kid": absent}}).while(SoleKey).with(withoutKeyID),
		tokenCase("KEYS-01.allowed-two-fit", badToken, "no kid, where two keys fit and that is allowed",
			token{header: fields{"kid": absent}}).with(withoutKeyID).named("CACHE-05"),
		tokenCase("KEYS-01.allowed-nameless", accepted, "no kid, and none in the set",
			token{header: fields{"kid": absent}}).while(NamelessID).with(withoutKeyID),

		tokenCase("KEYS-02.number", badToken, "kid is a number", token{header: fields{"kid": 1}}),
		tokenCase("KEYS-02.empty", badToken, "kid is empty", token{header: fields{"kid": ""}}),
		tokenCase("KEYS-02.null", badToken, "kid is null", token{header: fields{"kid": nil}}),
		tokenCase("KEYS-02.upper-case", badToken, "kid in upper case",
			token{header: fields{"kid": "KEY-1"}}).named("CACHE-05"),
		tokenCase("KEYS-02.space", badToken, "kid with a space behind it",
			token{header: fields{"kid": "key-1 "}}).named("CACHE-05"),
		tokenCase("KEYS-02.prefix", badToken, "kid without its last character",
			token{header: fields{"kid": "key-"}}).named("CACHE-05"),
		tokenCase("KEYS-02.path", badToken, "kid that is a path",
			token{header: fields{"kid": "../../etc/passwd"}}).named("CACHE-05"),
		tokenCase("KEYS-02.query", badToken, "kid that is a query",
			token{header: fields{"kid": "key-1' OR '1'='1"}}).named("CACHE-05"),
		tokenCase("KEYS-02.url", badToken, "kid that is the URL of a key set",
			token{header: fields{"kid": "https://evil.example/jwks"}}).named("CACHE-05"),
		tokenCase("KEYS-02.at-the-bound", badToken, "kid of 512 bytes, which is only unknown",
			token{header: fields{"kid": strings.Repeat("k", 512)}}).named("CACHE-05"),
		tokenCase("KEYS-02.over-the-bound", badToken, "kid of 513 bytes",
			token{header: fields{"kid": strings.Repeat("k", 513)}}),

		tokenCase("KEYS-03.twin", accepted, "two keys of one kid, the first of another type",
			token{key: "RS256", header: fields{"kid": "twin"}}).while(OddKeys).
			as(Should, "RFC 7517 4.5, 5"),
		tokenCase("KEYS-03.fourth", accepted, "four keys of one kid, the last of them the right one",
			token{}).while(TwinKeys).needs(Inside),
		tokenCase("KEYS-03.fifth", badToken, "five keys of one kid, the last of them the right one",
			token{}).while(FiveKeys).needs(Inside).named("JWS-16"),

		oddKeyCase("KEYS-04.encrypts", "use is enc", "odd-use"),
		oddKeyCase("KEYS-04.operation", "key_ops has no verify", "odd-operation"),
		tokenCase("KEYS-04.verifies", accepted, "key_ops has verify, and there is neither use nor alg",
			token{key: "RS256", header: fields{"kid": "verifies"}}).while(OddKeys).
			as(Should, "RFC 7517 4.3, 5"),

		tokenCase("KEYS-05.small", badToken, "an RSA key of 1024 bits",
			token{header: fields{"kid": "odd-small"}, sign: signSmall(crypto.SHA256)}).while(OddKeys).
			named("CACHE-05"),
		tokenCase("KEYS-05.exponent-one", badToken, "an RSA key of exponent 1, by which every padded hash is its own signature",
			token{
				header: fields{"kid": "odd-one"}, sign: paddedHash,
			}).while(OddKeys).named("CACHE-05").as(Ours, "RFC 7518 3.3 asks for the size alone"),
		oddKeyCase("KEYS-05.even-exponent", "an RSA key of exponent 2",
			"odd-exponent").as(Ours, "RFC 7518 3.3 asks for the size alone"),

		oddKeyCase("KEYS-06.off-curve", "an EC key that is no point of its curve", "odd-point"),

		oddKeyCase("KEYS-07.private", "a key that is published with its private half",
			"odd-private").as(Ours, "RFC 7517 9.2 is for those who publish keys"),
		oddKeyCase("KEYS-07.symmetric", "an oct key", "odd-oct"),

		tokenCase("KEYS-08.others-serve", accepted, "the good key, beside those that can't be used",
			token{}).while(OddKeys).as(Should, "RFC 7517 5 recommends it"),
		oddKeyCase("KEYS-08.post-quantum", "a key of an unknown type", "odd-pqc"),
		oddKeyCase("KEYS-08.unknown-curve", "a key of an unknown curve", "odd-curve"),

		unusableCase("KEYS-09.no-json", "the keys are not JSON", GarbageKeys),
		unusableCase("KEYS-09.no-array", "keys is an object", KeysNoArray),
		unusableCase("KEYS-09.no-object", "the set is an array", KeysNoObject),
		unusableCase("KEYS-09.missing", "the set has no member keys", KeysMissing),
		unusableCase("KEYS-09.duplicate", "the set has the member keys twice", DuplicateKeys),
		keepServingCase("KEYS-09.known-keys-serve", "keys that are known serve on, when the set becomes garbage",
			GarbageKeys),

		unusableCase("KEYS-10.large", "a set of over 1 MiB",
			LargeKeys).as(Ours, "OURS bound; the sources know none").needs(Inside),
		tokenCase("KEYS-10.just-under", accepted, "a set of 1 MiB", token{}).while(BulkyKeys),
		unusableCase("KEYS-10.101-keys", "a set of 101 keys", HundredOneKeys).needs(Inside),
		tokenCase("KEYS-10.100-keys", accepted, "a set of 100 keys", token{}).while(HundredKeys),
		tokenCase("KEYS-10.configured", accepted, "a set of 101 keys, which is configured",
			token{}).while(HundredOneKeys).
			with(func(_ *World, c *verifier.Config) { c.Keys.MaxKeys = 101 }),
		keepServingCase("KEYS-10.known-keys-serve", "keys that are known serve on, when the set becomes too large",
			LargeKeys),

		unusableCase("KEYS-12.empty", "an empty set of keys", NoKeys).needs(Inside),
		unusableCase("KEYS-12.none-usable", "a set of keys none of which can be used", NoUsableKey).needs(Inside),
		keepServingCase("KEYS-12.known-keys-serve", "keys that are known serve on, when the set becomes empty", NoKeys),

		insideCase("KEYS-11.jwks", accepted, "keys that are configured as a JWK Set, and an issuer that is away",
			step{
				send: func(s *scene) Request { return s.carry(token{}) }, want: accepted, check: neverAsked,
			}).with(staticKeys(staticJWKS)).while(Down),
		insideCase("KEYS-11.pem", accepted, "a key that is configured as PEM, and an issuer that is away", step{
			send: func(s *scene) Request {
				return s.carry(token{header: fields{"kid": "whatever"}, sign: signOwn(crypto.SHA256)})
			}, want: accepted, check: neverAsked,
		}).with(staticKeys(ownPEMBytes)).while(Down),
		insideCase("KEYS-11.another", badToken, "a token that another key signed", step{
			send: func(s *scene) Request { return s.carry(token{key: forgerKey}) }, want: badToken, check: neverAsked,
		}).with(staticKeys(staticJWKS)).while(Down).named("JWS-16"),
		configCase("KEYS-11.malformed", refusedByNew, "configured keys that are neither a JWK Set nor PEM",
			staticKeys(func(*World) ([]byte, error) {
				return []byte("keys"), nil
			})),
		configCase("KEYS-11.unusable", refusedByNew, "a configured key that can't be used",
			staticKeys(func(*World) ([]byte, error) {
				return []byte(`{"keys":[{"kty":"oct","k":"AA"}]}`), nil
			})),
	}
}

func withoutKeyID(_ *World, c *verifier.Config) { c.AllowMissingKeyID = true }

// oddKeyCase has a token name a key that can't be used.
func oddKeyCase(id, reason, kid string) Case {
	return tokenCase(id, badToken, reason, token{key: "RS256", header: fields{"kid": kid}}).while(OddKeys).
		named("CACHE-05")
}

// unusableCase is for an issuer whose keys were never had: then nothing is known of a token.
func unusableCase(id, reason string, setting Setting) Case {
	return tokenCase(id, undecidable, reason, token{}).while(setting).named("")
}

// keepServingCase has an issuer turn bad after its keys were had.
func keepServingCase(id, reason string, setting Setting) Case {
	long := func(s *scene) Request { return bearer(s.kept["token"]) }
	return insideCase(id, accepted, reason,
		step{send: func(s *scene) Request {
			return bearer(s.keep("token", s.sign(token{claims: fields{"exp": in(86400)}})))
		}, want: accepted},
		step{do: func(s *scene) {
			s.World.issuer.set(setting)
			s.Process.Advance(softTTL)
		}, send: long, want: accepted},
		step{do: awaitFetches(2), send: long, want: accepted},
	).needs(Clock)
}

func neverAsked(s *scene, _ Answer) {
	if asked := s.World.issuer.requests(); asked > 0 {
		s.errorf("the issuer was asked %d times", asked)
	}
}

func staticKeys(source func(*World) ([]byte, error)) func(*World, *verifier.Config) {
	return func(w *World, c *verifier.Config) {
		keys, err := source(w)
		if err != nil {
			keys = nil // New says so
		}
		c.StaticKeys = map[string][]byte{w.issuer.URL: keys}
	}
}

func staticJWKS(w *World) ([]byte, error) {
	keys, err := w.jwks(variant{signingKey, nil})
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"keys": keys})
}

// paddedHash is what an RSA key of exponent 1 calls a signature: the hash in its padding (RFC 8017 section 9.2).
func paddedHash(_ *scene, signed []byte) []byte {
	info := append([]byte{
		0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
	}, digest(crypto.SHA256, signed)...)
	const size = 256
	padded := []byte{0, 1}
	padded = append(padded, []byte(strings.Repeat("\xff", size-3-len(info)))...)
	return append(append(padded, 0), info...)
}
