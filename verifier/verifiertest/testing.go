package verifiertest

import "testing"

// MustKey is [NewKey] for a test, which an error ends.
func MustKey(t testing.TB, algorithm, id string) *Key {
	t.Helper()
	key, err := NewKey(algorithm, id)
	return must(t, key, err)
}

// MustIssuer is [NewIssuer] for a test, which an error ends.
func MustIssuer(t testing.TB, url string, keys ...*Key) *Issuer {
	t.Helper()
	issuer, err := NewIssuer(url, keys...)
	return must(t, issuer, err)
}

// MustToken is [Issuer.Token] for a test, which an error ends.
func (i *Issuer) MustToken(t testing.TB, claims Claims) string {
	t.Helper()
	token, err := i.Token(claims)
	return must(t, token, err)
}

// MustProof is [Prover.Proof] for a test, which an error ends.
func (p *Prover) MustProof(t testing.TB, method, url, accessToken string, header, claims Claims) string {
	t.Helper()
	proof, err := p.Proof(method, url, accessToken, header, claims)
	return must(t, proof, err)
}

// MustThumbprint is [Prover.Thumbprint] for a test, which an error ends.
func (p *Prover) MustThumbprint(t testing.TB) string {
	t.Helper()
	thumbprint, err := p.Thumbprint()
	return must(t, thumbprint, err)
}

func must[T any](t testing.TB, value T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return value
}
