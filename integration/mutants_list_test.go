package integration

import (
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/conformance"
	"github.com/holdfast-go/holdfast/conformance/player"
	"github.com/holdfast-go/holdfast/ports"
	"github.com/holdfast-go/holdfast/verifier"
)

// refusedBy are rules whose violations a verifier refuses by another rule: what they forbid is what that one checks.
var refusedBy = map[string]string{
	"CLAIM-ISS-04": "CACHE-05", "CRED-10": "CLAIM-EXP-02", "DISC-12": "CLAIM-ISS-02", "DISC-15": "CLAIM-ISS-02", "JWS-17": "JWS-16",
	"KEYS-05": "CACHE-05", "KEYS-06": "CACHE-05", "MTLS-03": "MTLS-02", "MTLS-04": "MTLS-02", "NONCE-02": "NONCE-01",
	"PROXY-01": "DPOP-CLM-04", "PROXY-02": "DPOP-CLM-04", "PROXY-03": "DPOP-CLM-04", "STEP-03": "STEP-01",
}

// mutants are those that do not just accept what their rule refuses.
var mutants = slices.Concat([]mutant{
	// Configurations.
	{
		rules: []string{"CLAIM-AUD-04", "DISC-02", "DISC-08", "DISC-16", "KEYS-11"}, does: "starts with settings that can't work",
		also: []string{"CLAIM-CLI-03", "CLAIM-EXP-02", "CLAIM-ISS-05", "CLAIM-REQ-02", "DISC-15", "DISC-17"},
		only: player.Case.Starts,
		Mutant: conformance.Mutant{Config: func(good verifier.Config, config *verifier.Config) {
			if v, err := verifier.New(*config); err == nil {
				_ = v.Close()
				return
			}
			*config = good
		}},
	},
	{
		rules: []string{"CLAIM-ISS-05"}, does: "has one policy for all issuers", also: []string{"CLAIM-AUD-02", "CLAIM-CLI-02"},
		Mutant: configured(func(c *verifier.Config) {
			if len(c.Audiences) == 0 {
				return // there is none for all
			}
			c.Domains = slices.Clone(c.Domains)
			for i, d := range c.Domains {
				c.Domains[i] = ports.Domain{Issuer: d.Issuer, Exact: d.Exact, Keys: d.Keys}
			}
		}),
	},
	{rules: []string{"CACHE-03"}, does: "uses no key past the time after which it is fetched again", also: []string{"CACHE-04", "CACHE-15", "KEYS-09", "KEYS-10", "KEYS-12"}, Mutant: configured(func(c *verifier.Config) { c.Keys.HardTTL = player.SoftTTL })},
	{rules: []string{"CACHE-04"}, does: "uses keys of an issuer that is away for 48 h", Mutant: configured(func(c *verifier.Config) { c.Keys.HardTTL = 48 * time.Hour })},
	{rules: []string{"CACHE-16"}, does: "has a clock that can't be set back", also: []string{"NONCE-02"}, Mutant: configured(func(c *verifier.Config) { c.Clock = &onward{clock: c.Clock} })},
	{rules: []string{"CACHE-19"}, does: "fetches metadata for each request", also: []string{"CACHE-01", "CACHE-02", "CACHE-03", "CACHE-05", "CACHE-07", "CACHE-17", "CLAIM-ISS-03"}, Mutant: asking("")},
	{rules: []string{"DPOP-RPL-03"}, does: "remembers no proof", also: []string{"DPOP-RPL-01", "DPOP-RPL-04", "DPOP-RPL-05", "DPOP-RPL-06"}, Mutant: configured(func(c *verifier.Config) { c.DPoP.ReplayStore = forgetful{} })},

	// Fetches.
	{rules: []string{"CACHE-01"}, does: "does not look at how long an issuer's keys are fresh", Mutant: fetching(func(_ string, d ports.Document) (ports.Document, error) {
		d.Fresh = min(d.Fresh, 0)
		return d, nil
	})},
	{rules: []string{"CACHE-02"}, does: "keeps keys for 10 minutes that must not be stored", Mutant: fetching(func(_ string, d ports.Document) (ports.Document, error) {
		d.Fresh = max(d.Fresh, 0)
		return d, nil
	})},
	{rules: []string{"CACHE-07"}, does: "fetches everything twice", also: []string{"CACHE-01", "CACHE-02", "CACHE-03", "CACHE-05", "CACHE-17"}, Mutant: configured(func(c *verifier.Config) { c.Fetcher = twice{c.Fetcher} })},
	{rules: []string{"CACHE-08", "CACHE-15"}, does: "takes the keys that it fetched first for those that it fetches", also: []string{"CACHE-05", "CACHE-17"}, Mutant: configured(func(c *verifier.Config) { c.Fetcher = &frozen{fetcher: c.Fetcher} })},
	{rules: []string{"CACHE-14"}, does: "never again asks an issuer that failed once", Mutant: configured(func(c *verifier.Config) { c.Fetcher = &frozen{fetcher: c.Fetcher, failures: true} })},
	{rules: []string{"DISC-05"}, does: "takes metadata that name another issuer", also: []string{"DISC-17"}, Mutant: fetching(members("issuer", func(from string, _ any) any {
		return strings.TrimSuffix(from, ".well-known/openid-configuration")
	}))},
	{rules: []string{"DISC-06"}, does: "mends the URL of the keys", also: []string{"DISC-17"}, Mutant: fetching(members("jwks_uri", func(from string, value any) any {
		text, _ := value.(string)
		u, err := url.Parse(text)
		if err != nil {
			return value
		}
		u.Scheme, u.User, u.Fragment = "https", nil, ""
		return u.String()
	}))},
	{rules: []string{"KEYS-03"}, does: "has one key for each kid", Mutant: fetching(keys(func(all []map[string]any) []map[string]any {
		kept := make(map[any]bool)
		return slices.DeleteFunc(all, func(key map[string]any) bool {
			kid := key["kid"]
			defer func() { kept[kid] = true }()
			return kept[kid]
		})
	}))},
	{rules: []string{"KEYS-04"}, does: "does not look at what a key is for", Mutant: fetching(keys(func(all []map[string]any) []map[string]any {
		for _, key := range all {
			delete(key, "use")
			delete(key, "key_ops")
		}
		return all
	}))},
	{rules: []string{"KEYS-07"}, does: "uses a key that was published with its private half", Mutant: fetching(keys(func(all []map[string]any) []map[string]any {
		for _, key := range all {
			delete(key, "d")
		}
		return all
	}))},
	{rules: []string{"KEYS-08"}, does: "refuses a set of keys for one that it does not know", also: []string{"JWS-11", "KEYS-03", "KEYS-04", "KEYS-05", "KEYS-06", "KEYS-07"},
		Mutant: configured(func(c *verifier.Config) {
			c.Fetcher = documents{c.Fetcher, keysOrError(func(all []map[string]any) error {
				for _, key := range all {
					if !slices.Contains([]any{"RSA", "EC", "OKP"}, key["kty"]) {
						return errors.New("a key of an unknown type")
					}
				}
				return nil
			})}
		})},
	{rules: []string{"KEYS-10"}, does: "takes at most 50 keys of an issuer", Mutant: configured(func(c *verifier.Config) {
		c.Fetcher = documents{c.Fetcher, keysOrError(func(all []map[string]any) error {
			if len(all) > 50 {
				return errors.New("over 50 keys")
			}
			return nil
		})}
	})},
	{rules: []string{"CLAIM-ISS-03"}, does: "asks an issuer that it does not trust", Mutant: asking("CLAIM-ISS-02")},

	// Requests and proofs.
	{rules: []string{"CRED-02"}, does: "looks at the case of the scheme's name", answer: refusing(func(r player.Request) bool {
		scheme, _ := credentials(r)
		return scheme != "" && scheme != "Bearer" && scheme != "DPoP"
	})},
	{rules: []string{"CRED-10"}, does: "demands credentials where they are optional", answer: refusing(func(r player.Request) bool {
		scheme, _ := credentials(r)
		return scheme == "" && r.Path == "/resource"
	})},
	{rules: []string{"DPOP-CLM-05"}, does: "compares queries and fragments too", answer: refusing(func(r player.Request) bool {
		return strings.ContainsAny(proofTarget(r)+r.Path, "?#") && proofTarget(r) != ""
	})},
	{rules: []string{"DPOP-CLM-06"}, does: "compares URLs without normalising them", also: []string{"PROXY-03"}, answer: refusing(func(r player.Request) bool {
		htu, _, _ := strings.Cut(proofTarget(r), "?")
		htu, _, _ = strings.Cut(htu, "#")
		path, _, _ := strings.Cut(r.Path, "?")
		return htu != "" && !strings.HasSuffix(htu, path) || strings.HasPrefix(htu, "HTTPS:") || strings.Contains(htu, "api.example:") || strings.Contains(htu, "API.")
	})},
	{rules: []string{"DPOP-CLM-07"}, does: "compares only hosts, and paths without their slashes and case", answer: accepting("DPOP-CLM-04", func(r player.Request) bool {
		return loosePath(proofTarget(r)) == loosePath(player.APIURL+r.Path)
	})},
	{rules: []string{"DPOP-RPL-02"}, does: "remembers a jti whatever the key", Mutant: conformance.Mutant{Target: rememberingIDs(false)}},
	{rules: []string{"DPOP-RPL-04"}, does: "counts a use that is bad otherwise", also: []string{"DPOP-RPL-02"}, Mutant: conformance.Mutant{Target: rememberingIDs(true)}},
	{rules: []string{"NONCE-04"}, does: "refuses a nonce that it did not ask for", answer: refusing(func(r player.Request) bool {
		nonce, has := claimsOf(proofOf(r))["nonce"]
		return has && (nonce == "made-up" || nonce == 1.0)
	})},

	{rules: []string{"PROXY-07"}, does: "looks at what is forwarded where no proof needs it", answer: refusing(func(r player.Request) bool {
		return proofOf(r) == "" && slices.Contains(r.Header["X-Forwarded-Proto"], "x")
	})},

	// Tokens.
	{rules: []string{"CLAIM-ISS-04"}, does: "takes the key of any issuer", also: []string{"JWS-14"}, answer: accepting("CACHE-05", func(r player.Request) bool {
		return headerOf(accessToken(r))["kid"] == "key-"+player.OtherKey
	})},
	{rules: []string{"CLAIM-ISS-06"}, does: "takes the trust domain in sub for the issuer", answer: accepting("CLAIM-ISS-01", func(r player.Request) bool {
		subject, _ := claimsOf(accessToken(r))["sub"].(string)
		return strings.HasPrefix(subject, "spiffe://")
	})},
	{rules: []string{"JWS-06"}, does: "finds members whatever their case", answer: func(r player.Request, rule string, a player.Answer) player.Answer {
		for name := range claimsOf(accessToken(r)) {
			if lower := strings.ToLower(name); lower != name && slices.Contains([]string{"iss", "exp", "aud"}, lower) && a.Status != http.StatusOK {
				return accepted
			}
		}
		return a
	}},
	{rules: []string{"JWS-14"}, does: "takes the key that comes with a token", answer: func(r player.Request, rule string, a player.Answer) player.Answer {
		if fields := headerOf(accessToken(r)); a.Status != http.StatusOK && (fields["jwk"] != nil || fields["jku"] != nil) {
			return accepted
		}
		return a
	}},
	{rules: []string{"JWS-15"}, does: "takes ECDSA signatures of any length", answer: accepting("JWS-16", func(r player.Request) bool {
		signed := strings.Split(accessToken(r), ".")
		signature, err := base64.RawURLEncoding.DecodeString(signed[len(signed)-1])
		return err == nil && headerOf(accessToken(r))["alg"] == "ES256" && len(signature) != 64
	})},
	{rules: []string{"JWS-19"}, does: "does not know that EdDSA and Ed25519 are one algorithm", also: []string{"DPOP-FORM-03", "JWS-08"}, answer: refusing(func(r player.Request) bool {
		return headerOf(accessToken(r))["alg"] == "Ed25519" || headerOf(proofOf(r))["alg"] == "Ed25519"
	})},
	{rules: []string{"TYP-03"}, does: "takes no other typ than at+jwt", answer: refusing(func(r player.Request) bool {
		typ, _ := headerOf(accessToken(r))["typ"].(string)
		return headerOf(accessToken(r)) != nil && (typ == "" || strings.EqualFold(typ, "jwt"))
	})},
	{rules: []string{"RAR-05"}, does: "refuses malformed details that no one asks for", answer: refusing(func(r player.Request) bool {
		_, isText := claimsOf(accessToken(r))["authorization_details"].(string)
		return isText
	})},

	// What can't be decided.
	{
		rules: []string{"CACHE-06", "CACHE-17", "CACHE-18", "CHAL-09", "DISC-07", "DISC-13", "DISC-17", "DPOP-RPL-06", "KEYS-09", "KEYS-12"}, does: "lets a request pass when it can't get the keys",
		also: []string{"CACHE-04", "CACHE-14", "CACHE-16", "CACHE-19", "DISC-05", "DISC-06", "DPOP-RPL-05", "DPOP-RPL-08", "KEYS-10"},
		answer: func(_ player.Request, _ string, a player.Answer) player.Answer {
			if a.Status == http.StatusServiceUnavailable {
				return accepted
			}
			return a
		},
	},
}, answers)

// noMutant are rules without a mutant, and why.
var noMutant = map[string]string{}

// answers are mutants that decide rightly, and answer wrongly.
var answers = []mutant{
	{rules: []string{"ACT-01"}, does: "tells of no actor", also: []string{"ACT-02", "ACT-04", "ACT-05"}, answer: body(func(a *actors) { a.Actors = nil })},
	{rules: []string{"ACT-02"}, does: "tells the oldest actor first", also: []string{"ACT-01", "ACT-05"}, answer: body(func(a *actors) { slices.Reverse(a.Actors) })},
	{rules: []string{"CHAL-01"}, does: "answers 401 without a challenge", also: []string{
		"CHAL-04", "CHAL-05", "CHAL-06", "CHAL-07", "CLAIM-REQ-03", "CLAIM-SCP-02", "CRED-01", "CRED-07", "DPOP-REQ-06", "META-03",
		"NONCE-01", "NONCE-02", "NONCE-03", "NONCE-04", "NONCE-05", "RAR-03", "STEP-03",
	}, answer: fields(func(a *player.Answer) { delete(a.Header, "Www-Authenticate") })},
	{rules: []string{"CHAL-02"}, does: "does not escape the realm", answer: fields(func(a *player.Answer) {
		for i, value := range a.Header["Www-Authenticate"] {
			a.Header["Www-Authenticate"][i] = strings.ReplaceAll(value, `\`, "")
		}
	})},
	{rules: []string{"CHAL-03"}, does: "answers with text of the request", answer: func(r player.Request, _ string, a player.Answer) player.Answer {
		a.Header = maps.Clone(a.Header)
		if a.Header == nil {
			a.Header = make(map[string][]string)
		}
		a.Header["X-Request"] = []string{r.Path}
		for _, values := range r.Header {
			for _, value := range values {
				a.Header["X-Request"] = append(a.Header["X-Request"], value)
				for part := range strings.SplitSeq(strings.ReplaceAll(value, " ", "."), ".") {
					if decoded, err := base64.RawURLEncoding.DecodeString(part); err == nil {
						a.Header["X-Request"] = append(a.Header["X-Request"], string(decoded))
					}
				}
			}
		}
		return a
	}},
	{rules: []string{"CHAL-04"}, does: "names no algorithms of proofs", also: []string{"DPOP-REQ-06"}, answer: challenging(func(all []player.Challenge) []player.Challenge {
		for _, c := range all {
			delete(c.Params, "algs")
		}
		return all
	})},
	{rules: []string{"CHAL-05"}, does: "offers Bearer and DPoP whatever it takes", answer: challenging(func(all []player.Challenge) []player.Challenge {
		for _, scheme := range []string{"Bearer", "DPoP"} {
			if !slices.ContainsFunc(all, func(c player.Challenge) bool { return c.Scheme == scheme }) {
				all = append(all, player.Challenge{Scheme: scheme, Params: map[string]string{"realm": "api", "algs": "ES256"}})
			}
		}
		return all
	})},
	{rules: []string{"CHAL-06"}, does: "tells an error in every challenge", also: []string{"CHAL-07"}, answer: challenging(func(all []player.Challenge) []player.Challenge {
		if !slices.ContainsFunc(all, player.Challenge.TellsError) {
			return all
		}
		for _, c := range all {
			if !c.TellsError() {
				c.Params["error"] = "invalid_token"
			}
		}
		return all
	})},
	{rules: []string{"CHAL-07"}, does: "tells an error where no credentials came", answer: challenging(func(all []player.Challenge) []player.Challenge {
		if !slices.ContainsFunc(all, player.Challenge.TellsError) {
			all[0].Params["error"] = "invalid_request"
		}
		return all
	})},
	{rules: []string{"CHAL-08"}, does: "has a bare Bearer challenge where it tells no error", also: []string{"CHAL-12"}, answer: challenging(func(all []player.Challenge) []player.Challenge {
		for _, c := range all {
			if c.Scheme == "Bearer" && !c.TellsError() {
				clear(c.Params)
			}
		}
		return all
	})},
	{rules: []string{"CHAL-11"}, does: "does not forbid to store an answer", also: []string{"NONCE-05"}, answer: fields(func(a *player.Answer) { delete(a.Header, "Cache-Control") })},
	{rules: []string{"CHAL-12"}, does: "does not name the scope that a route needs", also: []string{"CLAIM-SCP-02"}, answer: challenging(func(all []player.Challenge) []player.Challenge {
		for _, c := range all {
			delete(c.Params, "scope")
		}
		return all
	})},
	{rules: []string{"META-01"}, does: "serves no metadata", also: []string{"META-02"}, answer: func(r player.Request, _ string, a player.Answer) player.Answer {
		if strings.HasPrefix(r.Path, player.MetadataPath) {
			return player.Answer{Status: http.StatusNotFound}
		}
		return a
	}},
	{rules: []string{"META-01"}, does: "serves metadata as text, and to no script", answer: fields(func(a *player.Answer) {
		a.Header["Content-Type"] = []string{"text/plain"}
		delete(a.Header, "Access-Control-Allow-Origin")
	})},
	{rules: []string{"META-02"}, does: "serves the metadata of another resource", answer: func(r player.Request, _ string, a player.Answer) player.Answer {
		if strings.HasPrefix(r.Path, player.MetadataPath) {
			a.Body = []byte(`{"resource":"https://other.example"}`)
		}
		return a
	}},
	{rules: []string{"META-03"}, does: "does not tell where its metadata are", also: []string{"CHAL-08"}, answer: challenging(func(all []player.Challenge) []player.Challenge {
		for _, c := range all {
			delete(c.Params, "resource_metadata")
		}
		return all
	})},
	{rules: []string{"NONCE-03"}, does: "gives no nonce with a good answer", answer: fields(func(a *player.Answer) {
		if a.Status == http.StatusOK {
			delete(a.Header, "Dpop-Nonce")
		}
	})},
	{rules: []string{"NONCE-05"}, does: "does not forbid to store a nonce", answer: fields(func(a *player.Answer) {
		if a.Header["Dpop-Nonce"] != nil {
			delete(a.Header, "Cache-Control")
		}
	})},
}
