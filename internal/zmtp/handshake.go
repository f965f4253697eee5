package zmtp

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// Handshake takes one connection from its first octet to the first octet of
// traffic: greetings, then the commands of the mechanism. It is fed octets as
// they arrive, in pieces of any size, and has octets to be written; the result
// does not depend on the pieces. It holds at most one greeting or one command,
// and memory only for octets that arrived. It is not safe for concurrent use.
//
// The caller writes [Handshake.Output] first, without waiting for the peer
// (WT-07), and then repeats: read, [Handshake.Receive], write Output, until
// [Handshake.Done] or an error. The deadline is the caller's, one for the whole.
//
//	h := NewHandshake(config)
//	write(h.Output())
//	for !h.Done() {
//		n, err := h.Receive(b) // b: read and not yet consumed
//		b = b[n:]
//		write(h.Output()) // also on err
//		...
//	}
//	// b is the beginning of the traffic
//
// A READY or ERROR that comes after the handshake is traffic, and so the
// caller's: a second READY breaks the protocol (WT-55), an ERROR is the peer's
// refusal, which may have crossed with our READY.
type Handshake struct {
	config Config
	mech   Mechanism
	buf    []byte // the greeting or command frame that is arriving
	out    []byte
	ours   []byte // of our greeting, what the peer's has to come for first
	peer   Peer
	phase  phase

	vouched Metadata // what the authenticator says of the peer

	err error // why phase is failed
}

type phase uint8

const (
	greeting phase = iota // the peer's greeting is arriving
	naming                // the first frame of a peer from before ZMTP 3.0 is arriving
	security              // the mechanism is at work
	done
	failed
)

// NewHandshake returns the handshake of a new connection. c must pass
// [Config.Validate].
func NewHandshake(c Config) *Handshake {
	if c.Mechanism == nil {
		c.Mechanism = Null()
	}
	if c.MaxCommand == 0 {
		c.MaxCommand = DefaultMaxCommand
	}
	h := &Handshake{config: c, mech: c.Mechanism}
	if err := c.Validate(); err != nil {
		h.fail(err)
		return h
	}
	h.out = AppendGreeting(nil, Greeting{Mechanism: h.mech.Name(), AsServer: h.mech.AsServer()})
	if h.config.Legacy = c.Legacy && slices.Contains(legacyTypes[:], c.SocketType); h.config.Legacy {
		padSignature(h.out, len(c.Identity))
		h.out, h.ours = h.out[:majorOffset:majorOffset], h.out[majorOffset:]
	}
	return h
}

// Receive takes octets that the peer sent, as many as it can use, and returns
// how many: all of b until the peer's last handshake frame, and none after it.
// The rest stays the caller's. It keeps nothing of b. With an empty b it lets a
// mechanism go on that was [Waiting].
//
// An error is final, n means nothing then, and later calls return the same one:
// [*ProtocolError], [*VersionError], [*MechanismError], [*PeerError], or what
// the mechanism or Config.Admit returned, wrapped. There may still be Output.
func (h *Handshake) Receive(b []byte) (n int, err error) {
	for h.phase == greeting && n < len(b) {
		n += h.receiveGreeting(b[n:])
	}
	if h.phase == naming {
		n += h.receiveIdentity(b[n:])
	}
	for h.phase == security {
		h.advance()
		if h.phase != security || h.mech.State() != Receiving || n == len(b) {
			break
		}
		n += h.receiveCommand(b[n:])
	}
	return n, h.err
}

// Output returns the octets to write now, nil if there are none: the greeting
// at once, or with Config.Legacy step by step, the mechanism's commands as they
// become due, and an ERROR when the handshake fails on this side. The slice is
// the caller's.
func (h *Handshake) Output() []byte {
	out := h.out
	h.out = nil
	return out
}

// Greeted reports whether the peer's greeting has come. From then on it may be
// done before we are.
func (h *Handshake) Greeted() bool { return h.phase != greeting }

// Asked returns what an authenticator is to decide, while the mechanism waits
// for that. The answer goes to [Handshake.Answer].
func (h *Handshake) Asked() (r Request, ok bool) {
	if h.phase != security || h.mech.State() != Waiting {
		return r, false
	}
	asker, ok := h.mech.(Asker)
	if !ok {
		return r, false
	}
	return asker.Request(), true
}

// Answer takes the verdict that was asked for. The handshake goes on with the
// next call of Receive, which may have nothing to give it.
func (h *Handshake) Answer(v Verdict) {
	if _, ok := h.Asked(); !ok {
		return
	}
	if v.Status == StatusOK {
		h.peer.UserID, h.vouched = v.UserID, v.Metadata
	}
	h.mech.(Asker).Answer(v)
}

// Mechanism returns the name of the mechanism.
func (h *Handshake) Mechanism() string { return h.mech.Name() }

// Cipher returns what encrypts and decrypts the traffic of a handshake that is
// done, or nil if that goes in the clear.
func (h *Handshake) Cipher() *Cipher {
	if s, ok := h.mech.(Sealer); ok && h.phase == done {
		return s.Cipher()
	}
	return nil
}

// Done reports whether the handshake has succeeded. Traffic may go out after
// the last Output, and come in after the last octet consumed.
func (h *Handshake) Done() bool { return h.phase == done }

// Peer returns what the peer said of itself. Before Done, it is incomplete.
func (h *Handshake) Peer() Peer { return h.peer }

// receiveGreeting takes what belongs to the greeting and returns how much.
func (h *Handshake) receiveGreeting(b []byte) int {
	size := GreetingSize
	if h.config.Legacy {
		size = stagedGreeting(h.buf)
	}
	n := h.buffer(b, size)
	if h.config.Legacy {
		h.stage()
		if p, old, known := legacyPeer(h.buf); known {
			h.downgrade(p)
			return n
		} else if old {
			return n
		}
	}
	g, err := ParseGreeting(h.buf)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return n
	}
	if err == nil {
		err = h.accept(g)
	}
	if err != nil {
		h.fail(err)
		return n
	}
	h.peer.Major, h.peer.Minor, h.peer.Mechanism = g.Major, g.Minor, g.Mechanism
	h.buf = h.buf[:0]
	h.phase = security
	h.mech.Start(h.config.metadata())
	return n
}

// accept checks the peer's greeting against our own. The as-server bit is no
// proof of a role, as libzmq never sets it (WT-08), but two sides that both
// claim to be the server cannot agree.
func (h *Handshake) accept(g Greeting) error {
	if g.Mechanism != h.mech.Name() {
		return &MechanismError{Local: h.mech.Name(), Peer: g.Mechanism}
	}
	if g.AsServer && h.mech.AsServer() {
		return &ProtocolError{BadGreeting, "as-server from the peer", "a client: this side is the server"}
	}
	return nil
}

// advance admits the peer once it is known, collects what the mechanism has to
// send, and ends the handshake when that was all.
func (h *Handshake) advance() {
	ready := h.mech.State() == Ready
	if ready {
		peer, err := h.peer.with(h.mech.Metadata())
		if err != nil {
			h.refuse(err, err.Error())
			return
		}
		h.peer = peer
		h.peer.Properties = slices.Concat(h.vouched, peer.Properties) // the first of a name counts
		if h.config.Admit != nil {
			if err := h.config.Admit(h.peer); err != nil {
				h.refuse(fmt.Errorf("peer not admitted: %w", err), err.Error())
				return
			}
		}
	}
	out, err := h.mech.Output(h.out)
	h.out = out
	switch {
	case err != nil:
		h.fail(err)
	case ready:
		h.phase, h.buf = done, nil
	}
}

// receiveCommand takes octets up to the end of the command frame that is
// arriving, gives it to the mechanism when it is whole, and returns how many.
// The limit is checked on the header, before the body is buffered.
func (h *Handshake) receiveCommand(b []byte) (n int) {
	for {
		header, err := ParseHeader(h.buf)
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			if n == len(b) {
				return n
			}
			n += h.buffer(b[n:], len(h.buf)+1)
			continue
		case err == nil:
			err = h.checkHeader(header)
		}
		if err != nil {
			h.refuse(err, err.Error())
			return n
		}
		n += h.buffer(b[n:], header.Len+int(header.Size))
		if len(h.buf) == header.Len+int(header.Size) {
			h.command(h.buf[header.Len:])
			h.buf = h.buf[:0]
		}
		return n
	}
}

func (h *Handshake) checkHeader(header Header) error {
	if !header.Command() {
		return &ProtocolError{UnexpectedCommand, "a message frame", "a handshake command"} // WT-55
	}
	if header.Size > int64(h.config.MaxCommand) {
		return &ProtocolError{
			TooLarge, fmt.Sprintf("a handshake command of %d octets", header.Size),
			fmt.Sprintf("at most %d", h.config.MaxCommand),
		}
	}
	return nil
}

// command gives the body of a whole command to the mechanism. ERROR is the same
// for all of them and ends here, unanswered.
func (h *Handshake) command(body []byte) {
	name, payload, err := ParseCommand(body)
	if _, client := h.mech.(*plainClient); client && err != nil {
		if reason, ok := misspeltError(body); ok {
			h.fail(&PeerError{Reason: reason})
			return
		}
	}
	if err == nil && name == CommandError {
		reason, err := ParseError(payload)
		if err == nil {
			err = &PeerError{Reason: reason}
		}
		h.fail(err)
		return
	}
	if err == nil {
		err = h.mech.Receive(name, payload)
	}
	if err != nil {
		h.refuse(err, err.Error())
	}
}

// buffer moves octets from b to the buffer until that holds size, and returns
// how many it moved.
func (h *Handshake) buffer(b []byte, size int) int {
	n := min(len(b), size-len(h.buf))
	h.buf = append(h.buf, b[:n]...)
	return n
}

// refuse fails the handshake and has the mechanism tell the peer why.
func (h *Handshake) refuse(err error, reason string) {
	h.out = h.mech.Refuse(h.out, reason)
	h.fail(err)
}

func (h *Handshake) fail(err error) {
	h.phase, h.err, h.buf = failed, err, nil
}
