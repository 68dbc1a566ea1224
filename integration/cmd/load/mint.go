package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const audience = "https://api.example"

// A mint makes requests. Its tokens are of issuers below one address: good/ answers, and all others hang.
type mint struct {
	host   *host
	base   string // of the issuers
	signer *verifiertest.Issuer
	prover *verifiertest.Prover
	jkt    string
}

func newMint(h *host) *mint {
	key, err := verifiertest.NewKey("ES256", "key")
	h.must(err)
	own, err := verifiertest.NewKey("ES256", "client")
	h.must(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	m := &mint{host: h, base: "http://" + listener.Addr().String() + "/", prover: &verifiertest.Prover{Key: own}}
	m.signer, err = verifiertest.NewIssuer(m.base+"good/", key)
	h.must(err)
	m.jkt, err = m.prover.Thumbprint()
	h.must(err)
	published, err := key.JWK()
	h.must(err)

	mux := http.NewServeMux()
	mux.HandleFunc("/good/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": m.base + "good/", "jwks_uri": m.base + "good/keys"})
	})
	mux.HandleFunc("/good/keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []json.RawMessage{published}})
	})
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	})
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(listener) }()
	h.Cleanup(func() { _ = server.Close() })
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
		token = m.token(verifiertest.Claims{"iss": m.base + "hanging/"})
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
			r.Header.Set("Authorization", "Bearer "+m.forged(token, fmt.Sprintf("%s%d/", m.base, i)))
		default:
			r.Header.Set("Authorization", "Bearer "+token)
		}
		all[i] = r
	}
	return all
}

func (m *mint) token(claims verifiertest.Claims) string {
	claims["aud"] = audience
	token, err := m.signer.Token(claims)
	m.host.must(err)
	return token
}

// forged is a token of an issuer with the signature of another token.
func (m *mint) forged(other, issuer string) string {
	payload, err := m.signer.Payload(verifiertest.Claims{"aud": audience, "iss": issuer})
	m.host.must(err)
	header, rest, _ := strings.Cut(other, ".")
	_, signature, _ := strings.Cut(rest, ".")
	return header + "." + encode(payload) + "." + signature
}
