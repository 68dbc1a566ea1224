package vector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// Play plays a vector of a group on Holdfast, and returns what it answers otherwise than expected.
func Play(ctx context.Context, g Group, v Vector) error {
	published := &publication{documents: g.Documents}
	clock := verifiertest.NewClock(time.Time{})
	config := g.Policy.config()
	config.Fetcher, config.Clock = published, clock
	if config.DPoP.Nonce != verifier.NonceOff {
		config.DPoP.NonceSecrets = [][]byte{nonceSecret}
	}
	if len(v.Steps) > 0 {
		clock.Set(time.Unix(v.Steps[0].Time, 0))
	}
	holdfast, err := verifier.New(config)
	if err != nil {
		return err
	}
	defer holdfast.Close()
	for i, step := range v.Steps {
		clock.Set(time.Unix(step.Time, 0))
		if step.Documents != nil {
			published.set(step.Documents)
		}
		if got := answer(ctx, holdfast, step); got != step.Expected {
			return fmt.Errorf("step %d is %s, want %s", i+1, got, step.Expected)
		}
	}
	return nil
}

func answer(ctx context.Context, v *verifier.Verifier, step Step) Expected {
	header := make(http.Header)
	for _, field := range step.Request.Fields {
		header[field[0]] = append(header[field[0]], field[1])
	}
	_, err := v.VerifyRequest(ctx, verifier.Request{
		Method: step.Request.Method, URL: step.Request.URL, Header: header, Form: step.Request.Form, ClientCertificate: step.Request.Certificate,
		Route: verifier.Route{Scopes: strings.Fields(step.Scope)},
	})
	var refusal *verifier.Error
	switch {
	case err == nil:
		return Expected{Decision: accepted, Status: http.StatusOK}
	case !errors.As(err, &refusal):
		return Expected{Decision: err.Error()}
	case refusal.Class == verifier.Rejected:
		return Expected{Decision: rejected, Status: refusal.Status, Error: refusal.OAuthError}
	}
	return Expected{Decision: string(refusal.Class), Status: refusal.Status}
}

// A publication is what issuers publish now.
type publication struct {
	mu        sync.Mutex // guards what follows
	documents Documents
}

func (p *publication) set(documents Documents) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.documents = documents
}

func (p *publication) Fetch(_ context.Context, url string) (ports.Document, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	content, published := p.documents[url]
	if !published {
		return ports.Document{}, fmt.Errorf("vector: nothing is published at %s", url)
	}
	var text string
	if json.Unmarshal(content, &text) == nil {
		return ports.Document{Body: []byte(text)}, nil
	}
	return ports.Document{Body: content}, nil
}
