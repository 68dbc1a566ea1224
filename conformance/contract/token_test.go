package contract

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/ports"
)

// withHeader breaks a client in the header that it sends.
func withHeader(change func(http.Header)) func(*plainClient) {
	return func(p *plainClient) {
		intact := p.header
		p.header = func(r ports.TokenRequest) http.Header {
			header := intact(r)
			change(header)
			return header
		}
	}
}

// redirectPolicy breaks a client in what it does about redirects whose target has a mark.
func redirectPolicy(mark string, do error) func(*plainClient) {
	return func(p *plainClient) {
		p.client.CheckRedirect = func(next *http.Request, _ []*http.Request) error {
			if strings.Contains(next.URL.String(), mark) {
				return do
			}
			return http.ErrUseLastResponse
		}
	}
}

// innermost is the error of a transport, without what the client adds.
func innermost(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}

var brokenTokenClients = []broken[*plainClient]{
	brokenClient("TokenEndpoint.PostForm/post", "sends a PUT", func(p *plainClient) { p.method = http.MethodPut }),
	brokenClient("TokenEndpoint.PostForm/form", "writes Latin-1", func(p *plainClient) {
		p.form = func(r ports.TokenRequest) string {
			return strings.ReplaceAll(url.Values(r.Form).Encode(), "%C3%BC", "%FC")
		}
	}),
	brokenClient("TokenEndpoint.PostForm/form", "sends one value of a name", func(p *plainClient) {
		p.form = func(r ports.TokenRequest) string {
			form := url.Values{}
			for name, values := range r.Form {
				form.Set(name, values[0])
			}
			return form.Encode()
		}
	}),
	brokenClient("TokenEndpoint.PostForm/form", "says that it is text", withHeader(func(header http.Header) { header.Set("Content-Type", "text/plain") })),
	brokenClient("TokenEndpoint.PostForm/header", "leaves a field out", withHeader(func(header http.Header) { header.Del("Dpop") })),
	brokenClient("TokenEndpoint.PostForm/accept", "takes anything", withHeader(func(header http.Header) { header.Set("Accept", "*/*") })),
	brokenClient("TokenRequest.URL/query", "drops it", carrier(dropQuery).carry),

	brokenClient("TokenEndpoint.PostForm/status", "refuses 500", func(p *plainClient) { p.accept = func(status int) bool { return status != 500 } }),
	brokenClient("TokenResponse.Header/names", "writes them in lower case", carrier(func(request *http.Request, send http.RoundTripper) (*http.Response, error) {
		answer, err := send.RoundTrip(request)
		if err == nil {
			answer.Header["dpop-nonce"] = answer.Header["Dpop-Nonce"]
			answer.Header.Del("Dpop-Nonce")
		}
		return answer, err
	}).carry),
	brokenClient("TokenResponse.Body/received", "trims line ends", func(p *plainClient) { p.read = trim }),
	brokenClient("TokenResponse.Body/decoded", "leaves gzip as it is", carrier(leaveSqueezed).carry),
	brokenClient("TokenResponse.Body/unknown-coding", "ignores the coding", func(p *plainClient) { p.read = ignoreCoding }),
	brokenClient("TokenEndpoint.PostForm/cut", "takes part of a body", func(p *plainClient) { p.read = readCut }),
	brokenClient("TokenEndpoint.PostForm/redirect", "follows it", redirectPolicy("/0", nil)),
	brokenClient("TokenEndpoint.PostForm/redirect-answer", "takes it for a fault", redirectPolicy("127.0.0.1:1/", errOther)),

	brokenClient("TokenEndpoint.PostForm/largest", "has a lower limit", func(p *plainClient) { p.read = refuseLargest }),
	brokenClient("TokenEndpoint.PostForm/larger", "cuts the body", func(p *plainClient) { p.read = cutLarge }),
	brokenClient("TokenEndpoint.PostForm/endless", "reads all before it judges", func(p *plainClient) { p.read = readAllFirst }),
	brokenClient("TokenEndpoint.PostForm/squeezed", "counts what was sent", func(p *plainClient) { p.read = trustSqueezed }),
	brokenClient("TokenEndpoint.PostForm/header-flood", "has no limit", func(p *plainClient) { p.client.Transport.(*http.Transport).MaxResponseHeaderBytes = 1 << 40 }),

	brokenClient("TokenEndpoint.PostForm/again", "sends again after 503", carrier(sendTwice).carry),
	brokenClient("TokenEndpoint.PostForm/again-unanswered", "sends again after no answer", carrier(sendAgain).carry),
	brokenClient("TokenEndpoint.PostForm/again-unanswered", "lets net/http send again", withHeader(func(header http.Header) { header["Idempotency-Key"] = nil })),
	brokenClient("TokenEndpoint.PostForm/caches", "remembers what is fresh", func(p *plainClient) {
		var fresh atomic.Bool
		carrier(func(request *http.Request, send http.RoundTripper) (*http.Response, error) {
			if fresh.Load() {
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{}`))}, nil
			}
			answer, err := send.RoundTrip(request)
			fresh.Store(err == nil && answer.Header.Get("Cache-Control") == "max-age=600")
			return answer, err
		}).carry(p)
	}),

	brokenClient("TokenEndpoint.PostForm/foreign-cookies", "has a careless jar", func(p *plainClient) { p.client.Jar = new(carelessJar) }),
	brokenClient("TokenEndpoint.PostForm/foreign-credentials", "keeps the last Authorization", func(p *plainClient) {
		var last atomic.Value
		last.Store("")
		carrier(func(request *http.Request, send http.RoundTripper) (*http.Response, error) {
			request = request.Clone(request.Context())
			if sent := request.Header.Get("Authorization"); sent != "" {
				last.Store(sent)
			} else if kept := last.Load().(string); kept != "" {
				request.Header.Set("Authorization", kept)
			}
			return send.RoundTrip(request)
		}).carry(p)
	}),
	brokenClient("TokenEndpoint/secret-request", "quotes Authorization", func(p *plainClient) {
		carrier(func(request *http.Request, send http.RoundTripper) (*http.Response, error) {
			answer, err := send.RoundTrip(request)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", request.Header.Get("Authorization"), redacted{err})
			}
			return answer, nil
		}).carry(p)
		p.redact = innermost
	}),
	brokenClient("TokenEndpoint/secret-answer", "quotes net/http, which quotes the server", func(p *plainClient) { p.redact = innermost }),

	brokenClient("TokenEndpoint.PostForm/time-is-up", "has another error", func(p *plainClient) {
		p.around = func(ctx context.Context, call func(context.Context) error) error {
			if err := call(ctx); ctx.Err() != nil || !ofContext(err) {
				return err
			}
			return errOther
		}
	}),
	brokenClient("TokenEndpoint/copies", "returns one slice", oneSlice),
	brokenClient("TokenEndpoint/copies", "adds to the form", func(p *plainClient) {
		p.form = func(r ports.TokenRequest) string {
			r.Form["client_id"] = []string{"holdfast"}
			return url.Values(r.Form).Encode()
		}
	}),
	brokenClient("TokenEndpoint/concurrency", "takes one call at a time", func(p *plainClient) { p.around = oneAtATime() }),
	brokenClient("TokenEndpoint/panics", "panics at null", func(p *plainClient) { p.read = panicAtNull }),
	brokenClient("TokenEndpoint/context-ended", "has another error", func(p *plainClient) { p.around = hideEndedContext }),
	brokenClient("TokenEndpoint/context-ends", "hides the context's error before an answer", carrier(hideBeforeAnswer).carry),
	brokenClient("TokenEndpoint/context-ends-in-body", "hides the context's error in a body", func(p *plainClient) {
		p.read = hideInBody
	}),
}

func TestTokenEndpointCasesFail(t *testing.T) {
	runBroken(t, tokenContract(), brokenTokenClients, func(t *testing.T, trial trial, wrap func(*plainClient) *plainClient) *tokenTrial {
		open := func(t *testing.T, roots *x509.CertPool, patience time.Duration) ports.TokenEndpoint {
			client := newPlainClient(roots)
			client.method, client.patience = http.MethodPost, patience
			client.accept = func(int) bool { return true }
			client.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			t.Cleanup(client.client.CloseIdleConnections)
			return wrap(client)
		}
		return newTokenTrial(t, trial, func(t *testing.T, roots *x509.CertPool) ports.TokenEndpoint { return open(t, roots, 0) }, TokenTraits{
			MaxBytes: plainLimit,
			Hasty:    func(t *testing.T, roots *x509.CertPool) ports.TokenEndpoint { return open(t, roots, stay) },
		})
	})
}
