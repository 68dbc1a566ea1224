package issuer_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

const (
	api         = "https://api.example"
	callback    = "https://app.example/callback"
	afterLogout = "https://app.example/"
	pkce        = "a code verifier of at least forty-three characters"
)

var signingKey = sync.OnceValues(func() (*verifiertest.Key, error) { return verifiertest.NewKey("ES256", "key-1") })

// Confidential is a client with a secret, spa a public one.
var (
	confidential = issuer.Client{
		ID: "app", Secret: "s3cret: with/odd+characters",
		RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{afterLogout},
	}
	spa = issuer.Client{ID: "spa", RedirectURIs: []string{callback}}
)

func start(t *testing.T, clients ...issuer.Client) (*issuer.Server, *verifiertest.Clock) {
	t.Helper()
	key, err := signingKey()
	if err != nil {
		t.Fatal(err)
	}
	server := issuer.StartTest(t, key)
	moved := verifiertest.NewClock(time.Now())
	server.Clock = moved
	if err := server.Register(clients...); err != nil {
		t.Fatal(err)
	}
	return server, moved
}

// A browser keeps cookies and follows no redirect out of the issuer.
type browser struct {
	t      *testing.T
	server *issuer.Server
	client *http.Client
}

func newBrowser(t *testing.T, server *issuer.Server) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, server, &http.Client{
		Transport:     server.Client().Transport,
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// A page is what a browser got: a page, or where it was sent to.
type page struct {
	status int
	body   string
	target *url.URL // nil for a page
}

// parameter returns a query parameter of where the browser was sent to, empty for a page.
func (p page) parameter(name string) string {
	if p.target == nil {
		return ""
	}
	return p.target.Query().Get(name)
}

func (b *browser) read(answer *http.Response, err error) page {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	target, err := answer.Location()
	if err != nil {
		target = nil
	}
	return page{answer.StatusCode, string(body), target}
}

func (b *browser) get(path string, query url.Values) page {
	b.t.Helper()
	return b.read(b.client.Get(b.server.URL + path + "?" + query.Encode()))
}

func (b *browser) post(path string, form url.Values) page {
	b.t.Helper()
	return b.read(b.client.PostForm(b.server.URL+path, form))
}

// authorization is a good authorization request of client.
func authorization(client issuer.Client) url.Values {
	sum := sha256.Sum256([]byte(pkce))
	return url.Values{
		"client_id": {client.ID}, "redirect_uri": {callback}, "response_type": {"code"},
		"scope": {"openid offline_access"}, "audience": {api}, "state": {"the state"}, "nonce": {"the nonce"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
}

// noPKCE takes PKCE out of an authorization request.
var noPKCE = url.Values{"code_challenge": nil, "code_challenge_method": nil}

// with returns values with some in the place of others; an empty one is left out.
func with(values, changes url.Values) url.Values {
	changed := maps.Clone(values)
	maps.Copy(changed, changes)
	maps.DeleteFunc(changed, func(_ string, v []string) bool { return len(v) == 0 })
	return changed
}

var handle = regexp.MustCompile(`name="request" value="([^"]+)"`)

// login asks for an authorization and logs in, and returns where the browser is sent.
func (b *browser) login(request url.Values, form url.Values) page {
	b.t.Helper()
	asked := b.get("authorize", request)
	found := handle.FindStringSubmatch(asked.body)
	if found == nil {
		b.t.Fatalf("no login page: %d %v %s", asked.status, asked.target, asked.body)
	}
	return b.post("login", with(form, url.Values{"request": {found[1]}}))
}

// code logs in and returns the code.
func (b *browser) code(request url.Values) string {
	b.t.Helper()
	sent := b.login(request, url.Values{"login": {"ada"}})
	if sent.target == nil || sent.target.Query().Get("code") == "" {
		b.t.Fatalf("no code: %d %v", sent.status, sent.target)
	}
	return sent.target.Query().Get("code")
}

// An answer is one of the token endpoint.
type answer struct {
	status int
	header http.Header

	Error           string
	AccessToken     string `json:"access_token"`
	TokenType       string `json:"token_type"`
	ExpiresIn       int    `json:"expires_in"`
	Scope           string
	RefreshToken    string `json:"refresh_token"`
	IDToken         string `json:"id_token"`
	IssuedTokenType string `json:"issued_token_type"`
}

// tokens sends a token request; edit may be nil.
func tokens(t *testing.T, server *issuer.Server, form url.Values, edit func(*http.Request)) answer {
	t.Helper()
	body := strings.NewReader(form.Encode())
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"token", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if edit != nil {
		edit(request)
	}
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got := answer{status: response.StatusCode, header: response.Header}
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.header.Get("Cache-Control") != "no-store" {
		t.Error("RFC 6749 section 5.1: the answer may be cached")
	}
	return got
}

// basic authenticates a client by client_secret_basic.
func basic(client issuer.Client) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(client.ID), url.QueryEscape(client.Secret)) }
}

// redemption is a good request to redeem code.
func redemption(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {pkce},
	}
}

// claims reads a token's payload. Nothing is verified.
func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is not a token", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var read map[string]any
	if err := json.Unmarshal(payload, &read); err != nil {
		t.Fatal(err)
	}
	return read
}
