package main

import (
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func environment(t *testing.T, changes map[string]string) *telling {
	t.Helper()
	issuer := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(issuer.Close)
	caFile := filepath.Join(t.TempDir(), "issuer.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issuer.Certificate().Raw})
	if err := os.WriteFile(caFile, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{
		"HOLDFAST_ISSUER": issuer.URL + "/", "HOLDFAST_AUDIENCE": "https://api.example/",
		"HOLDFAST_CA_FILE": caFile, "HOLDFAST_DPOP": "allowed", "HOLDFAST_LISTEN": "127.0.0.1:0",
	}
	for name, value := range changes {
		variables[name] = value
	}
	return &telling{lookup: func(name string) (string, bool) {
		value, found := variables[name]
		return value, found
	}}
}

func TestAnswersWithoutToken(t *testing.T) {
	handler, v, err := newAPI(environment(t, nil), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for path, want := range map[string]int{"/health": 200, "/resource": 401, "/resource/1": 401, "/scoped": 401, "/actors": 401, "/route/gold": 401, "/": 401} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if answer.Code != want {
			t.Errorf("GET %s is answered %d, want %d", path, answer.Code, want)
		}
	}
}

func TestWrongEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"HOLDFAST_DPOP": "on", "HOLDFAST_CA_FILE": "/no/such/file", "HOLDFAST_ISSUER": "http://issuer.example/", "HOLDFAST_AUDIENCE": "",
	} {
		_, _, err := newAPI(environment(t, map[string]string{name: value}), slog.New(slog.DiscardHandler))
		if err == nil || strings.Contains(name, "DPOP") && !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%q: error is %v", name, value, err)
		}
	}
}
