package httpguard_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// An environment is an issuer and a client of its own, with a token that is bound to the client's key and one that is not.
type environment struct {
	issuer        *verifiertest.Issuer
	prover        *verifiertest.Prover
	bound, bearer string
}

func newEnvironment(t testing.TB) *environment {
	t.Helper()
	key := verifiertest.MustKey(t, "ES256", "client")
	env := &environment{issuer: newIssuer(t), prover: &verifiertest.Prover{Key: key}}
	thumbprint := env.prover.MustThumbprint(t)
	env.bound = mint(t, env.issuer, verifiertest.Claims{"cnf": verifiertest.Claims{"jkt": thumbprint}})
	env.bearer = mint(t, env.issuer, nil)
	return env
}

// guard returns a guard of the issuer's tokens.
func (env *environment) guard(t testing.TB, config httpguard.Config, edit func(*verifier.Config)) *httpguard.Guard {
	t.Helper()
	policy := verifier.Config{Domain: "issuer.example", Audiences: []string{audience}, Fetcher: env.issuer, Algorithms: []string{"ES256"}}
	if edit != nil {
		edit(&policy)
	}
	v, err := verifier.New(policy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	guard, err := httpguard.New(v, config)
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

// proof returns a proof of its own for each call.
func (env *environment) proof(t testing.TB, method, htu string) string {
	t.Helper()
	proof := env.prover.MustProof(t, method, htu, env.bound, nil, nil)
	return proof
}

// A ruleLog notes the rules that requests broke.
type ruleLog struct{ rules chan string }

func newRuleLog() *ruleLog { return &ruleLog{make(chan string, 100)} }

func (l *ruleLog) Enabled(context.Context, slog.Level) bool { return true }
func (l *ruleLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *ruleLog) WithGroup(string) slog.Handler            { return l }
func (l *ruleLog) Handle(_ context.Context, record slog.Record) error {
	record.Attrs(func(a slog.Attr) bool {
		if a.Key == "rule" {
			l.rules <- a.Value.String()
		}
		return true
	})
	return nil
}

// last returns the rule that the one refused request since broke, empty if none was refused.
func (l *ruleLog) last() string {
	select {
	case rule := <-l.rules:
		return rule
	default:
		return ""
	}
}

// say writes a request head as it is, with a line more for the end, and returns the status of the answer.
func say(t *testing.T, address, head string) int {
	t.Helper()
	answer, _ := dial(t, address).say(t, "", head+"Connection: close\r\n\r\n")
	return answer.StatusCode
}

func TestFaultRequestTargetOnTheWire(t *testing.T) {
	env := newEnvironment(t)
	forwarding := httpguard.Proxies{Hops: 1, Forwarded: httpguard.XForwardedProto | httpguard.XForwardedHost}
	public := httpguard.Config{PublicURL: "https://api.example/v1"}
	const host = "%HOST%" // the listener's address
	for _, c := range []struct {
		name   string
		config httpguard.Config
		line   string // the request line, without the version where that is HTTP/1.1
		fields string
		htu    string
		method string
		status int
		rule   string
	}{
		{name: "PROXY-06 origin form", line: "GET /orders?a=b", htu: "http://" + host + "/orders", status: 200},
		{name: "PROXY-06 absolute form", line: "GET http://" + host + "/orders?a=b", htu: "http://" + host + "/orders", status: 200},
		{name: "PROXY-06 absolute form, other spelling", line: "GET HTTP://" + host + "/orders", htu: "http://" + host + "/orders", status: 200},
		{name: "PROXY-06 absolute form, empty path", line: "GET http://" + host, htu: "http://" + host + "/", status: 200},
		{name: "PROXY-06 absolute form, empty path and query", line: "GET http://" + host + "?a=b", htu: "http://" + host + "/", status: 200},
		{name: "PROXY-06 absolute form, its host goes before the field", line: "GET http://shop.example/orders", htu: "http://shop.example/orders", status: 200},
		{name: "PROXY-06 absolute form, the field is not a host", line: "GET http://shop.example/orders", htu: "http://" + host + "/orders", status: 401, rule: "DPOP-CLM-04"},
		{name: "PROXY-06 absolute form, another scheme", line: "GET https://" + host + "/orders", htu: "https://" + host + "/orders", status: 400, rule: "PROXY-06"},
		{name: "PROXY-06 absolute form, userinfo", line: "GET http://user@" + host + "/orders", htu: "http://" + host + "/orders", status: 400, rule: "PROXY-06"},
		{name: "PROXY-06 absolute form of the public URL", config: public, line: "GET https://api.example/orders", htu: "https://api.example/v1/orders", status: 200},
		{name: "PROXY-06 absolute form of the public URL with its port", config: public, line: "GET https://API.example:443/orders", htu: "https://api.example/v1/orders", status: 200},
		{name: "PROXY-06 absolute form of another than the public URL", config: public, line: "GET http://shop.example/orders", htu: "https://api.example/v1/orders", status: 400, rule: "PROXY-06"},
		{name: "PROXY-06 absolute form of the public URL over http", config: public, line: "GET http://api.example/orders", htu: "https://api.example/v1/orders", status: 400, rule: "PROXY-06"},
		{name: "PROXY-06 absolute form of the forwarded URL", config: httpguard.Config{Proxies: forwarding}, line: "GET https://" + host + "/orders", fields: "X-Forwarded-Proto: https\r\n", htu: "https://" + host + "/orders", status: 200},
		{name: "PROXY-06 absolute form of the forwarded host", config: httpguard.Config{Proxies: forwarding}, line: "GET https://api.example/orders", fields: "X-Forwarded-Proto: https\r\nX-Forwarded-Host: api.example\r\n", htu: "https://api.example/orders", status: 200},
		{name: "PROXY-06 absolute form of another than the forwarded host", config: httpguard.Config{Proxies: forwarding}, line: "GET https://shop.example/orders", fields: "X-Forwarded-Proto: https\r\nX-Forwarded-Host: api.example\r\n", htu: "https://api.example/orders", status: 400, rule: "PROXY-06"},
		{name: "PROXY-06 a path that looks like a host", line: "GET //shop.example/orders", htu: "http://" + host + "//shop.example/orders", status: 200},
		{name: "PROXY-06 a path that looks like a host is none", line: "GET //shop.example/orders", htu: "http://shop.example/orders", status: 401, rule: "DPOP-CLM-04"},
		{name: "PROXY-06 percent-encoding is kept", line: "GET /a%2fb", htu: "http://" + host + "/a%2Fb", status: 200},
		{name: "PROXY-06 an encoded slash is not a slash", line: "GET /a%2fb", htu: "http://" + host + "/a/b", status: 401, rule: "DPOP-CLM-04"},
		{name: "PROXY-06 a query that looks like an absolute URL", line: "GET /orders?http://shop.example/", htu: "http://" + host + "/orders", status: 200},
		{name: "PROXY-06 a fragment", line: "GET /orders#a", htu: "http://" + host + "/orders", status: 400, rule: "PROXY-06"},
		{name: "PROXY-06 the whole server", line: "OPTIONS *", method: "OPTIONS", htu: "http://" + host, status: 200},
		{name: "PROXY-06 the authority form", line: "CONNECT " + host, method: "CONNECT", htu: "http://" + host, status: 400, rule: "PROXY-06"},
		{name: "PROXY-04 no host", line: "GET /orders HTTP/1.0", fields: "-", htu: "http://" + host + "/orders", status: 400, rule: "PROXY-04"},
		{name: "PROXY-04 an empty host", line: "GET /orders", fields: "Host: \r\n-", htu: "http://" + host + "/orders", status: 400, rule: "PROXY-04"},
		{name: "PROXY-03 no host, where the URL is configured", config: public, line: "GET /orders HTTP/1.0", fields: "-", htu: "https://api.example/v1/orders", status: 200},
		{name: "PROXY-04 two hosts", line: "GET /orders", fields: "Host: shop.example\r\n", htu: "http://" + host + "/orders", status: 400}, // net/http refuses it
		{name: "PROXY-05 a host that is served", config: httpguard.Config{Hosts: []string{"shop.example"}}, line: "GET http://shop.example/orders", htu: "http://shop.example/orders", status: 200},
		{name: "PROXY-05 another host", config: httpguard.Config{Hosts: []string{"shop.example"}}, line: "GET /orders", htu: "http://" + host + "/orders", status: 421, rule: "PROXY-05"},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := newRuleLog()
			c.config.Logger = slog.New(log)
			server := httptest.NewUnstartedServer(env.guard(t, c.config, nil).Handler(greet))
			server.Config.DisableGeneralOptionsHandler = true
			server.Start()
			defer server.Close()
			address := server.Listener.Addr().String()
			here := func(s string) string { return strings.ReplaceAll(s, host, address) }

			if c.method == "" {
				c.method = "GET"
			}
			if !strings.Contains(c.line, " HTTP/") {
				c.line += " HTTP/1.1"
			}
			fields, own := strings.CutSuffix(c.fields, "-")
			if !own {
				fields += "Host: " + host + "\r\n"
			}
			head := here(c.line+"\r\n"+fields) + fmt.Sprintf("Authorization: DPoP %s\r\nDPoP: %s\r\n", env.bound, env.proof(t, c.method, here(c.htu)))
			status := say(t, address, head)
			if rule := log.last(); status != c.status || rule != c.rule {
				t.Errorf("answered %d by rule %q, want %d by %q", status, rule, c.status, c.rule)
			}
		})
	}
}

func TestFaultRequestTargetOverHTTP2(t *testing.T) {
	env := newEnvironment(t)
	server := httptest.NewUnstartedServer(http.StripPrefix("/v1", env.guard(t, httpguard.Config{}, nil).Handler(greet)))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	for htu, status := range map[string]int{server.URL + "/v1/a%2Fb": 200, server.URL + "/a%2Fb": 401} {
		r, err := http.NewRequest("GET", server.URL+"/v1/a%2fb?c=d", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "DPoP "+env.bound)
		r.Header.Set("DPoP", env.proof(t, "GET", htu))
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != status || answer.ProtoMajor != 2 {
			t.Errorf("PROXY-06: a proof for %s got %d over %s, want %d", htu, answer.StatusCode, answer.Proto, status)
		}
	}
}

func TestFaultStripPrefixLeavesTheURLAsReceived(t *testing.T) {
	env := newEnvironment(t)
	log := newRuleLog()
	mux := http.NewServeMux()
	guard := env.guard(t, httpguard.Config{Logger: slog.New(log)}, nil)
	mux.Handle("/v1/", http.StripPrefix("/v1", guard.Handler(greet)))
	server := httptest.NewServer(mux)
	defer server.Close()
	address := server.Listener.Addr().String()
	for _, c := range []struct {
		htu    string
		status int
		rule   string
	}{
		{server.URL + "/v1/orders", 200, ""},
		{server.URL + "/orders", 401, "DPOP-CLM-04"},
	} {
		head := fmt.Sprintf("GET /v1/orders HTTP/1.1\r\nHost: %s\r\nAuthorization: DPoP %s\r\nDPoP: %s\r\n", address, env.bound, env.proof(t, "GET", c.htu))
		status := say(t, address, head)
		if rule := log.last(); status != c.status || rule != c.rule {
			t.Errorf("PROXY-06: a proof for %s got %d by rule %q, want %d by %q", c.htu, status, rule, c.status, c.rule)
		}
	}
}
