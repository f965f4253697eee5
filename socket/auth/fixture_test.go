package auth_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// patience bounds what never takes that long.
const patience = 30 * time.Second

func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// Keys of pyzmq's and libzmq's tests.
const (
	annText = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
	bobText = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
)

// curve are the credentials of a peer with a key.
func curve(key [32]byte) socket.Credentials {
	return socket.Credentials{Mechanism: "CURVE", Address: "192.0.2.7", Key: key[:]}
}

// plain are the credentials of a peer with a password.
func plain(user, password string) socket.Credentials {
	return socket.Credentials{Mechanism: "PLAIN", Address: "192.0.2.7", Username: user, Password: password}
}

// null are the credentials of a peer that has shown nothing.
func null(address string) socket.Credentials {
	return socket.Credentials{Mechanism: "NULL", Address: address, Endpoint: "tcp://0.0.0.0:5555"}
}

// admits fails the test unless a lets the peer in, as user.
func admits(t testing.TB, a socket.Authenticator, c socket.Credentials, user string) {
	t.Helper()
	got, err := a.Authenticate(bounded(t), c)
	if err != nil || got.UserID != user {
		t.Fatalf("%+v: user %q, %v, want user %q", c, got.UserID, err, user)
	}
}

// refuses fails the test unless a refuses the peer, with the status and a text
// that says all parts, and says nothing of who it might be.
func refuses(t testing.TB, a socket.Authenticator, c socket.Credentials, status int, parts ...string) {
	t.Helper()
	got, err := a.Authenticate(bounded(t), c)
	refused(t, got, err, status, parts...)
}

func refused(t testing.TB, got socket.Admission, err error, status int, parts ...string) {
	t.Helper()
	var e *socket.AuthError
	if !errors.As(err, &e) || e.Status != status || got.UserID != "" || got.Metadata != nil {
		t.Fatalf("%+v, %v, want a refusal with %d", got, err, status)
	}
	for _, part := range parts {
		if !strings.Contains(e.Text, part) {
			t.Fatalf("refused with %q, want a text that says %q", e.Text, part)
		}
	}
}

// write writes a file in place.
func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// replace puts a file in the place of another, in one step.
func replace(t testing.TB, path, text string) {
	t.Helper()
	write(t, path+".new", text)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// written returns the path of a new file.
func written(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list")
	write(t, path, text)
	return path
}

// reports is what an authenticator has told of its files.
type reports struct {
	mu  sync.Mutex
	all []string
}

func (r *reports) add(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, err.Error())
}

// last fails the test unless there are n reports, the last of which says part.
func (r *reports) last(t testing.TB, n int, part string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) != n || n > 0 && !strings.Contains(r.all[n-1], part) {
		t.Fatalf("reports %q, want %d, the last with %q", r.all, n, part)
	}
}

// second lets a second pass, in a bubble of synctest.
func second() { <-time.After(time.Second) }

func says(t testing.TB, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Fatalf("%q, want a text that says %q", text, part)
	}
}
