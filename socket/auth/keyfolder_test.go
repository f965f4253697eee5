package auth_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
)

// certificate is a file as pyzmq writes it.
func certificate(key string) string {
	return "#   ****  Generated on 2026-01-02 03:04:05.678901 by pyzmq  ****\n" +
		"#   ZeroMQ CURVE Public Certificate\n\nmetadata\n    public-key = not here\ncurve\n    public-key = \"" + key + "\"\n"
}

func TestKeyFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		in := func(name string) string { return filepath.Join(folder, name) }
		told := new(reports)
		a := must(auth.KeyFolder(folder, auth.WithReport(told.add)))
		refuses(t, a, curve(ann), socket.AuthDenied)

		write(t, in("ann.key"), certificate(annText))
		write(t, in("bob.key_secret"), certificate(bobText))
		write(t, in(".bob.key"), certificate(bobText))
		second()
		admits(t, a, curve(ann), "ann")
		refuses(t, a, curve(bob), socket.AuthDenied)

		write(t, in("bob.key"), certificate(bobText)[:190]) // half-written
		second()
		admits(t, a, curve(ann), "ann")
		refuses(t, a, curve(bob), socket.AuthDenied)
		told.last(t, 1, "bob.key")
		write(t, in("bob.key"), certificate(bobText))
		second()
		admits(t, a, curve(bob), "bob")

		for _, name := range []string{"ann.key", "bob.key"} {
			if err := os.Chtimes(in(name), time.Time{}, time.Now().Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		second()
		admits(t, a, curve(bob), "bob")
		if err := os.Rename(in("bob.key"), in("robert.key")); err != nil { // the same file, with the same times
			t.Fatal(err)
		}
		second()
		admits(t, a, curve(bob), "robert")
		if err := os.Remove(in("ann.key")); err != nil {
			t.Fatal(err)
		}
		second()
		refuses(t, a, curve(ann), socket.AuthDenied)
		write(t, in("twin.key"), certificate(bobText))
		second()
		admits(t, a, curve(bob), "robert")
		told.last(t, 2, "for the second time")
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		second()
		admits(t, a, curve(bob), "robert")
		told.last(t, 3, "no such file")
	})
}

func TestKeyFolderAtStart(t *testing.T) {
	if _, err := auth.KeyFolder(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	for name, c := range map[string]struct{ text, says string }{
		"none":     {"curve\n    secret-key = \"" + annText + "\"\n", "no public-key"},
		"section":  {"metadata\n    public-key = \"" + annText + "\"\n", "no public-key"},
		"outside":  {"public-key = \"" + annText + "\"\n", "no public-key"},
		"two":      {certificate(annText) + "    public-key = \"" + bobText + "\"\n", "two public keys"},
		"short":    {certificate(annText[1:]), "a key of 39"},
		"empty":    {"", "no public-key"},
		"unquoted": {"curve\n\tpublic-key=" + annText + "\n", ""},
	} {
		folder := t.TempDir()
		write(t, filepath.Join(folder, "ann.key"), c.text)
		_, err := auth.KeyFolder(folder)
		if c.says == "" && err == nil {
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "ann.key") {
			t.Errorf("%s: %v, want an error that says %q", name, err, c.says)
		}
	}
	if runtime.GOOS != "windows" {
		folder := t.TempDir()
		if err := os.Chmod(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		if _, err := auth.KeyFolder(folder); err == nil || !strings.Contains(err.Error(), "lets everybody write") {
			t.Errorf("a folder for everybody: %v", err)
		}
	}
}
