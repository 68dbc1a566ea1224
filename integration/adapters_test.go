package integration

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// Every adapter of a port is held to the port's contract: the test of adapter redis for ports.Cache is a function here
// whose name has redis in it, and which calls contract.TestCache.
func TestEveryAdapterKeepsItsContract(t *testing.T) {
	tried := contractTests(t)
	imports := newSnippetImporter(t)
	parts, err := imports.Import(prefix + "ports")
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, dir := range listedDirs(t) {
		if !strings.HasPrefix(dir, "adapters/") {
			continue
		}
		adapter, err := imports.Import(prefix + dir)
		if err != nil {
			t.Errorf("%s: %v", dir, err)
			continue
		}
		for _, port := range []string{"Cache", "ReplayStore", "Fetcher", "TokenEndpoint", "DomainResolver", "SignatureVerifier"} {
			contract := parts.Scope().Lookup(port).Type().Underlying().(*types.Interface)
			if !provides(adapter, contract) {
				continue
			}
			kept++
			if !tried[path.Base(dir)+" "+port] {
				t.Errorf("%s has a %s, and no function of this package with %q in its name calls contract.Test%s", dir, port, path.Base(dir), port)
			}
		}
	}
	if kept < 7 { // of redis, memcached, httpfetch and fastverify
		t.Errorf("%d parts of adapters were found", kept)
	}
}

// provides reports whether a package exports a type that is one of a port's.
func provides(p *types.Package, port *types.Interface) bool {
	for _, name := range p.Scope().Names() {
		if named, isType := p.Scope().Lookup(name).(*types.TypeName); isType && named.Exported() && !types.IsInterface(named.Type()) &&
			types.Implements(types.NewPointer(named.Type()), port) {
			return true
		}
	}
	return false
}

// contractTests are the contracts that the tests of this package try, as "redis Cache".
func contractTests(t *testing.T) map[string]bool {
	t.Helper()
	tried := make(map[string]bool)
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var adapters []string
	for _, dir := range listedDirs(t) {
		adapters = append(adapters, path.Base(dir))
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			function, isFunction := declared.(*ast.FuncDecl)
			if !isFunction {
				continue
			}
			ast.Inspect(function, func(n ast.Node) bool {
				called, _ := n.(*ast.SelectorExpr)
				if called == nil {
					return true
				}
				if of, _ := called.X.(*ast.Ident); of == nil || of.Name != "contract" {
					return true
				}
				for _, adapter := range adapters {
					if strings.Contains(strings.ToLower(function.Name.Name), adapter) {
						tried[adapter+" "+strings.TrimPrefix(called.Sel.Name, "Test")] = true
					}
				}
				return true
			})
		}
	}
	return tried
}
