package zmtp

import (
	"errors"
	"fmt"
	"testing"
)

// errDenied is an authenticator's refusal.
var errDenied = errors.New("denied")

// challenge is a mechanism with what PLAIN and CURVE need beyond NULL: roles,
// four commands, metadata that comes late, and a server that has to wait for an
// authenticator.
//
//	client HELLO, server (waits) WELCOME, client INITIATE md, server READY md
type challenge struct {
	server      bool
	silent      bool // Refuse says nothing
	local, peer Metadata
	due         string // command to send next
	state       State
	denied      bool
}

func (c *challenge) Name() string   { return "CHALLENGE" }
func (c *challenge) AsServer() bool { return c.server }

func (c *challenge) Start(local Metadata) {
	c.local = local
	if !c.server {
		c.due = "HELLO"
	}
}

func (c *challenge) Receive(name string, payload []byte) (err error) {
	expected := map[bool]string{false: "WELCOME", true: "HELLO"}[c.server]
	if c.peer != nil || c.due != "" {
		return fmt.Errorf("received %q out of turn", name)
	}
	switch {
	case name == expected && c.server:
		c.state = Waiting
	case name == expected:
		c.due = "INITIATE"
	case name == "INITIATE" && c.server, name == "READY" && !c.server:
		c.peer, err = ParseMetadata(payload)
		c.state = Ready
		if c.server {
			c.due = "READY"
		}
	default:
		return &ProtocolError{UnexpectedCommand, fmt.Sprintf("%q", name), expected}
	}
	return err
}

// answer is the authenticator's verdict.
func (c *challenge) answer(ok bool) {
	c.state = Receiving
	c.due = "WELCOME"
	c.denied = !ok
}

func (c *challenge) Output(dst []byte) ([]byte, error) {
	if c.denied {
		return AppendError(dst, "400"), errDenied
	}
	name := c.due
	c.due = ""
	switch name {
	case "":
		return dst, nil
	case "INITIATE", "READY":
		return c.local.Append(appendCommand(dst, name, c.local.size())), nil
	}
	return appendCommand(dst, name, 0), nil
}

func (c *challenge) State() State       { return c.state }
func (c *challenge) Metadata() Metadata { return c.peer }

func (c *challenge) Refuse(dst []byte, reason string) []byte {
	if c.silent {
		return dst
	}
	return AppendError(dst, reason)
}

// pump carries what two handshakes write to each other until neither writes.
func pump(t *testing.T, a, b *Handshake) (errA, errB error) {
	t.Helper()
	for range 20 {
		toB, toA := a.Output(), b.Output()
		if len(toA) == 0 && len(toB) == 0 {
			return errA, errB
		}
		if n, err := b.Receive(toB); err != nil {
			errB = err
		} else if n != len(toB) {
			t.Fatalf("%d of %d octets consumed", n, len(toB))
		}
		if n, err := a.Receive(toA); err != nil {
			errA = err
		} else if n != len(toA) {
			t.Fatalf("%d of %d octets consumed", n, len(toA))
		}
	}
	t.Fatal("they never come to an end")
	return nil, nil
}

// A mechanism with roles and an authenticator: the server waits, takes nothing
// meanwhile, and goes on with the answer.
func TestHandshakeWaits(t *testing.T) {
	admitted := false
	cm, sm := &challenge{}, &challenge{server: true}
	client := NewHandshake(Config{SocketType: "DEALER", Mechanism: cm})
	server := NewHandshake(Config{SocketType: "ROUTER", Mechanism: sm, Admit: func(Peer) error {
		admitted = true
		return nil
	}})
	if errC, errS := pump(t, client, server); errC != nil || errS != nil {
		t.Fatalf("client %v, server %v", errC, errS)
	}
	if sm.State() != Waiting || client.Done() || server.Done() || admitted {
		t.Fatalf("state %v, client done %v, server done %v", sm.State(), client.Done(), server.Done())
	}
	if n, err := server.Receive([]byte{4, 1, 1}); n != 0 || err != nil {
		t.Errorf("while it waits: consumed %d, %v", n, err)
	}
	sm.answer(true)
	if _, err := server.Receive(nil); err != nil {
		t.Fatal(err)
	}
	if errC, errS := pump(t, client, server); errC != nil || errS != nil || !client.Done() || !server.Done() || !admitted {
		t.Errorf("client %v, done %v, server %v, done %v", errC, client.Done(), errS, server.Done())
	}
	if c, s := client.Peer(), server.Peer(); c.SocketType != "ROUTER" || s.SocketType != "DEALER" || s.Mechanism != "CHALLENGE" {
		t.Errorf("peers %+v and %+v", c, s)
	}
}

// An authenticator's refusal reaches the peer in the mechanism's own words.
func TestHandshakeDenied(t *testing.T) {
	sm := &challenge{server: true}
	client := NewHandshake(Config{Mechanism: &challenge{}})
	server := NewHandshake(Config{Mechanism: sm})
	if errC, errS := pump(t, client, server); errC != nil || errS != nil {
		t.Fatalf("client %v, server %v", errC, errS)
	}
	sm.answer(false)
	if _, err := server.Receive(nil); !errors.Is(err, errDenied) {
		t.Errorf("server: error %v, want %v", err, errDenied)
	}
	errC, _ := pump(t, client, server)
	if e := new(PeerError); !errors.As(errC, &e) || e.Reason != "400" {
		t.Errorf("client: error %v, want the peer's 400", errC)
	}
}

// A server that has not said READY says ERROR in its place when the peer is not
// admitted, and nothing if its mechanism has it stay silent.
func TestHandshakeRefusalReplacesReady(t *testing.T) {
	for _, silent := range []bool{false, true} {
		sm := &challenge{server: true, silent: silent}
		client := NewHandshake(Config{Mechanism: &challenge{}})
		server := NewHandshake(Config{Mechanism: sm, Admit: func(Peer) error { return errDenied }})
		if errC, errS := pump(t, client, server); errC != nil || errS != nil {
			t.Fatalf("client %v, server %v", errC, errS)
		}
		sm.answer(true)
		if _, err := server.Receive(nil); err != nil {
			t.Fatal(err)
		}
		errC, errS := pump(t, client, server)
		if !errors.Is(errS, errDenied) || client.Done() {
			t.Errorf("silent %v: server error %v, client done %v", silent, errS, client.Done())
		}
		if e := new(PeerError); errors.As(errC, &e) == silent {
			t.Errorf("silent %v: client error %v", silent, errC)
		}
	}
}
