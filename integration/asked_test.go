package integration

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

const conformCommand = "../conformance/cmd/holdfast-conform"

// TestConformAsksOnlyTheAPI has an API that names another server in every answer, and a proxy in the environment. The
// command asks neither.
func TestConformAsksOnlyTheAPI(t *testing.T) {
	var asked atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	other.Config.ConnState = func(net.Conn, http.ConnState) { asked.Add(1) }
	t.Cleanup(other.Close)
	var answered atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answered.Add(1)
		if r.URL.Path == "/health" {
			return
		}
		w.Header().Set("Location", other.URL+r.URL.Path)
		w.Header().Set("Link", "<"+other.URL+`/next>; rel="next"`)
		w.Header().Set("Alt-Svc", `http/1.1="`+strings.TrimPrefix(other.URL, "http://")+`"`)
		w.Header().Set("WWW-Authenticate", `Bearer realm="api", resource_metadata="`+other.URL+`/metadata"`)
		// A good request has to be accepted, or the others are not sent.
		if n := answered.Load(); r.Header.Get("Authorization") == "" || n > 20 && n%2 == 0 {
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(api.Close)

	folder := t.TempDir()
	program := filepath.Join(folder, "conform")
	if text, err := exec.Command("go", "build", "-o", program, conformCommand).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	command := exec.Command(program, "run", "-q", "-only", `^(CRED|JWS|CHAL|DPOP)-`, "-url", api.URL, "-dpop", "allowed", "-issuer-listen", "127.0.0.1:0",
		"-ca-file", filepath.Join(folder, "ca.pem"))
	command.Env = append(os.Environ(), "HTTP_PROXY="+other.URL, "HTTPS_PROXY="+other.URL, "ALL_PROXY="+other.URL, "NO_PROXY=")
	text, err := command.CombinedOutput()
	if command.ProcessState.ExitCode() != 1 || answered.Load() < 100 {
		t.Errorf("%v: the API answered %d requests\n%s", err, answered.Load(), text[:min(len(text), 2000)])
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("the other server was asked: %d connections", n)
	}
}

// dialing are what opens a connection, or looks up a name.
var dialing = map[string][]string{
	"net":        {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialUnix", "DialIP", "Dialer", "Resolver", "DefaultResolver", "LookupHost", "LookupIP", "LookupAddr"},
	"crypto/tls": {"Dial", "DialWithDialer", "Dialer"},
	"net/http":   {"Client", "DefaultClient", "Transport", "DefaultTransport", "Get", "Head", "Post", "PostForm"},
}

// TestConformDialsInFewPlaces reads the sources of the command, those of this repository: what opens connections is known.
func TestConformDialsInFewPlaces(t *testing.T) {
	text, err := exec.Command("go", "list", "-deps", "-f", `{{range .GoFiles}}{{$.ImportPath}} {{$.Dir}}/{{.}}{{"\n"}}{{end}}`, conformCommand).Output()
	if err != nil {
		t.Fatal(err)
	}
	// Besides the API, the command's own proxy asks the issuer, on loopback; the issuer hands out a client for itself.
	permitted := []string{"/conformance/player/http.go", "/conformance/internal/runner/proxy.go", "/conformance/issuer/server.go"}
	var read, found int
	for line := range strings.Lines(string(text)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(path, prefix) {
			continue
		}
		read++
		for _, name := range dials(t, file) {
			found++
			if !slices.ContainsFunc(permitted, func(end string) bool { return strings.HasSuffix(file, end) }) {
				t.Errorf("%s uses %s: say here whom it asks, if it is the API or on loopback", file, name)
			}
		}
	}
	if read < 100 || found < 3 {
		t.Errorf("read %d files, and found %d places", read, found)
	}
}

// dials returns what a file uses to open connections.
func dials(t *testing.T, file string) (names []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	imported := make(map[string]string) // paths by the names of packages
	for _, one := range parsed.Imports {
		path := strings.Trim(one.Path.Value, `"`)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if one.Name != nil {
			name = one.Name.Name
		}
		imported[name] = path
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		selector, isSelector := n.(*ast.SelectorExpr)
		if !isSelector {
			return true
		}
		if of, isName := selector.X.(*ast.Ident); isName && slices.Contains(dialing[imported[of.Name]], selector.Sel.Name) {
			names = append(names, of.Name+"."+selector.Sel.Name)
		}
		return true
	})
	return names
}
