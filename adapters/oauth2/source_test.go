package oauth2_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/adapters/oauth2"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
	"go.uber.org/goleak"
	xoauth2 "golang.org/x/oauth2"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A tenant is an issuer's token endpoint and its management API on one TLS server.
type tenant struct {
	*httptest.Server
	asked  atomic.Int32 // requests for a token
	issued atomic.Int32 // tokens
	down   atomic.Bool  // whether the token endpoint answers with an error
}

func newTenant(t *testing.T) *tenant {
	t.Helper()
	tenant := new(tenant)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, r *http.Request) {
		tenant.asked.Add(1)
		if tenant.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		id, secret, _ := r.BasicAuth()
		if id != "my-client" || secret != "my-secret" || r.PostFormValue("audience") != tenant.URL+"/api/v2/" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
			return
		}
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","scope":"read:users","expires_in":3600}`, tenant.issued.Add(1))
	})
	mux.HandleFunc("GET /api/v2/users", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "for %s", r.Header.Get("Authorization"))
	})
	tenant.Server = httptest.NewTLSServer(mux)
	t.Cleanup(tenant.Close)
	return tenant
}

// PostForm is the least that works; in production it is an httpfetch.Fetcher's.
func (tenant *tenant) PostForm(ctx context.Context, r ports.TokenRequest) (ports.TokenResponse, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, strings.NewReader(url.Values(r.Form).Encode()))
	if err != nil {
		return ports.TokenResponse{}, err
	}
	request.Header = http.Header(r.Header).Clone()
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := tenant.Client().Do(request)
	if err != nil {
		return ports.TokenResponse{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return ports.TokenResponse{Status: answer.StatusCode, Header: answer.Header, Body: body}, err
}

// management returns an HTTP client for the management API, and the clock that its tokens are kept by.
func management(t *testing.T, tenant *tenant) (*http.Client, *verifiertest.Clock) {
	t.Helper()
	clock := verifiertest.NewClock(time.Now())
	client, err := exchange.New(nil, exchange.Config{
		Endpoint: tenant, TokenEndpointURL: tenant.URL + "/oauth/token", ClientID: "my-client", ClientSecret: "my-secret",
		Clock: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	source, err := exchange.NewSource(func(ctx context.Context) (*exchange.Token, error) {
		return client.ClientCredentials(ctx, exchange.ClientCredentialsRequest{Audience: tenant.URL + "/api/v2/"})
	}, exchange.SourceConfig{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithValue(t.Context(), xoauth2.HTTPClient, tenant.Client())
	return xoauth2.NewClient(ctx, oauth2.NewTokenSource(source)), clock
}

func TestManagementAPI(t *testing.T) {
	tenant := newTenant(t)
	client, _ := management(t, tenant)
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			answer, err := client.Get(tenant.URL + "/api/v2/users")
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			if body, err := io.ReadAll(answer.Body); string(body) != "for Bearer token-1" || err != nil {
				t.Errorf("got %q, %v", body, err)
			}
		})
	}
	calls.Wait()
	if issued := tenant.issued.Load(); issued != 1 {
		t.Errorf("%d tokens were issued, want 1", issued)
	}
}

func TestFaultIssuerIsDown(t *testing.T) {
	tenant := newTenant(t)
	client, clock := management(t, tenant)
	tenant.down.Store(true)
	for range 10 {
		_, err := client.Get(tenant.URL + "/api/v2/users")
		failed, ok := errors.AsType[*exchange.Error](err)
		if !ok || failed.Status != http.StatusServiceUnavailable || !errors.Is(err, verifier.Undecidable) || failed.RetryAfter == 0 {
			t.Errorf("the error is %v", err)
		}
		if strings.Contains(fmt.Sprint(err), "my-secret") {
			t.Errorf("XCHG-15 the error tells the secret: %v", err)
		}
	}
	if asked := tenant.asked.Load(); asked != 1 {
		t.Errorf("XCHG-19 the issuer was asked %d times at once, want 1", asked)
	}
	tenant.down.Store(false)
	clock.Advance(2 * time.Second)
	answer, err := client.Get(tenant.URL + "/api/v2/users")
	if err != nil {
		t.Fatalf("the issuer is back: %v", err)
	}
	answer.Body.Close()
}

func TestFaultNoSource(t *testing.T) {
	if token, err := oauth2.NewTokenSource(nil).Token(); err == nil || token != nil {
		t.Errorf("got %v, %v", token, err)
	}
}

func TestNewToken(t *testing.T) {
	body := `{"access_token":"a","token_type":"Bearer","refresh_token":"r","id_token":"i","scope":"","expires_in":60}`
	endpoint := ports.TokenEndpointFunc(func(context.Context, ports.TokenRequest) (ports.TokenResponse, error) {
		return ports.TokenResponse{Status: 200, Body: []byte(body)}, nil
	})
	client, err := exchange.New(nil, exchange.Config{
		Endpoint: endpoint, TokenEndpointURL: "https://id.example/token", ClientID: "c", ClientAuth: exchange.PublicClient,
	})
	if err != nil {
		t.Fatal(err)
	}
	issued, err := client.AuthorizationCode(t.Context(), exchange.AuthorizationCodeRequest{Code: "c"})
	if err != nil {
		t.Fatal(err)
	}
	token := oauth2.NewToken(issued)
	if token.AccessToken != "a" || token.Type() != "Bearer" || token.RefreshToken != "r" || !token.Valid() {
		t.Errorf("the token is %+v", token)
	}
	if left := time.Until(token.Expiry); left < 50*time.Second || left > time.Minute {
		t.Errorf("the token ends in %v, want 60 s", left)
	}
	for name, want := range map[string]any{"id_token": "i", "scope": "", "issued_token_type": nil} {
		if got := token.Extra(name); got != want {
			t.Errorf("XCHG-14 Extra(%q) is %v, want %v", name, got, want)
		}
	}
}
