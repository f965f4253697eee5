package socket

import (
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/transport"
	"github.com/brokerless/brokerless/transport/inproc"
	"github.com/brokerless/brokerless/transport/ipc"
	"github.com/brokerless/brokerless/transport/tcp"
	"github.com/brokerless/brokerless/transport/udp"
)

// config is what the options of one socket come to.
//
// Some of it changes while the socket is at work (live.go): the marks for
// sending and the flags of REQ, ROUTER and XPUB under the send lock, the marks
// for receiving under the receive lock and the send lock, so that either will
// do to read them, and the linger time under socket.mu.
type config struct {
	sendMarks, recvMarks queue.Marks

	maxMessage    int64 // 0: no limit
	maxFrames     int
	maxTopics     int
	maxTopicBytes int
	maxGroups     int // RADIO
	replay        int // messages kept of each topic (PUB, XPUB)
	maxKeptTopics int // 0: no limit, as with the next
	maxKeptOctets int

	linger            time.Duration // negative: for ever
	handshakeTime     time.Duration
	maxHandshakes     int
	maxConns          int           // accepted, past their handshake; 0: no limit
	maxConnsEach      int           // accepted from one address; 0: no limit
	maxBuffered       int           // octets of all incoming queues; 0: no limit
	maxStall          time.Duration // 0: no limit
	heartbeat         time.Duration // 0: off
	heartbeatExpiry   time.Duration
	heartbeatTTL      time.Duration // unless given, heartbeatExpiry or maxTTL
	heartbeatTTLGiven bool
	redialMin         time.Duration
	redialMax         time.Duration
	deniedMin         time.Duration // unless given, redialMax
	deniedMax         time.Duration // unless given, deniedFactor times that
	deniedGiven       bool
	redialStop        RedialStop

	security           Security // nil: NULL
	securityGiven      bool
	authenticator      Authenticator
	authenticatorGiven bool
	domain             string
	legacy             bool         // peers of ZMTP 1.0 and 2.0 are let in
	logger             *slog.Logger // nil: slog.Default()

	identity   []byte
	properties zmtp.Metadata
	transports map[string]transport.Transport
	packets    map[string]transport.PacketTransport

	conflateTopics                bool // PUB, XPUB, SUB, XSUB
	leastLoaded, replies          bool // PUSH, DEALER, CLIENT, SCATTER
	maxLoad                       int  // 0: no limit
	immediate, conflate, probe    bool
	mandatory, handover, silent   bool // ROUTER
	notify                        Notify
	relaxed, correlate            bool       // REQ
	verbose, verboser, manual     bool       // XPUB
	lastValue                     bool       // XPUB: manual, and the next message is for whom the application subscribed
	invert                        bool       // PUB, XPUB, SUB
	cancelAll                     bool       // XSUB
	policy                        DropPolicy // PUB, XPUB, RADIO
	noNotices                     bool       // STREAM
	welcome                       Message
	single                        bool   // a message has one frame: CLIENT, SERVER, SCATTER, GATHER, PEER, CHANNEL
	hello, farewell, hiccup       []byte // empty: none
	transportsGiven               []transport.Transport
	packetsGiven                  []transport.PacketTransport
	propertyNames, propertyValues []string
}

// inprocess is the name space of inproc:// endpoints that all sockets of a
// process share unless WithTransport gives them another.
var inprocess = inproc.New()

func newConfig() *config {
	return &config{
		sendMarks:       queue.Marks{Messages: defaultHighWaterMark, Bytes: defaultHighWaterBytes},
		recvMarks:       queue.Marks{Messages: defaultHighWaterMark, Bytes: defaultHighWaterBytes},
		maxMessage:      defaultMaxMessageSize,
		maxFrames:       defaultMaxFrames,
		maxTopics:       defaultMaxTopics,
		maxTopicBytes:   defaultMaxTopicBytes,
		maxGroups:       defaultMaxGroups,
		maxKeptTopics:   defaultMaxKeptTopics,
		maxKeptOctets:   defaultMaxKeptOctets,
		linger:          defaultLinger,
		handshakeTime:   defaultHandshakeTime,
		maxHandshakes:   defaultMaxHandshakes,
		maxConns:        defaultMaxConnections,
		maxBuffered:     defaultMaxBuffered,
		heartbeat:       defaultHeartbeat,
		heartbeatExpiry: defaultHeartbeatExpiry,
		redialMin:       defaultRedialMin,
		redialMax:       defaultRedialMax,
		transports: map[string]transport.Transport{
			"tcp":    tcp.New(),
			"ipc":    ipc.New(),
			"inproc": inprocess,
		},
		packets: map[string]transport.PacketTransport{"udp": udp.New()},
	}
}

// validate looks at the options together, once, when the socket is made.
func (c *config) validate() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrOption, fmt.Sprintf(format, args...))
	}
	switch {
	case c.sendMarks.Messages < 0 || c.recvMarks.Messages < 0 || c.sendMarks.Bytes < 0 || c.recvMarks.Bytes < 0:
		return bad("a high-water mark is negative; 0 means no mark")
	case c.maxMessage < 0 || c.maxMessage > math.MaxInt64/4:
		return bad("WithMaxMessageSize(%d): want 0 for no limit, or octets", c.maxMessage)
	case c.maxFrames < 0:
		return bad("WithMaxFrames(%d): want 0 for no limit, or a number", c.maxFrames)
	case c.maxTopics < 0 || c.maxTopicBytes < 0:
		return bad("WithMaxSubscriptions(%d, %d): want 0 for no limit, or numbers", c.maxTopics, c.maxTopicBytes)
	case c.maxGroups < 0:
		return bad("WithMaxGroups(%d): want 0 for no limit, or a number", c.maxGroups)
	case c.handshakeTime <= 0:
		return bad("WithHandshakeTimeout(%v): want more than 0", c.handshakeTime)
	case c.maxHandshakes <= 0:
		return bad("WithMaxHandshakes(%d): want more than 0", c.maxHandshakes)
	case c.maxConns < 0 || c.maxConnsEach < 0:
		return bad("WithMaxConnections(%d), WithMaxConnectionsPerAddress(%d): want 0 for no limit, or numbers", c.maxConns, c.maxConnsEach)
	case c.maxBuffered < 0:
		return bad("WithMaxBuffered(%d): want 0 for no limit, or octets", c.maxBuffered)
	case c.maxLoad < 0:
		return bad("WithMaxLoad(%d): want 0 for no limit, or a number", c.maxLoad)
	case c.maxStall < 0:
		return bad("WithMaxStall(%v): want 0 for no limit, or a time", c.maxStall)
	case c.redialMin <= 0 || c.redialMax < c.redialMin:
		return bad("WithRedial(%v, %v): want 0 < shortest <= longest", c.redialMin, c.redialMax)
	case c.policy >= dropPolicies:
		return bad("WithDropPolicy(%d): want one of the policies", c.policy)
	case c.deniedGiven && (c.deniedMin <= 0 || c.deniedMax < c.deniedMin):
		return bad("WithRedialDenied(%v, %v): want 0 < shortest <= longest", c.deniedMin, c.deniedMax)
	case c.notify&^allNotices != 0:
		return bad("WithNotify(%#x): want the constants Notify…", uint8(c.notify))
	case c.redialStop&^allStops != 0:
		return bad("WithRedialStop(%#x): want the constants Stop…", uint8(c.redialStop))
	}
	if !c.deniedGiven {
		c.deniedMin, c.deniedMax = c.redialMax, deniedFactor*c.redialMax
	}
	if err := c.validateHeartbeat(); err != nil {
		return err
	}
	if err := c.validateSecurity(); err != nil {
		return err
	}
	if err := c.validateReplay(); err != nil {
		return err
	}
	if err := c.validateNotes(); err != nil {
		return err
	}
	if err := c.validateConflate(); err != nil {
		return err
	}
	for i, name := range c.propertyNames {
		value := c.propertyValues[i]
		if len(name) <= 2 || (name[:2] != "X-" && name[:2] != "x-") || len(name) > 255 || value == "" {
			return bad("WithProperty(%q, %q): want a name of at most 255 octets that starts with X-, and a value", name, value)
		}
		c.properties = append(c.properties, zmtp.Property{Name: name, Value: []byte(value)})
	}
	check := zmtp.Config{Identity: c.identity, SendIdentity: true, Properties: c.properties}
	if err := check.Validate(); err != nil {
		return bad("%v", err)
	}
	for _, t := range c.transportsGiven {
		if t == nil {
			return bad("WithTransport(nil)")
		}
		c.transports[t.Scheme()] = t
	}
	for _, t := range c.packetsGiven {
		if t == nil {
			return bad("WithPacketTransport(nil)")
		}
		c.packets[t.Scheme()] = t
	}
	return nil
}

func (c *config) limits() queue.Limits {
	return queue.Limits{Message: c.maxMessage, Frames: c.maxFrames, Command: maxCommand}
}
