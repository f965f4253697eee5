package auth_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
)

func TestKeyFile(t *testing.T) {
	path := written(t, "\n# who may come\n#"+bobText[1:]+"\n"+annText+" ann\r\n\t "+bobText+"\t# no name\n")
	a := must(auth.KeyFile(path))
	admits(t, a, curve(ann), "ann")
	admits(t, a, curve(bob), bobText)
	refuses(t, a, curve([32]byte{}), socket.AuthDenied, "unknown key")
	refuses(t, a, plain("ann", annText), socket.AuthDenied, "want CURVE")
	refuses(t, must(auth.KeyFile(written(t, ""))), curve(ann), socket.AuthDenied)
}

func TestKeyFileAtStart(t *testing.T) {
	key := annText
	for name, c := range map[string]struct{ text, says string }{
		"short":     {key + "\n" + bobText[:39], "line 2: a key of 39 characters"},
		"long":      {key + "x", "line 1: a key of 41 characters"},
		"character": {"\n\n" + key[:39] + ",", "line 3: key: z85"},
		"overflow":  {"%nSc1" + key[5:], "line 1: key: z85"},
		"comment":   {key + " ann bob", "line 1: 3 words"},
		"twice":     {key + "\n" + bobText + "\n" + key + " ann", "line 3: key " + key + " for the second time"},
		"zeros":     {strings.Repeat("0", 40), "line 1: key of zeros"},
		"utf8":      {key + " \xff", "line 1: not UTF-8"},
		"name":      {key + " a\x07b", "line 1: user name"},
		"bidi":      {key + " a\u202eb", "line 1: user name"},
		"nul":       {key + "\x00", "line 1: a key of 41"},
		"large":     {strings.Repeat(" ", 4<<20) + "\n", "more than 4194304 octets"},
		"binary":    {"\x7fELF\x00\x01\n\xff\xff", "line 1: a key"},
		"stray":     {"ann " + key, "line 1: a key of 3 characters"},
	} {
		path := written(t, c.text)
		a, err := auth.KeyFile(path)
		if a != nil || err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want an error with the path that says %q", name, err, c.says)
		}
	}
	dir := t.TempDir()
	if _, err := auth.KeyFile(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := auth.KeyFile(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: %v", err)
	}
}

// What is in the wrong place, such as a secret key or a password, is not told.
func TestKeyFileErrorsTellNoText(t *testing.T) {
	for _, secret := range []string{"a-password", strings.Repeat("x", 39) + ",", "%nSc1" + annText[5:]} {
		if _, err := auth.KeyFile(written(t, secret)); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: error %v", secret, err)
		}
	}
}

func TestKeyFileChanges(t *testing.T) {
	for name, put := range map[string]func(testing.TB, string, string){"Replaced": replace, "Rewritten": write} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := written(t, annText+" ann")
				told := new(reports)
				a := must(auth.KeyFile(path, auth.WithReport(told.add)))
				admits(t, a, curve(ann), "ann")

				put(t, path, bobText+" bob")
				admits(t, a, curve(ann), "ann") // not yet a second later
				second()
				refuses(t, a, curve(ann), socket.AuthDenied)
				admits(t, a, curve(bob), "bob")

				put(t, path, annText+" anna")
				second()
				admits(t, a, curve(ann), "anna")
				refuses(t, a, curve(bob), socket.AuthDenied)
				put(t, path, "")
				second()
				refuses(t, a, curve(ann), socket.AuthDenied)
				told.last(t, 0, "")
			})
		})
	}
}

// A file that ceases to make sense changes nothing, and is told once.
func TestKeyFileGoesBad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := written(t, annText+" ann")
		told := new(reports)
		a := must(auth.KeyFile(path, auth.WithReport(told.add)))
		check := func(n int, part string) {
			t.Helper()
			for range 3 {
				second()
				admits(t, a, curve(ann), "ann")
				refuses(t, a, curve(bob), socket.AuthDenied)
				told.last(t, n, part)
			}
		}
		write(t, path, bobText+" bob\n"+annText[:20]) // half-written
		check(1, "line 2: a key of 20 characters")
		told.last(t, 1, path)
		told.last(t, 1, "what was in force before stays")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		check(2, "no such file")
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		check(3, "not a regular file")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		write(t, path, strings.Repeat("#", 4<<20+1))
		check(4, "more than 4194304 octets")
		write(t, path, annText+" ann")
		check(4, "")
		write(t, path, bobText+" bob\n"+annText[:20]) // as before, and told again
		check(5, "line 2: a key of 20 characters")
		write(t, path, annText+" ann")
		check(5, "")
		write(t, path, bobText+" bob\n"+annText[:20])
		check(6, "line 2: a key of 20 characters")
		replace(t, path, bobText+" bob")
		second()
		admits(t, a, curve(bob), "bob")
		refuses(t, a, curve(ann), socket.AuthDenied)
	})
}

func TestKeyFileEverybodyMayWriteTo(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes do not tell there")
	}
	synctest.Test(t, func(t *testing.T) {
		path := written(t, annText+" ann")
		told := new(reports)
		a := must(auth.KeyFile(path, auth.WithReport(told.add)))
		write(t, path, bobText+" bob")
		if err := os.Chmod(path, 0o666); err != nil {
			t.Fatal(err)
		}
		second()
		refuses(t, a, curve(bob), socket.AuthDenied)
		admits(t, a, curve(ann), "ann")
		told.last(t, 1, "mode 0666 lets everybody write to it")
		if _, err := auth.KeyFile(path); err == nil {
			t.Error("no error at the start")
		}
	})
}

// A file whose times are old is only looked at, and seen when they change.
func TestKeyFileWithOldTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := written(t, annText)
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(path, time.Time{}, old); err != nil {
			t.Fatal(err)
		}
		a := must(auth.KeyFile(path))
		second()
		admits(t, a, curve(ann), annText)
		replace(t, path, bobText) // another file of the same size and times
		if err := os.Chtimes(path, time.Time{}, old); err != nil {
			t.Fatal(err)
		}
		second()
		admits(t, a, curve(bob), bobText)
		// In place, with the times as they were, is what cannot be seen: so it
		// shows that the file is not read again without need.
		write(t, path, annText)
		if err := os.Chtimes(path, time.Time{}, old); err != nil {
			t.Fatal(err)
		}
		second()
		admits(t, a, curve(bob), bobText)
	})
}

// Two changes within a step of the file system's clock are both seen.
func TestKeyFileChangesTwiceAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		put := func(path, text string) {
			write(t, path, text)
			if err := os.Chtimes(path, now, now); err != nil {
				t.Fatal(err)
			}
		}
		path := written(t, "")
		put(path, annText)
		a := must(auth.KeyFile(path))
		put(path, bobText) // of the same size and time
		second()
		admits(t, a, curve(bob), bobText)
		put(path, annText)
		second()
		admits(t, a, curve(ann), annText)
	})
}

// One peer looks at the file, and those that come meanwhile wait for what it
// finds; who has no time to wait may come again.
func TestKeyFileReportMayHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := written(t, annText)
		hang := make(chan struct{})
		var calls atomic.Int32
		a := must(auth.KeyFile(path, auth.WithReport(func(error) {
			calls.Add(1)
			<-hang
		})))
		write(t, path, "x")
		second()
		done := make(chan error, 1)
		go func() {
			_, err := a.Authenticate(context.Background(), curve(ann))
			done <- err
		}()
		synctest.Wait()
		admits(t, a, curve(ann), annText) // not held up
		if calls.Load() != 1 {
			t.Errorf("%d reports, want 1", calls.Load())
		}
		close(hang)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Without WithReport, what is wrong is in the program's log, and no key is.
func TestKeyFileWarns(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	synctest.Test(t, func(t *testing.T) {
		path := written(t, annText)
		a := must(auth.KeyFile(path))
		write(t, path, "secret")
		second()
		admits(t, a, curve(ann), annText)
		if got := log.String(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, path) || strings.Contains(got, "secret") {
			t.Errorf("logged %q", got)
		}
	})
}
