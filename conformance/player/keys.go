package player

import (
	"encoding/base64"

	"github.com/holdfast-go/holdfast/conformance/fault"
)

// What an issuer can publish besides the key that signs. The faults of package fault are not about the environment's keys,
// and leave that key the only one.
var (
	NoFault  fault.Fault // an RSA key that cases sign with by themselves
	SoleKey  = fault.Fault{Name: "SoleKey", Does: "publishes one key"}
	Rotating = fault.Fault{Name: "Rotating", Does: "is about to rotate its key"}
	OwnKeys  = fault.Fault{Name: "OwnKeys", Does: "publishes keys for several algorithms"}
	OddKeys  = fault.Fault{Name: "OddKeys", Does: "publishes keys that can't be used before its own"}
)

var moreKeys = map[string]func(*Environment) ([]any, error){
	NoFault.Name:  ownKeys("RS256"),
	SoleKey.Name:  ownKeys(),
	Rotating.Name: ownKeys(),
	OwnKeys.Name:  ownKeys("RS256", "RS384", "PS256"),
	OddKeys.Name:  oddKeys,
}

// playable reports whether cases with the fault can be played: it is one of keys, or has a name and a handler of its own.
func playable(f fault.Fault) bool {
	_, keys := moreKeys[f.Name]
	return keys == (f.Handler == nil)
}

// ownKeys publishes the own key for several algorithms.
func ownKeys(algorithms ...string) func(*Environment) ([]any, error) {
	return func(e *Environment) ([]any, error) {
		private, err := e.own()
		if err != nil {
			return nil, err
		}
		keys := make([]any, len(algorithms))
		for i, alg := range algorithms {
			keys[i] = Fields{
				"kty": "RSA", "use": "sig", "alg": alg, "kid": "own-" + alg,
				"e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(private.N.Bytes()),
			}
		}
		return keys, nil
	}
}

// A variant is a key of the environment that is published with other members.
type variant struct {
	name    string
	changes Fields
}

func (e *Environment) jwks(variants ...variant) ([]any, error) {
	var keys []any
	for _, v := range variants {
		key, err := e.JWK(v.name, v.changes)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// oddKeys are keys that no verifier may use, each for one reason. The last two are exceptions: they are good whatever
// other keys the set has.
func oddKeys(e *Environment) ([]any, error) {
	small, err := e.small()
	if err != nil {
		return nil, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	keys := []any{
		Fields{"kty": "AKP", "alg": "SLH-DSA-SHA2-128s", "kid": "odd-pqc", "pub": encode(make([]byte, 32))},
		Fields{"kty": "EC", "crv": "secp256k1", "kid": "odd-curve", "x": encode(make([]byte, 32)), "y": encode(make([]byte, 32))},
		Fields{"kty": "EC", "crv": "P-256", "kid": "odd-point", "x": encode(make([]byte, 32)), "y": encode(make([]byte, 32))},
		Fields{"kty": "oct", "kid": "odd-oct", "k": encode([]byte(OctSecret))},
		Fields{"kty": "RSA", "kid": "odd-small", "e": "AQAB", "n": encode(small.N.Bytes())},
	}
	good, err := e.jwks(
		variant{"RS256", Fields{"kid": "odd-use", "use": "enc"}},
		variant{"RS256", Fields{"kid": "odd-operation", "use": Absent, "key_ops": []string{"encrypt"}}},
		variant{"RS256", Fields{"kid": "odd-private", "d": encode([]byte("secret"))}},
		variant{"RS256", Fields{"kid": "odd-algorithm", "alg": "RS512"}},
		variant{"RS256", Fields{"kid": "odd-exponent", "e": "Ag"}},
		variant{"RS256", Fields{"kid": "odd-one", "e": "AQ"}},
		variant{ClientKey, Fields{"kid": "twin"}},
		variant{"RS256", Fields{"kid": "twin"}},
		variant{"RS256", Fields{"kid": "verifies", "use": Absent, "alg": Absent, "key_ops": []string{"verify"}}},
	)
	return append(keys, good...), err
}

// OctSecret is the key that odd-oct gives away.
const OctSecret = "a secret that is published to all"
