package socket

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/pattern"
)

// Radio sends each message to all DISH peers that have joined its group
// (RFC 48). What dishes send is dropped, and counted (RD-03).
//
// Over udp, to which a RADIO connects and which a DISH binds, every message goes
// out as one datagram, for whoever listens; dishes leave out what is of other
// groups (RD-06). There is no peer: WaitPeers and WaitMembers do not count any,
// nothing tells whether a datagram has arrived, and on a RADIO that is connected
// over udp a message has 8191 octets at most, the group's name included (EP-42),
// and that name 127.
// There is no security either, so a socket with WithSecurity or WithAuthenticator
// refuses such endpoints.
type Radio struct {
	*socket
	*radiating
}

// NewRadio returns a RADIO socket. The error, if any, matches ErrOption.
func NewRadio(opts ...RadioOption) (*Radio, error) {
	c := newConfig()
	for _, o := range opts {
		o.forRadio(c)
	}
	s, err := newSocket(pattern.RADIO, c)
	if err != nil {
		return nil, err
	}
	r := &Radio{socket: s, radiating: &radiating{s: s}}
	s.rules = r.radiating
	s.recv.deaf = true
	s.packing = &packing{pack: func(b, group, body []byte) ([]byte, netip.AddrPort) {
		return zmtp.AppendDatagram(b, group, body), netip.AddrPort{}
	}}
	return r, nil
}

// radiating gives RADIO its rules and its methods to send.
type radiating struct {
	s *socket

	// Guarded by the send lock.
	groups  pattern.Trie[*pipe] // whole names are matched, not prefixes
	casting []*pipe             // of endpoints of datagrams, which get everything (RD-06)
	matches []*pipe
	packed  queue.Packed
}

// Send queues a message of two frames, the name of a group and a body, for
// every peer that has joined the group (RD-02); see SendGroup. A message of
// another number of frames is refused with ErrMessage.
func (b *radiating) Send(ctx context.Context, frames ...[]byte) error {
	return b.radiate(ctx, true, frames)
}

// TrySend is Send that with PolicyBlock returns ErrWouldBlock rather than wait.
func (b *radiating) TrySend(frames ...[]byte) error {
	return b.radiate(context.Background(), false, frames)
}

func (b *radiating) radiate(ctx context.Context, wait bool, frames [][]byte) error {
	s := b.s
	if len(frames) != 2 {
		return s.fail("send", "", fmt.Errorf("%w: %d frames, a RADIO sends a group and a body", ErrMessage, len(frames)))
	}
	if !zmtp.ValidGroup(frames[0]) {
		return s.fail("send", "", badGroup(string(frames[0])))
	}
	size, err := s.check(ctx, frames)
	if err != nil {
		return s.fail("send", "", err)
	}
	s.send.Lock()
	for {
		err := b.mayRadiate(frames)
		b.match(frames[0])
		if err == nil && s.cfg.policy == PolicyBlock && !allFit(b.matches, size, frames) {
			if err = s.await(ctx, wait); err == nil {
				continue
			}
		}
		if err != nil {
			s.send.Unlock()
			return s.fail("send", "", err)
		}
		break
	}
	late := fanOut(b.matches, &b.packed, size, frames)
	s.send.Unlock()
	for _, w := range late {
		w.Wake()
	}
	return nil
}

// mayRadiate returns why a message cannot be sent now, whoever is there. The
// caller holds the send lock.
func (b *radiating) mayRadiate(frames [][]byte) error {
	if b.s.send.closed {
		return ErrClosed
	}
	if len(b.casting) > 0 {
		return fitsDatagram(frames[0], frames[1])
	}
	return nil
}

// SendGroup queues body for every peer that has joined group. It never waits:
// for a peer whose queue is full the message is dropped and counted, others are
// not affected (RD-03); [WithDropPolicy] says otherwise. Without a member it does nothing. The body is copied
// before SendGroup returns. The error is ctx's own, ErrClosed, ErrTooLarge, or
// ErrGroup for a name that no group can have. Safe for concurrent use.
func (b *radiating) SendGroup(ctx context.Context, group string, body []byte) error {
	if len(group) > zmtp.MaxGroup {
		return b.s.fail("send", "", badGroup(group))
	}
	var name [zmtp.MaxGroup]byte
	return b.Send(ctx, name[:copy(name[:], group)], body)
}

// match finds the peers that a group's messages go to.
func (b *radiating) match(group []byte) {
	b.matches = append(b.groups.AppendMembers(b.matches[:0], group), b.casting...)
}

// WaitMembers waits until at least n peers have joined group: what is sent after
// that reaches them. The error is ctx's own, ErrClosed or ErrGroup.
func (b *radiating) WaitMembers(ctx context.Context, group string, n int) error {
	s := b.s
	if err := ctx.Err(); err != nil {
		return s.fail("wait for members", "", err)
	}
	if !zmtp.ValidGroup([]byte(group)) {
		return s.fail("wait for members", "", badGroup(group))
	}
	s.send.Lock()
	defer s.send.Unlock()
	for {
		if s.send.closed {
			return s.fail("wait for members", "", ErrClosed)
		}
		if b.groups.Members([]byte(group)) >= n {
			return nil
		}
		if err := s.send.watchers.wait(ctx, &s.send.Mutex); err != nil {
			return s.fail("wait for members", "", err)
		}
	}
}

func (b *radiating) open(p *pipe) {
	if p.caster != nil && !b.s.cfg.immediate {
		b.casting = append(b.casting, p)
	}
}

func (b *radiating) attach(*session) error { return nil }

func (b *radiating) detach(x *session) {
	b.groups.RemoveAll(x.pipe, nil)
	b.s.send.waiters.wakeAll()
	x.pipe.forfeit() // a connection that comes back has to join anew
}

func (b *radiating) drop(p *pipe) {
	b.groups.RemoveAll(p, nil)
	b.s.send.waiters.wakeAll() // a Send that waits for p to have room need not any more
	b.casting = slices.DeleteFunc(b.casting, func(q *pipe) bool { return q == p })
}

// room lets a Send go on that waits for all to have room (PolicyBlock).
func (b *radiating) room(*pipe) { b.s.send.waiters.wakeAll() }

// subscription implements subscribers: the peer joins a group, or leaves it. A
// peer that joins twice has joined once, and what is not joined cannot be left.
func (b *radiating) subscription(x *session, group []byte, on bool) error {
	if !zmtp.ValidGroup(group) {
		return fmt.Errorf("%w: %w", ErrProtocol, badGroup(string(group)))
	}
	b.s.send.Lock()
	defer b.s.send.Unlock()
	if x.pipe.draining || x.pipe.slow || x.pipe.session != x {
		return nil // it gets only what is queued already, or is to leave, or has left
	}
	if !on {
		if _, removed := b.groups.Remove(group, x.pipe); removed {
			x.topics--
			b.s.send.waiters.wakeAll() // they need not wait for this peer any more
		}
		return nil
	}
	if _, added := b.groups.Add(group, x.pipe); !added {
		return nil
	}
	x.topics++
	if most := b.s.cfg.maxGroups; most > 0 && x.topics > most {
		return fmt.Errorf("groups: %w, the limit is %d", ErrTooLarge, most)
	}
	b.s.send.watchers.wakeAll()
	return nil
}

// upstream implements subscribers.
func (b *radiating) upstream(*session, *queue.Raw) { b.s.recv.lose(1, DropMalformed) }

// crowded implements subscribers.
func (b *radiating) crowded(*session) bool { return false }

// fitsDatagram returns why a message cannot go out over udp.
func fitsDatagram(group, body []byte) error {
	if len(group) > zmtp.MaxDatagramGroup {
		return fmt.Errorf("%w: a name of %d octets, the limit over udp is %d", ErrGroup, len(group), zmtp.MaxDatagramGroup)
	}
	if n := 1 + len(group) + len(body); n > zmtp.MaxDatagram {
		return fmt.Errorf("datagram of %d octets: %w, the limit is %d", n, ErrTooLarge, zmtp.MaxDatagram)
	}
	return nil
}

// badGroup is why a name cannot be that of a group.
func badGroup(group string) error {
	if len(group) > zmtp.MaxGroup {
		return fmt.Errorf("%w: a name of %d octets, the limit is %d", ErrGroup, len(group), zmtp.MaxGroup)
	}
	return fmt.Errorf("%w: %q has a NUL in its name", ErrGroup, group)
}
