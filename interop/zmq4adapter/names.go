package zmq4adapter

import (
	"net"

	"github.com/go-zeromq/zmq4"
)

// The types of go-zeromq/zmq4. They are the same types, so that values pass
// between code that imports this package and code that imports the original.
type (
	// Socket is what the constructors return.
	Socket = zmq4.Socket
	// Topics is what PUB, XPUB and SUB sockets implement besides.
	Topics = zmq4.Topics
	// SocketType is the name of a socket type, such as PUSH.
	SocketType = zmq4.SocketType
	// SocketIdentity is the identity of a socket, see [WithID].
	SocketIdentity = zmq4.SocketIdentity
	// Msg is a message. The frames of one that Recv returns belong to the
	// caller; those of one that is sent are copied before Send returns.
	Msg = zmq4.Msg
	// MsgType tells messages from commands. What is sent with a socket is a
	// message, whatever its type says.
	MsgType = zmq4.MsgType
	// Security is a mechanism of the original, see [WithSecurity].
	Security = zmq4.Security
	// SecurityType is the name of a mechanism.
	SecurityType = zmq4.SecurityType
	// UnknownTransportError is an error of the original.
	UnknownTransportError = zmq4.UnknownTransportError

	// Conn is a bare connection of the original, which no socket uses.
	Conn = zmq4.Conn
	// Cmd is a command on a [Conn].
	Cmd = zmq4.Cmd
	// Metadata is what the ends of a [Conn] tell each other.
	Metadata = zmq4.Metadata
	// Property is one entry of [Metadata].
	Property = zmq4.Property
	// Queue is a list of messages of the original, which no socket uses.
	Queue = zmq4.Queue
)

// The types of sockets.
const (
	Pair   = zmq4.Pair
	Pub    = zmq4.Pub
	Sub    = zmq4.Sub
	Req    = zmq4.Req
	Rep    = zmq4.Rep
	Dealer = zmq4.Dealer
	Router = zmq4.Router
	Pull   = zmq4.Pull
	Push   = zmq4.Push
	XPub   = zmq4.XPub
	XSub   = zmq4.XSub
)

// The options of SetOption and GetOption.
const (
	// OptionSubscribe is the prefix, a string, that a SUB subscribes to.
	OptionSubscribe = zmq4.OptionSubscribe
	// OptionUnsubscribe is the prefix, a string, of which a SUB cancels one
	// subscription.
	OptionUnsubscribe = zmq4.OptionUnsubscribe
	// OptionHWM is how many messages, an int, are queued for each peer in each
	// direction. The default is 1000; 0 sets no mark. It is set before the
	// socket is used.
	OptionHWM = zmq4.OptionHWM
)

// The rest of the constants.
const (
	UsrMsg = zmq4.UsrMsg
	CmdMsg = zmq4.CmdMsg

	NullSecurity  = zmq4.NullSecurity
	PlainSecurity = zmq4.PlainSecurity
	CurveSecurity = zmq4.CurveSecurity

	CmdCancel      = zmq4.CmdCancel
	CmdError       = zmq4.CmdError
	CmdHello       = zmq4.CmdHello
	CmdInitiate    = zmq4.CmdInitiate
	CmdPing        = zmq4.CmdPing
	CmdPong        = zmq4.CmdPong
	CmdReady       = zmq4.CmdReady
	CmdSubscribe   = zmq4.CmdSubscribe
	CmdUnsubscribe = zmq4.CmdUnsubscribe
	CmdWelcome     = zmq4.CmdWelcome
)

// The errors of the original. Only ErrBadProperty is one of the sockets here.
var (
	// ErrBadProperty is matched by the errors of SetOption and GetOption.
	ErrBadProperty = zmq4.ErrBadProperty
	ErrBadCmd      = zmq4.ErrBadCmd
	ErrBadFrame    = zmq4.ErrBadFrame
	ErrClosedConn  = zmq4.ErrClosedConn
)

// NewMsg returns a message of one frame, which it does not copy.
func NewMsg(frame []byte) Msg { return zmq4.NewMsg(frame) }

// NewMsgFrom returns a message of frames, which it does not copy.
func NewMsgFrom(frames ...[]byte) Msg { return zmq4.NewMsgFrom(frames...) }

// NewMsgString returns a message of one frame.
func NewMsgString(frame string) Msg { return zmq4.NewMsgString(frame) }

// NewMsgFromString returns a message of frames.
func NewMsgFromString(frames []string) Msg { return zmq4.NewMsgFromString(frames) }

// Open is Open of the original: a bare connection, which no socket uses.
func Open(rw net.Conn, sec Security, kind SocketType, id SocketIdentity, server bool, onClose func(*Conn)) (*Conn, error) {
	return zmq4.Open(rw, sec, kind, id, server, onClose)
}

// NewQueue returns an empty [Queue].
func NewQueue() *Queue { return zmq4.NewQueue() }

// Transports returns the schemes of the endpoints that every socket has.
func Transports() []string { return []string{"inproc", "ipc", "tcp"} }
