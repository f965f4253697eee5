package socket

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/pattern"
)

// Dish receives the messages of its RADIO peers in the groups that it has
// joined (RFC 48); none at all before it has joined one. Each is of two frames,
// the name of its group and a body (RD-08).
//
// Over udp, which it binds, it receives what anybody sends to the address, or to
// the multicast group; see Radio. A datagram that finds the queue full is dropped
// and counted, as is one that is malformed. RecvFrom does not tell who sent it: of
// the Peer only Endpoint and LocalAddr are set.
type Dish struct {
	*socket
	receiving
	groups *grouping
}

// NewDish returns a DISH socket. The error, if any, matches ErrOption.
func NewDish(opts ...DishOption) (*Dish, error) {
	c := newConfig()
	for _, o := range opts {
		o.forDish(c)
	}
	s, err := newSocket(pattern.DISH, c)
	if err != nil {
		return nil, err
	}
	d := &Dish{socket: s, receiving: receiving{s}, groups: &grouping{subscribing{s: s}}}
	s.rules = &d.groups.subscribing
	s.recv.filter = d.groups
	s.packing = &packing{unpack: d.groups.unpack}
	return d, nil
}

// Join joins groups: every radio is told, those that connect later included
// (RD-05), and the messages of these groups are received from then on. A name
// is 0 to 255 octets without NUL, and is matched as a whole (RD-01). For one
// that is not, or that is joined already, the error matches ErrGroup, and none
// of them is joined (RD-04). Safe for concurrent use.
func (d *Dish) Join(groups ...string) error { return d.groups.change("join", groups, true) }

// Leave leaves groups. Messages of theirs that have not been received yet are
// dropped, and counted. For one that is not joined the error matches ErrGroup,
// and none of them is left (RD-04). Safe for concurrent use.
func (d *Dish) Leave(groups ...string) error { return d.groups.change("leave", groups, false) }

// RecvGroup is Recv with the two frames apart: the message's group, and its
// body, which is the caller's to keep and change.
func (d *Dish) RecvGroup(ctx context.Context) (group string, body []byte, err error) {
	m, err := d.Recv(ctx)
	if err != nil {
		return "", nil, err
	}
	return string(m[0]), m[1], nil
}

// grouping is the groups of a DISH: subscriptions that are matched as a whole,
// and of which there is one of each.
type grouping struct{ subscribing }

func (g *grouping) change(op string, groups []string, on bool) error {
	g.order.Lock()
	defer g.order.Unlock()
	named := make(map[string]bool, len(groups))
	for _, name := range groups {
		if !zmtp.ValidGroup([]byte(name)) {
			return g.s.fail(op, "", badGroup(name))
		}
		switch joined := g.joined([]byte(name)); {
		case named[name]:
			return g.s.fail(op, "", fmt.Errorf("%w: %q is named twice", ErrGroup, name))
		case joined && on:
			return g.s.fail(op, "", fmt.Errorf("%w: %q is joined already", ErrGroup, name))
		case !joined && !on:
			return g.s.fail(op, "", fmt.Errorf("%w: %q is not joined", ErrGroup, name))
		}
		named[name] = true
	}
	for _, name := range groups {
		if err := g.one([]byte(name), on); err != nil {
			return g.s.fail(op, "", err)
		}
	}
	return nil
}

// unpack takes a datagram apart. What is of other groups does not get into the
// queue (RD-06).
func (g *grouping) unpack(b []byte, _ netip.AddrPort, frames *[2][]byte) (DropReason, bool) {
	group, body, ok := zmtp.ParseDatagram(b)
	if !ok {
		return DropMalformed, false
	}
	frames[0], frames[1] = group, body
	return DropFiltered, g.joined(group)
}

// joined reports whether the socket has joined a group.
func (g *grouping) joined(group []byte) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.topics.Contains(group)
}

// mayReceive implements filter.
func (g *grouping) mayReceive() error { return nil }

// accept implements filter: a message is a group and a body (TS-03), and what is
// on its way when a group is left stops here.
func (g *grouping) accept(_ *inlet, m *queue.Raw) (prefix []byte, skip int, drop DropReason, ok bool) {
	if m.Frames() != 2 {
		return nil, 0, DropMalformed, false
	}
	return nil, 0, DropFiltered, g.joined(m.Frame(0))
}
