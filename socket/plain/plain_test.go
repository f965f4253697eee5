package plain_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/plain"
)

const password = "tea & secrets"

// annOnly admits ann with her password.
func annOnly() socket.Option {
	return socket.WithAuthenticator(socket.AuthenticatorFunc(
		func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
			if c.Mechanism != "PLAIN" || c.Username != "ann" || c.Password != password {
				return socket.Admission{}, &socket.AuthError{Status: socket.AuthDenied, Text: "wrong name or password"}
			}
			return socket.Admission{UserID: c.Username}, nil
		}))
}

// opened has s closed with the test.
func opened[S io.Closer](t testing.TB, s S, err error) S {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// failure returns the error of the first handshake that fails.
func failure(t testing.TB, m *socket.Monitor) error {
	t.Helper()
	for {
		e, err := m.Next(bounded(t))
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == socket.EventHandshakeFailed {
			return e.Err
		}
	}
}

// WT-69: who knows the password comes in, whoever binds, over tcp and ipc.
func TestRoles(t *testing.T) {
	for _, scheme := range []string{"tcp", "ipc"} {
		for _, serverBinds := range []bool{true, false} {
			anywhere := map[string]string{"tcp": "tcp://127.0.0.1:0", "ipc": "ipc://" + t.TempDir() + "/s"}[scheme]
			pull, err := socket.NewPull(socket.WithSecurity(plain.Server()), annOnly())
			opened(t, pull, err)
			push, err := socket.NewPush(socket.WithSecurity(plain.Client("ann", password)))
			opened(t, push, err)
			var endpoint string
			if serverBinds {
				endpoint, err = pull.Bind(anywhere)
				err = errors.Join(err, push.Connect(endpoint))
			} else {
				endpoint, err = push.Bind(anywhere)
				err = errors.Join(err, pull.Connect(endpoint))
			}
			ctx := bounded(t)
			if err = errors.Join(err, push.Send(ctx, []byte("hello"))); err != nil {
				t.Fatal(err)
			}
			m, peer, err := pull.RecvFrom(ctx)
			if err != nil || string(m[0]) != "hello" || peer.UserID != "ann" {
				t.Errorf("%s, server binds %v: received %v of %q, %v", anywhere, serverBinds, m, peer.UserID, err)
			}
		}
	}
}

// Both sides learn that the password is wrong, and nothing shows it.
func TestRefused(t *testing.T) {
	for name, client := range map[string]socket.Security{
		"wrong password": plain.Client("ann", "coffee & secrets"),
		"wrong name":     plain.Client("bob", password),
		"nothing":        plain.Client("", ""),
		"a NUL more":     plain.Client("ann", password+"\x00"),
	} {
		t.Run(name, func(t *testing.T) {
			pull, err := socket.NewPull(socket.WithSecurity(plain.Server()), annOnly())
			opened(t, pull, err)
			push, err := socket.NewPush(socket.WithSecurity(client))
			opened(t, push, err)
			onServer, onClient := pull.Monitor(), push.Monitor()
			endpoint, err := pull.Bind("tcp://127.0.0.1:0")
			if err = errors.Join(err, push.Connect(endpoint)); err != nil {
				t.Fatal(err)
			}
			for who, err := range map[string]error{"wrong name or password": failure(t, onServer), "it does not know us": failure(t, onClient)} {
				if !errors.Is(err, socket.ErrAuth) || !strings.Contains(err.Error(), who) || strings.Contains(err.Error(), "secrets") {
					t.Errorf("%v, want %q", err, who)
				}
			}
		})
	}
}

func TestTooLong(t *testing.T) {
	at, over := strings.Repeat("x", plain.MaxLength), strings.Repeat("x", plain.MaxLength+1)
	push, err := socket.NewPush(socket.WithSecurity(plain.Client(at, at)))
	opened(t, push, err)
	for want, client := range map[string]socket.Security{"user name of 256": plain.Client(over, "p"), "password of 256": plain.Client("u", over)} {
		_, err := socket.NewPush(socket.WithSecurity(client))
		if !errors.Is(err, socket.ErrOption) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "xxx") {
			t.Errorf("%v, want %q", err, want)
		}
		if _, err := client.New(socket.Connection{}); err == nil {
			t.Error("a mechanism comes of it")
		}
	}
	if _, err := socket.NewPull(socket.WithSecurity(plain.Server())); !errors.Is(err, socket.ErrOption) {
		t.Errorf("a server without an authenticator: %v", err)
	}
}

// The password shows itself nowhere.
func TestHidesThePassword(t *testing.T) {
	client := plain.Client("ann", password)
	var all strings.Builder
	for _, thing := range []any{client, []socket.Security{client}, struct{ s socket.Security }{client}, struct{ S any }{client}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%c"} {
			fmt.Fprintf(&all, verb+"\n", thing)
		}
		if b, err := json.Marshal(thing); err == nil {
			all.Write(b)
		}
		slog.New(slog.NewTextHandler(&all, nil)).Info("x", "thing", thing)
	}
	text := all.String()
	for _, secret := range []string{password, fmt.Sprintf("%x", password), fmt.Sprintf("%X", password), strings.Trim(fmt.Sprintf("%d", []byte(password)), "[]")} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is shown", secret)
		}
	}
	if !strings.Contains(text, "ann") {
		t.Error("nothing is shown at all")
	}
}
