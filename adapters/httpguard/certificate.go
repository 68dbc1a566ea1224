package httpguard

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// CertificateField says how proxies forward the certificate that a client proved to hold in the TLS handshake with
// them. When one is chosen, the certificate of a proxy's own connection never counts as a client's.
type CertificateField int

const (
	// CertificateOfConnection: none is forwarded; the client is the peer of the connection.
	CertificateOfConnection CertificateField = iota
	// CertificateRFC9440: Client-Cert, the DER in base64 between colons (RFC 9440 section 2.2).
	CertificateRFC9440
	// CertificateEscapedPEM: PEM with percent-encoding, as nginx's $ssl_client_escaped_cert.
	CertificateEscapedPEM
	// CertificateXFCC: the Cert element of Envoy's X-Forwarded-Client-Cert, of the nearest proxy.
	CertificateXFCC
)

var certificateNames = []string{"CertificateOfConnection", "CertificateRFC9440", "CertificateEscapedPEM", "CertificateXFCC"}

// String returns the name of the constant.
func (c CertificateField) String() string {
	if c < 0 || int(c) >= len(certificateNames) {
		return fmt.Sprintf("CertificateField(%d)", int(c))
	}
	return certificateNames[c]
}

// maxCertificateBytes bounds the field that a certificate is forwarded in. It is read for every request.
const maxCertificateBytes = 64 << 10

// certificate returns the client's certificate in DER, nil if it has none.
func (l *location) certificate(r *http.Request) ([]byte, error) {
	p := &l.proxies
	if p.Certificate == CertificateOfConnection || !p.isProxied(r) {
		if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
			return nil, nil
		}
		return r.TLS.PeerCertificates[0].Raw, nil
	}
	var (
		name   string
		decode func(string) ([]byte, bool)
	)
	switch p.Certificate {
	case CertificateRFC9440:
		name, decode = "Client-Cert", decodeByteSequence
	case CertificateEscapedPEM:
		name, decode = p.CertificateName, decodeEscapedPEM
	case CertificateXFCC:
		name, decode = "X-Forwarded-Client-Cert", decodeXFCC
	}
	values := r.Header.Values(name)
	if len(values) == 0 || len(values) == 1 && values[0] == "" {
		return nil, nil
	}
	malformed := &requestError{ruleCertificate, "the forwarded certificate is malformed"}
	if len(values) > 1 || len(values[0]) > maxCertificateBytes {
		return nil, malformed
	}
	der, ok := decode(values[0])
	if !ok {
		return nil, malformed
	}
	if _, err := x509.ParseCertificate(der); err != nil {
		return nil, malformed
	}
	return der, nil
}

// decodeByteSequence reads a Byte Sequence (RFC 8941 section 3.3.5).
func decodeByteSequence(value string) ([]byte, bool) {
	value = strings.TrimSpace(value)
	if len(value) < 2 || value[0] != ':' || value[len(value)-1] != ':' {
		return nil, false
	}
	der, err := base64.StdEncoding.DecodeString(value[1 : len(value)-1])
	return der, err == nil
}

func decodeEscapedPEM(value string) ([]byte, bool) {
	// Not QueryUnescape: a plus sign is part of base64.
	text, err := url.PathUnescape(value)
	if err != nil {
		return nil, false
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, false
	}
	return block.Bytes, true
}

// decodeXFCC reads the last element, which the nearest proxy has written; those before it came with the request. An
// element without Cert is malformed here, since Envoy must be told to forward it.
func decodeXFCC(value string) ([]byte, bool) {
	_, element, _, wellFormed := cutLast(value)
	if !wellFormed {
		return nil, false
	}
	var cert string
	for pair, rest := cutQuoted(element, ';'); pair != "" || rest != ""; pair, rest = cutQuoted(rest, ';') {
		name, written, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if !strings.EqualFold(name, "Cert") {
			continue
		}
		value, wellFormed := unquote(written)
		if !wellFormed || cert != "" {
			return nil, false
		}
		cert = value
	}
	return decodeEscapedPEM(cert)
}
