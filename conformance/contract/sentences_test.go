package contract

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unproven are the sentences of the ports' comments that no case proves, and why. The rest of each port's comments is
// proven, as [TestEverySentence] holds.
var unproven = map[string][]struct{ source, sentence, why string }{
	"Cache": {
		{"ports/cache.go, Cache", "A Cache holds opaque bytes for a while", introduction},
		{"ports/cache.go, Cache", "A Cache may forget any entry at any time; forgetting costs a fetch", permission},
		{"ports/cache.go, Cache", "What it returns is untrusted input to the domain, which authenticates it if the application configured a secret", ofVerifier},
		{"ports/doc.go", callersOwn, "Cache.Get and Cache.Set say it again, and are tried"},
		{"ports/doc.go", cannotTell, "Cache.Get says it again, and is tried"},
	},
	"ReplayStore": {
		{"ports/replay.go, ReplayStore", "A ReplayStore remembers what may be used once only: the proofs of RFC 9449 section 11.1", introduction},
		{"ports/replay.go, ReplayStore", "A store that evicts under pressure, or loses its memory on a restart, opens a replay window; its documentation must say so", ofDocumentation},
		{"ports/replay.go, ReplayStore.FirstUse", "After an error the key may or may not be remembered", permission},
		{"ports/doc.go", callersOwn, "no slice or map crosses this port"},
		{"ports/doc.go", cannotTell, "FirstUse says it again, and is tried"},
	},
	"Fetcher": {
		{"ports/fetch.go, Fetcher", "A Fetcher gets a JSON document that an issuer publishes: its metadata or its key set", introduction},
		{"ports/fetch.go, Fetcher", "It is given absolute https URLs (or http ones of a loopback host, where the application allowed them by a name that says insecure)", ofVerifier},
		{"ports/fetch.go, Fetcher", "They come from configuration or from metadata that the configured issuer served, never from a token", ofVerifier},
		{"ports/fetch.go, Document", "A Document is the answer to one Fetcher.Fetch", introduction},
		{"ports/doc.go", cannotTell, "a fetch has no other answer than the document"},
	},
	"TokenEndpoint": {
		{"ports/token.go, TokenEndpoint", "A TokenEndpoint sends requests to an authorization server's token endpoint (RFC 6749 section 3.2), and to its revocation endpoint (RFC 7009) and UserInfo endpoint (OpenID Connect Core section 5.3), the latter with an empty form", introduction},
		{"ports/token.go, TokenEndpoint", "It is given absolute https URLs (or http ones of a loopback host, where the application allowed them by a name that says insecure)", ofVerifier},
		{"ports/token.go, TokenEndpoint", "They come from configuration or from metadata that the configured issuer served", ofVerifier},
		{"ports/token.go, TokenRequest", "A TokenRequest is a request to a token endpoint", introduction},
		{"ports/token.go, TokenRequest", "It holds the client's credentials", introduction},
		{"ports/token.go, TokenRequest.URL", "URL is the token endpoint", introduction},
		{"ports/token.go, TokenRequest.Form", "Form holds the parameters of the body, decoded; a name may have several values", "PostForm says how they are sent, and is tried"},
		{"ports/token.go, TokenRequest.Header", "Header holds the header fields that go with them, by names as net/http spells them: Authorization, Dpop", "PostForm says how they are sent, and is tried"},
		{"ports/token.go, TokenResponse", "A TokenResponse is the answer to one TokenEndpoint.PostForm", introduction},
		{"ports/token.go, TokenResponse.Status", "Status is the HTTP status", "PostForm says it again, and is tried"},
		{"ports/doc.go", cannotTell, "a request has no other answer than the response"},
		{"ports/doc.go", noCredentials, "the port's own comment says more, and is tried"},
	},
	"Clock": {
		{"ports/clock.go, Clock", "A Clock tells the time", introduction},
		{"ports/clock.go, Clock", "Every decision of the domain that depends on time asks it, so that a test can stand at the edge of a window", ofVerifier},
		{"ports/clock.go, Clock.Now", "It may step back (clocks are set); the domain must then neither panic nor accept what has expired by the clock's own word", ofVerifier},
		{"ports/doc.go", safeForConcurrentUse, "the port's own comment says it again, and is tried"},
		{"ports/doc.go", obeysContext, "no context crosses this port"},
		{"ports/doc.go", callersOwn, "no slice or map crosses this port"},
		{"ports/doc.go", neverPanics, "no server answers it"},
		{"ports/doc.go", cannotTell, "no error crosses this port"},
		{"ports/doc.go", noCredentials, "no error crosses this port"},
	},
	"DomainResolver": {
		{"ports/domain.go, DomainResolver", "A DomainResolver says which issuers a request may come from, for an application whose issuers differ by tenant, host or path", introduction},
		{"ports/domain.go, DomainResolver", "It is asked on each verification, before any request leaves the process, so it should answer from memory", "advice"},
		{"ports/domain.go, DomainResolver.ResolveDomains", "To reject an unknown tenant return the domains that would be accepted", "advice: an error is allowed too"},
		{"ports/domain.go, DomainQuery", "A DomainQuery is what is known of a request before anything of it has been verified", introduction},
		{"ports/domain.go, DomainQuery.UnverifiedIssuer", "UnverifiedIssuer is the iss claim of the token, as sent", ofVerifier},
		{"ports/domain.go, DomainQuery.UnverifiedIssuer", "Nothing vouches for it yet", ofVerifier},
		{"ports/domain.go, DomainQuery.Header", "It has no Host: net/http takes that out of the header, and the host that a client writes counts only where the adapter accepts it", ofVerifier},
		{"ports/domain.go, DomainQuery.Header", "A tenant's host is that of URL", "advice"},
		{"ports/doc.go", cannotTell, "ResolveDomains says it again, and is tried"},
	},
	"SignatureVerifier": {
		{signatureType, "A SignatureVerifier verifies signatures in place of the standard library, for speed: the same public keys come again and again, so it may prepare a key once and verify with it often", introduction},
		{signatureType, "What it accepts, package verifier accepts", ofVerifier},
		{signatureType, "It is asked only about keys within the bounds of package verifier (RSA of 2048 to 16384 bits with an odd modulus and an odd exponent of 3 to 2³¹-1, points that are on their curve), about algorithms that fit the key, and about signatures of the right length", ofVerifier},
		{signatureType, "It must bound its memory: a client chooses its own key", "how much it may take is its own to say; its own tests show it"},
		{verifySignature, "The signature is as long as the modulus", ofVerifier},
		{verifySignature, "The signature is r and s, each as long as the order of the curve (RFC 7518 section 3.4)", "every signature that is tried has this form"},
		{verifySignature, "The digest is the message itself", "every signature that is tried has this form"},
		{"ports/doc.go", obeysContext, "no context crosses this port"},
		{"ports/doc.go", callersOwn, "VerifySignature says it again, and is tried"},
		{"ports/doc.go", cannotTell, "VerifySignature says it again, and is tried"},
		{"ports/doc.go", noCredentials, "a verifier is given none"},
	},
}

// Why a sentence can't be proven of a port.
const (
	introduction    = "says what the thing is for"
	permission      = "a permission"
	ofVerifier      = "a promise of package verifier"
	ofDocumentation = "about documentation"

	answered   = "Package verifier answers it with the class undecidable (503), or does without the port where that is safe (a cache, a signature verifier)"
	panicked   = "Package verifier takes a panic for an error of the port, and logs it with its stack; one on a goroutine that the implementation started ends the process"
	cannotTell = `An error means "cannot tell", never "no"`
)

// TestEverySentence holds the contracts against the comments word for word: each sentence of a port is proven by a case
// or listed as one that can't be, and neither cases nor the list speak of sentences that are not there.
func TestEverySentence(t *testing.T) {
	written := writtenSentences(t)
	contracts := map[string][]clause{
		"Cache":          clauses(cacheContract()),
		"ReplayStore":    clauses(replayContract()),
		"Fetcher":        clauses(fetchContract()),
		"TokenEndpoint":  clauses(tokenContract()),
		"Clock":          clauses(clockContract()),
		"DomainResolver": clauses(domainContract()),

		"SignatureVerifier": clauses(signatureContract()),
	}
	// The structs that cross a port, whose comments belong to its contract. What a Domain demands of tokens is for the
	// verifier to do, and proven by the catalogue.
	values := map[string][]string{
		"Fetcher":        {"Document"},
		"TokenEndpoint":  {"TokenRequest", "TokenResponse"},
		"DomainResolver": {"DomainQuery"},
	}
	for port, contract := range contracts {
		t.Run(port, func(t *testing.T) {
			told := map[[2]string]bool{{"ports/doc.go", answered}: true, {"ports/doc.go", panicked}: true} // promises of package verifier
			for _, c := range contract {
				told[[2]string{c.source, c.sentence}] = true
			}
			for _, u := range unproven[port] {
				if told[[2]string{u.source, u.sentence}] {
					t.Errorf("listed as unproven, and proven: %s (%s)", u.sentence, u.source)
				}
				told[[2]string{u.source, u.sentence}] = true
			}
			for sentence := range told {
				if !slices.Contains(written[sentence[0]], sentence[1]) {
					t.Errorf("no sentence of package ports: %s (%s)", sentence[1], sentence[0])
				}
			}
			for source, sentences := range written {
				_, symbol, _ := strings.Cut(source, ", ")
				owner, _, _ := strings.Cut(symbol, ".")
				if symbol != "" && owner != port && !slices.Contains(values[port], owner) {
					continue
				}
				for _, sentence := range sentences {
					if !told[[2]string{source, sentence}] {
						t.Errorf("neither proven nor listed: %s (%s)", sentence, source)
					}
				}
			}
		})
	}
}

func clauses[T any](cases []contractCase[T]) []clause {
	var all []clause
	for _, c := range cases {
		all = append(all, c.clause)
	}
	return all
}

// writtenSentences returns the sentences of package ports' comments by where they are; of the package's own comment
// those that hold for every port.
func writtenSentences(t *testing.T) map[string][]string {
	t.Helper()
	const dir = "../../ports"
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files in %s, error %v", len(files), dir, err)
	}
	written := make(map[string][]string)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		source := "ports/" + filepath.Base(name)
		if _, general, found := strings.Cut(file.Doc.Text(), "What holds for every port:"); found {
			general, _, _ = strings.Cut(general, "\nInterfaces here stay small")
			for _, sentence := range sentencesOf(general) {
				if strings.Contains(sentence, " ") { // and is not the head of a list item
					written[source] = append(written[source], sentence)
				}
			}
		}
		ast.Inspect(file, func(node ast.Node) bool {
			group, isGroup := node.(*ast.GenDecl)
			if !isGroup || group.Tok != token.TYPE {
				return true
			}
			for _, spec := range group.Specs {
				addType(written, source, spec.(*ast.TypeSpec), group.Doc)
			}
			return false
		})
	}
	return written
}

func addType(written map[string][]string, source string, spec *ast.TypeSpec, doc *ast.CommentGroup) {
	symbol := source + ", " + spec.Name.Name
	written[symbol] = sentencesOf(doc.Text())
	var fields []*ast.Field
	switch of := spec.Type.(type) {
	case *ast.InterfaceType:
		fields = of.Methods.List
	case *ast.StructType:
		fields = of.Fields.List
	}
	for _, field := range fields {
		for _, name := range field.Names {
			written[symbol+"."+name.Name] = sentencesOf(field.Doc.Text())
		}
	}
}

var (
	paragraphs  = regexp.MustCompile(`\n\s*\n(\s*- )?|\n\s*- `)
	sentenceEnd = regexp.MustCompile(`\.\s+([A-Z])`)
)

// sentencesOf returns a comment's sentences without full stops and the brackets of links.
func sentencesOf(comment string) []string {
	var sentences []string
	comment = strings.NewReplacer("[", "", "]", "").Replace(comment)
	for _, paragraph := range paragraphs.Split(comment, -1) {
		paragraph = strings.Join(strings.Fields(paragraph), " ")
		for sentence := range strings.SplitSeq(sentenceEnd.ReplaceAllString(paragraph, ".\n$1"), "\n") {
			if sentence = strings.TrimSuffix(sentence, "."); sentence != "" {
				sentences = append(sentences, sentence)
			}
		}
	}
	return sentences
}
