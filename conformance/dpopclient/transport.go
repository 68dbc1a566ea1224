package dpopclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// A Transport sends each request with a DPoP proof of its own. When the answer says that the proof needs a nonce, the
// request is sent once more with the one it was given, and the newest nonce of each origin is used from then on (RFC
// 9449 section 8.2). It is safe for concurrent use, once its fields are set. It must not be copied.
type Transport struct {
	// Prover makes the proofs. It is required, with its Key.
	Prover *verifiertest.Prover
	// AccessToken is sent by the DPoP scheme, in the place of whatever the request has in its Authorization field.
	// Empty leaves that field alone, as a token endpoint wants it; the proof names the token that it has there, if it
	// is one of the DPoP scheme.
	AccessToken string
	// Base sends the requests. Nil means [http.DefaultTransport].
	Base http.RoundTripper

	mu     sync.Mutex // guards nonces
	nonces map[string]string
}

// RoundTrip sends request with a proof. A request whose body can't be had again (no GetBody) is not sent a second time:
// its answer then is the one that asks for a nonce.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := t.send(request)
	if err != nil || !t.keepNonce(request.URL, answer) || !wantsNonce(answer) {
		return answer, err
	}
	again := request.Clone(request.Context())
	if request.Body != nil && request.Body != http.NoBody {
		if request.GetBody == nil {
			return answer, nil
		}
		if again.Body, err = request.GetBody(); err != nil {
			return answer, nil
		}
	}
	_ = answer.Body.Close()
	answer, err = t.send(again)
	if err == nil {
		t.keepNonce(request.URL, answer)
	}
	return answer, err
}

// send sends a copy of the request with its proof, since a RoundTripper must not change what it is given.
func (t *Transport) send(request *http.Request) (*http.Response, error) {
	proved := request.Clone(request.Context())
	if t.AccessToken != "" {
		proved.Header.Set("Authorization", "DPoP "+t.AccessToken)
	}
	proof, err := t.proof(proved)
	if err != nil {
		if request.Body != nil {
			_ = request.Body.Close()
		}
		return nil, err
	}
	proved.Header.Set("DPoP", proof)
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	return base.RoundTrip(proved)
}

func (t *Transport) proof(request *http.Request) (string, error) {
	if t.Prover == nil || t.Prover.Key == nil {
		return "", errors.New("dpopclient: a Prover with a Key is required")
	}
	var claims verifiertest.Claims
	if nonce := t.nonce(request.URL); nonce != "" {
		claims = verifiertest.Claims{"nonce": nonce}
	}
	scheme, token, _ := strings.Cut(request.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "DPoP") {
		token = ""
	}
	method := request.Method
	if method == "" {
		method = http.MethodGet
	}
	return t.Prover.Proof(method, target(request), token, nil, claims)
}

// target is the htu of a request (RFC 9449 section 4.2): its URL without query and fragment, and with the path / where
// there is none (RFC 9110 section 4.2.3), since some servers compare it byte for byte with what they were sent.
func target(request *http.Request) string {
	u := *request.URL
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	if request.Host != "" {
		u.Host = request.Host
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}

// Nonces belong to an origin (RFC 9449 section 8.2).
func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

func (t *Transport) nonce(u *url.URL) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.nonces[origin(u)]
}

// keepNonce keeps the nonce that an answer brings, and reports whether it brings one.
func (t *Transport) keepNonce(u *url.URL, answer *http.Response) bool {
	nonce := answer.Header.Get("DPoP-Nonce")
	if nonce == "" {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.nonces == nil {
		t.nonces = make(map[string]string)
	}
	t.nonces[origin(u)] = nonce
	return true
}

const useNonce = "use_dpop_nonce"

// wantsNonce reports whether the answer says that the proof has to have a nonce: a token endpoint in its body (RFC 9449
// section 8), an API in its challenge (section 9).
func wantsNonce(answer *http.Response) bool {
	switch answer.StatusCode {
	case http.StatusUnauthorized:
		for _, challenge := range answer.Header.Values("WWW-Authenticate") {
			if strings.Contains(challenge, `error="`+useNonce+`"`) {
				return true
			}
		}
	case http.StatusBadRequest:
		return errorCode(answer) == useNonce
	}
	return false
}

// maxError bounds what is read of an answer to see what it says.
const maxError = 64 << 10

// errorCode returns the error of a token endpoint's answer (RFC 6749 section 5.2), whose body can be read afterwards as
// before.
func errorCode(answer *http.Response) string {
	start, err := io.ReadAll(io.LimitReader(answer.Body, maxError))
	answer.Body = readCloser{io.MultiReader(bytes.NewReader(start), failing{err}, answer.Body), answer.Body}
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(start, &said) != nil {
		return ""
	}
	return said.Error
}

// A readCloser reads from one and closes the other.
type readCloser struct {
	io.Reader
	io.Closer
}

// failing returns an error once more, to the reader that it was meant for. Without one it is empty.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}
