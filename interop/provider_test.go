package interop

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	clientID     = "app"
	clientSecret = "a secret of at least thirty-two bytes"
)

// A provider is an oidc-provider that runs as a child process.
type provider struct {
	URL string
	// CAFile is the certificate that it, and whatever else the test serves, is to be trusted by.
	CAFile string

	port        int
	certificate tls.Certificate
	keyFile     string
	process     *exec.Cmd
	stdin       io.Closer
}

// startProvider starts an issuer that has these keys, the first of a kind signing.
func startProvider(t *testing.T, keys ...jose.JSONWebKey) *provider {
	t.Helper()
	p := newProvider(t)
	p.start(t, keys)
	t.Cleanup(func() { p.stop(t) })
	return p
}

// newProvider returns an issuer that is not started yet.
func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{port: freePort(t)}
	p.URL = fmt.Sprintf("https://127.0.0.1:%d", p.port)
	p.makeCertificate(t)
	return p
}

// rotate restarts the issuer on its port with other keys.
func (p *provider) rotate(t *testing.T, keys ...jose.JSONWebKey) {
	t.Helper()
	p.stop(t)
	p.start(t, keys)
}

func (p *provider) start(t *testing.T, keys []jose.JSONWebKey) {
	t.Helper()
	p.launch(t, "issuer.mjs", keys, map[string]any{
		"client_id": clientID, "client_secret": clientSecret,
		"grant_types": []string{"client_credentials"}, "redirect_uris": []string{}, "response_types": []string{},
	})
}

// launch runs a script that makes an oidc-provider of these keys and clients.
func (p *provider) launch(t *testing.T, script string, keys []jose.JSONWebKey, clients ...map[string]any) {
	t.Helper()
	settings, err := json.Marshal(map[string]any{
		"issuer": p.URL, "port": p.port, "cert": p.CAFile, "key": p.keyFile,
		"jwks": jose.JSONWebKeySet{Keys: keys}, "clients": clients,
	})
	if err != nil {
		t.Fatal(err)
	}
	p.process = node(t, script, settings)
	p.stdin, err = p.process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := p.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.process.Start(); err != nil {
		t.Fatalf("Node.js can't be started (run make deps): %v", err)
	}
	tooLate := time.AfterFunc(3*time.Minute, func() { _ = p.process.Process.Kill() })
	defer tooLate.Stop()
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if lines.Text() == "ready" {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return
		}
	}
	// What it wrote to its standard error is in the test's output when Wait returns.
	t.Fatalf("oidc-provider ended before it was ready, or took more than a minute (%v): its errors are above; if a package is missing, run make deps", p.process.Wait())
}

func (p *provider) stop(t *testing.T) {
	t.Helper()
	_ = p.stdin.Close()
	if err := p.process.Wait(); err != nil {
		t.Logf("oidc-provider: %v", err)
	}
}

// node prepares a script of node/ with its settings.
func node(t *testing.T, script string, settings []byte) *exec.Cmd {
	t.Helper()
	if _, err := os.Stat("node/node_modules/oidc-provider"); err != nil {
		t.Fatalf("the npm packages are not installed: run make deps (%v)", err)
	}
	command := exec.Command("./run", script)
	command.Dir = "node"
	command.Env = append(os.Environ(), "SETTINGS="+string(settings), "NODE_NO_WARNINGS=1")
	command.Stderr = t.Output()
	return command
}

// client returns an HTTP client that trusts the certificate.
func (p *provider) client() *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(p.certificate.Leaf)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

// token gets an access token for a resource by client credentials, over the wire.
func (p *provider) token(t *testing.T, resource string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {resource}, "scope": {"read:orders"}}
	request, err := http.NewRequest("POST", p.URL+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(clientID, url.QueryEscape(clientSecret))
	answer, err := p.client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var body struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil || body.AccessToken == "" {
		t.Fatalf("no token: %d %s %s %v", answer.StatusCode, body.Error, body.Description, err)
	}
	return body.AccessToken
}

// makeCertificate makes a certificate for 127.0.0.1 and writes it to files.
func (p *provider) makeCertificate(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "interop"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificatePEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	if p.certificate, err = tls.X509KeyPair(certificatePEM, keyPEM); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	p.CAFile, p.keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for file, content := range map[string][]byte{p.CAFile: certificatePEM, p.keyFile: keyPEM} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func rsaKey(t *testing.T, id string) jose.JSONWebKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: key, KeyID: id, Algorithm: "RS256", Use: "sig"}
}

func ecKey(t *testing.T, id string) jose.JSONWebKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: key, KeyID: id, Algorithm: "ES256", Use: "sig"}
}
