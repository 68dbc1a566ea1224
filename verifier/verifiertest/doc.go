// Package verifiertest is for the tests of those who use package verifier: an issuer that needs no network, keys that
// sign what they are told to, and a clock that stands where it is put.
//
// An [Issuer] is a [ports.Fetcher], so a verifier is wired with it as with a real one:
//
//	tenant := verifiertest.MustIssuer(t, "https://tenant.example/")
//	v, err := verifier.New(verifier.Config{Domain: tenant.URL, Audiences: []string{"https://api.example"}, Fetcher: tenant})
//	token := tenant.MustToken(t, verifiertest.Claims{"aud": "https://api.example"})
//
// Package issuer of the module conformance puts it behind TLS, with a token endpoint and a list of faults.
//
// Nothing here is for production: an Issuer signs whatever it is given.
package verifiertest
