package integration

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What a snippet may use without saying where it is from. A snippet that needs more is a whole program.
var snippetImports = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "http": "net/http", "log": "log", "os": "os", "slog": "log/slog", "strings": "strings", "testing": "testing",
	"time": "time",

	"command": prefix + "conformance/command", "conformance": prefix + "conformance", "contract": prefix + "conformance/contract", "dpop": prefix + "verifier/dpop", "dpopclient": prefix + "conformance/dpopclient",
	"exchange": prefix + "verifier/exchange", "fault": prefix + "conformance/fault", "httpfetch": prefix + "adapters/httpfetch", "httpguard": prefix + "adapters/httpguard",
	"idtoken": prefix + "verifier/idtoken", "issuer": prefix + "conformance/issuer", "memcached": prefix + "adapters/memcached",
	"mcpguard": prefix + "adapters/mcpguard", "memory": prefix + "verifier/memory", "oauth2": prefix + "adapters/oauth2", "otel": prefix + "adapters/otel", "player": prefix + "conformance/player", "ports": prefix + "ports", "redis": prefix + "adapters/redis",
	"rules":       prefix + "rules",
	"handlertest": prefix + "verifier/handlertest",
	"grpcguard":   prefix + "adapters/grpcguard",
	"vendorcache": prefix + "examples/vendorcache", "vendorcases": prefix + "examples/vendorcases", "verifier": prefix + "verifier", "verifiertest": prefix + "verifier/verifiertest",

	"jwks": "github.com/auth0/go-jwt-middleware/v3/jwks", "jwtmiddleware": "github.com/auth0/go-jwt-middleware/v3",
	"validator": "github.com/auth0/go-jwt-middleware/v3/validator",

	"connectguard": prefix + "adapters/connectguard", "fastverify": prefix + "adapters/fastverify", "credentials": "google.golang.org/grpc/credentials", "grpc": "google.golang.org/grpc", "neturl": "net/url", "tls": "crypto/tls",

	"adaptor": "github.com/gofiber/fiber/v3/middleware/adaptor", "chi": "github.com/go-chi/chi/v5", "echo": "github.com/labstack/echo/v5",
	"fiber": "github.com/gofiber/fiber/v3", "gin": "github.com/gin-gonic/gin", "mux": "github.com/gorilla/mux",
	"goredis": "github.com/redis/go-redis/v9", "mcp": "github.com/modelcontextprotocol/go-sdk/mcp", "memcache": "github.com/bradfitz/gomemcache/memcache", "xoauth2": "golang.org/x/oauth2",
}

const snippetPrelude = `
import (
	"crypto"
	neturl "net/url"
)

var (
	ctx context.Context
	err error
	t   *testing.T

	fetcher *httpfetch.Fetcher
	cache   ports.Cache
	replays ports.ReplayStore
	v       *verifier.Verifier
	guard   *httpguard.Guard
	tenant  *issuer.Server
	client  *exchange.Client
	server  *mcp.Server
	prover  *verifiertest.Prover

	signingKey crypto.Signer

	verified *verifier.Verified
	config   verifier.Config

	issuerURL         *neturl.URL
	audiences         []string
	clientID, secret  string
	token, nonce      string
	idToken           string

	orders      http.Handler // of the application
	createOrder echo.HandlerFunc
	newAPI      func(*verifier.Verifier) http.Handler
	w           http.ResponseWriter
	r           *http.Request
	method, url string
	header      http.Header
)
`

// Every piece of Go in the documentation compiles, except for variables and imports that it leaves unused. It is a whole
// program, or declarations, statements or one composite literal, with snippetImports and snippetPrelude.
func TestSnippetsCompile(t *testing.T) {
	imports := newSnippetImporter(t)
	for _, s := range append(markdownSnippets(t), commentSnippets(t)...) {
		t.Run(s.place, func(t *testing.T) {
			if err := imports.check(s.text); err != nil {
				t.Errorf("%v, in\n%s", err, s.text)
			}
		})
	}
}

func TestSnippetsThatDoNotCompileAreFound(t *testing.T) {
	imports := newSnippetImporter(t)
	for name, text := range map[string]string{
		"unknown field":    "verifier.Config{Domian: \"tenant.us.auth0.com\"}",
		"unknown function": "v := verifier.Make(ctx)",
		"syntax":           "v, err := verifier.New(",
		"wrong result":     "func handler() http.Handler { return 1 }",
		"program":          "package main\n\nfunc main() { verifier.New(verifier.Config{}) }",
	} {
		t.Run(name, func(t *testing.T) {
			if imports.check(text) == nil {
				t.Errorf("compiles:\n%s", text)
			}
		})
	}
}

// A snippet is a piece of Go in the documentation.
type snippet struct {
	place string // file and line
	text  string
}

// markdownSnippets finds the blocks fenced as go.
func markdownSnippets(t *testing.T) []snippet {
	t.Helper()
	var found []snippet
	walkRepository(t, ".md", func(path string, text []byte) {
		var open *snippet
		number := 0
		for line := range strings.Lines(string(text)) {
			number++
			switch {
			case open == nil && strings.HasPrefix(line, "```go"):
				open = &snippet{place: fmt.Sprintf("%s:%d", path, number)}
			case open != nil && strings.HasPrefix(line, "```"):
				found, open = append(found, *open), nil
			case open != nil:
				open.text += line
			case strings.HasPrefix(line, "    ") && strings.Contains(line, " := "):
				t.Errorf("%s:%d: Go that is not fenced as go, so that it is not compiled", path, number)
			}
		}
	})
	return found
}

var looksLikeGo = regexp.MustCompile(`(?m) := |^func `)

// commentSnippets finds the Go in package comments.
func commentSnippets(t *testing.T) []snippet {
	t.Helper()
	var found []snippet
	walkRepository(t, ".go", func(path string, text []byte) {
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil || file.Doc == nil {
			return // testdata may hold anything
		}
		for _, block := range new(comment.Parser).Parse(file.Doc.Text()).Content {
			if code, isCode := block.(*comment.Code); isCode && looksLikeGo.MatchString(code.Text) {
				found = append(found, snippet{place: path, text: code.Text})
			}
		}
	})
	return found
}

// walkRepository calls visit with every file of the repository whose name ends so.
func walkRepository(t *testing.T, ending string, visit func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "node_modules", "bin", "dist"}, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ending:
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel("..", path)
		visit(filepath.ToSlash(name), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A snippetImporter type-checks snippets against the packages as the go command has built them.
type snippetImporter struct {
	files *token.FileSet
	types.Importer
}

func newSnippetImporter(t *testing.T) *snippetImporter {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}}={{.Export}}{{end}}"}
	for _, path := range snippetImports {
		args = append(args, path)
	}
	for _, m := range listedModules(t) {
		if m.released {
			args = append(args, prefix+m.dir)
		}
	}
	cmd := exec.Command("go", args...) // in the workspace, which has all of them
	cmd.Dir = ".."
	list, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	exports := make(map[string]string)
	for line := range strings.Lines(string(list)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "=")
		exports[path] = file
	}
	files := token.NewFileSet()
	return &snippetImporter{files, importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) {
		file, found := exports[path]
		if !found {
			return nil, errors.New("a snippet can't import it: add it to snippetImports")
		}
		return os.Open(file)
	})}
}

// check type-checks a snippet.
func (s *snippetImporter) check(text string) error {
	var parsed []*ast.File
	if strings.HasPrefix(strings.TrimSpace(text), "package ") {
		file, err := parser.ParseFile(s.files, "", text, 0)
		if err != nil {
			return err
		}
		parsed = append(parsed, file)
	} else {
		file, err := s.wrap(text)
		if err != nil {
			return err
		}
		prelude, err := parser.ParseFile(s.files, "", snippetHeader(snippetPrelude)+snippetPrelude, 0)
		if err != nil {
			return err
		}
		parsed = append(parsed, prelude, file)
	}
	var faults []error
	config := types.Config{Importer: s, Error: func(err error) {
		// What is declared or imported and not used is soft.
		if fault := (types.Error{}); !errors.As(err, &fault) || !fault.Soft {
			faults = append(faults, err)
		}
	}}
	_, _ = config.Check("snippet", s.files, parsed, nil)
	return errors.Join(faults...)
}

// wrap makes a file of declarations, of statements, or of an expression, whichever the snippet is.
func (s *snippetImporter) wrap(text string) (*ast.File, error) {
	header := snippetHeader(text)
	if file, err := parser.ParseFile(s.files, "", header+text, 0); err == nil {
		return file, nil
	}
	if expression, err := parser.ParseExpr(text); err == nil {
		if _, isValue := expression.(*ast.CompositeLit); isValue {
			return parser.ParseFile(s.files, "", header+"var _ = "+text, 0)
		}
	}
	return parser.ParseFile(s.files, "", header+"func _() {\n"+text+"\n}", 0)
}

// snippetHeader imports what a snippet does not import by itself.
func snippetHeader(text string) string {
	var header bytes.Buffer
	header.WriteString("package snippet\n")
	for name, path := range snippetImports {
		if !strings.Contains(text, `"`+path+`"`) {
			fmt.Fprintf(&header, "import %s %q\n", name, path)
		}
	}
	return header.String()
}
