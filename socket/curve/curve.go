package curve

import (
	"errors"
	"fmt"

	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/socket"
)

// Client returns the security of a client, known by its own keys, that speaks
// only with the server that has the key server. What is returned, here and
// below, never prints a secret and is safe for use by many sockets at once; a
// socket is refused with socket.ErrOption if no connection can come of the keys.
func Client(server Key, own KeyPair) socket.Security {
	err := own.Validate()
	if err == nil && !usable(server, own) {
		err = fmt.Errorf("the server's key %v is no public key", server)
	}
	return &client{server, own, err}
}

// usable reports whether anything can be encrypted for the owner of a key: all
// zeros and a few others are no keys.
func usable(server Key, own KeyPair) bool {
	_, err := newClient(server, own)
	return err == nil
}

func newClient(server Key, own KeyPair) (zmtp.Mechanism, error) {
	return zmtp.CurveClient(server, (*[Size]byte)(&own.Public), own.Secret.octets())
}

func newServer(own KeyPair) zmtp.Mechanism {
	return zmtp.CurveServer((*[Size]byte)(&own.Public), own.Secret.octets())
}

// Server returns the security of a server with its own keys. Its socket needs an
// authenticator, see socket.WithAuthenticator, that decides by Credentials.Key,
// the client's public key, who may come in.
func Server(own KeyPair) socket.Security { return &server{own, own.Validate()} }

// Peers returns the security of a socket whose peers are its equals, such as one
// of a mesh: it is the server on the connections that others make to it, and so
// needs an authenticator, and a client on those that it makes. For these,
// serverKey returns the key of who has to be there, or an error, with which the
// attempt fails; it is called for each attempt, also after the connection was
// lost, by many goroutines at a time, and should not wait.
func Peers(own KeyPair, serverKey func(socket.Connection) (Key, error)) socket.Security {
	err := own.Validate()
	if err == nil && serverKey == nil {
		err = errors.New("no function that tells the keys of servers")
	}
	return &peers{own, serverKey, err}
}

type client struct {
	server Key
	own    KeyPair
	err    error // what is wrong with the keys
}

// Mechanism returns "CURVE".
func (*client) Mechanism() string { return zmtp.CurveName }

// Serves returns false.
func (*client) Serves() bool { return false }

// Validate reports keys that no connection can come of.
func (c *client) Validate() error { return c.err }

// New returns the mechanism for a connection, which may be any.
func (c *client) New(socket.Connection) (zmtp.Mechanism, error) {
	if c.err != nil {
		return nil, c.err
	}
	return newClient(c.server, c.own)
}

// String returns both public keys.
func (c *client) String() string {
	return fmt.Sprintf("CURVE client %v of server %v", c.own.Public, c.server)
}

type server struct {
	own KeyPair
	err error // what is wrong with the keys
}

// Mechanism returns "CURVE".
func (*server) Mechanism() string { return zmtp.CurveName }

// Serves returns true.
func (*server) Serves() bool { return true }

// Validate reports keys that no connection can come of.
func (s *server) Validate() error { return s.err }

// New returns the mechanism for a connection, which may be any.
func (s *server) New(socket.Connection) (zmtp.Mechanism, error) {
	if s.err != nil {
		return nil, s.err
	}
	return newServer(s.own), nil
}

// String returns the public key.
func (s *server) String() string { return fmt.Sprintf("CURVE server %v", s.own.Public) }

type peers struct {
	own       KeyPair
	serverKey func(socket.Connection) (Key, error)
	err       error // what is wrong with the keys
}

// Mechanism returns "CURVE".
func (*peers) Mechanism() string { return zmtp.CurveName }

// Serves returns true.
func (*peers) Serves() bool { return true }

// Validate reports keys that no connection can come of.
func (p *peers) Validate() error { return p.err }

// New returns the mechanism for a connection: who has made it is the client.
func (p *peers) New(c socket.Connection) (zmtp.Mechanism, error) {
	switch {
	case p.err != nil:
		return nil, p.err
	case !c.Dialed:
		return newServer(p.own), nil
	}
	key, err := p.serverKey(c)
	if err != nil {
		return nil, fmt.Errorf("no key of %s: %w", c.Endpoint, err)
	}
	return newClient(key, p.own)
}

// String returns the public key.
func (p *peers) String() string { return fmt.Sprintf("CURVE peer %v", p.own.Public) }
