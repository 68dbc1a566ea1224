package verifiertest

import (
	"encoding/json"
	"maps"
)

// IDToken returns an ID token (OpenID Connect Core section 2) with these claims, signed. By default it has iss, sub,
// iat and exp, in five minutes; what claims names is set on top of them: aud, the client's ID, at least.
func (i *Issuer) IDToken(claims Claims) (string, error) {
	key, err := i.signer()
	if err != nil {
		return "", err
	}
	header, err := json.Marshal(map[string]string{"alg": key.Algorithm, "kid": key.ID, "typ": "JWT"})
	if err != nil {
		return "", err
	}
	good := Claims{"jti": Absent}
	maps.Copy(good, claims)
	payload, err := i.Payload(good)
	if err != nil {
		return "", err
	}
	return key.Sign(header, payload)
}
