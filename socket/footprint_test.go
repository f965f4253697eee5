package socket_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/curve"
	"github.com/brokerless/brokerless/socket/plain"
)

// memory returns what heap and stacks take.
func memory() uint64 {
	for range 3 { // pools give up what they hold at the second collection
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// greet returns the greeting of a client of a mechanism.
func greet(mechanism string) []byte {
	g := []byte(greeting(3, 1))
	copy(g[12:32], mechanism+strings.Repeat("\x00", 20))
	return g
}

// unfinished returns a command of which the last octet is missing, as large as
// the handshake allows.
func unfinished(name string) []byte {
	const size = 16 << 10
	b := binary.BigEndian.AppendUint64([]byte{6}, size)
	b = append(append(b, byte(len(name))), name...)
	return append(b, make([]byte, 9+size-1-len(b))...)
}

// hello returns the first command of a client, as a frame.
func hello(t *testing.T, s socket.Security) []byte {
	t.Helper()
	m, err := s.New(socket.Connection{})
	if err != nil {
		t.Fatal(err)
	}
	m.Start(nil)
	b, err := m.Output(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFootprintBeforeAuthentication: a peer that is not in yet costs 64 KiB at
// most, heap and stacks, whatever it has said.
func TestFootprintBeforeAuthentication(t *testing.T) {
	const peers, most = 500, 64 << 10
	undecided := socket.WithAuthenticator(socket.AuthenticatorFunc(
		func(ctx context.Context, _ socket.Credentials) (socket.Admission, error) {
			<-ctx.Done()
			return socket.Admission{}, ctx.Err()
		}))
	null, onlyUser := socket.WithOptions(), socket.WithOptions(undecided, socket.WithSecurity(plain.Server()))
	pair, err := curve.NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	onlyKeys := socket.WithOptions(undecided, socket.WithSecurity(curve.Server(pair)))
	plainHello, curveHello := hello(t, plain.Client("ann", "secret")), hello(t, curve.Client(pair.Public, pair))
	for _, tt := range []struct {
		name   string
		opt    socket.Option
		octets [][]byte
		then   int // what the server sends meanwhile, beside its greeting
	}{
		{"mute", null, nil, 0},
		{"greeting", null, [][]byte{greet("NULL")}, 0},
		{"most of a READY of 16 KiB", null, [][]byte{greet("NULL"), unfinished("READY")}, 0},
		{"waits for the authenticator", undecided, [][]byte{greet("NULL")}, 0},
		{"PLAIN: most of a HELLO of 16 KiB", onlyUser, [][]byte{greet("PLAIN"), unfinished("HELLO")}, 0},
		{"PLAIN: waits for the authenticator", onlyUser, [][]byte{greet("PLAIN"), plainHello}, 0},
		{"CURVE: greeting", onlyKeys, [][]byte{greet("CURVE")}, 0},
		{"CURVE: HELLO", onlyKeys, [][]byte{greet("CURVE"), curveHello}, 170},
		{"CURVE: most of an INITIATE of 16 KiB", onlyKeys, [][]byte{greet("CURVE"), curveHello, unfinished("INITIATE")}, 170},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pull, err := socket.NewPull(tt.opt, socket.WithMaxHandshakes(2*peers), socket.WithHandshakeTimeout(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			defer pull.Close()
			endpoint, err := pull.Bind("tcp://127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			conns := make([]net.Conn, peers)
			before := memory()
			for i := range conns {
				c, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { c.Close() })
				conns[i] = c
				for _, b := range tt.octets {
					if _, err := c.Write(b); err != nil {
						t.Fatal(err)
					}
				}
			}
			for i, c := range conns {
				if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(c, make([]byte, 64+tt.then)); err != nil {
					t.Fatalf("connection %d is not served: %v", i, err)
				}
			}
			each := (int64(memory()) - int64(before)) / peers
			t.Logf("%d octets each", each)
			if each > most {
				t.Errorf("%d octets for each unauthenticated peer, want at most %d", each, most)
			}
			if st := pull.Stats(); st.Pending != peers || st.Refused != 0 {
				t.Errorf("%d in the handshake, %d refused", st.Pending, st.Refused)
			}
		})
	}
}
