package player

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/conformance/internal/result"
)

// OverHTTP returns the API at base, an http or https URL without path. One answer may take as long as timeout. An
// https API must have a certificate that the system trusts.
func OverHTTP(base string, timeout time.Duration) (Target, error) {
	return OverHTTPS(base, timeout, nil)
}

// OverHTTPS is [OverHTTP] for an API whose certificate has one of these roots; nil means those of the system. A request that
// has a client's certificate is sent on a connection of its own, by that client.
func OverHTTPS(base string, timeout time.Duration, roots *x509.CertPool) (Target, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("%q is not an http or https URL without path", result.Printable(base))
	}
	t := &overHTTP{base: u, timeout: timeout, tls: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.client = t.newClient(t.tls)
	return t, nil
}

type overHTTP struct {
	base    *url.URL
	timeout time.Duration
	tls     *tls.Config
	client  *http.Client
}

func (t *overHTTP) newClient(config *tls.Config) *http.Client {
	return &http.Client{
		Timeout: t.timeout,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 32, MaxResponseHeaderBytes: 1 << 20, TLSClientConfig: config, DisableKeepAlives: len(config.Certificates) > 0,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// as returns the client that has the certificate.
func (t *overHTTP) as(certificate []byte) (*http.Client, error) {
	if certificate == nil {
		return t.client, nil
	}
	private, err := clientKey(certificate)
	if err != nil {
		return nil, err
	}
	config := t.tls.Clone()
	config.Certificates = []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: private}}
	return t.newClient(config), nil
}

// maxBody is how much of an answer's body is read.
const maxBody = 1 << 20

func (t *overHTTP) Send(ctx context.Context, r Request) (Answer, error) {
	if r.Head != "" {
		return t.sendHead(ctx, r)
	}
	var body io.Reader
	if r.Form != nil {
		body = strings.NewReader(url.Values(r.Form).Encode())
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, t.base.Scheme+"://"+t.base.Host+r.Path, body)
	if err != nil {
		return Answer{}, err
	}
	// Names are sent as they are spelled.
	for name, values := range r.Header {
		request.Header[name] = values
	}
	if r.Form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	request.Host = r.Host
	client, err := t.as(r.Certificate)
	if err != nil {
		return Answer{}, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return Answer{}, withoutURL(err)
	}
	return read(answer), nil
}

// sendHead writes a request that no client library would.
func (t *overHTTP) sendHead(ctx context.Context, r Request) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	address := t.base.Host
	if t.base.Port() == "" {
		address = net.JoinHostPort(t.base.Hostname(), t.base.Scheme)
	}
	var (
		connection net.Conn
		err        error
	)
	if t.base.Scheme == "https" {
		connection, err = (&tls.Dialer{Config: t.tls}).DialContext(ctx, "tcp", address)
	} else {
		connection, err = new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return Answer{}, err
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { _ = connection.Close() })()
	var fields strings.Builder
	for name, values := range r.Header {
		for _, value := range values {
			fields.WriteString(name + ": " + value + "\r\n")
		}
	}
	head := strings.NewReplacer("%HOST%", t.base.Host, "%AUTH%", fields.String()).Replace(r.Head)
	if _, err := io.WriteString(connection, strings.ReplaceAll(r.Before, "%HOST%", t.base.Host)+head); err != nil {
		return Answer{}, err
	}
	answers := bufio.NewReader(connection)
	if r.Before != "" {
		first, err := http.ReadResponse(answers, nil)
		if err != nil {
			return Answer{}, err
		}
		read(first)
	}
	answer, err := http.ReadResponse(answers, nil)
	if err != nil {
		return Answer{}, err
	}
	return read(answer), nil
}

func read(answer *http.Response) Answer {
	defer answer.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	header := make(map[string][]string, len(answer.Header))
	for name, values := range answer.Header {
		header[textproto.CanonicalMIMEHeaderKey(name)] = values
	}
	return Answer{Status: answer.StatusCode, Header: header, Body: body}
}

// withoutURL leaves out the URL of an error, which may have a token in its query.
func withoutURL(err error) error {
	if failed, isURLError := err.(*url.Error); isURLError {
		return failed.Err
	}
	return err
}
