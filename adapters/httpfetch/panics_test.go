package httpfetch_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/httpfetch"
	"github.com/holdfast-go/holdfast/ports"
)

type panickingJar struct{ http.CookieJar }

func (panickingJar) Cookies(*url.URL) []*http.Cookie { panic("s3cr3t") }

type panickingBody struct{}

func (panickingBody) Read([]byte) (int, error) { panic("s3cr3t") }

// Functions of the application panic, on whatever goroutine net/http calls them.
func TestFaultClientPanics(t *testing.T) {
	issuer := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	issuer.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	issuer.Config.ErrorLog = log.New(io.Discard, "", 0)
	issuer.StartTLS()
	t.Cleanup(issuer.Close)
	proxy, err := url.Parse(raw(t, "HTTP/1.1 200 OK\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}

	transport := func(change func(*http.Transport)) *http.Client {
		transport := issuer.Client().Transport.(*http.Transport).Clone()
		change(transport)
		return &http.Client{Transport: transport}
	}
	tests := []struct {
		name   string
		client *http.Client
		value  string
		only   string // the one kind of request that gets there
	}{
		{name: "RoundTripper", client: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { panic("s3cr3t") })}},
		{name: "RoundTripper out of range", value: `: "runtime error: index out of range [3] with length 0"`, client: &http.Client{
			Transport: roundTripper(func(r *http.Request) (*http.Response, error) { return nil, errors.New(r.Header["Missing"][3]) }),
		}},
		{name: "RoundTripper that panics with nil", value: `: "panic called with nil argument"`, client: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			panic(nil)
		})}},
		{name: "body", client: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(panickingBody{}), Request: r}, nil
		})}},
		{name: "Jar", client: &http.Client{Jar: panickingJar{}}},
		{name: "CheckRedirect", only: "Fetch", client: &http.Client{
			Transport:     issuer.Client().Transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { panic("s3cr3t") },
		}},
		{name: "Proxy", client: transport(func(t *http.Transport) { t.Proxy = func(*http.Request) (*url.URL, error) { panic("s3cr3t") } })},
		{name: "GetProxyConnectHeader", client: transport(func(t *http.Transport) {
			t.Proxy = http.ProxyURL(proxy)
			t.GetProxyConnectHeader = func(context.Context, *url.URL, string) (http.Header, error) { panic("s3cr3t") }
		})},
		{name: "OnProxyConnectResponse", client: transport(func(t *http.Transport) {
			t.Proxy = http.ProxyURL(proxy)
			t.OnProxyConnectResponse = func(context.Context, *url.URL, *http.Request, *http.Response) error { panic("s3cr3t") }
		})},
		{name: "DialContext", client: transport(func(t *http.Transport) {
			t.DialContext = func(context.Context, string, string) (net.Conn, error) { panic("s3cr3t") }
		})},
		{name: "Dial", client: transport(func(t *http.Transport) {
			t.DialContext = nil
			//lint:ignore SA1019 applications may still set it
			t.Dial = func(string, string) (net.Conn, error) { panic("s3cr3t") }
		})},
		{name: "DialTLSContext", client: transport(func(t *http.Transport) {
			t.DialTLSContext = func(context.Context, string, string) (net.Conn, error) { panic("s3cr3t") }
		})},
		{name: "DialTLS", client: transport(func(t *http.Transport) {
			//lint:ignore SA1019 applications may still set it
			t.DialTLS = func(string, string) (net.Conn, error) { panic("s3cr3t") }
		})},
		{name: "VerifyPeerCertificate", client: transport(func(t *http.Transport) {
			t.TLSClientConfig.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error { panic("s3cr3t") }
		})},
		{name: "VerifyConnection", client: transport(func(t *http.Transport) {
			t.TLSClientConfig.VerifyConnection = func(tls.ConnectionState) error { panic("s3cr3t") }
		})},
		{name: "GetClientCertificate", client: transport(func(t *http.Transport) {
			t.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { panic("s3cr3t") }
		})},
	}
	for _, tt := range tests {
		fetcher := newFetcher(t, httpfetch.Config{Client: tt.client})
		_, fetched := fetcher.Fetch(t.Context(), issuer.URL)
		_, posted := fetcher.PostForm(t.Context(), ports.TokenRequest{URL: issuer.URL})
		for kind, err := range map[string]error{"Fetch": fetched, "PostForm": posted} {
			if tt.only != "" && tt.only != kind {
				continue
			}
			t.Run("FETCH-05 "+tt.name+", "+kind, func(t *testing.T) {
				value := tt.value
				if value == "" {
					value = " with a string"
				}
				if err == nil || !strings.Contains(err.Error(), "Config.Client panicked in github.com/holdfast-go/holdfast/adapters/httpfetch_test.") ||
					!strings.HasSuffix(err.Error(), value) || !strings.Contains(err.Error(), "(panics_test.go:") || strings.Contains(err.Error(), "s3cr3t") {
					t.Errorf("the error is %v", err)
				}
			})
		}
	}
}

func TestNewRefusesTypedNils(t *testing.T) {
	for name, tt := range map[string]struct {
		client *http.Client
		want   string // "" where New succeeds
	}{
		"no client":          {nil, ""},
		"no transport":       {&http.Client{}, ""},
		"*http.Transport":    {&http.Client{Transport: (*http.Transport)(nil)}, "Client.Transport is a nil *http.Transport"},
		"RoundTripper, func": {&http.Client{Transport: roundTripper(nil)}, "Client.Transport is a nil httpfetch_test.roundTripper"},
		"Jar":                {&http.Client{Jar: (*panickingJar)(nil)}, "Client.Jar is a nil *httpfetch_test.panickingJar"},
	} {
		for _, publicOnly := range []bool{false, true} {
			_, err := httpfetch.New(httpfetch.Config{Client: tt.client, PublicAddressesOnly: publicOnly})
			want := tt.want
			if want != "" {
				want = "holdfast/httpfetch: Config." + want + ": give it a value, or leave the field unset"
			} else if publicOnly {
				continue
			}
			got, _, _ := strings.Cut(fmt.Sprint(errors.Join(err)), "\n")
			if err == nil {
				got = ""
			}
			if got != want {
				t.Errorf("FETCH-05 %s: New fails with %q, want %q", name, got, want)
			}
		}
	}
}
