package runner

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/holdfast-go/holdfast/conformance/player"
)

// An identity is what a target listens with TLS by: a certificate for 127.0.0.1 and its key, as PEM files.
type identity struct {
	certificate, key string
	roots            *x509.CertPool
}

func newIdentity(directory string) (*identity, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "target of holdfast-conform"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	i := &identity{certificate: filepath.Join(directory, "target.pem"), key: filepath.Join(directory, "target-key.pem"), roots: x509.NewCertPool()}
	written := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	i.roots.AppendCertsFromPEM(written)
	if err := os.WriteFile(i.certificate, written, 0o600); err != nil {
		return nil, err
	}
	return i, os.WriteFile(i.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), 0o600)
}

// environment is what a target of a play gets besides what every target gets.
func (r *run) environment(p play) []string {
	var all []string
	for name, value := range p.settings {
		if name == player.ReplayStore {
			value, _ = r.store.address(value)
		}
		all = append(all, name+"="+value)
	}
	if p.settings.OverTLS() {
		all = append(all, player.TLSCert+"="+r.tls.certificate, player.TLSKey+"="+r.tls.key)
	}
	if r.proxy != nil {
		url := "http://" + r.proxy.address
		// NODE_USE_ENV_PROXY has Node.js heed them.
		all = append(all, "HTTPS_PROXY="+url, "https_proxy="+url, "NO_PROXY=", "no_proxy=", "NODE_USE_ENV_PROXY=1")
	}
	if p.clock {
		all = append(all, player.ClockFile+"="+filepath.Join(r.directory, "clock"))
	}
	return all
}
