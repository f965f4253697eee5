package auth_test

import (
	"context"
	"errors"
	"testing"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
)

// guarded returns a PULL, bound over TCP, and a PUSH that is connected to it,
// with what has happened to it from its start.
func guarded(t *testing.T, a socket.Authenticator) (pull *socket.Pull, push *socket.Push, told *socket.Monitor) {
	t.Helper()
	pull = must(socket.NewPull(socket.WithAuthenticator(a), socket.WithAuthDomain("work")))
	t.Cleanup(func() { pull.Close() })
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
	push = must(socket.NewPush(socket.WithLinger(0)))
	t.Cleanup(func() { push.Close() })
	told = push.Monitor()
	if err := push.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	return pull, push, told
}

// refusal returns why a socket lost a peer in its handshake.
func refusal(t *testing.T, m *socket.Monitor) *socket.AuthError {
	t.Helper()
	for {
		e, err := m.Next(bounded(t))
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind != socket.EventHandshakeFailed {
			continue
		}
		var refused *socket.AuthError
		if !errors.As(e.Err, &refused) || !errors.Is(e.Err, socket.ErrAuth) {
			t.Fatalf("event %v, want a refusal", e)
		}
		return refused
	}
}

// Peers of a socket are decided on by a handler in the same process, and who it
// says they are comes with their messages.
func TestSocketAsksZAP(t *testing.T) {
	space := apart()
	serve(t, handler(t, space), socket.AuthenticatorFunc(func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
		if c.Domain != "work" || c.Address != "127.0.0.1" || c.Mechanism != "NULL" {
			return socket.Admission{}, errors.New("unexpected credentials")
		}
		return socket.Admission{UserID: "ann", Metadata: map[string]string{"X-Team": "blue"}}, nil
	}))
	pull, push, _ := guarded(t, client(t, space))
	send(t, push, "x")
	_, peer, err := pull.RecvFrom(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	team, _ := peer.Property("X-Team")
	if peer.UserID != "ann" || team != "blue" {
		t.Errorf("user %q, team %q", peer.UserID, team)
	}
}

// Where there is no handler, the peer is refused with 500, and told.
func TestSocketWithoutZAPHandler(t *testing.T) {
	_, _, told := guarded(t, client(t, apart()))
	if e := refusal(t, told); e.Status != socket.AuthInternal {
		t.Errorf("told %v", e)
	}
}

// A peer that showed nothing is no user of a list of keys or passwords.
func TestSocketWithoutMechanism(t *testing.T) {
	for name, a := range map[string]socket.Authenticator{
		"keys":      auth.Keys(ann),
		"passwords": must(auth.Passwords(map[string]string{"": ofSecret})),
		"elsewhere": auth.Networks(must(auth.ParseNetworks("192.0.2.0/24"))...),
		"local":     auth.Local(),
		"nobody":    auth.All(),
	} {
		t.Run(name, func(t *testing.T) {
			_, push, told := guarded(t, a)
			if e := refusal(t, told); e.Status != socket.AuthDenied {
				t.Errorf("told %v, want 400", e)
			}
			if n := push.Stats().Peers; n != 0 {
				t.Errorf("%d peers", n)
			}
		})
	}
}
