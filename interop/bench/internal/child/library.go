package child

import "fmt"

// Kind is a type of socket.
type Kind string

// The types of sockets that the roles use, and what each has to implement. A
// role calls the methods of a socket from one goroutine, but for Send of PUSH,
// which -senders goroutines call at the same time.
const (
	Pull   Kind = "PULL"   // Binder, Receiver
	Push   Kind = "PUSH"   // Connector, Sender
	Rep    Kind = "REP"    // Binder, Echoer
	Router Kind = "ROUTER" // Binder, Echoer
	Req    Kind = "REQ"    // Connector, Sender, Receiver
	Dealer Kind = "DEALER" // Connector, Sender, Receiver
	Pub    Kind = "PUB"    // Binder, Sender
	Sub    Kind = "SUB"    // Subscriber, Connector, Receiver
)

// Binds reports whether sockets of this type bind, and those of others connect.
func (k Kind) Binds() bool { return k == Pull || k == Rep || k == Router || k == Pub }

// Opener makes a socket of the library, with the options that c asks for. If it
// cannot do what would make the numbers others, such as CURVE, it fails. It is
// called from one goroutine at a time. Sockets of one process that talk to each
// other come from the same Opener.
type Opener func(c *Config, kind Kind) (Socket, error)

// Socket is one socket of the library: what its Kind has to implement.
type Socket any

// Binder binds.
type Binder interface {
	// Bind listens on an endpoint and returns the one to connect to. That of
	// tcp is tcp://127.0.0.1:0, for a port that the system chooses.
	Bind(endpoint string) (resolved string, err error)
}

// Connector connects.
type Connector interface {
	// Connect connects to an endpoint, or starts to.
	Connect(endpoint string) error
}

// Subscriber subscribes.
type Subscriber interface {
	// Subscribe subscribes to topics. It comes before Connect.
	Subscribe(topics []string) error
}

// Sender sends.
type Sender interface {
	// Send sends one message of these frames, whose memory is the caller's
	// again when it returns.
	Send(frames [][]byte) error
}

// Receiver receives.
type Receiver interface {
	// Recv receives one message. It returns the first frame, which is good until
	// the next call, and the octets of all frames.
	Recv() (first []byte, octets int, err error)
}

// Echoer sends back.
type Echoer interface {
	// Echo receives one message and sends it to where it came from.
	Echo() error
}

// Acceptor is implemented by a Binder of something that has no socket that spans
// connections, in place of Receiver or Echoer, which each of its connections
// implements then.
type Acceptor interface {
	// Accept returns the next connection. It is received from in a goroutine of
	// its own; when it ends, with io.EOF, the others go on.
	Accept() (Socket, error)
}

// Flusher is implemented by a socket whose Send leaves messages in a buffer
// until that is full or the socket is received from.
type Flusher interface {
	Flush() error
}

// as returns a socket as what a role needs it to be.
func as[T any](s Socket, kind Kind) (T, error) {
	t, ok := s.(T)
	if !ok {
		return t, fmt.Errorf("the %s (%T) cannot do what its role asks for", kind, s)
	}
	return t, nil
}
