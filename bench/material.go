package main

import (
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const (
	audience  = "https://api.example"
	targetURL = "https://api.example/orders"

	// pool is how many different tokens come round: four times what Holdfast remembers by default, so that each has
	// been forgotten when its turn comes again.
	pool = 4096
	// clients is how many keys sign DPoP proofs.
	clients = 64
)

// claims are what an API's access token has at Auth0, with permissions: 1.4 kB with an RSA signature.
func claims() verifiertest.Claims {
	return verifiertest.Claims{
		"aud":       []string{audience, "https://tenant.example/userinfo"},
		"sub":       "auth0|5f7c8ec7c33c6c004bbafe82",
		"azp":       "my_client_id_of_32_characters_xx",
		"client_id": "my_client_id_of_32_characters_xx",
		"scope":     "openid profile read:orders write:orders",
		"exp":       time.Now().Add(lifetime).Unix(),

		"permissions":               granted.Permissions,
		"https://api.example/roles": granted.Roles,
		"https://api.example/plan":  granted.Plan,
	}
}

// apiClaims are those that an API reads besides what its verifier has judged.
type apiClaims struct {
	Permissions []string `json:"permissions"`
	Roles       []string `json:"https://api.example/roles"`
	Plan        string   `json:"https://api.example/plan"`
}

// granted is what the tokens say.
var granted = apiClaims{permissions(20), []string{"editor", "billing"}, "enterprise"}

// permissions are as an API has them.
func permissions(n int) []string {
	verbs, things := []string{"read", "create", "update", "delete"}, []string{"orders", "customers", "invoices", "reports", "users"}
	list := make([]string, n)
	for i := range list {
		list[i] = verbs[i%len(verbs)] + ":" + things[i/len(verbs)%len(things)]
	}
	return list
}

// mint makes n strings on all cores.
func mint(n int, one func(i int) (string, error)) ([]string, error) {
	made := make([]string, n)
	workers := runtime.NumCPU()
	failed := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < n && failed[w] == nil; i += workers {
				made[i], failed[w] = one(i)
			}
		})
	}
	group.Wait()
	return made, errors.Join(failed...)
}

// A dpopPool is requests with proofs that are all different: proof i is by client i mod clients, for tokens[i].
type dpopPool struct {
	tokens, proofs []string
	proofKeys      []crypto.PublicKey // of the clients
}

// proofKey is the key that proof i is by.
func (p *dpopPool) proofKey(i int) crypto.PublicKey { return p.proofKeys[i%len(p.proofKeys)] }

// newDPoPPool makes n proofs. With oneTokenEach a client has the same token for all of its proofs.
func newDPoPPool(t *tenant, n int, oneTokenEach bool) (*dpopPool, error) {
	provers := make([]*verifiertest.Prover, clients)
	p := &dpopPool{proofKeys: make([]crypto.PublicKey, clients)}
	bound := make([]verifiertest.Claims, clients)
	for i := range clients {
		key, err := verifiertest.NewKey("ES256", fmt.Sprintf("client-%d", i))
		if err != nil {
			return nil, err
		}
		if p.proofKeys[i], err = publicKey(key); err != nil {
			return nil, err
		}
		provers[i] = &verifiertest.Prover{Key: key}
		thumbprint, err := provers[i].Thumbprint()
		if err != nil {
			return nil, err
		}
		bound[i] = claims()
		bound[i]["cnf"] = map[string]string{"jkt": thumbprint}
	}
	tokens := n
	if oneTokenEach {
		tokens = clients
	}
	minted, err := mint(tokens, func(i int) (string, error) { return t.Token(bound[i%clients]) })
	if err != nil {
		return nil, err
	}
	p.tokens = make([]string, n)
	for i := range p.tokens {
		p.tokens[i] = minted[i%tokens]
	}
	p.proofs, err = mint(n, func(i int) (string, error) {
		return provers[i%clients].Proof(http.MethodGet, targetURL, p.tokens[i], nil, nil)
	})
	return p, err
}

// A badToken is what no verifier may accept.
type badToken struct{ what, token string }

// tampered returns tokens that differ from a good one in one thing each.
func tampered(t *tenant, good string) ([]badToken, error) {
	bad := []badToken{
		{"another signature", withOtherSignature(good)},
		{"no signature", good[:strings.LastIndexByte(good, '.')+1]},
	}
	for _, change := range []struct {
		what, claim string
		value       any
	}{
		{"another audience", "aud", "https://other.example"},
		{"another issuer", "iss", "https://other.example/"},
		{"an expiry that is past", "exp", time.Now().Add(-time.Hour).Unix()},
	} {
		changed := claims()
		changed[change.claim] = change.value
		token, err := t.Token(changed)
		if err != nil {
			return nil, err
		}
		bad = append(bad, badToken{change.what, token})
	}
	scope := claims()
	scope["scope"] = "admin"
	payload, err := t.Payload(scope)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(good, ".")
	parts[1] = base64.RawURLEncoding.EncodeToString(payload)
	return append(bad, badToken{"other claims than were signed", strings.Join(parts, ".")}), nil
}

// withOtherSignature changes the first byte of a compact JWS's signature.
func withOtherSignature(compact string) string {
	at := strings.LastIndexByte(compact, '.') + 1
	other := "A"
	if compact[at] == 'A' {
		other = "B"
	}
	return compact[:at] + other + compact[at+1:]
}
