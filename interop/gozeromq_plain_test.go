package interop

import (
	"fmt"
	"testing"

	"github.com/go-zeromq/zmq4"
	"github.com/go-zeromq/zmq4/security/plain"

	"github.com/brokerless/brokerless/socket"
	ourplain "github.com/brokerless/brokerless/socket/plain"
)

// TestGoZeroMQPlain has go-zeromq/zmq4 be a client of PLAIN of ours, and the
// server, which lets everybody in. It takes who is bound for the server.
func TestGoZeroMQPlain(t *testing.T) {
	showsZMQ4(t, rowPlain, "tcp")
	for _, weServe := range []bool{true, false} {
		t.Run(fmt.Sprintf("server=%s", party(weServe)), func(t *testing.T) {
			they := newZMQ4(t, "PAIR", "", zmq4.WithSecurity(plain.Security(user, password)))
			var we ours
			if weServe {
				we = newOurs(t, "PAIR", "", socket.WithSecurity(ourplain.Server()), socket.WithAuthenticator(users(t, user, password)))
				must(t, they.Connect(bind(t, we, "tcp://127.0.0.1:0")))
			} else {
				we = newOurs(t, "PAIR", "", socket.WithSecurity(ourplain.Client(user, password)))
				must(t, we.Connect(bind(t, they, "tcp://127.0.0.1:0")))
			}
			waitPeers(t, we, 1)
			for _, size := range bodySizes {
				send(t, we, body(size, 1), body(size, 2))
				expect(t, they, body(size, 1), body(size, 2))
				send(t, they, body(size, 3))
				expect(t, we, body(size, 3))
			}
		})
	}
	t.Run("wrong password", func(t *testing.T) {
		they := newZMQ4(t, "PAIR", "", zmq4.WithSecurity(plain.Security(user, "close sesame")))
		we := newOurs(t, "PAIR", "", socket.WithSecurity(ourplain.Server()), socket.WithAuthenticator(users(t, user, password)))
		m := we.Monitor()
		defer m.Close()
		if err := they.Connect(bind(t, we, "tcp://127.0.0.1:0")); err == nil {
			t.Error("it was let in")
		}
		if _, matches := heard(awaitEvent(t, m, socket.EventReady, socket.EventHandshakeFailed)); matches != "`ErrAuth`" {
			t.Errorf("our side says it matches %s", matches)
		}
	})
}
