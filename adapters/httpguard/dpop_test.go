package httpguard_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// newGuard returns a guard of the issuer's tokens, with the logger's output.
func newGuard(t *testing.T, issuer *verifiertest.Issuer, config httpguard.Config, edit func(*verifier.Config)) (*httpguard.Guard, *bytes.Buffer) {
	t.Helper()
	policy := verifier.Config{Domain: "issuer.example", Audiences: []string{audience}, Fetcher: issuer, Algorithms: []string{"ES256"}}
	edit(&policy)
	v, err := verifier.New(policy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	var log bytes.Buffer
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	guard, err := httpguard.New(v, config)
	if err != nil {
		t.Fatal(err)
	}
	return guard, &log
}

func TestDPoPBehindAProxy(t *testing.T) {
	issuer := newIssuer(t)
	key := verifiertest.MustKey(t, "ES256", "client")
	client := &verifiertest.Prover{Key: key}
	thumbprint := client.MustThumbprint(t)
	token := mint(t, issuer, verifiertest.Claims{"cnf": verifiertest.Claims{"jkt": thumbprint}})
	guard, log := newGuard(t, issuer, httpguard.Config{PublicURL: "https://api.example/v1"},
		func(c *verifier.Config) { c.DPoP.Nonce = verifier.NonceOffered })
	send := func(htu string) *http.Response {
		t.Helper()
		proof := client.MustProof(t, "GET", htu, token, nil, nil)
		r := httptest.NewRequest("GET", "/orders?page=2", nil)
		r.Host = "10.0.0.5:8080"
		r.Header.Set("Authorization", "DPoP "+token)
		r.Header.Set("DPoP", proof)
		recorder := httptest.NewRecorder()
		guard.Handler(greet).ServeHTTP(recorder, r)
		return recorder.Result()
	}

	good := send("https://api.example/v1/orders")
	if good.StatusCode != 200 || good.Header.Get("DPoP-Nonce") == "" || good.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("PROXY-03, NONCE-03: answer is %d with %v", good.StatusCode, good.Header)
	}
	bad := send("http://10.0.0.5:8080/orders")
	if bad.StatusCode != 401 || strings.Contains(strings.Join(bad.Header.Values("WWW-Authenticate"), ""), "10.0.0.5") {
		t.Errorf("DPOP-CLM-04: answer is %d with %v", bad.StatusCode, bad.Header)
	}
	for _, url := range []string{"http://10.0.0.5:8080/orders", "https://api.example/v1/orders"} {
		if !strings.Contains(log.String(), url) {
			t.Errorf("the operator's log does not show %s: %s", url, log)
		}
	}
	if strings.Contains(log.String(), token[:20]) {
		t.Errorf("the log holds the token: %s", log)
	}
}

func TestMalformedRequest(t *testing.T) {
	guard, _ := newGuard(t, newIssuer(t), httpguard.Config{}, func(*verifier.Config) {})
	r := httptest.NewRequest("GET", "/", nil)
	r.Host = "api.example@evil.example"
	r.Header.Set("Authorization", "DPoP x")
	r.Header.Set("DPoP", "x")
	recorder := httptest.NewRecorder()
	guard.Handler(greet).ServeHTTP(recorder, r)
	if recorder.Code != 400 || recorder.Body.String() != `{"error":"invalid_request","error_description":"The request is malformed"}` {
		t.Errorf("PROXY-04: answer is %d %s", recorder.Code, recorder.Body)
	}
	want := []string{`Bearer error="invalid_request", error_description="The request is malformed"`, `DPoP algs="ES256"`}
	if challenges := recorder.Header().Values("WWW-Authenticate"); !slices.Equal(challenges, want) {
		t.Errorf("CHAL-06: the challenges are %q, want %q", challenges, want)
	}
}

// TestMTLSOverTLS has a client with a certificate of its own call over a real connection.
func TestMTLSOverTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	issuer := newIssuer(t)
	token := mint(t, issuer, verifiertest.Claims{"cnf": verifiertest.Claims{"x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}})
	guard, _ := newGuard(t, issuer, httpguard.Config{}, func(c *verifier.Config) { c.MTLS = verifier.MTLSOn })

	bound, err := guard.For(verifier.Route{CertificateBound: true})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", guard.Handler(greet))
	mux.Handle("/bound", bound.Handler(greet))
	server := httptest.NewUnstartedServer(mux)
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	defer server.Close()
	unbound, own := mint(t, issuer, nil), []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	for name, c := range map[string]struct {
		path, token  string
		certificates []tls.Certificate
		status       int
	}{
		"MTLS-01 with its certificate":                      {"/", token, own, 200},
		"MTLS-02 without":                                   {"/", token, nil, 401},
		"MTLS-02 a token that is not bound":                 {"/", unbound, own, 200},
		"MTLS-02 a route that needs a bound one":            {"/bound", token, own, 200},
		"MTLS-02 a route that needs a bound one, not bound": {"/bound", unbound, own, 401},
	} {
		t.Run(name, func(t *testing.T) {
			transport := server.Client().Transport.(*http.Transport).Clone()
			transport.TLSClientConfig.Certificates = c.certificates
			defer transport.CloseIdleConnections()
			r, err := http.NewRequest("GET", server.URL+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+c.token)
			answer, err := (&http.Client{Transport: transport}).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != c.status {
				t.Errorf("status is %d, want %d", answer.StatusCode, c.status)
			}
		})
	}
}
