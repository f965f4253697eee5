package socket_test

import (
	"context"
	"errors"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// Without a mechanism an authenticator decides by where a peer comes from, and
// what it says of the peer comes with each message.
func TestAuthenticatorUnderNull(t *testing.T) {
	showWire(t, "admits", func(s *stage) {
		pull := s.pull(socket.WithAuthDomain("work"), socket.WithAuthenticator(socket.AuthenticatorFunc(
			func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
				if c.Mechanism != "NULL" || c.Domain != "work" {
					return socket.Admission{}, errors.New("unexpected credentials")
				}
				return socket.Admission{UserID: "ann", Metadata: map[string]string{"X-Team": "blue"}}, nil
			})))
		push := s.push(socket.WithProperty("X-Team", "red"))
		s.connect(push, s.bind(pull))
		s.send(push, "x")
		_, peer, err := pull.RecvFrom(s.ctx)
		if err != nil {
			s.Fatal(err)
		}
		equal(s, "user", peer.UserID, "ann")
		team, _ := peer.Property("x-team")
		equal(s, "team", team, "blue")
	})
	for status, want := range map[int]string{socket.AuthTemporary: "", socket.AuthDenied: "400", socket.AuthInternal: "500"} {
		showWire(t, "refuses "+want, func(s *stage) {
			pull := s.pull(socket.WithAuthenticator(socket.AuthenticatorFunc(
				func(context.Context, socket.Credentials) (socket.Admission, error) {
					return socket.Admission{}, &socket.AuthError{Status: status, Text: "not you"}
				})))
			m := pull.Monitor()
			w := s.dial(s.bind(pull))
			w.write(greeting(3, 1))
			w.expect(greeting(3, 1))
			if want != "" {
				w.expect(command("ERROR", "\x03"+want))
			}
			err := s.event(m, socket.EventHandshakeFailed).Err
			s.matches(err, socket.ErrAuth)
			s.says(err, "not you")
			w.closed()
		})
	}
}
