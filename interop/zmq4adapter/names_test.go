package zmq4adapter_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// missing is what the original exports and the adapter does not, and why not.
var missing = map[string]string{
	"RegisterTransport": "global state; socket.WithTransport",
}

// TestNames finds all that the original exports in the adapter too.
func TestNames(t *testing.T) {
	theirs, ours := exported(t, original(t)), exported(t, ".")
	for name := range theirs {
		if ours[name] == (missing[name] != "") {
			t.Errorf("%s: here %v, listed as missing %q", name, ours[name], missing[name])
		}
	}
	if len(theirs) < 50 {
		t.Errorf("the original exports %d names", len(theirs))
	}
}

// exported returns the names that a package exports, without methods.
func exported(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	must(t, err)
	names := make(map[string]bool)
	add := func(name string) {
		if ast.IsExported(name) {
			names[name] = true
		}
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		must(t, err)
		if strings.HasSuffix(file, "_test.go") || strings.Contains(string(src), "//go:build czmq4") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, src, 0)
		must(t, err)
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					add(d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						add(s.Name.Name)
					case *ast.ValueSpec:
						for _, n := range s.Names {
							add(n.Name)
						}
					}
				}
			}
		}
	}
	return names
}
