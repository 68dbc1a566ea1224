package httpguard_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// send has a guard decide on a request for /orders of the Host api.example, with a proof for htu, or as Bearer without
// one.
func (env *environment) send(t testing.TB, guard *httpguard.Guard, htu string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", "/orders", nil)
	r.Host, r.Header = "api.example", header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Authorization", "Bearer "+env.bearer)
	if htu != "" {
		r.Header.Set("Authorization", "DPoP "+env.bound)
		r.Header.Set("DPoP", env.proof(t, "GET", htu))
	}
	answer := httptest.NewRecorder()
	guard.Handler(greet).ServeHTTP(answer, r)
	return answer
}

// TestFaultForwardedChainIsBounded has a client send as much as net/http takes by default, and more: what is read of it
// costs next to nothing.
func TestFaultForwardedChainIsBounded(t *testing.T) {
	env := newEnvironment(t)
	const bound = 64 << 10 // what a request with a proof allocates in any case is a part of it
	for name, c := range map[string]struct {
		proxies httpguard.Proxies
		field   string
		unit    string
		end     string // what the proxy appends
		status  int
	}{
		"X-Forwarded-For":             {httpguard.Proxies{Hops: 1, Forwarded: httpguard.XForwardedFor | httpguard.XForwardedProto}, "X-Forwarded-For", ",", "192.0.2.1", 400},
		"X-Forwarded-Proto":           {httpguard.Proxies{Hops: 1, Forwarded: httpguard.XForwardedProto}, "X-Forwarded-Proto", ",", "http", 400},
		"X-Forwarded-Host":            {httpguard.Proxies{Hops: 1, Forwarded: httpguard.XForwardedHost}, "X-Forwarded-Host", "a,", "api.example", 400},
		"one that is not read":        {httpguard.Proxies{Hops: 1, Forwarded: httpguard.XForwardedProto}, "X-Forwarded-For", ",", "192.0.2.1", 200},
		"Forwarded, elements":         {httpguard.Proxies{Hops: 32, Forwarded: httpguard.Forwarded}, "Forwarded", ",", "for=192.0.2.1", 400},
		"Forwarded, behind a trusted": {httpguard.Proxies{Hops: 1, Forwarded: httpguard.Forwarded}, "Forwarded", "for=a,", "for=192.0.2.1", 200},
		"Forwarded, parameters":       {httpguard.Proxies{Hops: 1, Forwarded: httpguard.Forwarded}, "Forwarded", ";", "for=192.0.2.1", 400},
		"Forwarded, a quoted string":  {httpguard.Proxies{Hops: 1, Forwarded: httpguard.Forwarded}, "Forwarded", `\"`, `"`, 400},
		"Forwarded, quotation marks":  {httpguard.Proxies{Hops: 1, Forwarded: httpguard.Forwarded}, "Forwarded", `"`, `for=192.0.2.1`, 400},
		"Forwarded, backslashes":      {httpguard.Proxies{Hops: 1, Forwarded: httpguard.Forwarded}, "Forwarded", `\`, `"`, 400},
		"certificate, in escaped PEM": {httpguard.Proxies{Hops: 1, Certificate: httpguard.CertificateEscapedPEM}, "X-SSL-Client-Cert", "%41", "", 400},
		"certificate, Envoy's":        {httpguard.Proxies{Hops: 1, Certificate: httpguard.CertificateXFCC}, "X-Forwarded-Client-Cert", ";", "", 400},
		"certificate, in base64":      {httpguard.Proxies{Hops: 1, Certificate: httpguard.CertificateRFC9440}, "Client-Cert", "AAAA", "", 400},
	} {
		for _, size := range []int{60 << 10, 1000 << 10} {
			t.Run(fmt.Sprintf("%s/%d KiB", name, size>>10), func(t *testing.T) {
				guard := env.guard(t, httpguard.Config{Proxies: c.proxies}, nil)
				handler := guard.Handler(greet)
				field := http.Header{}
				field.Set(c.field, strings.Repeat(c.unit, size/len(c.unit))+c.end)
				if answer := env.send(t, guard, "http://api.example/orders", field); answer.Code != c.status {
					t.Errorf("PROXY-04: answered %d, want %d", answer.Code, c.status)
				}
				r := httptest.NewRequest("GET", "/orders", nil)
				r.Header = field
				r.Header.Set("Authorization", "DPoP "+env.bound)
				r.Header.Set("DPoP", "x")
				const times = 10
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				for range times {
					handler.ServeHTTP(httptest.NewRecorder(), r)
				}
				runtime.ReadMemStats(&after)
				if cost := (after.TotalAlloc - before.TotalAlloc) / times; cost > bound {
					t.Errorf("PROXY-04: a request allocates %d bytes, want at most %d", cost, bound)
				}
			})
		}
	}
}

func TestFaultForwardedSchemeIsNoURL(t *testing.T) {
	env := newEnvironment(t)
	const evil = "https://evil.example/orders"
	for name, c := range map[string]struct {
		proxies httpguard.Proxies
		header  http.Header
	}{
		"X-Forwarded-Proto": {
			httpguard.Proxies{Hops: 1, Forwarded: httpguard.XForwardedFor | httpguard.XForwardedProto},
			http.Header{"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded-Proto": {evil + "?"}},
		},
		"Forwarded": {
			httpguard.Proxies{Hops: 1, Forwarded: httpguard.Forwarded},
			http.Header{"Forwarded": {`for=192.0.2.1;host=api.example;proto="` + evil + `?"`}},
		},
	} {
		rules := newRuleLog()
		guard := env.guard(t, httpguard.Config{Proxies: c.proxies, Logger: slog.New(rules)}, nil)
		answer := env.send(t, guard, evil, c.header)
		if rule := rules.last(); answer.Code != 400 || rule != "PROXY-04" {
			t.Errorf("%s: answered %d by rule %q, want 400 by PROXY-04", name, answer.Code, rule)
		}
	}
}

// TestFaultForwardedFieldOfTheClient is about the field that a proxy does not write, and passes on.
func TestFaultForwardedFieldOfTheClient(t *testing.T) {
	env := newEnvironment(t)
	guard := env.guard(t, httpguard.Config{Proxies: httpguard.Proxies{Hops: 1, Forwarded: httpguard.XForwardedFor | httpguard.XForwardedProto}}, nil)
	header := http.Header{"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"evil.example"}, "Forwarded": {"host=evil.example"}}
	for htu, status := range map[string]int{"https://api.example/orders": 200, "https://evil.example/orders": 401} {
		if answer := env.send(t, guard, htu, header); answer.Code != status {
			t.Errorf("PROXY-02: a proof for %s got %d, want %d", htu, answer.Code, status)
		}
	}
}

func TestFaultHostOfTheClient(t *testing.T) {
	env := newEnvironment(t)
	resource := func(c *verifier.Config) { c.Resource = "https://api.example/orders" }
	forwarded := httpguard.Proxies{Hops: 1, Forwarded: httpguard.XForwardedHost}
	for _, c := range []struct {
		name   string
		config httpguard.Config
		edit   func(*verifier.Config)
		host   string
		status int
	}{
		{name: "any host", host: "evil.example", status: 200},
		{name: "one of Hosts", config: httpguard.Config{Hosts: []string{"shop.example", "api.example"}}, host: "api.example", status: 200},
		{name: "one of Hosts, in capitals and with its port", config: httpguard.Config{Hosts: []string{"API.example:80"}}, host: "Api.Example", status: 200},
		{name: "none of Hosts", config: httpguard.Config{Hosts: []string{"api.example"}}, host: "evil.example", status: 421},
		{name: "none of Hosts, a port", config: httpguard.Config{Hosts: []string{"api.example"}}, host: "api.example:8080", status: 421},
		{name: "none of Hosts, a dot at the end", config: httpguard.Config{Hosts: []string{"api.example"}}, host: "api.example.", status: 421},
		{name: "one label for the asterisk", config: httpguard.Config{Hosts: []string{"*.api.example"}}, host: "tenant.api.example", status: 200},
		{name: "one label for the asterisk, and a port", config: httpguard.Config{Hosts: []string{"*.api.example:8080"}}, host: "tenant.api.example:8080", status: 200},
		{name: "two labels for the asterisk", config: httpguard.Config{Hosts: []string{"*.api.example"}}, host: "a.b.api.example", status: 421},
		{name: "no label for the asterisk", config: httpguard.Config{Hosts: []string{"*.api.example"}}, host: "api.example", status: 421},
		{name: "an empty label for the asterisk", config: httpguard.Config{Hosts: []string{"*.api.example"}}, host: ".api.example", status: 421},
		{name: "another parent for the asterisk", config: httpguard.Config{Hosts: []string{"*.api.example"}}, host: "tenant.evil-api.example", status: 421},
		{name: "the host of Resource", edit: resource, host: "api.example", status: 200},
		{name: "another than that of Resource", edit: resource, host: "evil.example", status: 421},
		{name: "Hosts before Resource", config: httpguard.Config{Hosts: []string{"shop.example"}}, edit: resource, host: "shop.example", status: 200},
		{name: "the host of Resource, forwarded", config: httpguard.Config{Proxies: forwarded}, edit: resource, host: "evil.example", status: 421},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := newRuleLog()
			c.config.Logger = slog.New(rules)
			guard := env.guard(t, c.config, c.edit)
			for _, bearer := range []bool{false, true} {
				r := httptest.NewRequest("GET", "/orders", nil)
				r.Host = c.host
				if c.config.Proxies.Hops > 0 {
					r.Host = "api.example"
					r.Header.Set("X-Forwarded-Host", c.host)
				}
				status, rule := c.status, ""
				if bearer {
					status = 200 // PROXY-07
					r.Header.Set("Authorization", "Bearer "+env.bearer)
				} else {
					r.Header.Set("Authorization", "DPoP "+env.bound)
					r.Header.Set("DPoP", env.proof(t, "GET", "http://"+c.host+"/orders"))
				}
				if status == 421 {
					rule = "PROXY-05"
				}
				answer := httptest.NewRecorder()
				guard.Handler(greet).ServeHTTP(answer, r)
				if got := rules.last(); answer.Code != status || got != rule {
					t.Errorf("PROXY-05: answered %d by rule %q, want %d by %q", answer.Code, got, status, rule)
				}
				if status == 421 && answer.Body.String() != `{"error":"invalid_request","error_description":"The request is for another host"}` {
					t.Errorf("PROXY-05: the body is %s", answer.Body)
				}
			}
		})
	}
}

// TestFaultURLIsWorkedOutWhereItCounts has requests with malformed fields: those whose URL does not count pass.
func TestFaultURLIsWorkedOutWhereItCounts(t *testing.T) {
	env := newEnvironment(t)
	config := httpguard.Config{Optional: true, Proxies: httpguard.Proxies{Hops: 2, Forwarded: httpguard.XForwardedFor | httpguard.XForwardedProto}}
	resolver := func(c *verifier.Config) {
		c.Domain = ""
		c.Resolver = ports.DomainResolverFunc(func(context.Context, ports.DomainQuery) ([]ports.Domain, error) {
			return []ports.Domain{{Issuer: env.issuer.URL}}, nil
		})
	}
	disabled := func(c *verifier.Config) { c.DPoP.Mode = verifier.DPoPDisabled }
	malformed := http.Header{"X-Forwarded-For": {"a, b, c"}, "X-Forwarded-Proto": {"x, y"}}
	with := func(name, value string) http.Header {
		header := malformed.Clone()
		header.Set(name, value)
		return header
	}
	for _, c := range []struct {
		name   string
		edit   func(*verifier.Config)
		header http.Header
		status int
	}{
		{"no credentials", nil, malformed, 200},
		{"no credentials, a Resolver", resolver, malformed, 200},
		{"Bearer", nil, with("Authorization", "Bearer "+env.bearer), 200},
		{"Bearer, a Resolver", resolver, with("Authorization", "Bearer "+env.bearer), 400},
		{"DPoP without a proof", nil, with("Authorization", "DPoP "+env.bound), 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/orders", nil)
			r.Header = c.header
			answer := httptest.NewRecorder()
			env.guard(t, config, c.edit).Handler(greet).ServeHTTP(answer, r)
			if answer.Code != c.status {
				t.Errorf("PROXY-07: answered %d %s, want %d", answer.Code, answer.Body, c.status)
			}
		})
	}
	if answer := env.send(t, env.guard(t, config, nil), "http://api.example/orders", malformed); answer.Code != 400 {
		t.Errorf("PROXY-07: DPoP: answered %d, want 400", answer.Code)
	}
	if answer := env.send(t, env.guard(t, config, disabled), "", with("DPoP", "x")); answer.Code != 200 {
		t.Errorf("PROXY-07: Bearer with a proof that is not looked at: answered %d, want 200", answer.Code)
	}
}

// TestFaultNewRefusesWhatCantWork is about arguments that would only fail at the first request.
func TestFaultNewRefusesWhatCantWork(t *testing.T) {
	var none *verifier.Verifier
	if guard, err := httpguard.New(none, httpguard.Config{}); err == nil {
		t.Errorf("New = %v without a verifier", guard)
	}
	env := newEnvironment(t)
	_, err := httpguard.New(newVerifier(t, env.issuer), httpguard.Config{Logger: &slog.Logger{}})
	var fault *verifier.FieldError
	if !errors.As(err, &fault) || fault.Field != "Logger" {
		t.Errorf("New = %v with a logger that has no handler, want an error of the field Logger", err)
	}
}

type panickingLog struct{ slog.Handler }

func (panickingLog) Enabled(context.Context, slog.Level) bool  { return true }
func (panickingLog) Handle(context.Context, slog.Record) error { panic("the log is broken") }

// TestFaultLoggerPanics: a request that may not pass doesn't, and the others go on.
func TestFaultLoggerPanics(t *testing.T) {
	env := newEnvironment(t)
	server := httptest.NewUnstartedServer(env.guard(t, httpguard.Config{Logger: slog.New(panickingLog{})}, nil).Handler(greet))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	defer server.Close()
	for _, token := range []string{"bad", env.bearer} {
		r, err := http.NewRequest("GET", server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := server.Client().Do(r)
		if err == nil {
			answer.Body.Close()
		}
		if good := token == env.bearer; good != (err == nil) || good && answer.StatusCode != 200 {
			t.Errorf("the token %.3s got %v, %v", token, answer, err)
		}
	}
}
