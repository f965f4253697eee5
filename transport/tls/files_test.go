package tls

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// lookAgain has the files looked at again, as if a second had passed.
func (f *Files) lookAgain() {
	f.mu.Lock()
	f.looked = time.Time{}
	f.mu.Unlock()
}

// serverName returns whom the certificate in force is for.
func serverName(t *testing.T, f *Files) string {
	t.Helper()
	c, err := f.Server()
	if err != nil {
		t.Fatal(err)
	}
	return must(x509.ParseCertificate(c.Certificates[0].Certificate[0])).Subject.CommonName
}

func TestFilesReload(t *testing.T) {
	ca, dir := newAuthority(t, "ca"), t.TempDir()
	files := must(LoadFiles(ca.save(t, dir, ca.issue(t, "first", nil))))
	both := over(WithFiles(files))
	pull := must(socket.NewPull(both))
	defer pull.Close()
	endpoint := must(pull.Bind("tls+tcp://127.0.0.1:0"))
	peerName := func() string {
		t.Helper()
		ctx := bounded(t)
		push := must(socket.NewPush(both))
		defer push.Close()
		if err := errors.Join(push.Connect(endpoint), push.Send(ctx, []byte("m"))); err != nil {
			t.Fatal(err)
		}
		_, peer, err := pull.RecvFrom(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return peer.UserID
	}
	if name := peerName(); name != "first" {
		t.Fatalf("a client %q", name)
	}
	ca.save(t, dir, ca.issue(t, "second", nil))
	files.lookAgain()
	if name := peerName(); name != "second" || serverName(t, files) != "second" {
		t.Errorf("a client %q after the files have changed", name)
	}

	if err := os.WriteFile(filepath.Join(dir, "crt"), []byte("half a certi"), 0o600); err != nil {
		t.Fatal(err)
	}
	files.lookAgain()
	if name := peerName(); name != "second" {
		t.Errorf("a client %q after a file was broken", name)
	}
	ca.save(t, dir, ca.issue(t, "third", nil))
	files.lookAgain()
	if name := peerName(); name != "third" {
		t.Errorf("a client %q after it was mended", name)
	}

	// What has not changed for long is not read again.
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"crt", "key", "ca"} {
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	files.lookAgain()
	have := files.current()
	files.lookAgain()
	if files.current() != have {
		t.Error("read again without a change")
	}
}

func TestFilesErrors(t *testing.T) {
	ca, dir := newAuthority(t, "ca"), t.TempDir()
	crt, key, roots := ca.save(t, dir, ca.issue(t, "x", nil))
	for name, paths := range map[string][3]string{
		"missing":             {"nowhere", key, roots},
		"no key":              {crt, "", roots},
		"key of another kind": {crt, roots, ""},
		"no authorities":      {crt, key, key},
		"a folder":            {crt, key, dir},
	} {
		if _, err := LoadFiles(paths[0], paths[1], paths[2]); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	anonymous := must(LoadFiles("", "", roots))
	if _, err := anonymous.Server(); err == nil {
		t.Error("a server without certificate")
	}
	if _, err := New(WithFiles(anonymous)).Listen(t.Context(), "127.0.0.1:0"); err == nil {
		t.Error("Listen without certificate")
	}
	if _, err := New().Listen(t.Context(), "127.0.0.1:0"); !errors.Is(err, errNoConfig) {
		t.Errorf("Listen without configuration: %v", err)
	}
	open := must(LoadFiles(crt, key, ""))
	if c := must(open.Server()); c.ClientCAs != nil || c.ClientAuth != 0 {
		t.Error("clients are asked for certificates that nobody signs")
	}
}

func TestServerNameOfAddress(t *testing.T) {
	for address, want := range map[string]string{
		"host.example:1":                   "host.example",
		"host.example.:1":                  "host.example",
		"[fe80::1%eth0]:1":                 "fe80::1",
		"127.0.0.1:0;host.example:1":       "host.example",
		"[fe80::1%eth0]:5;[2001:db8::1]:1": "2001:db8::1",
	} {
		if got := host(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
