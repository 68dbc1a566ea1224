package dpop_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/verifier"
	"github.com/holdfast-go/holdfast/verifier/dpop"
	"github.com/holdfast-go/holdfast/verifier/verifiertest"
)

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

const (
	method = "POST"
	target = "https://api.example/orders"
	token  = "access-token"
)

func newKey(t testing.TB, algorithm string) *verifiertest.Key {
	t.Helper()
	key := verifiertest.MustKey(t, algorithm, "k")
	return key
}

func newChecker(t testing.TB, config dpop.Config) (*dpop.Checker, *verifiertest.Clock) {
	t.Helper()
	clock := verifiertest.NewClock(noon)
	config.Clock = clock
	checker, err := dpop.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return checker, clock
}

// wantRule checks that err breaks exactly that rule, or is nil where rule is empty.
func wantRule(t testing.TB, err error, rule string) {
	t.Helper()
	var broken *dpop.Error
	switch {
	case rule == "":
		if err != nil {
			t.Errorf("rejected: %v", err)
		}
	case !errors.As(err, &broken):
		t.Errorf("error is %v, want one of rule %s", err, rule)
	case broken.Rule != rule:
		t.Errorf("error is %v, want one of rule %s", err, rule)
	}
}

// The catalogue has every form of a proof (conformance/catalogue). These are here for what it
// does not see: the defaults, and what a verifier never asks of a Checker.
func TestDPoPProof(t *testing.T) {
	type claims = verifiertest.Claims
	checker, clock := newChecker(t, dpop.Config{})
	prover := &verifiertest.Prover{Key: newKey(t, "ES256"), Clock: clock}
	for _, c := range []struct {
		name           string
		header, claims claims
		rule           string
	}{
		{name: "DPOP-FORM-01 good"},
		{name: "DPOP-FORM-03 not configured", header: claims{"alg": "ES384"}, rule: "DPOP-FORM-03"},
		{name: "DPOP-CLM-09 nbf malformed", claims: claims{"nbf": "0"}, rule: "DPOP-CLM-09"},
		{name: "DPOP-CLM-09 nbf out of range", claims: claims{"nbf": -1}, rule: "DPOP-CLM-09"},
	} {
		t.Run(c.name, func(t *testing.T) {
			proof := prover.MustProof(t, method, target, token, c.header, c.claims)
			_, err := checker.Check(proof, dpop.Request{Method: method, URL: target + "?query", AccessToken: token})
			wantRule(t, err, c.rule)
		})
	}

	for _, secret := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		t.Run("DPOP-FORM-04 jwk with "+secret, func(t *testing.T) {
			jwk := mustJWK(t, prover.Key)
			jwk[secret] = "AA"
			proof := prover.MustProof(t, method, target, token, claims{"jwk": jwk}, nil)
			_, err := checker.Check(proof, dpop.Request{Method: method, URL: target, AccessToken: token})
			wantRule(t, err, "DPOP-FORM-04")
		})
	}
	t.Run("DPOP-REQ-08 at and over the size bound", func(t *testing.T) {
		_, err := checker.Check(strings.Repeat("a", 8<<10), dpop.Request{})
		wantRule(t, err, "DPOP-FORM-01")
		_, err = checker.Check(strings.Repeat("a", 8<<10+1), dpop.Request{})
		wantRule(t, err, "DPOP-REQ-08")
	})
	t.Run("DPOP-CLM-02 empty, for a request without a method", func(t *testing.T) {
		proof := prover.MustProof(t, "", target, token, nil, nil)
		_, err := checker.Check(proof, dpop.Request{URL: target, AccessToken: token})
		wantRule(t, err, "DPOP-CLM-02")
	})
	t.Run("DPOP-CLM-10 the prepared hash", func(t *testing.T) {
		proof := prover.MustProof(t, method, target, token, nil, nil)
		for given, rule := range map[string]string{token: "", "another": "DPOP-CLM-10"} {
			_, err := checker.Check(proof, dpop.Request{Method: method, URL: target, AccessToken: token, AccessTokenHash: sha256.Sum256([]byte(given))})
			wantRule(t, err, rule)
		}
	})
	t.Run("DPOP-CLM-10 no token, no ath", func(t *testing.T) {
		proof := prover.MustProof(t, method, target, "", nil, nil)
		_, err := checker.Check(proof, dpop.Request{Method: method, URL: target})
		wantRule(t, err, "")
	})
}

func mustJWK(t testing.TB, key *verifiertest.Key) verifiertest.Claims {
	t.Helper()
	written, err := key.JWK()
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, written)
}

func TestDPoPAlgorithms(t *testing.T) {
	for _, alg := range verifier.Algorithms() {
		t.Run("DPOP-FORM-03 "+alg, func(t *testing.T) {
			// The size that a proof may have by default is one that the algorithm's keys and signatures fit in.
			checker, clock := newChecker(t, dpop.Config{Algorithms: []string{alg}})
			prover := &verifiertest.Prover{Key: newKey(t, alg), Clock: clock}
			proof := prover.MustProof(t, method, target, token, nil, nil)
			checked, err := checker.Check(proof, dpop.Request{Method: method, URL: target, AccessToken: token})
			wantRule(t, err, "")
			want, err := prover.Thumbprint()
			if err != nil || checked.Thumbprint != want {
				t.Errorf("thumbprint is %s, want %s, %v", checked.Thumbprint, want, err)
			}
		})
	}
	if _, err := dpop.New(dpop.Config{Algorithms: []string{"ES256", "HS256"}, MaxAge: -1, MaxProofBytes: -1}); err == nil ||
		!strings.Contains(err.Error(), "Algorithms[1]") || !strings.Contains(err.Error(), "MaxAge") || !strings.Contains(err.Error(), "MaxProofBytes") {
		t.Errorf("New = %v, want an error that names the fields", err)
	}
}

func TestDPoPProofIsWhatItSays(t *testing.T) {
	checker, clock := newChecker(t, dpop.Config{})
	prover := &verifiertest.Prover{Key: newKey(t, "ES256"), Clock: clock}
	check := func(claims verifiertest.Claims) *dpop.Proof {
		t.Helper()
		proof := prover.MustProof(t, method, target, token, nil, claims)
		checked, err := checker.Check(proof, dpop.Request{Method: method, URL: target, AccessToken: token})
		if err != nil {
			t.Fatal(err)
		}
		return checked
	}
	one := check(verifiertest.Claims{"jti": "id-1", "nonce": "n"})
	if one.ID != "id-1" || !one.IssuedAt.Equal(noon) || one.Nonce != "n" || !one.HasNonce {
		t.Errorf("proof is %+v", one)
	}
	// DPOP-RPL-04: until the last clock of the fleet calls the proof too old.
	for age, want := range map[int64]time.Duration{0: 331 * time.Second, 300: 31 * time.Second, -30: 361 * time.Second} {
		if got := check(verifiertest.Claims{"iat": noon.Unix() - age}).Window; got != want {
			t.Errorf("DPOP-RPL-04: window of a proof %d s old is %v, want %v", age, got, want)
		}
	}
	two := check(verifiertest.Claims{"jti": "id-2"})
	prover.Key = newKey(t, "ES256")
	other := check(verifiertest.Claims{"jti": "id-1"})
	if one.ReplayKey() == two.ReplayKey() || one.ReplayKey() == other.ReplayKey() || len(one.ReplayKey()) != 48 {
		t.Errorf("DPOP-RPL-02: replay keys %s, %s, %s", one.ReplayKey(), two.ReplayKey(), other.ReplayKey())
	}
}

func TestConfigIsHonoured(t *testing.T) {
	checker, clock := newChecker(t, dpop.Config{MaxAge: 10 * time.Second, Leeway: 5 * time.Second, MaxProofBytes: 1000})
	prover := &verifiertest.Prover{Key: newKey(t, "ES256"), Clock: clock}
	now := noon.Unix()
	for _, c := range []struct {
		name   string
		claims verifiertest.Claims
		rule   string
	}{
		{"DPOP-CLM-08 as old as it may be", verifiertest.Claims{"iat": now - 10}, ""},
		{"DPOP-CLM-08 older", verifiertest.Claims{"iat": now - 11}, "DPOP-CLM-08"},
		{"DPOP-CLM-08 as far ahead as it may be", verifiertest.Claims{"iat": now + 5}, ""},
		{"DPOP-CLM-08 further ahead", verifiertest.Claims{"iat": now + 6}, "DPOP-CLM-08"},
		{"DPOP-REQ-08 over the size bound", verifiertest.Claims{"x": strings.Repeat("x", 1000)}, "DPOP-REQ-08"},
	} {
		t.Run(c.name, func(t *testing.T) {
			proof := prover.MustProof(t, method, target, "", nil, c.claims)
			_, err := checker.Check(proof, dpop.Request{Method: method, URL: target})
			wantRule(t, err, c.rule)
		})
	}
	if got := checker.MaxWindow(); got != 21*time.Second {
		t.Errorf("DPOP-RPL-04: the longest window is %v, want MaxAge, twice Leeway and a second", got)
	}
}

func TestDPOPCLM04RequestURLThatIsNoTarget(t *testing.T) {
	checker, clock := newChecker(t, dpop.Config{})
	prover := &verifiertest.Prover{Key: newKey(t, "ES256"), Clock: clock}
	proof := prover.MustProof(t, method, target, token, nil, nil)
	for _, url := range []string{"/orders", `https://api.example/or\ders`, "ftp://api.example/orders", "https://a@api.example/orders"} {
		_, err := checker.Check(proof, dpop.Request{Method: method, URL: url, AccessToken: token})
		wantRule(t, err, "DPOP-CLM-04")
	}
}

func TestConfig(t *testing.T) {
	for name, config := range map[string]dpop.Config{
		"an unknown algorithm":    {Algorithms: []string{"ES256", "HS256"}},
		"a negative age":          {MaxAge: -1},
		"a negative size":         {MaxProofBytes: -1},
		"a clock that is nothing": {Clock: (*verifiertest.Clock)(nil)},
	} {
		if _, err := dpop.New(config); err == nil {
			t.Errorf("New takes %s", name)
		}
	}
	if _, err := dpop.New(dpop.Config{}); err != nil {
		t.Error(err)
	}
}

// FuzzCheck has header and payload of a proof made up, and signs them, so that every check is reached. What is accepted
// keeps the rules as encoding/json reads it.
func FuzzCheck(f *testing.F) {
	checker, clock := newChecker(f, dpop.Config{})
	prover := &verifiertest.Prover{Key: newKey(f, "ES256"), Clock: clock}
	thumbprint := prover.MustThumbprint(f)
	jwk, err := prover.Key.JWK()
	if err != nil {
		f.Fatal(err)
	}
	sum := sha256.Sum256([]byte(token))
	ath := base64.RawURLEncoding.EncodeToString(sum[:])
	header := fmt.Sprintf(`{"typ":"dpop+jwt","alg":"ES256","jwk":%s}`, jwk)
	f.Add(header, fmt.Sprintf(`{"jti":"1","htm":"POST","htu":%q,"iat":%d,"ath":%q}`, target, noon.Unix(), ath))
	f.Add(header, fmt.Sprintf(`{"jti":"\u0031","htm":"POST","htu":"%s?a#b","iat":%d.5,"ath":%q,"exp":1e10,"nbf":0,"nonce":""}`, target, noon.Unix()-300, ath))
	f.Add(`{}`, `{}`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		proof, err := prover.Key.Sign([]byte(header), []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		checked, err := checker.Check(proof, dpop.Request{Method: method, URL: target, AccessToken: token})
		if err != nil {
			var broken *dpop.Error
			if checked != nil || !errors.As(err, &broken) || broken.Rule == "" {
				t.Errorf("Check = %v, %v", checked, err)
			}
			return
		}
		var claims map[string]any // a struct would take names in any case
		decoder := json.NewDecoder(strings.NewReader(payload))
		decoder.UseNumber() // a claim that is not looked at may be beyond float64
		if err := decoder.Decode(&claims); err != nil {
			t.Fatalf("encoding/json: %v", err)
		}
		jti, _ := claims["jti"].(string)
		iat, _ := claims["iat"].(json.Number)
		issuedAt, _ := iat.Float64()
		age := float64(noon.Unix()) - issuedAt
		switch {
		case checked.Thumbprint != thumbprint:
			t.Errorf("the key is %s", checked.Thumbprint)
		case jti != checked.ID || strings.TrimSpace(jti) == "":
			t.Errorf("jti is %q, read as %q", jti, checked.ID)
		case claims["htm"] != method || claims["ath"] != ath:
			t.Errorf("accepted with htm %v and ath %v", claims["htm"], claims["ath"])
		case age > 300 || age < -30:
			t.Errorf("accepted with an age of %v s", age)
		case checked.Window <= 0 || checked.Window > checker.MaxWindow():
			t.Errorf("DPOP-RPL-04: the window is %v", checked.Window)
		}
	})
}

// modulus returns an odd number of that many bits, which is enough of an RSA key to be measured.
func modulus(bits uint) string {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return base64.RawURLEncoding.EncodeToString(n.SetBit(n, 0, 1).Bytes())
}

// Whoever sends a proof chose its key, and with it what a verification costs.
func TestFaultProofKeysAreBounded(t *testing.T) {
	checker, clock := newChecker(t, dpop.Config{Algorithms: []string{"RS256"}})
	prover := &verifiertest.Prover{Key: newKey(t, "RS256"), Clock: clock}
	const verified = "DPOP-FORM-06" // what is wrong once the key has been taken
	for _, c := range []struct {
		name     string
		bits     uint
		exponent []byte
		rule     string
	}{
		{"DPOP-FORM-05 2047 bits", 2047, []byte{1, 0, 1}, "DPOP-FORM-05"},
		{"DPOP-FORM-05 2048 bits", 2048, []byte{1, 0, 1}, verified},
		{"DPOP-FORM-05 4096 bits", 4096, []byte{1, 0, 1}, verified},
		{"DPOP-FORM-05 4097 bits", 4097, []byte{1, 0, 1}, "DPOP-FORM-05"},
		{"DPOP-FORM-05 16384 bits", 16384, []byte{1, 0, 1}, "DPOP-FORM-05"},
		{"DPOP-FORM-05 exponent 3", 2048, []byte{3}, verified},
		{"DPOP-FORM-05 exponent 65539", 2048, []byte{1, 0, 3}, "DPOP-FORM-05"},
	} {
		t.Run(c.name, func(t *testing.T) {
			jwk := verifiertest.Claims{"kty": "RSA", "n": modulus(c.bits), "e": base64.RawURLEncoding.EncodeToString(c.exponent)}
			proof := prover.MustProof(t, method, target, token, verifiertest.Claims{"jwk": jwk}, nil)
			_, err := checker.Check(proof, dpop.Request{Method: method, URL: target, AccessToken: token})
			wantRule(t, err, c.rule)
		})
	}
}

func TestFaultProofKeyIsComparedBeforeItsSignatureIsVerified(t *testing.T) {
	checker, clock := newChecker(t, dpop.Config{})
	prover := &verifiertest.Prover{Key: newKey(t, "ES256"), Clock: clock}
	bound := prover.MustThumbprint(t)
	another := &verifiertest.Prover{Key: newKey(t, "ES256"), Clock: clock}
	for _, c := range []struct {
		name    string
		prover  *verifiertest.Prover
		header  verifiertest.Claims
		rule    string
		binding bool
	}{
		{name: "DPOP-BIND-01 the key", prover: prover},
		{name: "DPOP-BIND-01 another key", prover: another, rule: "DPOP-BIND-01", binding: true},
		{name: "DPOP-BIND-01 another key, and a signature that is not its", prover: prover,
			header: verifiertest.Claims{"jwk": mustJWK(t, another.Key)}, rule: "DPOP-BIND-01", binding: true},
		{name: "DPOP-FORM-06 the key, and a signature that is not its", prover: another,
			header: verifiertest.Claims{"jwk": mustJWK(t, prover.Key)}, rule: "DPOP-FORM-06"},
	} {
		t.Run(c.name, func(t *testing.T) {
			proof := c.prover.MustProof(t, method, target, token, c.header, nil)
			_, err := checker.Check(proof, dpop.Request{Method: method, URL: target, AccessToken: token, Thumbprint: bound})
			wantRule(t, err, c.rule)
			var broken *dpop.Error
			if errors.As(err, &broken) && broken.Binding != c.binding {
				t.Errorf("error is %v, Binding %v", err, broken.Binding)
			}
		})
	}
}
