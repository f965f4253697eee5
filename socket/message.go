package socket

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Message is one message: a list of frames, each a run of octets. A message
// that Recv returns belongs to the caller, who may keep and change it;
// forward one with out.Send(ctx, m...).
type Message [][]byte

// Clone returns a copy of m that shares no memory with it.
func (m Message) Clone() Message {
	if m == nil {
		return nil
	}
	c := make(Message, len(m))
	for i, f := range m {
		c[i] = bytes.Clone(f)
	}
	return c
}

// Size returns the octets of all frames together.
func (m Message) Size() int {
	n := 0
	for _, f := range m {
		n += len(f)
	}
	return n
}

// String returns m for a log line: frames that are printable text quoted,
// others in hexadecimal, long ones cut.
func (m Message) String() string {
	const most = 32
	var b strings.Builder
	b.WriteByte('[')
	for i, f := range m {
		if i > 0 {
			b.WriteByte(' ')
		}
		head := f[:min(len(f), most)]
		if utf8.Valid(head) && strings.IndexFunc(string(head), func(r rune) bool { return r < ' ' || r == 0x7f }) < 0 {
			fmt.Fprintf(&b, "%q", head)
		} else {
			fmt.Fprintf(&b, "%x", head)
		}
		if len(f) > most {
			fmt.Fprintf(&b, "…(%d)", len(f))
		}
	}
	b.WriteByte(']')
	return b.String()
}

// Sender is what can send: every socket but PULL, SUB, GATHER and DISH, which only
// receive, and SERVER and PEER, which have SendTo alone. Most take several frames;
// CLIENT, SCATTER and CHANNEL take one, RADIO takes a group and a body.
type Sender interface {
	Send(ctx context.Context, frames ...[]byte) error
}

// Receiver is what can receive: every socket but PUSH, PUB, SCATTER and RADIO.
type Receiver interface {
	Recv(ctx context.Context) (Message, error)
}
