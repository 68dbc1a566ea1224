package main

import (
	"net/http"

	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A dpopClient has a key, and a token that is bound to it (RFC 9449).
type dpopClient struct {
	prover *verifiertest.Prover
	token  string
}

func newDPoPClient(tenant *issuer.Server) (*dpopClient, error) {
	key, err := verifiertest.NewKey("ES256", "client")
	if err != nil {
		return nil, err
	}
	prover := &verifiertest.Prover{Key: key}
	thumbprint, err := prover.Thumbprint()
	if err != nil {
		return nil, err
	}
	token, err := tenant.Token(verifiertest.Claims{"aud": audience, "cnf": verifiertest.Claims{"jkt": thumbprint}})
	return &dpopClient{prover, token}, err
}

// proof returns a header with the token and a new proof for a URL.
func (c *dpopClient) proof(url string, claims verifiertest.Claims) (http.Header, error) {
	proof, err := c.prover.Proof(http.MethodGet, url, c.token, nil, claims)
	return http.Header{"Authorization": {"DPoP " + c.token}, "Dpop": {proof}}, err
}

// requests are requests with the token that is bound to the client's key.
func (c *dpopClient) requests() []request {
	var first http.Header
	return []request{
		{"DPoP: good proof", "GET", "/hello", func(url string, _ http.Header) (http.Header, error) {
			var err error
			first, err = c.proof(url, nil)
			return first, err
		}, 200, ""},
		{"DPoP: the same proof again", "GET", "/hello", func(string, http.Header) (http.Header, error) {
			return first, nil
		}, 401, "invalid_dpop_proof"},
		{"DPoP: proof for another URL", "GET", "/hello", func(url string, _ http.Header) (http.Header, error) {
			return c.proof(url+"/else", nil)
		}, 401, "invalid_dpop_proof"},
		{"DPoP: stolen token as Bearer", "GET", "/hello", func(string, http.Header) (http.Header, error) {
			return http.Header{"Authorization": {"Bearer " + c.token}}, nil
		}, 401, "invalid_token"},
		{"DPoP: nonce wanted", "GET", "/account", func(url string, _ http.Header) (http.Header, error) {
			return c.proof(url, nil)
		}, 401, "use_dpop_nonce"},
		{"DPoP: with the nonce", "GET", "/account", func(url string, last http.Header) (http.Header, error) {
			return c.proof(url, verifiertest.Claims{"nonce": last.Get("DPoP-Nonce")})
		}, 200, ""},
	}
}
