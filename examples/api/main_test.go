package main

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/conformance/issuer"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

// lines passes on what is written to it, a line at a time.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	select {
	case l <- string(b):
	default:
	}
	return len(b), nil
}

func TestAPI(t *testing.T) {
	key := verifiertest.MustKey(t, "ES256", "key-1")
	tenant, err := issuer.StartInsecureHTTP(key)
	if err != nil {
		t.Fatal(err)
	}
	defer tenant.Close()

	ctx, stop := context.WithCancel(t.Context())
	log, ended := make(lines, 100), make(chan error, 1)
	environment := map[string]string{"API_DOMAINS": tenant.URL, "API_AUDIENCE": "https://api.example", "API_ALGORITHMS": "ES256"}
	go func() {
		ended <- run(ctx, []string{"-listen", "127.0.0.1:0", "-insecure-loopback-http"}, func(name string) string { return environment[name] }, slog.New(slog.NewTextHandler(log, nil)))
	}()
	address := awaitAddress(t, log)

	token := tenant.MustToken(t, verifiertest.Claims{"aud": "https://api.example", "scope": "read:orders"})
	plain := tenant.MustToken(t, verifiertest.Claims{"aud": "https://api.example"})
	for _, c := range []struct {
		path, token string
		status      int
	}{
		{"/health", "", 200}, {"/whoami", "", 401}, {"/whoami", plain, 200}, {"/orders", plain, 403}, {"/orders", token, 200}, {"/other", token, 404},
	} {
		request, err := http.NewRequest("GET", "http://"+address+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.token != "" {
			request.Header.Set("Authorization", "Bearer "+c.token)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != c.status {
			t.Errorf("%s answers %d, want %d", c.path, answer.StatusCode, c.status)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run ended with %v", err)
	}
}

// awaitAddress reads from the log where the API listens.
func awaitAddress(t *testing.T, log lines) string {
	t.Helper()
	listening := regexp.MustCompile(`msg=listening address=(\S+)`)
	for {
		select {
		case line := <-log:
			if found := listening.FindStringSubmatch(line); found != nil {
				return found[1]
			}
		case <-time.After(time.Minute):
			t.Fatal("the API does not listen")
		}
	}
}

func TestSettingsThatCannotWork(t *testing.T) {
	for name, environment := range map[string]map[string]string{
		"no domains and audience": {},
		"API_DPOP":                {"API_DOMAINS": "a.example", "API_AUDIENCE": "x", "API_DPOP": "maybe"},
		"API_TIMEOUT":             {"API_DOMAINS": "a.example", "API_AUDIENCE": "x", "API_TIMEOUT": "10"},
		"API_KEYS_TTL":            {"API_DOMAINS": "a.example", "API_AUDIENCE": "x", "API_KEYS_TTL": "-1s"},
	} {
		err := run(t.Context(), []string{"-listen", "127.0.0.1:0"}, func(name string) string { return environment[name] }, slog.New(slog.DiscardHandler))
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Every setting can come from the environment, and a flag goes before it.
func TestSettingsOfTheEnvironment(t *testing.T) {
	environment := map[string]string{
		"API_LISTEN": "127.0.0.1:1", "API_DOMAINS": "a.example,b.example", "API_AUDIENCE": "https://api.example", "API_ALGORITHMS": "ES256",
		"API_PUBLIC_URL": "https://api.example", "API_INSECURE_LOOPBACK_HTTP": "true", "API_DPOP": "required", "API_DPOP_MAX_AGE": "2m",
		"API_DPOP_LEEWAY": "5s", "API_KEYS_TTL": "1h", "API_MAX_ISSUERS": "100", "API_TIMEOUT": "3s",
	}
	got, err := parse([]string{"-listen", "127.0.0.1:2"}, func(name string) string { return environment[name] })
	want := settings{
		listen: "127.0.0.1:2", domains: "a.example,b.example", audience: "https://api.example", algorithms: "ES256",
		publicURL: "https://api.example", loopbackHTTP: true, dpop: verifier.DPoPRequired, dpopMaxAge: 2 * time.Minute,
		dpopLeeway: 5 * time.Second, keysTTL: time.Hour, maxIssuers: 100, timeout: 3 * time.Second,
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if v := reflect.ValueOf(got); v.IsValid() {
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("%s is not set by the environment", v.Type().Field(i).Name)
			}
		}
	}
}
