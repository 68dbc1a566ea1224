package player

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
)

// The API of a case in process, and what its tokens are for.
const (
	APIURL   = "https://api.example"
	Audience = "https://api.example/"
)

// Begin is when the clock of a case in process begins.
var Begin = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// Config is a good configuration of a verifier that trusts the issuer, on top of which a case sets what it is about.
func (e *Environment) Config(mode Mode) verifier.Config {
	config := verifier.Config{
		Domain:    e.IssuerURL(),
		Audiences: []string{Audience},
		Fetcher:   e,
		DPoP:      verifier.DPoP{Mode: dpopModes[mode]},
	}
	// A slow store or issuer is slow, not wrong.
	config.DPoP.ReplayTimeout, config.Keys.WaitTimeout = time.Minute, time.Minute
	return config
}

var dpopModes = map[Mode]verifier.DPoPMode{
	Allowed: verifier.DPoPAllowed, Required: verifier.DPoPRequired, Disabled: verifier.DPoPDisabled,
}

// InProcess returns a target that asks the verifier of a process, for the API at [APIURL].
func InProcess(process *Process) Target {
	process.second = sync.OnceValues(func() (*verifier.Verifier, error) { return process.Restart() })
	return inProcess{process}
}

type inProcess struct{ *Process }

func (p inProcess) Send(ctx context.Context, r Request) (Answer, error) {
	if strings.HasPrefix(r.Path, MetadataPath) {
		metadata, _ := p.Verifier.ResourceMetadata()
		body, err := json.Marshal(metadata)
		return Answer{Status: http.StatusOK, Body: body}, err
	}
	request := verifier.Request{
		Method: r.Method, URL: APIURL + r.Path, Header: r.Header, ClientCertificate: r.Certificate, Form: r.Form, Route: routeOf(r.Path),
	}
	var body []byte
	v := p.Verifier
	if r.Process > 0 {
		other, err := p.second()
		if err != nil {
			return Answer{}, err
		}
		v = other
	}
	verified, err := v.VerifyRequest(ctx, request)
	if err == nil {
		body, err = tell(r.Path, verified)
	}
	if err == nil {
		return Answer{Status: http.StatusOK, Header: verified.Header, Verified: verified, Body: body}, nil
	}
	var refusal *verifier.Error
	if !errors.As(err, &refusal) {
		return Answer{}, err
	}
	return Answer{Status: refusal.Status, Header: refusal.Header, Err: refusal}, nil
}
