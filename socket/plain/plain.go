package plain

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/socket"
)

// MaxLength is the longest user name and the longest password, in octets. To be
// understood by a server that runs on JeroMQ, neither may have more than 127
// (WT-63).
const MaxLength = zmtp.MaxPlainCredential

// Client returns the security of a client that shows this user name and this
// password to each server. Either may be empty and hold any octets, at most
// [MaxLength] of them: a socket with a longer one is refused with
// socket.ErrOption. What is returned never prints the password, and is safe for
// use by many sockets at once.
func Client(user, password string) socket.Security {
	return &client{user: user, password: func() string { return password }}
}

// Server returns the security of a server. Its socket needs an authenticator, see
// socket.WithAuthenticator, that decides by Credentials.Username and
// Credentials.Password. What is returned is safe for use by many sockets at once.
func Server() socket.Security { return server{} }

type client struct {
	user     string
	password func() string // printing does not see into it, and cannot call methods of what is held in a private field
}

// Mechanism returns "PLAIN".
func (*client) Mechanism() string { return zmtp.PlainName }

// Serves returns false.
func (*client) Serves() bool { return false }

// Validate reports credentials that are too long.
func (c *client) Validate() error {
	if n := len(c.user); n > MaxLength {
		return fmt.Errorf("user name of %d octets, expected at most %d", n, MaxLength)
	}
	if n := len(c.password()); n > MaxLength {
		return fmt.Errorf("password of %d octets, expected at most %d", n, MaxLength)
	}
	return nil
}

// New returns the mechanism for a connection, which may be any.
func (c *client) New(socket.Connection) (zmtp.Mechanism, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return zmtp.PlainClient(c.user, c.password()), nil
}

// String returns the user name, and that there is a password.
func (c *client) String() string { return fmt.Sprintf("PLAIN client %q (password not shown)", c.user) }

// Format writes String, whatever is asked for.
func (c *client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) } //nolint:errcheck // fmt looks at what comes of it

// LogValue returns String.
func (c *client) LogValue() slog.Value { return slog.StringValue(c.String()) }

type server struct{}

// Mechanism returns "PLAIN".
func (server) Mechanism() string { return zmtp.PlainName }

// Serves returns true.
func (server) Serves() bool { return true }

// New returns the mechanism for a connection, which may be any.
func (server) New(socket.Connection) (zmtp.Mechanism, error) { return zmtp.PlainServer(), nil }

// String returns "PLAIN server".
func (server) String() string { return "PLAIN server" }
