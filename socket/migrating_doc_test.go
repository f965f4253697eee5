package socket_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

const migrating = "../docs/migrating.md"

// What every piece of Go in docs/migrating.md may take for granted.
const migratingPrelude = `package migrating

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/brokerless/brokerless/call"
	"github.com/brokerless/brokerless/codec"
	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
	"github.com/brokerless/brokerless/socket/curve"
	"github.com/brokerless/brokerless/socket/plain"
)

var (
	ctx      context.Context
	endpoint string
	m        socket.Message

	pair   *socket.Pair
	push   *socket.Push
	pull   *socket.Pull
	pub    *socket.Pub
	sub    *socket.Sub
	xpub   *socket.XPub
	xsub   *socket.XSub
	req    *socket.Req
	rep    *socket.Rep
	dealer *socket.Dealer
	router *socket.Router
)

func piece() error {
	%s
	return nil
}
`

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// TestMigratingDocument compiles the pieces of Go in docs/migrating.md.
func TestMigratingDocument(t *testing.T) {
	page, err := os.ReadFile(migrating)
	if err != nil {
		t.Fatal(err)
	}
	blocks := goBlock.FindAllSubmatchIndex(page, -1)
	if len(blocks) == 0 {
		t.Fatal("no piece of Go found")
	}
	exports := exportData(t)
	for _, at := range blocks {
		line := 1 + strings.Count(string(page[:at[2]]), "\n")
		for _, err := range compile(t, exports, string(page[at[2]:at[3]])) {
			t.Errorf("%s:%d: %v", migrating, line, err)
		}
	}
	if errs := compile(t, exports, "push.Recv(ctx)"); len(errs) == 0 {
		t.Error("a piece that is wrong is found right")
	}
}

// exportData returns where the compiler has left what each package exports.
func exportData(t *testing.T) map[string]string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}",
		"../call", "../codec", "../discovery", ".", "./auth", "./curve", "./plain",
		"encoding/json", "log", "log/slog", "os/signal")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			files[path] = file
		}
	}
	return files
}

// compile returns what is wrong with a piece of Go, but for what it does not use.
func compile(t *testing.T, exports map[string]string, piece string) (errs []error) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "piece", fmt.Sprintf(migratingPrelude, piece), parser.SkipObjectResolution)
	if err != nil {
		return []error{err}
	}
	config := types.Config{
		Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }),
		Error: func(err error) {
			if e := new(types.Error); !errors.As(err, e) || !e.Soft {
				errs = append(errs, err)
			}
		},
	}
	_, _ = config.Check("migrating", fset, []*ast.File{file}, nil) // Error has been told
	return errs
}
