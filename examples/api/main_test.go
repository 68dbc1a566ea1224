package main

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/conformance/issuer"
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
	err := run(t.Context(), nil, func(string) string { return "" }, slog.New(slog.DiscardHandler))
	if err == nil {
		t.Error("run without domains and audience")
	}
}
