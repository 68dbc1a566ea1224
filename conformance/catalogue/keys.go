package catalogue

import (
	"crypto"
	"encoding/json"
	"strings"

	"github.com/holdfast-go/holdfast/conformance/fault"
	. "github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/verifier"
)

// keysCases are about keys and key sets (RFC 7517, RFC 8725 section 3).
func keysCases() []Case {
	return []Case{
		TokenCase("KEYS-01.present", Accepted, "a kid", Token{}),
		TokenCase("KEYS-01.missing", BadToken, "no kid, where two keys fit",
			Token{Header: Fields{"kid": Absent}}),
		TokenCase("KEYS-01.missing-sole", BadToken, "no kid, where one key fits",
			Token{Header: Fields{"kid": Absent}}).WithFault(SoleKey).Having("bounds"),
		TokenCase("KEYS-01.allowed", Accepted, "no kid, where one key fits and that is allowed",
			Token{Header: Fields{"kid": Absent}}).WithFault(SoleKey).Configured(withoutKeyID),
		TokenCase("KEYS-01.allowed-two-fit", BadToken, "no kid, where two keys fit and that is allowed",
			Token{Header: Fields{"kid": Absent}}).Configured(withoutKeyID).ReportedAs("CACHE-05"),
		TokenCase("KEYS-01.allowed-nameless", Accepted, "no kid, and none in the set",
			Token{Header: Fields{"kid": Absent}}).WithFault(fault.KeysWithoutID).Configured(withoutKeyID),

		TokenCase("KEYS-02.number", BadToken, "kid is a number", Token{Header: Fields{"kid": 1}}),
		TokenCase("KEYS-02.empty", BadToken, "kid is empty", Token{Header: Fields{"kid": ""}}).
			As(Should, keyIDIsAHint),
		TokenCase("KEYS-02.null", BadToken, "kid is null", Token{Header: Fields{"kid": nil}}),
		TokenCase("KEYS-02.upper-case", BadToken, "kid in upper case",
			Token{Header: Fields{"kid": "KEY-1"}}).ReportedAs("CACHE-05").
			As(Should, keyIDIsAHint),
		TokenCase("KEYS-02.space", BadToken, "kid with a space behind it",
			Token{Header: Fields{"kid": "key-1 "}}).ReportedAs("CACHE-05").
			As(Should, keyIDIsAHint),
		TokenCase("KEYS-02.prefix", BadToken, "kid without its last character",
			Token{Header: Fields{"kid": "key-"}}).ReportedAs("CACHE-05").
			As(Should, keyIDIsAHint),
		TokenCase("KEYS-02.path", BadToken, "kid that is a path",
			Token{Header: Fields{"kid": "../../etc/passwd"}}).ReportedAs("CACHE-05").
			As(Should, keyIDIsAHint),
		TokenCase("KEYS-02.query", BadToken, "kid that is a query",
			Token{Header: Fields{"kid": "key-1' OR '1'='1"}}).ReportedAs("CACHE-05").
			As(Should, keyIDIsAHint),
		TokenCase("KEYS-02.url", BadToken, "kid that is the URL of a key set",
			Token{Header: Fields{"kid": "https://evil.example/jwks"}}).ReportedAs("CACHE-05").
			As(Should, keyIDIsAHint),
		TokenCase("KEYS-02.at-the-bound", BadToken, "kid of 512 bytes, which is only unknown",
			Token{Header: Fields{"kid": strings.Repeat("k", 512)}}).ReportedAs("CACHE-05").
			As(Should, keyIDIsAHint),
		TokenCase("KEYS-02.over-the-bound", BadToken, "kid of 513 bytes",
			Token{Header: Fields{"kid": strings.Repeat("k", 513)}}).
			As(Ours, "OURS bound; the sources have none"),

		TokenCase("KEYS-03.twin", Accepted, "two keys of one kid, the first of another type",
			Token{Key: "RS256", Header: Fields{"kid": "twin"}}).WithFault(OddKeys),
		TokenCase("KEYS-03.fourth", Accepted, "four keys of one kid, the last of them the right one",
			Token{}).WithFault(fault.SharedKeyID(4)).Having("bounds"),
		TokenCase("KEYS-03.fifth", BadToken, "five keys of one kid, the last of them the right one",
			Token{}).WithFault(fault.SharedKeyID(5)).Needing(Inside).ReportedAs("JWS-16"),

		oddKeyCase("KEYS-04.encrypts", "use is enc", "odd-use"),
		oddKeyCase("KEYS-04.operation", "key_ops has no verify", "odd-operation"),
		TokenCase("KEYS-04.verifies", Accepted, "key_ops has verify, and there is neither use nor alg",
			Token{Key: "RS256", Header: Fields{"kid": "verifies"}}).WithFault(OddKeys),

		TokenCase("KEYS-05.small", BadToken, "an RSA key of 1024 bits",
			Token{Header: Fields{"kid": "odd-small"}, Sign: SignSmall(crypto.SHA256)}).WithFault(OddKeys).
			ReportedAs("CACHE-05"),
		TokenCase("KEYS-05.exponent-one", BadToken, "an RSA key of exponent 1, by which every padded hash is its own signature",
			Token{
				Header: Fields{"kid": "odd-one"}, Sign: paddedHash,
			}).WithFault(OddKeys).ReportedAs("CACHE-05").As(Ours, "RFC 7518 3.3 asks only for the size"),
		oddKeyCase("KEYS-05.even-exponent", "an RSA key of exponent 2",
			"odd-exponent").As(Ours, "RFC 7518 3.3 asks only for the size"),

		oddKeyCase("KEYS-06.off-curve", "an EC key that is not a point of its curve", "odd-point"),

		oddKeyCase("KEYS-07.private", "a key that is published with its private half",
			"odd-private").As(Ours, "RFC 7517 9.2 is for those who publish keys"),
		oddKeyCase("KEYS-07.symmetric", "an oct key", "odd-oct"),

		TokenCase("KEYS-08.others-serve", Accepted, "the good key, next to those that can't be used",
			Token{}).WithFault(OddKeys),
		oddKeyCase("KEYS-08.post-quantum", "a key of an unknown type", "odd-pqc"),
		oddKeyCase("KEYS-08.unknown-curve", "a key of an unknown curve", "odd-curve"),

		UnusableCase("KEYS-09.no-json", "the keys are not JSON", fault.NotJSON.At(fault.Keys)),
		UnusableCase("KEYS-09.no-array", "keys is an object", fault.KeysNotArray),
		UnusableCase("KEYS-09.no-object", "the set is an array", fault.KeySetNotObject),
		UnusableCase("KEYS-09.missing", "the set has no member keys", fault.NoKeysMember),
		UnusableCase("KEYS-09.duplicate", "the set has the member keys twice", fault.DuplicateKeysMember),
		keepServingCase("KEYS-09.known-keys-serve", "keys that are known serve on, when the set becomes garbage",
			fault.NotJSON.At(fault.Keys)),

		UnusableCase("KEYS-10.large", "a set of over 1 MiB",
			fault.Oversized(1<<20+1).At(fault.Keys)).As(Ours, "OURS bound; the sources have none").Having("bounds"),
		TokenCase("KEYS-10.just-under", Accepted, "a set of 1 MiB", Token{}).WithFault(fault.Oversized(1 << 20).At(fault.Keys)),
		UnusableCase("KEYS-10.101-keys", "a set of 101 keys", fault.ManyKeys(101)).Having("bounds"),
		TokenCase("KEYS-10.100-keys", Accepted, "a set of 100 keys", Token{}).WithFault(fault.ManyKeys(100)),
		TokenCase("KEYS-10.configured", Accepted, "a set of 101 keys, which is configured",
			Token{}).WithFault(fault.ManyKeys(101)).
			Configured(func(_ *Environment, c *verifier.Config) { c.Keys.MaxKeys = 101 }),
		keepServingCase("KEYS-10.known-keys-serve", "keys that are known serve on, when the set becomes too large",
			fault.Oversized(1<<20+1).At(fault.Keys)),

		UnusableCase("KEYS-12.empty", "an empty set of keys", fault.NoKeys).Having("bounds"),
		UnusableCase("KEYS-12.none-usable", "a set of keys none of which can be used", fault.NoUsableKey).Having("bounds"),
		keepServingCase("KEYS-12.known-keys-serve", "keys that are known serve on, when the set becomes empty", fault.NoKeys),

		InsideCase("KEYS-11.jwks", Accepted, "keys that are configured as a JWK Set, and an issuer that is away",
			Step{
				Send: Carrying(Token{}), Want: Accepted, Check: NotAsked,
			}).Configured(staticKeys(staticJWKS)).WithFault(fault.Outage),
		InsideCase("KEYS-11.pem", Accepted, "a key that is configured as PEM, and an issuer that is away", Step{
			Send: Carrying(Token{Header: Fields{"kid": "whatever"}, Sign: SignOwn(crypto.SHA256)}), Want: Accepted, Check: NotAsked,
		}).Configured(staticKeys(OwnPEMBytes)).WithFault(fault.Outage),
		InsideCase("KEYS-11.another", BadToken, "a token that another key signed", Step{
			Send: Carrying(Token{Key: ForgerKey}), Want: BadToken, Check: NotAsked,
		}).Configured(staticKeys(staticJWKS)).WithFault(fault.Outage).ReportedAs("JWS-16"),
		ConfigCase("KEYS-11.malformed", RefusedByNew, "configured keys that are neither a JWK Set nor PEM",
			staticKeys(func(*Environment) ([]byte, error) {
				return []byte("keys"), nil
			})),
		ConfigCase("KEYS-11.unusable", RefusedByNew, "a configured key that can't be used",
			staticKeys(func(*Environment) ([]byte, error) {
				return []byte(`{"keys":[{"kty":"oct","k":"AA"}]}`), nil
			})),
	}
}

// keyIDIsAHint is why an API may accept a token whose kid names no key: it may try the keys that it has.
const keyIDIsAHint = "RFC 7517 4.5 matches keys by it, RFC 7515 4.1.4 calls it a hint"

func withoutKeyID(_ *Environment, c *verifier.Config) { c.AllowMissingKeyID = true }

// oddKeyCase has a token name a key that can't be used.
func oddKeyCase(id, reason, kid string) Case {
	return TokenCase(id, BadToken, reason, Token{Key: "RS256", Header: Fields{"kid": kid}}).WithFault(OddKeys).
		ReportedAs("CACHE-05")
}

// keepServingCase has an issuer turn bad after its keys were had.
func keepServingCase(id, reason string, f fault.Fault) Case {
	long := func(run *Run) Request { return Bearer(run.Kept["token"]) }
	return NewCase(id, Accepted, reason,
		Step{Send: func(run *Run) Request {
			return Bearer(run.Keep("token", run.Sign(Token{Claims: Fields{"exp": In(86400)}})))
		}, Want: Accepted},
		Step{Do: All(IssuerTurns(f), Advance(SoftTTL)), Send: long, Want: Accepted},
		Step{Do: AwaitFetches(2), Send: long, Want: Accepted},
	).In(Allowed).Needing(Clock)
}

func staticKeys(source func(*Environment) ([]byte, error)) Policy {
	return func(e *Environment, c *verifier.Config) {
		keys, err := source(e)
		if err != nil {
			keys = nil // New says so
		}
		c.StaticKeys = map[string][]byte{e.Issuer.URL: keys}
	}
}

func staticJWKS(e *Environment) ([]byte, error) {
	key, err := e.JWK(SigningKey, nil)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"keys": []any{key}})
}

// paddedHash is what an RSA key of exponent 1 calls a signature: the hash in its padding (RFC 8017 section 9.2).
func paddedHash(_ *Run, signed []byte) []byte {
	info := append([]byte{
		0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
	}, Digest(crypto.SHA256, signed)...)
	const size = 256
	padded := []byte{0, 1}
	padded = append(padded, []byte(strings.Repeat("\xff", size-3-len(info)))...)
	return append(append(padded, 0), info...)
}
