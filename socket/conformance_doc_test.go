package socket_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const conformance = "../docs/conformance.md"

var (
	ruleRow  = regexp.MustCompile(`(?m)^\| ([A-Z]{1,2}-\d+) \| (.+) \| (shown|deviates|not ours) \| (.+) \|$`)
	anyRow   = regexp.MustCompile(`(?m)^\| [A-Z]{1,2}-\d+ .*$`)
	testName = regexp.MustCompile("`(?:([a-z0-9/]+)\\.)?(Test\\w+)(?:/([A-Z]{2}-\\d+))?`")
	ruleID   = regexp.MustCompile(`(?:^|; )([A-Z]{2}-\d+) `)
)

// testsIn returns the tests of a package directory, each with the rules that
// its subtests are named after.
func testsIn(t *testing.T, dir string) map[string]map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	tests := make(map[string]map[string]bool)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				tests[f.Name.Name] = rulesIn(f)
			}
		}
	}
	return tests
}

func rulesIn(f *ast.FuncDecl) map[string]bool {
	rules := make(map[string]bool)
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				for _, id := range ruleID.FindAllStringSubmatch(s, -1) {
					rules[id[1]] = true
				}
			}
		}
		return true
	})
	return rules
}

// TestConformanceDocument holds docs/conformance.md against the tests: those
// that it names exist, and those that show a rule are named at that rule.
func TestConformanceDocument(t *testing.T) {
	doc, err := os.ReadFile(conformance)
	if err != nil {
		t.Fatal(err)
	}
	rows := ruleRow.FindAllStringSubmatch(string(doc), -1)
	if all := anyRow.FindAllString(string(doc), -1); len(rows) != len(all) {
		t.Errorf("%d rows begin with a rule, %d of them are well-formed", len(all), len(rows))
	}
	packages := make(map[string]map[string]map[string]bool)
	named := make(map[string]bool) // Test/ID
	seen := make(map[string]bool)
	for _, row := range rows {
		id, status, how := row[1], row[3], row[4]
		if seen[id] {
			t.Errorf("%s stands there twice", id)
		}
		seen[id] = true
		references := testName.FindAllStringSubmatch(how, -1)
		if status == "shown" && len(references) == 0 {
			t.Errorf("%s is shown by no test", id)
		}
		for _, r := range references {
			dir, test, rule := "socket", r[2], r[3]
			if r[1] != "" {
				dir = r[1]
			}
			if packages[dir] == nil {
				packages[dir] = testsIn(t, filepath.Join("..", filepath.FromSlash(dir)))
			}
			rules, ok := packages[dir][test]
			switch {
			case !ok:
				t.Errorf("%s: there is no test %s in %s", id, test, dir)
			case rule != "" && !rules[rule]:
				t.Errorf("%s: %s has no subtest %s", id, test, rule)
			}
			if rule == id {
				named[test+"/"+id] = true
			}
		}
	}
	for test, rules := range testsIn(t, ".") {
		if !strings.HasPrefix(test, "TestRFC") {
			continue
		}
		for id := range rules {
			if !named[test+"/"+id] {
				t.Errorf("%s/%s is not named at its rule", test, id)
			}
		}
	}
}
