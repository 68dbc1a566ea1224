package httpfetch

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/ports"
)

var _ ports.TokenEndpoint = (*Fetcher)(nil)

// PostForm sends a request to a token endpoint. See [ports.TokenEndpoint] for what it promises; [Config] bounds it as
// it bounds a fetch, and the rules for URLs are the same.
//
// No redirect is followed: it is the answer, whatever the CheckRedirect of [Config.Client] says. Errors tell what those
// of [Fetcher.Fetch] tell, and nothing of the request.
func (f *Fetcher) PostForm(ctx context.Context, r ports.TokenRequest) (ports.TokenResponse, error) {
	response, err := f.post(ctx, r)
	if err != nil {
		return ports.TokenResponse{}, fmt.Errorf("holdfast/httpfetch: %w", err)
	}
	return response, nil
}

func (f *Fetcher) post(ctx context.Context, r ports.TokenRequest) (ports.TokenResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	request, err := f.newRequest(ctx, http.MethodPost, r.URL, strings.NewReader(url.Values(r.Form).Encode()))
	if err != nil {
		return ports.TokenResponse{}, err
	}
	for name, values := range r.Header {
		request.Header[name] = slices.Clone(values) // net/http may still read them when the context has ended
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")

	client := *f.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(request)
	if err != nil {
		return ports.TokenResponse{}, newExchangeError(ctx, err)
	}
	defer answer.Body.Close()
	body, err := f.readBody(ctx, answer)
	if err != nil {
		return ports.TokenResponse{}, err
	}
	return ports.TokenResponse{Status: answer.StatusCode, Header: answer.Header, Body: body}, nil
}
