package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/holdfast-go/holdfast/conformance/fault"
	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const audience = "https://api.example"

// A mint makes requests. Their tokens are of an issuer that answers, and of others that hang, below it.
type mint struct {
	host    *host
	issuer  *issuer.Server
	hanging string // what the identifiers of the others begin with
	prover  *verifiertest.Prover
	jkt     string
}

func newMint(h *host) *mint {
	key, err := verifiertest.NewKey("ES256", "key")
	h.must(err)
	own, err := verifiertest.NewKey("ES256", "client")
	h.must(err)
	m := &mint{host: h, prover: &verifiertest.Prover{Key: own}}
	m.jkt, err = m.prover.Thumbprint()
	h.must(err)
	m.issuer, err = issuer.StartInsecureHTTP(key)
	h.must(err)
	h.Cleanup(m.issuer.Close)
	m.issuer.Fail(fault.Hang.At("hanging"))
	m.hanging = m.issuer.URL + "hanging/"
	return m
}

// requests makes n requests to an API: "dpop" and "good" ones of the issuer that answers, "bearer" ones of one that
// hangs, and "issuers" of as many that hang.
func (m *mint) requests(kind string, n int, url string) []*http.Request {
	all := make([]*http.Request, n)
	token := m.token(verifiertest.Claims{})
	switch kind {
	case "dpop":
		token = m.token(verifiertest.Claims{"cnf": map[string]any{"jkt": m.jkt}})
	case "bearer":
		token = m.token(verifiertest.Claims{"iss": m.hanging})
	}
	for i := range all {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		m.host.must(err)
		switch kind {
		case "dpop":
			proof, err := m.prover.Proof(r.Method, url, token, nil, nil)
			m.host.must(err)
			r.Header.Set("Authorization", "DPoP "+token)
			r.Header.Set("DPoP", proof)
		case "issuers":
			r.Header.Set("Authorization", "Bearer "+m.forged(token, fmt.Sprintf("%s%d/", m.hanging, i)))
		default:
			r.Header.Set("Authorization", "Bearer "+token)
		}
		all[i] = r
	}
	return all
}

func (m *mint) token(claims verifiertest.Claims) string {
	claims["aud"] = audience
	token, err := m.issuer.Token(claims)
	m.host.must(err)
	return token
}

// forged is a token of an issuer with the signature of another token.
func (m *mint) forged(other, name string) string {
	payload, err := m.issuer.Payload(verifiertest.Claims{"aud": audience, "iss": name})
	m.host.must(err)
	header, rest, _ := strings.Cut(other, ".")
	_, signature, _ := strings.Cut(rest, ".")
	return header + "." + encode(payload) + "." + signature
}
