package httpguard_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/adapters/httpguard"
	"github.com/holdfast-go/holdfast/verifier"
)

func TestNewContext(t *testing.T) {
	if _, ok := httpguard.From(t.Context()); ok {
		t.Error("a context without a token has one")
	}
	made := &verifier.Verified{Subject: "ada"}
	if got, ok := httpguard.From(httpguard.NewContext(t.Context(), made)); !ok || got != made {
		t.Errorf("the token is %v, %t", got, ok)
	}
}

// TestGuardRefuse: what a handler refuses is answered and logged as what the guard refuses. CHAL-10: the cause of an error that
// is not a refusal is for the log.
func TestGuardRefuse(t *testing.T) {
	var log bytes.Buffer
	guard, err := httpguard.New(newVerifier(t, newIssuer(t)), httpguard.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		err        error
		status     int
		body, line string
	}{
		{(&verifier.Verified{}).RequireScopes("a"), 403,
			`{"error":"insufficient_scope","error_description":"The access token lacks a needed scope"}`, "rule=CLAIM-SCP-02"},
		{(&verifier.Verified{}).RequireAuthentication(time.Minute, "mfa"), 401,
			`{"error":"insufficient_user_authentication","error_description":"Another authentication of the user is needed"}`, "rule=STEP-01"},
		{errors.New("dial tcp 10.1.2.3"), 500, `{"error":"server_error"}`, "dial tcp 10.1.2.3"},
	} {
		log.Reset()
		answer := httptest.NewRecorder()
		guard.Refuse(answer, httptest.NewRequest("GET", "/", nil), c.err)
		if answer.Code != c.status || answer.Body.String() != c.body {
			t.Errorf("answered %d %s, want %d %s", answer.Code, answer.Body, c.status, c.body)
		}
		if !strings.Contains(log.String(), c.line) {
			t.Errorf("the log has %q, want %q", log.String(), c.line)
		}
	}
}
