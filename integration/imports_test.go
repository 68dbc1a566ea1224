package integration

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// prefix starts the path of every module of this repository.
const prefix = "github.com/holdfast-go/holdfast/"

// The modules of others that more than one row names.
const (
	goCmp     = "github.com/google/go-cmp"
	goJose    = "github.com/go-jose/go-jose/v4"
	goLeak    = "go.uber.org/goleak"
	goGRPC    = "google.golang.org/grpc"
	goConnect = "connectrpc.com/connect"
	goOTel    = "go.opentelemetry.io/otel"
)

// A row says what the packages of one module may import besides the standard library and the module itself.
type row struct {
	ours   []string // modules of this repository
	theirs []string // modules of others
	tests  []string // modules of others, for tests only
	free   bool     // no limit: not released, and imported by no other row
}

// importTable defines who may import whom, and with it what the user of one module has to build. It is a statement
// of policy.
//
// DO NOT CHANGE THIS DATA TO FIX BUILDS.
//
// An adapter's tests may not import conformance, as its requirements would reach the adapter's users.
var importTable = map[string]row{
	"rules": {},
	"ports": {},
	"verifier": {
		ours:   []string{"ports"},
		theirs: []string{goJose, "github.com/hashicorp/golang-lru/v2"},
		tests:  []string{goCmp, goLeak},
	},
	"adapters/httpfetch": {
		ours:  []string{"ports"},
		tests: []string{goCmp, goLeak},
	},
	"adapters/redis": {
		ours:   []string{"ports"},
		theirs: []string{"github.com/redis/go-redis/v9"},
		tests:  []string{goCmp, goLeak},
	},
	"adapters/memcached": {
		ours:   []string{"ports"},
		theirs: []string{"github.com/bradfitz/gomemcache"},
		tests:  []string{goCmp, goLeak},
	},
	"adapters/httpguard": {
		ours:  []string{"ports", "verifier"},
		tests: []string{goCmp, goLeak},
	},
	"adapters/mcpguard": {
		ours:   []string{"ports", "verifier", "adapters/httpguard"},
		theirs: []string{"github.com/modelcontextprotocol/go-sdk"},
		tests:  []string{goCmp},
	},
	"adapters/oauth2": {
		ours:   []string{"ports", "verifier"},
		theirs: []string{"golang.org/x/oauth2"},
		tests:  []string{goLeak},
	},
	"adapters/otel": {
		ours:   []string{"ports", "verifier"},
		theirs: []string{goOTel, goOTel + "/metric", goOTel + "/trace"},
		tests:  []string{goCmp, goOTel + "/sdk"},
	},
	"adapters/fastverify": {
		ours:   []string{"ports"},
		theirs: []string{"filippo.io/bigmod", "filippo.io/edwards25519", "filippo.io/nistec", "github.com/hashicorp/golang-lru/v2"},
	},
	"adapters/grpcguard": {
		ours:   []string{"verifier"},
		theirs: []string{goGRPC, "google.golang.org/genproto/googleapis/rpc", "google.golang.org/protobuf"},
		tests:  []string{prefix + "ports", goLeak},
	},
	"adapters/connectguard": {
		ours:   []string{"verifier", "adapters/httpguard"},
		theirs: []string{goConnect, "google.golang.org/genproto/googleapis/rpc", "google.golang.org/protobuf"},
		tests:  []string{prefix + "ports", goLeak},
	},
	"conformance": {
		ours:   []string{"ports", "rules", "verifier"},
		theirs: []string{goCmp, goJose},
		tests:  []string{goLeak},
	},
	"examples":    {free: true},
	"integration": {free: true},
	"interop":     {free: true},
	"bench":       {free: true},
	"tools":       {free: true},

	// Modules as they would be elsewhere.
	"examples/routers":     {free: true},
	"examples/vendorcache": {free: true},
	"examples/vendorcases": {free: true},
}

func TestImportTable(t *testing.T) {
	for _, module := range listedModules(t) {
		t.Run(module.dir, func(t *testing.T) {
			rules, known := importTable[module.dir]
			if !known {
				t.Fatal("the import table has no row for this module")
			}
			if rules.free {
				return
			}
			var inPackages, inTests []string
			for _, name := range slices.Concat([]string{module.dir}, rules.ours) {
				inPackages = append(inPackages, prefix+name)
			}
			inPackages = append(inPackages, rules.theirs...)
			inTests = slices.Concat(inPackages, rules.tests)
			for _, pkg := range packagesOf(t, module.dir) {
				checkImports(t, pkg.ImportPath, pkg.Imports, inPackages)
				checkImports(t, pkg.ImportPath+" (tests)", slices.Concat(pkg.TestImports, pkg.XTestImports), inTests)
			}
		})
	}
}

func checkImports(t *testing.T, importer string, imports, allowed []string) {
	t.Helper()
	for _, path := range imports {
		if !isStandard(path) && !slices.ContainsFunc(allowed, func(module string) bool { return within(path, module) }) {
			t.Errorf("%s imports %s", importer, path)
		}
	}
}

// isStandard tells whether path is the standard library's: its first element has no dot.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// within tells whether the package path is of module.
func within(path, module string) bool {
	return path == module || strings.HasPrefix(path, module+"/")
}

// A goPackage is what go list tells of a package.
type goPackage struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// packagesOf lists the packages of a module, also those that don't compile.
func packagesOf(t *testing.T, dir string) []goPackage {
	t.Helper()
	var packages []goPackage
	list := json.NewDecoder(strings.NewReader(goCommand(t, dir, "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")))
	for {
		var pkg goPackage
		if err := list.Decode(&pkg); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, pkg)
	}
}

// goCommand runs the go command in a folder of the repository, or an absolute one, and returns what it prints.
func goCommand(t *testing.T, dir string, args ...string) string {
	t.Helper()
	if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", dir)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

func TestVerifierNeedsNoNetwork(t *testing.T) {
	for path := range strings.FieldsSeq(goCommand(t, "verifier", "list", "-deps", "./...")) {
		if within(path, "net/http") || within(path, prefix+"adapters") {
			t.Errorf("verifier depends on %s", path)
		}
	}
}

// A user who takes the core and one adapter compiles no dependency of another. No adapter brings the SDK of OpenTelemetry, which
// is the application's.
func TestOneAdapterBringsOneClient(t *testing.T) {
	clients := []string{"github.com/redis/go-redis/v9", "github.com/bradfitz/gomemcache", "golang.org/x/oauth2", "github.com/modelcontextprotocol/go-sdk", goGRPC, goConnect, goOTel, goOTel + "/sdk", "filippo.io/nistec"}
	programs := map[string][]string{ // an adapter and its clients
		"adapters/httpfetch":    nil,
		"adapters/httpguard":    nil,
		"adapters/redis":        {clients[0]},
		"adapters/memcached":    {clients[1]},
		"adapters/oauth2":       {clients[2]},
		"adapters/mcpguard":     {clients[2], clients[3]}, // the SDK has an OAuth client
		"adapters/grpcguard":    {clients[4]},
		"adapters/connectguard": {clients[5]},
		"adapters/otel":         {clients[6]},
		"adapters/fastverify":   {clients[8]},
	}
	for adapter, own := range programs {
		t.Run(adapter, func(t *testing.T) {
			dir := writeProgram(t, "verifier", adapter)
			dependencies := strings.Fields(goCommand(t, dir, "list", "-mod=mod", "-deps", "."))
			for _, client := range clients {
				linked := slices.ContainsFunc(dependencies, func(path string) bool { return within(path, client) })
				if linked != slices.Contains(own, client) {
					t.Errorf("the program links %s: %t, want %t", client, linked, !linked)
				}
			}
		})
	}
}

// writeProgram writes a module outside the repository whose program imports the root packages of modules.
func writeProgram(t *testing.T, modules ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	program, requirements, sums := "package main\n", "module example.com/program\n\ngo 1.26.0\n", ""
	for _, module := range modules {
		program += "import _ \"" + prefix + module + "\"\n"
		sum, err := os.ReadFile(filepath.Join("..", module, "go.sum"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		sums += string(sum)
	}
	for _, module := range listedModules(t) {
		path, err := filepath.Abs(filepath.Join("..", module.dir))
		if err != nil {
			t.Fatal(err)
		}
		requirements += "replace " + prefix + module.dir + " => " + path + "\n"
	}
	files := map[string]string{"main.go": program + "func main() {}\n", "go.mod": requirements, "go.sum": sums}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
