package httpfetch

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/holdfast-go/holdfast/ports"
)

var _ ports.TokenEndpoint = (*Fetcher)(nil)

// PostForm sends a request to a token endpoint. See [ports.TokenEndpoint] for what it promises; [Config] bounds it as
// it bounds a fetch, and the rules for URLs are the same.
//
// No redirect is followed: it is the answer, whatever the CheckRedirect of [Config.Client] says. Errors tell what those
// of [Fetcher.Fetch] tell, and nothing else of the request.
func (f *Fetcher) PostForm(ctx context.Context, r ports.TokenRequest) (ports.TokenResponse, error) {
	header := make(http.Header, len(r.Header)+2)
	for name, values := range r.Header {
		header[name] = slices.Clone(values) // net/http may still read them when the context has ended
	}
	header.Set("Accept", "application/json")
	header.Set("Content-Type", "application/x-www-form-urlencoded")

	var response ports.TokenResponse
	post := exchange{
		method: http.MethodPost, url: r.URL, header: header, body: url.Values(r.Form).Encode(),
		take: func(ctx context.Context, answer *http.Response) error {
			body, err := f.readBody(ctx, answer)
			response = ports.TokenResponse{Status: answer.StatusCode, Header: answer.Header, Body: body}
			return err
		},
	}
	if err := f.perform(ctx, f.tokens, post); err != nil {
		return ports.TokenResponse{}, err
	}
	return response, nil
}
