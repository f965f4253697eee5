package zmtp

import (
	"errors"
	"fmt"
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
