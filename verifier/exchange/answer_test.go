package exchange_test

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/exchange"
)

func TestAnswer(t *testing.T) {
	const rest = `"token_type":"Bearer"`
	unusable := func(code verifier.Code, rule string) exchange.Error {
		return exchange.Error{Class: verifier.Undecidable, Code: code, Rule: rule, Status: 502}
	}
	noJSON, noToken := unusable("invalid_json", "XCHG-08"), unusable("invalid_response", "XCHG-08")
	badLifetime, badMember := unusable("invalid_response", "XCHG-09"), unusable("invalid_response", "XCHG-14")
	tests := []struct {
		name     string
		body     string
		lifetime time.Duration
		want     exchange.Error // zero where there is a token
	}{
		{name: "XCHG-08 only access_token", body: `{"access_token":"t"}`, lifetime: time.Hour},
		{name: "XCHG-08 unknown members", body: `{"access_token":"t","other":{"a":[1]}}`, lifetime: time.Hour},
		{name: "XCHG-08 no body", body: ``, want: noJSON},
		{name: "XCHG-08 HTML", body: `<!DOCTYPE html><title>s3cr3t</title>`, want: noJSON},
		{name: "XCHG-08 array", body: `["access_token","t"]`, want: noJSON},
		{name: "XCHG-08 string", body: `"access_token"`, want: noJSON},
		{name: "XCHG-08 null", body: `null`, want: noJSON},
		{name: "XCHG-08 cut short", body: `{"access_token":"t"`, want: noJSON},
		{name: "XCHG-08 something behind", body: `{"access_token":"t"}{}`, want: noJSON},
		{name: "XCHG-08 access_token twice", body: `{"access_token":"t","access_token":"u"}`, want: noJSON},
		{name: "XCHG-08 not UTF-8", body: "{\"access_token\":\"t\xff\"}", want: noJSON},
		{name: "XCHG-08 nested at the bound", body: `{"access_token":"t","a":` + nested(19) + `}`, lifetime: time.Hour},
		{name: "XCHG-08 nested over the bound", body: `{"access_token":"t","a":` + nested(20) + `}`, want: noJSON},
		{name: "XCHG-08 at the size bound", body: `{"access_token":"t"}` + strings.Repeat(" ", 1<<20-20), lifetime: time.Hour},
		{name: "XCHG-08 over the size bound", body: `{"access_token":"t"}` + strings.Repeat(" ", 1<<20-19), want: noToken},
		{name: "XCHG-08 no access_token", body: `{` + rest + `}`, want: noToken},
		{name: "XCHG-08 Access_Token", body: `{"Access_Token":"t"}`, want: noToken},
		{name: "XCHG-08 empty access_token", body: `{"access_token":""}`, want: noToken},
		{name: "XCHG-08 access_token of another type", body: `{"access_token":7}`, want: noToken},
		{name: "XCHG-08 access_token null", body: `{"access_token":null}`, want: noToken},
		{name: "XCHG-08 access_token with a line break", body: `{"access_token":"t\r\nX: y"}`, want: noToken},
		{name: "XCHG-08 access_token in another script", body: `{"access_token":"т"}`, want: noToken},
		{name: "XCHG-08 status 200 with an error", body: `{"error":"invalid_grant"}`, want: noToken},

		{name: "XCHG-09 expires_in", body: lifetime(`300`), lifetime: 5 * time.Minute},
		{name: "XCHG-09 zero", body: lifetime(`0`), lifetime: 0},
		{name: "XCHG-09 with a fraction of zero", body: lifetime(`300.0`), lifetime: 5 * time.Minute},
		{name: "XCHG-09 with an exponent", body: lifetime(`3e2`), lifetime: 5 * time.Minute},
		{name: "XCHG-09 a string", body: lifetime(`"300"`), lifetime: 5 * time.Minute},
		{name: "XCHG-09 a string with spaces", body: lifetime(`" 300 "`), lifetime: 5 * time.Minute},
		{name: "XCHG-09 a string of zero", body: lifetime(`"0"`), lifetime: 0},
		{name: "XCHG-09 2^31-1", body: lifetime(`2147483647`), lifetime: 2147483647 * time.Second},
		{name: "XCHG-09 2^31", body: lifetime(`2147483648`), lifetime: 2147483647 * time.Second},
		{name: "XCHG-09 a number beyond all clocks", body: lifetime(`1e300`), lifetime: 2147483647 * time.Second},
		{name: "XCHG-09 a string beyond 64 bits", body: lifetime(`"9223372036854775808"`), want: badLifetime},
		{name: "XCHG-09 a number beyond float64", body: lifetime(`1e400`), want: badLifetime},
		{name: "XCHG-09 negative", body: lifetime(`-1`), want: badLifetime},
		{name: "XCHG-09 a negative string", body: lifetime(`"-1"`), want: badLifetime},
		{name: "XCHG-09 a fraction", body: lifetime(`300.5`), want: badLifetime},
		{name: "XCHG-09 a string with a fraction", body: lifetime(`"300.5"`), want: badLifetime},
		{name: "XCHG-09 soon", body: lifetime(`"soon"`), want: badLifetime},
		{name: "XCHG-09 an empty string", body: lifetime(`""`), want: badLifetime},
		{name: "XCHG-09 hexadecimal", body: lifetime(`"0x10"`), want: badLifetime},
		{name: "XCHG-09 infinite", body: lifetime(`"Infinity"`), want: badLifetime},
		{name: "XCHG-09 null", body: lifetime(`null`), want: badLifetime},
		{name: "XCHG-09 true", body: lifetime(`true`), want: badLifetime},
		{name: "XCHG-09 an object", body: lifetime(`{}`), want: badLifetime},

		{name: "XCHG-14 scope null", body: `{"access_token":"t","scope":null}`, lifetime: time.Hour},
		{name: "XCHG-14 scope of another type", body: `{"access_token":"t","scope":["a"]}`, want: badMember},
		{name: "XCHG-14 token_type of another type", body: `{"access_token":"t","token_type":1}`, want: badMember},
		{name: "XCHG-14 issued_token_type of another type", body: `{"access_token":"t","issued_token_type":{}}`, want: badMember},
		{name: "XCHG-14 id_token of another type", body: `{"access_token":"t","id_token":true}`, want: badMember},
		{name: "XCHG-14 refresh_token of another type", body: `{"access_token":"t","refresh_token":1}`, want: badMember},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, _ := newClient(t, nil, ok(tt.body))
			token, err := client.Exchange(t.Context(), profile)
			if tt.want.Code != "" {
				checkError(t, err, tt.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if token.AccessToken != "t" || !token.ExpiresAt.Equal(noon.Add(tt.lifetime)) || token.ExpiresIn != tt.lifetime {
				t.Errorf("the token is %v, want one that ends %v after noon", token, tt.lifetime)
			}
		})
	}
}

func lifetime(expiresIn string) string { return `{"access_token":"t","expires_in":` + expiresIn + `}` }

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestOptionalMembers(t *testing.T) {
	members := []struct {
		name  string
		field func(*exchange.Token) string
	}{
		{"scope", func(t *exchange.Token) string { return t.Scope }},
		{"token_type", func(t *exchange.Token) string { return t.TokenType }},
		{"issued_token_type", func(t *exchange.Token) string { return t.IssuedTokenType }},
		{"id_token", func(t *exchange.Token) string { return t.IDToken }},
		{"refresh_token", func(t *exchange.Token) string { return t.RefreshToken }},
	}
	for _, member := range members {
		for _, tt := range []struct {
			name, json, want string
			has              bool
		}{
			{name: "absent", json: ``},
			{name: "null", json: `,"` + member.name + `":null`},
			{name: "empty", json: `,"` + member.name + `":""`, has: true},
			{name: "there", json: `,"` + member.name + `":"x y"`, want: "x y", has: true},
		} {
			t.Run("XCHG-14 "+member.name+" "+tt.name, func(t *testing.T) {
				client, _ := newClient(t, nil, ok(`{"access_token":"t"`+tt.json+`}`))
				token, err := client.Exchange(t.Context(), profile)
				if err != nil {
					t.Fatal(err)
				}
				if got, has := member.field(token), token.Has(member.name); got != tt.want || has != tt.has {
					t.Errorf("got %q, %t, want %q, %t", got, has, tt.want, tt.has)
				}
			})
		}
	}
}

func TestRefusal(t *testing.T) {
	refused := func(class verifier.Class, code verifier.Code, status int, description string) exchange.Error {
		return exchange.Error{Class: class, Code: code, Rule: "XCHG-10", Status: status, Description: description}
	}
	const generic = "token_endpoint_error"
	tests := []struct {
		name   string
		status int
		body   string
		want   exchange.Error
	}{
		{
			name: "XCHG-10 code and description", status: 400, body: `{"error":"invalid_grant","error_description":"it was used"}`,
			want: refused(verifier.Rejected, exchange.CodeInvalidGrant, 400, "it was used"),
		},
		{
			name: "XCHG-10 only a code", status: 403, body: `{"error":"access_denied"}`,
			want: refused(verifier.Rejected, "access_denied", 403, "the token endpoint answered with status 403"),
		},
		{
			name: "XCHG-10 unknown client", status: 401, body: `{"error":"invalid_client"}`,
			want: refused(verifier.Misconfigured, exchange.CodeInvalidClient, 401, ""),
		},
		{
			name: "XCHG-10 grant that the client may not use", status: 403, body: `{"error":"unauthorized_client"}`,
			want: refused(verifier.Misconfigured, exchange.CodeUnauthorizedClient, 403, ""),
		},
		{
			name: "XCHG-10 grant that there is not", status: 400, body: `{"error":"unsupported_grant_type"}`,
			want: refused(verifier.Misconfigured, exchange.CodeUnsupportedGrantType, 400, ""),
		},
		{
			name: "XCHG-10 too many requests", status: 429, body: `{"error":"too_many_requests"}`,
			want: refused(verifier.Undecidable, "too_many_requests", 429, ""),
		},
		{name: "XCHG-10 request timeout", status: 408, body: ``, want: refused(verifier.Undecidable, generic, 408, "")},
		{name: "XCHG-10 HTML", status: 502, body: `<html>s3cr3t:+%</html>`, want: refused(verifier.Undecidable, generic, 502, "the token endpoint answered with status 502")},
		{name: "XCHG-10 no body", status: 500, body: ``, want: refused(verifier.Undecidable, generic, 500, "")},
		{name: "XCHG-10 the last status", status: 599, body: ``, want: refused(verifier.Undecidable, generic, 599, "")},
		{name: "XCHG-10 a token with status 400", status: 400, body: `{"access_token":"the-issued-token"}`, want: refused(verifier.Rejected, generic, 400, "")},
		{name: "XCHG-10 code of another type", status: 400, body: `{"error":{"code":1}}`, want: refused(verifier.Rejected, generic, 400, "")},
		{name: "XCHG-10 empty code", status: 400, body: `{"error":""}`, want: refused(verifier.Rejected, generic, 400, "")},
		{name: "XCHG-10 code with a line break", status: 400, body: `{"error":"a\nb"}`, want: refused(verifier.Rejected, generic, 400, "")},
		{name: "XCHG-10 code with a quotation mark", status: 400, body: `{"error":"a\"b"}`, want: refused(verifier.Rejected, generic, 400, "")},
		{name: "XCHG-10 code in another script", status: 400, body: `{"error":"ошибка"}`, want: refused(verifier.Rejected, generic, 400, "")},
		{
			name: "XCHG-10 code at the bound", status: 400, body: `{"error":"` + strings.Repeat("e", 64) + `"}`,
			want: refused(verifier.Rejected, verifier.Code(strings.Repeat("e", 64)), 400, ""),
		},
		{name: "XCHG-10 code over the bound", status: 400, body: `{"error":"` + strings.Repeat("e", 65) + `"}`, want: refused(verifier.Rejected, generic, 400, "")},
		{
			name: "XCHG-10 description at the bound", status: 400, body: `{"error":"e","error_description":"` + strings.Repeat("é", 256) + `"}`,
			want: refused(verifier.Rejected, "e", 400, strings.Repeat("é", 256)),
		},
		{
			name: "XCHG-10 description over the bound", status: 400, body: `{"error":"e","error_description":"` + strings.Repeat("é", 257) + `"}`,
			want: refused(verifier.Rejected, "e", 400, strings.Repeat("é", 256)),
		},
		{
			name: "XCHG-10 description that does not print", status: 400, body: `{"error":"e","error_description":"a\u001b[31m\r\n\u202eb"}`,
			want: refused(verifier.Rejected, "e", 400, "a?[31m???b"),
		},
		{
			name: "XCHG-15 description with the client's secret", status: 401, body: `{"error":"e","error_description":"no such secret: s3cr3t:+%"}`,
			want: refused(verifier.Rejected, "e", 401, "the token endpoint answered with status 401"),
		},
		{
			name: "XCHG-15 description with the subject token", status: 400, body: `{"error":"e","error_description":"the-users-token is bad"}`,
			want: refused(verifier.Rejected, "e", 400, "the token endpoint answered with status 400"),
		},
		{name: "XCHG-15 code with the subject token", status: 400, body: `{"error":"the-users-token"}`, want: refused(verifier.Rejected, generic, 400, "")},
		{name: "XCHG-10 answer over the size bound", status: 400, body: strings.Repeat(" ", 1<<20+1), want: exchange.Error{
			Class: verifier.Undecidable, Code: exchange.CodeInvalidResponse, Rule: "XCHG-08", Status: 502,
		}},
	}
	for _, status := range []int{-1, 0, 100, 201, 204, 206, 600, 999} {
		tests = append(tests, struct {
			name   string
			status int
			body   string
			want   exchange.Error
		}{
			name: fmt.Sprint("XCHG-10 status ", status), status: status, body: string(good.Body),
			want: exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeUnexpected, Rule: "XCHG-10", Status: 502},
		})
	}
	for _, status := range []int{300, 301, 302, 303, 304, 307, 308, 399} {
		tests = append(tests, struct {
			name   string
			status int
			body   string
			want   exchange.Error
		}{
			name: fmt.Sprint("XCHG-16 status ", status), status: status, body: string(good.Body),
			want: exchange.Error{Class: verifier.Undecidable, Code: exchange.CodeUnexpected, Rule: "XCHG-16", Status: 502},
		})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, endpoint := newClient(t, nil, ports.TokenResponse{
				Status: tt.status, Body: []byte(tt.body), Header: map[string][]string{"Location": {"https://elsewhere.example/"}},
			})
			token, err := client.Exchange(t.Context(), profile)
			checkError(t, err, tt.want)
			if token != nil {
				t.Error("a token came with the error")
			}
			if sent := len(endpoint.requests()); sent != 1 {
				t.Errorf("%d requests were sent, want 1", sent)
			}
		})
	}
}

func TestNoAnswer(t *testing.T) {
	broken := errors.New("connection reset")
	within := func(d time.Duration) func(*testing.T) context.Context {
		return func(t *testing.T) context.Context {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			t.Cleanup(cancel)
			return ctx
		}
	}
	cancelled := func(t *testing.T) context.Context {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		return ctx
	}
	unanswered := func(code verifier.Code, rule string, status int) exchange.Error {
		return exchange.Error{Class: verifier.Undecidable, Code: code, Rule: rule, Status: status}
	}
	timeout, network := unanswered("timeout_error", "XCHG-11", 504), unanswered("network_error", "XCHG-11", 502)
	fail := func(err error) ports.TokenEndpointFunc {
		return func(context.Context, ports.TokenRequest) (ports.TokenResponse, error) {
			return ports.TokenResponse{}, err
		}
	}
	hang := ports.TokenEndpointFunc(func(ctx context.Context, _ ports.TokenRequest) (ports.TokenResponse, error) {
		<-ctx.Done()
		return ports.TokenResponse{}, errors.New("gone")
	})
	tests := []struct {
		name     string
		endpoint ports.TokenEndpoint
		ctx      func(*testing.T) context.Context
		want     exchange.Error
		is       error
	}{
		{name: "XCHG-11 network", endpoint: fail(broken), want: network, is: broken},
		{name: "XCHG-11 the endpoint's own timeout", endpoint: fail(fmt.Errorf("post: %w", context.DeadlineExceeded)), want: timeout, is: context.DeadlineExceeded},
		{name: "XCHG-11 a timeout of the connection", endpoint: fail(fmt.Errorf("read: %w", os.ErrDeadlineExceeded)), want: timeout, is: os.ErrDeadlineExceeded},
		{
			name:     "XCHG-11 the endpoint's own timeout, behind an error that says it is none",
			endpoint: fail(fmt.Errorf("%w: %w", noTimeout{broken}, context.DeadlineExceeded)), want: timeout, is: broken,
		},
		{name: "XCHG-11 an error that says it is not a timeout", endpoint: fail(noTimeout{broken}), want: network, is: noTimeout{broken}},
		{name: "XCHG-11 the client's timeout", endpoint: hang, want: timeout, is: context.DeadlineExceeded},
		{name: "XCHG-11 the caller's deadline", endpoint: hang, ctx: within(time.Millisecond), want: timeout, is: context.DeadlineExceeded},
		{name: "XCHG-11 the caller leaves", endpoint: hang, ctx: cancelled, want: unanswered("canceled", "", 503), is: context.Canceled},
		{name: "XCHG-15 an error that tells the secret", endpoint: fail(fmt.Errorf("no answer to client_secret=%s", secret)), want: network},
		{name: "XCHG-15 an error that tells the form", endpoint: fail(fmt.Errorf("no answer to %s", url.QueryEscape(secret))), want: network},
		{name: "XCHG-15 an error that tells the token", endpoint: fail(fmt.Errorf("no answer to %s: %w", userToken, broken)), want: network, is: broken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, _ := newClient(t, func(c *exchange.Config) { c.Endpoint, c.Timeout = tt.endpoint, 20*time.Millisecond })
				ctx := t.Context()
				if tt.ctx != nil {
					ctx = tt.ctx(t)
				}
				_, err := client.Exchange(ctx, profile)
				checkError(t, err, tt.want)
				if tt.is != nil && !errors.Is(err, tt.is) {
					t.Errorf("the error %v does not wrap %v", err, tt.is)
				}
			})
		})
	}
}

// TestXCHG15ErrorThatQuotesWhatWasSent has an endpoint that puts what is secret in a request into its error.
func TestXCHG15ErrorThatQuotesWhatWasSent(t *testing.T) {
	key := exchange.SigningKey{Signer: ecKey(elliptic.P256())}
	header := func(name string) func(ports.TokenRequest) string {
		return func(r ports.TokenRequest) string { return strings.TrimPrefix(r.Header[name][0], "Basic ") }
	}
	for _, tt := range []struct {
		name   string
		edit   func(*exchange.Config)
		quoted func(ports.TokenRequest) string
	}{
		{"credentials", func(*exchange.Config) {}, header("Authorization")},
		{"assertion", func(c *exchange.Config) {
			c.ClientSecret, c.ClientAuth, c.AssertionKey = "", exchange.PrivateKeyJWT, key
		}, func(r ports.TokenRequest) string { return r.Form["client_assertion"][0] }},
		{"secret in the body", func(c *exchange.Config) { c.ClientAuth = exchange.ClientSecretPost }, func(r ports.TokenRequest) string { return r.Form["client_secret"][0] }},
		{"subject token", func(*exchange.Config) {}, func(r ports.TokenRequest) string { return r.Form["subject_token"][0] }},
		{"proof", func(c *exchange.Config) { c.DPoPKey = key }, header("Dpop")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var told string
			client, _ := newClient(t, func(c *exchange.Config) {
				c.Endpoint = ports.TokenEndpointFunc(func(_ context.Context, r ports.TokenRequest) (ports.TokenResponse, error) {
					told = tt.quoted(r)
					return ports.TokenResponse{}, fmt.Errorf("no answer to %q", told)
				})
				tt.edit(c)
			})
			_, err := client.Exchange(t.Context(), profile)
			if err == nil || told == "" || strings.Contains(err.Error(), told) {
				t.Errorf("the error tells what was sent: %v", err)
			}
		})
	}
}

// A noTimeout is an error of a connection that says it is not a timeout.
type noTimeout struct{ error }

func (e noTimeout) Timeout() bool { return false }
func (e noTimeout) Unwrap() error { return e.error }

// XCHG-11: without configuration a call has ten seconds.
func TestDefaultTimeout(t *testing.T) {
	var left time.Duration
	endpoint := ports.TokenEndpointFunc(func(ctx context.Context, _ ports.TokenRequest) (ports.TokenResponse, error) {
		deadline, _ := ctx.Deadline()
		left = time.Until(deadline)
		return good, nil
	})
	client, _ := newClient(t, func(c *exchange.Config) { c.Endpoint = endpoint })
	if _, err := client.Exchange(t.Context(), profile); err != nil {
		t.Fatal(err)
	}
	if left < 9*time.Second || left > 10*time.Second {
		t.Errorf("XCHG-11 the endpoint was given %v, want 10 s", left)
	}
}

// XCHG-15: whatever prints or writes a token or a client does so without secrets.
func TestNothingSecretIsPrinted(t *testing.T) {
	client, _ := newClient(t, nil, ok(`{"access_token":"the-issued-token","token_type":"Bearer","scope":"a b","id_token":"the-users-token","refresh_token":"s3cr3t:+%"}`))
	token, err := client.Exchange(t.Context(), profile)
	if err != nil {
		t.Fatal(err)
	}
	var written strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		fmt.Fprintf(&written, verb+" "+verb+" "+verb+"\n", token, *token, client)
		fmt.Fprintf(&written, verb+"\n", struct{ Token *exchange.Token }{token})
	}
	fmt.Fprint(&written, token, client)
	var logged bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		slog.New(handler).Info("got", "token", token, "value", *token, "client", client, "inside", map[string]any{"token": token})
	}
	encoded, err := json.Marshal(map[string]any{"token": token, "client": client})
	if err != nil {
		t.Fatal(err)
	}
	all := written.String() + logged.String() + string(encoded)
	for _, told := range []string{issued, userToken, secret, fmt.Sprintf("%x", issued), fmt.Sprintf("%x", secret)} {
		if strings.Contains(all, told) {
			t.Errorf("XCHG-15 %q is in\n%s", told, all)
		}
	}
	for _, want := range []string{`type:"Bearer" scope:"a b" expires:2026-03-01T13:00:00Z`, `client:"client:1"`, `token.type=Bearer`} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in\n%s", want, all)
		}
	}
}

// FuzzAnswer holds that no answer is a panic, that what is taken over is usable, and that nothing secret is told.
func FuzzAnswer(f *testing.F) {
	f.Add(200, good.Body)
	f.Add(200, []byte(lifetime(`"300"`)))
	f.Add(200, []byte(lifetime(`1e300`)))
	f.Add(200, []byte(`{"access_token":"t","scope":"","id_token":null,"refresh_token":"r","issued_token_type":"N_A"}`))
	f.Add(400, []byte(`{"error":"invalid_grant","error_description":"the-users-token \u001b"}`))
	f.Add(302, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		client, _ := newClient(t, nil, ports.TokenResponse{Status: status, Body: body})
		token, err := client.Exchange(t.Context(), profile)
		if err != nil {
			failed, typed := errors.AsType[*exchange.Error](err)
			if !typed || token != nil || failed.Status < 400 || failed.Status > 599 || failed.Code == "" || failed.Class == "" {
				t.Fatalf("got %v, %#v", token, err)
			}
			if text := err.Error(); strings.Contains(text, userToken) || strings.Contains(text, secret) || strings.ContainsAny(text, "\r\n\x1b") {
				t.Fatalf("the error tells %q", text)
			}
			return
		}
		if status != 200 || token.AccessToken == "" || strings.ContainsAny(token.AccessToken, "\r\n") {
			t.Fatalf("status %d is the token %q", status, token.AccessToken)
		}
		if lifetime := token.ExpiresAt.Sub(noon); lifetime < 0 || lifetime > 1<<31*time.Second {
			t.Fatalf("the token ends after %v", lifetime)
		}
	})
}
