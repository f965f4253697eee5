package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/brokerless/brokerless/socket"
)

const (
	// period is how often files are looked at, at most.
	period = time.Second

	// settled is how old a change must be before the times of a file tell it
	// from the next one: some file systems count in steps of two seconds.
	settled = 2500 * time.Millisecond

	// maxFile is how many octets of a file are read.
	maxFile = 4 << 20
)

// A FileOption changes how an authenticator treats its files.
type FileOption func(*fileConfig)

type fileConfig struct {
	report func(error)
}

// WithReport has report called when the files cannot be read any more, or make no
// sense: once for each reason, not for each peer. What was in force before stays.
// It is called while a peer waits. The default is a warning to [slog.Default].
func WithReport(report func(err error)) FileOption {
	return func(c *fileConfig) { c.report = report }
}

// A file is what was read of one.
type file struct {
	path string
	text []byte
}

// A watched is a value that is read from files, and again when they change.
type watched[T any] struct {
	fileConfig
	name  string                   // for people
	list  func() ([]string, error) // the paths
	parse func([]file) (T, error)

	turn chan struct{} // of one place: who is in it has what follows

	value  T
	looked time.Time
	paths  []string
	infos  []os.FileInfo // as they were read; nil: to be read again in any case
	told   string        // the error of last time
}

func newWatched[T any](name string, list func() ([]string, error), parse func([]file) (T, error), opts []FileOption) *watched[T] {
	w := &watched[T]{name: name, list: list, parse: parse, turn: make(chan struct{}, 1)}
	w.report = func(err error) { slog.Default().Warn(err.Error()) }
	for _, o := range opts {
		o(&w.fileConfig)
	}
	return w
}

// only lists one path.
func only(path string) func() ([]string, error) {
	return func() ([]string, error) { return []string{path}, nil }
}

// start reads the files for the first time.
func (w *watched[T]) start() error {
	w.looked = time.Now()
	if err := w.look(); err != nil {
		return fmt.Errorf("brokerless: %s: %w", w.name, err)
	}
	return nil
}

// get returns what is in force. It waits for somebody else who looks at the
// files, but not beyond ctx.
func (w *watched[T]) get(ctx context.Context) (T, error) {
	select {
	case w.turn <- struct{}{}:
	case <-ctx.Done():
		var none T
		return none, busy(ctx)
	}
	var news error
	if now := time.Now(); now.Sub(w.looked) >= period {
		w.looked = now
		news = w.again()
	}
	value := w.value
	<-w.turn
	if news != nil { // not in turn: it may take its time
		w.report(news)
	}
	return value, nil
}

// again looks at the files, and returns what there is to report.
func (w *watched[T]) again() error {
	err := w.look()
	if err == nil {
		w.told = ""
		return nil
	}
	w.infos = nil
	if err.Error() == w.told {
		return nil
	}
	w.told = err.Error()
	return fmt.Errorf("brokerless: %s: %w; what was in force before stays", w.name, err)
}

// look reads the files if they have changed.
func (w *watched[T]) look() error {
	paths, err := w.list()
	if err != nil {
		return err
	}
	infos := make([]os.FileInfo, len(paths))
	for i, path := range paths {
		if infos[i], err = stat(path); err != nil {
			return err
		}
	}
	if w.infos != nil && w.same(paths, infos) {
		return nil
	}
	files := make([]file, len(paths))
	fresh := false
	for i, path := range paths {
		text, err := load(path)
		if err != nil {
			return err
		}
		files[i] = file{path, text}
		fresh = fresh || time.Since(infos[i].ModTime()) < settled
	}
	value, err := w.parse(files)
	if err != nil {
		return err
	}
	w.value, w.paths, w.infos = value, paths, infos
	if fresh {
		w.infos = nil
	}
	return nil
}

// same reports whether files are those that were read.
func (w *watched[T]) same(paths []string, infos []os.FileInfo) bool {
	if len(paths) != len(w.paths) {
		return false
	}
	for i, info := range infos {
		old := w.infos[i]
		if paths[i] != w.paths[i] || !os.SameFile(old, info) || old.Size() != info.Size() || !old.ModTime().Equal(info.ModTime()) {
			return false
		}
	}
	return true
}

// stat returns what is known of a file that may be read.
func stat(path string) (os.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for who writes to it
		return nil, &os.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	}
	return info, checkMode(path, info)
}

// checkMode refuses what everybody may write to: whoever is on the host could
// let themselves in.
func checkMode(path string, info os.FileInfo) error {
	const others = 0o002
	if runtime.GOOS != "windows" && info.Mode().Perm()&others != 0 {
		return &os.PathError{Op: "open", Path: path, Err: fmt.Errorf("mode %#o lets everybody write to it", info.Mode().Perm())}
	}
	return nil
}

// load returns the octets of a file, and an error if they are too many.
func load(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, &os.PathError{Op: "read", Path: path, Err: fmt.Errorf("more than %d octets", maxFile)}
	}
	return text, nil
}

// fromFiles returns an authenticator that decides by what the files have.
func fromFiles[T any](w *watched[T], admit func(T, socket.Credentials) (socket.Admission, error)) socket.Authenticator {
	return socket.AuthenticatorFunc(func(ctx context.Context, c socket.Credentials) (socket.Admission, error) {
		value, err := w.get(ctx)
		if err != nil {
			return socket.Admission{}, err
		}
		return admit(value, c)
	})
}
