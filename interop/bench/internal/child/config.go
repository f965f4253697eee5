package child

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// Config is what the flags of a child say. Both sides of a workload are given
// the same ones.
type Config struct {
	Roles         []string // one; two where both ends live in one process, the binder first
	Transport     string   // tcp, ipc or inproc
	Endpoint      string   // to connect to; to bind for ipc
	Size          int      // octets of a frame
	Frames        int      // frames of a message
	Senders       int      // goroutines that send on one PUSH
	Sockets       int      // PUSH sockets
	Expect        int      // messages after which a PULL is done; 0 for never
	Once          bool     // one message on each PUSH, and no more
	Pattern       string   // reqrep or dealerrouter
	InFlight      int      // requests under way at once
	Rate          int      // requests a second; 0 for one after the other
	Subscribers   int      // SUB sockets
	Subscriptions int      // topics of all subscribers together
	Reuse         bool     // receive into memory that is used again
	HWM           int      // high-water marks in messages; 0 for the library's own
	ServerKey     string   // of CURVE, in Z85; empty for no security
	ServerSecret  string   // which who binds needs too; given if ServerKey is
}

// topicSize is the octets of a topic: "%08d".
const topicSize = 8

// parse reads the flags.
func parse(args []string) (*Config, error) {
	c := new(Config)
	f := flag.NewFlagSet("child", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	roles := f.String("roles", "", "`roles` of the process: pull, push, echo, ask, pub, sub; two for inproc, the binder first")
	f.StringVar(&c.Transport, "transport", "tcp", "tcp, ipc or inproc")
	f.StringVar(&c.Endpoint, "endpoint", "", "endpoint to connect to; to bind for ipc")
	f.IntVar(&c.Size, "size", 16, "octets of a frame")
	f.IntVar(&c.Frames, "frames", 1, "frames of a message")
	f.IntVar(&c.Senders, "senders", 1, "goroutines that send on one PUSH")
	f.IntVar(&c.Sockets, "sockets", 1, "PUSH sockets")
	f.IntVar(&c.Expect, "expect", 0, "messages after which a PULL is done")
	f.BoolVar(&c.Once, "once", false, "make the PUSH sockets at begin, send one message on each, and idle")
	f.StringVar(&c.Pattern, "pattern", "reqrep", "reqrep or dealerrouter")
	f.IntVar(&c.InFlight, "inflight", 1, "requests under way at once")
	f.IntVar(&c.Rate, "rate", 0, "requests a second; 0 for one after the other")
	f.IntVar(&c.Subscribers, "subscribers", 1, "SUB sockets")
	f.IntVar(&c.Subscriptions, "subscriptions", 1, "topics of all subscribers together")
	f.BoolVar(&c.Reuse, "reuse", false, "receive into memory that is used again, where the library can")
	f.IntVar(&c.HWM, "hwm", 0, "high-water marks in messages; 0 for the library's own")
	f.StringVar(&c.ServerKey, "server-key", "", "public key of the server of CURVE, in Z85; none for no security")
	f.StringVar(&c.ServerSecret, "server-secret", "", "its secret key")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	c.Roles = strings.Split(*roles, ",")
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

// check refuses flags that make no sense together.
func (c *Config) check() error {
	switch {
	case c.Transport != "tcp" && c.Transport != "ipc" && c.Transport != "inproc":
		return fmt.Errorf("-transport %q, want tcp, ipc or inproc", c.Transport)
	case c.Pattern != "reqrep" && c.Pattern != "dealerrouter":
		return fmt.Errorf("-pattern %q, want reqrep or dealerrouter", c.Pattern)
	case min(c.Size, c.Frames, c.Senders, c.Sockets, c.InFlight, c.Subscribers, c.Subscriptions) < 1:
		return errors.New("sizes and counts are at least 1")
	case min(c.Expect, c.Rate, c.HWM) < 0:
		return errors.New("-expect, -rate and -hwm are at least 0")
	case c.Senders > 1 && c.Sockets > 1:
		return errors.New("-senders are for one socket, and -sockets for one sender")
	case c.InFlight > 1 && (c.Pattern == "reqrep" || c.Rate > 0):
		return errors.New("-inflight above 1 is for dealerrouter without a -rate")
	case c.Subscriptions > 1 && c.Subscriptions < c.Subscribers:
		return errors.New("-subscriptions that leave a subscriber without any")
	case (c.ServerKey == "") != (c.ServerSecret == ""):
		return errors.New("-server-key and -server-secret go together")
	case c.ServerKey != "" && c.Transport == "inproc":
		return errors.New("-server-key is for a transport that leaves the process")
	case c.publishes() && c.Size < topicSize:
		return fmt.Errorf("-size %d has no room for a topic of %d", c.Size, topicSize)
	case c.publishes() && c.Subscriptions > 100_000_000:
		return fmt.Errorf("-subscriptions %d do not fit in %d digits", c.Subscriptions, topicSize)
	}
	return nil
}

// publishes tells whether the process is an end of PUB and SUB.
func (c *Config) publishes() bool {
	for _, r := range c.Roles {
		if r == "pub" || r == "sub" {
			return true
		}
	}
	return false
}

// message returns a message of the workload: frames of octets that follow no
// pattern, so that nothing on the way can make them smaller.
func (c *Config) message() [][]byte {
	frames := make([][]byte, c.Frames)
	state := uint32(2463534242)
	for i := range frames {
		frames[i] = make([]byte, c.Size)
		for j := range frames[i] {
			state ^= state << 13
			state ^= state >> 17
			state ^= state << 5
			frames[i][j] = byte(state)
		}
	}
	return frames
}

// octets returns the size of a message.
func (c *Config) octets() int { return c.Size * c.Frames }

// binding returns the endpoint for a binder.
func (c *Config) binding() (string, error) {
	switch {
	case c.Transport == "tcp":
		return "tcp://127.0.0.1:0", nil
	case c.Endpoint != "":
		return c.Endpoint, nil
	case c.Transport == "inproc":
		return "inproc://bench", nil
	}
	return "", errors.New("ipc needs an -endpoint to bind")
}
