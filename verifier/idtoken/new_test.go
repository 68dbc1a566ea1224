package idtoken_test

import (
	"crypto"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/idtoken"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

func TestNewNamesTheFieldAtFault(t *testing.T) {
	clock := verifiertest.NewClock(noon)
	issuer := newIssuer(t, issuerURL, clock)
	public, err := key(t, "RS256", "key-1").JWK()
	if err != nil {
		t.Fatal(err)
	}
	keySet := []byte(`{"keys":[` + string(public) + `]}`)

	oneDomain := newVerifier(t, issuer, clock, nil)
	severalDomains := newVerifier(t, issuer, clock, func(c *verifier.Config) {
		c.Domain, c.Domains = "", []ports.Domain{{Issuer: "a.example"}, {Issuer: "b.example"}}
	})
	staticKeys := newVerifier(t, nil, clock, func(c *verifier.Config) {
		c.StaticKeys = map[string][]byte{issuerURL: keySet}
	})

	for _, c := range []struct {
		name string
		from *verifier.Verifier // oneDomain where nil
		edit func(*idtoken.Config)
		want []string // fields; none for a configuration that works
	}{
		{name: "works", edit: func(*idtoken.Config) {}},
		{name: "no client ID", edit: func(c *idtoken.Config) { c.ClientID = "" }, want: []string{"ClientID"}},
		{name: "blank client ID", edit: func(c *idtoken.Config) { c.ClientID = " " }, want: []string{"ClientID"}},
		{name: "DISC-02 http", edit: func(c *idtoken.Config) { c.Domain = "http://issuer.example/" }, want: []string{"Domain"}},
		{name: "DISC-08 no domain", from: severalDomains, edit: func(*idtoken.Config) {}, want: []string{"Domain"}},
		{name: "DISC-08 one of several domains", from: severalDomains, edit: func(c *idtoken.Config) { c.Domain = "b.example" }},
		{name: "another domain", edit: func(c *idtoken.Config) { c.Domain = "login.example" }},
		{name: "KEYS-11 static keys", from: staticKeys, edit: func(*idtoken.Config) {}},
		{name: "KEYS-11 no way to get the keys", from: staticKeys, edit: func(c *idtoken.Config) { c.Domain = "login.example" }, want: []string{"Domain"}},
		{name: "KEYS-11 no keys needed", from: staticKeys, edit: func(c *idtoken.Config) { c.Domain, c.HS256ClientSecret = "login.example", secret }},
		{name: "IDTOK-01 none", edit: func(c *idtoken.Config) { c.Algorithms = []string{"RS256", "none"} }, want: []string{"Algorithms[1]"}},
		{name: "IDTOK-01 HS256 in the list", edit: func(c *idtoken.Config) { c.Algorithms = []string{"HS256"} }, want: []string{"Algorithms[0]"}},
		{name: "IDTOK-01 HS256 next to the list", edit: func(c *idtoken.Config) { c.Algorithms, c.HS256ClientSecret = []string{"RS256"}, secret }, want: []string{"HS256ClientSecret"}},
		{name: "IDTOK-01 a secret of 32 bytes", edit: func(c *idtoken.Config) { c.HS256ClientSecret = secret }},
		{name: "IDTOK-01 a secret of 31 bytes", edit: func(c *idtoken.Config) { c.HS256ClientSecret = secret[1:] }, want: []string{"HS256ClientSecret"}},
		{name: "IDTOK-03 blank trusted audience", edit: func(c *idtoken.Config) { c.TrustedAudiences = []string{"a", " "} }, want: []string{"TrustedAudiences[1]"}},
		{name: "IDTOK-05 leeway of 5 minutes", edit: func(c *idtoken.Config) { c.Leeway = 5 * time.Minute }},
		{name: "IDTOK-05 leeway over 5 minutes", edit: func(c *idtoken.Config) { c.Leeway = 5*time.Minute + 1 }, want: []string{"Leeway"}},
		{name: "IDTOK-05 no leeway", edit: func(c *idtoken.Config) { c.Leeway = -1 }},
		{name: "CRED-09 negative size", edit: func(c *idtoken.Config) { c.MaxTokenBytes = -1 }, want: []string{"MaxTokenBytes"}},
		{name: "all at once", edit: func(c *idtoken.Config) {
			*c = idtoken.Config{Domain: " ", Leeway: time.Hour, HS256ClientSecret: "short"}
		}, want: []string{"Domain", "ClientID", "HS256ClientSecret", "Leeway"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := idtoken.Config{ClientID: clientID}
			c.edit(&config)
			if c.from == nil {
				c.from = oneDomain
			}
			ids, err := idtoken.New(c.from, config)
			if (ids == nil) == (err == nil) {
				t.Fatalf("New = %v, %v: neither or both", ids, err)
			}
			if diff := cmp.Diff(c.want, faultyFields(t, err)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if err != nil && strings.Contains(err.Error(), "short") && !strings.Contains(err.Error(), "under 32") {
				t.Errorf("XCHG-15: %q holds the secret", err)
			}
		})
	}
	if _, err := idtoken.New(nil, idtoken.Config{ClientID: clientID}); !errors.Is(err, verifier.Misconfigured) {
		t.Errorf("New without a verifier: %v", err)
	}
}

// faultyFields are the fields that an error of New names.
func faultyFields(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var e *verifier.Error
	if !errors.As(err, &e) || e.Class != verifier.Misconfigured || e.Code != verifier.CodeConfig {
		t.Fatalf("error is %v", err)
	}
	joined, several := e.Err.(interface{ Unwrap() []error })
	if !several {
		t.Fatalf("cause is %T", e.Err)
	}
	var fields []string
	for _, err := range joined.Unwrap() {
		var field *verifier.FieldError
		if errors.As(err, &field) {
			fields = append(fields, field.Field)
		}
	}
	return fields
}

func TestDomains(t *testing.T) {
	clock := verifiertest.NewClock(noon)
	for _, c := range []struct {
		name   string
		issuer string
		config idtoken.Config
	}{
		{name: "the verifier's", issuer: issuerURL},
		{name: "DISC-01 a bare domain", issuer: "https://login.example/", config: idtoken.Config{Domain: "Login.example"}},
		{name: "DISC-03 a path", issuer: "https://login.example/realms/a", config: idtoken.Config{Domain: "https://login.example/realms/a"}},
		{name: "DISC-03 no trailing slash", issuer: "https://login.example", config: idtoken.Config{Domain: "https://login.example", ExactDomain: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			issuer := newIssuer(t, c.issuer, clock)
			c.config.ClientID = clientID
			ids, err := idtoken.New(newVerifier(t, issuer, clock, nil), c.config)
			if err != nil {
				t.Fatal(err)
			}
			token, err := issuer.IDToken(claims{"aud": clientID})
			if err != nil {
				t.Fatal(err)
			}
			if verified, err := ids.Verify(t.Context(), token, idtoken.Expect{}); err != nil || verified.Issuer != c.issuer {
				t.Errorf("Verify = %v, %v", verified, err)
			}
		})
	}
}

// The caller may change what it gave to New.
func TestNewCopies(t *testing.T) {
	clock := verifiertest.NewClock(noon)
	issuer := newIssuer(t, issuerURL, clock)
	config := idtoken.Config{ClientID: clientID, Algorithms: []string{"RS256"}, TrustedAudiences: []string{"other"}}
	ids, err := idtoken.New(newVerifier(t, issuer, clock, nil), config)
	if err != nil {
		t.Fatal(err)
	}
	config.Algorithms[0], config.TrustedAudiences[0] = "ES256", "third"
	token, err := issuer.IDToken(claims{"aud": []string{clientID, "other"}, "azp": clientID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ids.Verify(t.Context(), token, idtoken.Expect{}); err != nil {
		t.Error(err)
	}
}

// ID tokens are verified by the verifier's part for signatures, where it has one.
func TestSignatureVerifierIsAsked(t *testing.T) {
	clock := verifiertest.NewClock(noon)
	issuer := newIssuer(t, issuerURL, clock)
	v := newVerifier(t, issuer, clock, func(c *verifier.Config) { c.SignatureVerifier = refusing{} })
	ids, err := idtoken.New(v, idtoken.Config{ClientID: clientID})
	if err != nil {
		t.Fatal(err)
	}
	token, err := issuer.IDToken(claims{"aud": clientID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ids.Verify(t.Context(), token, idtoken.Expect{}); !errors.Is(err, verifier.CodeSignature) {
		t.Errorf("JWS-16: %v", err)
	}
}

// refusing takes no signature for good.
type refusing struct{}

func (refusing) VerifySignature(crypto.PublicKey, []byte, []byte, crypto.SignerOpts) (bool, error) {
	return false, nil
}
