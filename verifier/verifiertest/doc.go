// Package verifiertest is for the tests of those who use package verifier: an issuer that needs no network, keys that
// sign what they are told to, and a clock that stands where it is put.
//
// An [Issuer] is a [ports.Fetcher], so a verifier is wired with it as with a real one:
//
//	issuer, err := verifiertest.NewIssuer("https://issuer.example/")
//	v, err := verifier.New(verifier.Config{Domain: issuer.URL, Audiences: []string{"https://api.example"}, Fetcher: issuer})
//	token, err := issuer.Token(verifiertest.Claims{"aud": "https://api.example"})
//
// Nothing here is for production: an Issuer signs whatever it is given.
package verifiertest
