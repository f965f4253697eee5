package curve_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/curve"
)

func newPair(t testing.TB) curve.KeyPair {
	t.Helper()
	pair, err := curve.NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// friends admits those who have one of the keys.
func friends(keys ...curve.Key) socket.Option {
	return socket.WithAuthenticator(socket.AuthenticatorFunc(
		func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
			for _, k := range keys {
				if bytes.Equal(k[:], c.Key) {
					return socket.Admission{UserID: k.String()}, nil
				}
			}
			return socket.Admission{}, &socket.AuthError{Status: socket.AuthDenied, Text: fmt.Sprintf("%s is no friend", curve.Key(c.Key))}
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

func anywhere(t testing.TB, scheme string) string {
	t.Helper()
	if scheme == "ipc" {
		return "ipc://" + t.TempDir() + "/s"
	}
	return "tcp://127.0.0.1:0"
}

// WT-69: a client comes in, whoever binds, over tcp and ipc; and the server
// knows who it is.
func TestRoles(t *testing.T) {
	s, c := newPair(t), newPair(t)
	for _, scheme := range []string{"tcp", "ipc"} {
		for _, serverBinds := range []bool{true, false} {
			t.Run(fmt.Sprint(scheme, " server binds ", serverBinds), func(t *testing.T) {
				pull, err := socket.NewPull(socket.WithSecurity(curve.Server(s)), friends(c.Public))
				opened(t, pull, err)
				push, err := socket.NewPush(socket.WithSecurity(curve.Client(s.Public, c)))
				opened(t, push, err)
				var endpoint string
				if serverBinds {
					endpoint, err = pull.Bind(anywhere(t, scheme))
					err = errors.Join(err, push.Connect(endpoint))
				} else {
					endpoint, err = push.Bind(anywhere(t, scheme))
					err = errors.Join(err, pull.Connect(endpoint))
				}
				ctx := bounded(t)
				if err = errors.Join(err, push.Send(ctx, []byte("hello"))); err != nil {
					t.Fatal(err)
				}
				m, peer, err := pull.RecvFrom(ctx)
				if err != nil || string(m[0]) != "hello" || peer.UserID != c.Public.String() {
					t.Errorf("received %v of %q, %v", m, peer.UserID, err)
				}
			})
		}
	}
}

// Who is refused hears no more than that; each side's event says what it is
// worth to know, and no secret.
func TestRefusals(t *testing.T) {
	s, c, other := newPair(t), newPair(t), newPair(t)
	for _, tt := range []struct {
		name          string
		client        socket.Option
		onServer      string
		serverMatches error
		onClient      string
		clientMatches error
	}{
		{
			"a stranger", socket.WithSecurity(curve.Client(s.Public, other)),
			"is no friend", socket.ErrAuth, "it does not know us", socket.ErrAuth,
		},
		{
			"another server's key", socket.WithSecurity(curve.Client(other.Public, c)),
			"HELLO with a box that does not open", socket.ErrProtocol, "", nil,
		},
		{
			"another server", socket.WithSecurity(curve.Server(other)),
			"as-server from the peer", socket.ErrProtocol, "as-server from the peer", socket.ErrProtocol,
		},
		{"no security", nil, `"NULL", expected "CURVE"`, socket.ErrProtocol, `"CURVE", expected "NULL"`, socket.ErrProtocol},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pull, err := socket.NewPull(socket.WithSecurity(curve.Server(s)), friends(c.Public))
			opened(t, pull, err)
			options := []socket.PushOption{friends(c.Public)}
			if tt.client != nil {
				options = append(options, tt.client)
			}
			push, err := socket.NewPush(options...)
			opened(t, push, err)
			onServer, onClient := pull.Monitor(), push.Monitor()
			endpoint, err := pull.Bind("tcp://127.0.0.1:0")
			if err = errors.Join(err, push.Connect(endpoint)); err != nil {
				t.Fatal(err)
			}
			check := func(who string, err error, says string, matches error) {
				t.Helper()
				if err == nil || !strings.Contains(err.Error(), says) || matches != nil && !errors.Is(err, matches) {
					t.Errorf("%s: %v, want %q and %v", who, err, says, matches)
				}
				for _, p := range []curve.KeyPair{s, c, other} {
					if strings.Contains(err.Error(), p.Secret.Reveal()) {
						t.Errorf("%s: a secret key is in %v", who, err)
					}
				}
			}
			check("server", failure(t, onServer), tt.onServer, tt.serverMatches)
			check("client", failure(t, onClient), tt.onClient, tt.clientMatches)
			// The good one is served all the same.
			good, err := socket.NewPush(socket.WithSecurity(curve.Client(s.Public, c)))
			opened(t, good, err)
			ctx := bounded(t)
			if err = errors.Join(good.Connect(endpoint), good.Send(ctx, []byte("good"))); err != nil {
				t.Fatal(err)
			}
			if m, err := pull.Recv(ctx); err != nil || string(m[0]) != "good" {
				t.Errorf("received %v, %v", m, err)
			}
		})
	}
}

// Keys that nothing can come of are an error at once, of the option.
func TestOptionErrors(t *testing.T) {
	s, c := newPair(t), newPair(t)
	mixed := curve.KeyPair{Public: s.Public, Secret: c.Secret}
	key := func(socket.Connection) (curve.Key, error) { return s.Public, nil }
	for name, tt := range map[string]struct {
		security socket.Security
		says     string
	}{
		"no server key":       {curve.Client(curve.Key{}, c), "is no public key"},
		"server key of order": {curve.Client(curve.Key{1}, c), "is no public key"},
		"no own keys":         {curve.Client(s.Public, curve.KeyPair{}), "no secret key"},
		"mixed client":        {curve.Client(s.Public, mixed), "does not belong"},
		"mixed server":        {curve.Server(mixed), "does not belong"},
		"server without keys": {curve.Server(curve.KeyPair{}), "no secret key"},
		"mixed peer":          {curve.Peers(mixed, key), "does not belong"},
		"no function":         {curve.Peers(s, nil), "no function"},
	} {
		pull, err := socket.NewPull(socket.WithSecurity(tt.security), friends())
		if err == nil {
			opened(t, pull, err)
		}
		if !errors.Is(err, socket.ErrOption) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "CURVE") {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
		if _, err := tt.security.New(socket.Connection{Dialed: true}); err == nil {
			t.Errorf("%s: a mechanism comes of it", name)
		}
	}
	for _, security := range []socket.Security{curve.Server(s), curve.Peers(s, key)} {
		if _, err := socket.NewPull(socket.WithSecurity(security)); !errors.Is(err, socket.ErrOption) {
			t.Errorf("%v without an authenticator: %v", security, err)
		}
	}
}

// Two equals: each is the server of who comes to it, and knows by the endpoint
// whom it goes to.
func TestPeers(t *testing.T) {
	a, b := newPair(t), newPair(t)
	var endpoints [2]string
	serverKey := func(c socket.Connection) (curve.Key, error) {
		switch c.Endpoint {
		case endpoints[0]:
			return a.Public, nil
		case endpoints[1]:
			return b.Public, nil
		}
		return curve.Key{}, fmt.Errorf("nobody is known there")
	}
	var nodes [2]*socket.Dealer
	for i, pair := range []curve.KeyPair{a, b} {
		d, err := socket.NewDealer(socket.WithSecurity(curve.Peers(pair, serverKey)), friends(a.Public, b.Public))
		nodes[i] = opened(t, d, err)
		if endpoints[i], err = d.Bind("tcp://127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	ctx := bounded(t)
	for i, d := range nodes {
		if err := d.Connect(endpoints[1-i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range nodes {
		if err := d.WaitPeers(ctx, 2); err != nil {
			t.Fatal(err)
		}
	}
	m := nodes[0].Monitor()
	stranger, err := socket.NewDealer(socket.WithSecurity(curve.Server(b)), friends())
	opened(t, stranger, err)
	endpoint, err := stranger.Bind("tcp://127.0.0.1:0")
	if err = errors.Join(err, nodes[0].Connect(endpoint)); err != nil {
		t.Fatal(err)
	}
	if err := failure(t, m); !strings.Contains(err.Error(), "no key of "+endpoint+": nobody is known there") {
		t.Errorf("to an unknown peer: %v", err)
	}
}
