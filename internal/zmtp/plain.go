package zmtp

import (
	"bytes"
	"fmt"
)

// PlainName is the name of the mechanism with a user name and a password.
const PlainName = "PLAIN"

// MaxPlainCredential is the longest user name and the longest password, in
// octets (WT-62). JeroMQ's server takes no more than 127 (WT-63).
const MaxPlainCredential = 255

// PlainClient returns a new client of the PLAIN mechanism (RFC 24). It shows the
// user name and the password to any server, readable for everybody on the way,
// and believes what the server says. Either may be empty. One longer than
// [MaxPlainCredential] fails the handshake before anything of it is sent.
func PlainClient(user, password string) Mechanism {
	return &plainClient{user: user, password: password}
}

// PlainServer returns a new server of the PLAIN mechanism. It has an
// authenticator asked about the user name and the password when HELLO has come,
// which is before the client's metadata (WT-121).
func PlainServer() Mechanism { return &plainServer{step: awaitHello} }

type plainClient struct {
	user, password string
	local, peer    Metadata
	step           step
}

func (*plainClient) Name() string { return PlainName }

func (*plainClient) AsServer() bool { return false }

func (p *plainClient) Start(local Metadata) { p.local = local }

func (p *plainClient) Receive(name string, payload []byte) (err error) {
	if err := p.step.check(name); err != nil {
		return err
	}
	if p.step == awaitReady {
		if p.peer, err = ParseMetadata(payload); err == nil {
			p.step = clientDone
		}
		return err
	}
	if len(payload) > 0 {
		return badSize(name, len(payload), "8, its name alone")
	}
	p.step = sendInitiate
	return nil
}

func (p *plainClient) Output(dst []byte) ([]byte, error) {
	switch p.step {
	case sendHello:
		if n := len(p.user); n > MaxPlainCredential {
			return dst, fmt.Errorf("user name of %d octets, expected at most %d", n, MaxPlainCredential)
		}
		if n := len(p.password); n > MaxPlainCredential {
			return dst, fmt.Errorf("password of %d octets, expected at most %d", n, MaxPlainCredential)
		}
		dst = appendCommand(dst, commandHello, 2+len(p.user)+len(p.password))
		dst = append(append(dst, byte(len(p.user))), p.user...)
		dst = append(append(dst, byte(len(p.password))), p.password...)
		p.step = awaitWelcome
	case sendInitiate:
		dst = p.local.Append(appendCommand(dst, commandInitiate, p.local.size()))
		p.step = awaitReady
	}
	return dst, nil
}

func (p *plainClient) State() State { return p.step.state() }

func (p *plainClient) Metadata() Metadata { return p.peer }

// Refuse says nothing, for ERROR is a word of the server (RFC 24).
func (*plainClient) Refuse(dst []byte, _ string) []byte { return dst }

// misspeltError returns the reason in an ERROR as libzmq 4.3.4 writes it as the
// server of PLAIN: the first octet, 5, and the letter E have become one, 0x5E.
func misspeltError(body []byte) (reason string, ok bool) {
	rest, ok := bytes.CutPrefix(body, []byte("\x5eRROR"))
	if !ok {
		return "", false
	}
	reason, err := ParseError(rest)
	return reason, err == nil
}

type plainServer struct {
	user, password []byte
	local, peer    Metadata
	step           step
	refused        *AuthError
}

func (*plainServer) Name() string { return PlainName }

func (*plainServer) AsServer() bool { return true }

func (p *plainServer) Start(local Metadata) { p.local = local }

func (p *plainServer) Receive(name string, payload []byte) (err error) {
	if err := p.step.check(name); err != nil {
		return err
	}
	if p.step == awaitInitiate {
		if p.peer, err = ParseMetadata(payload); err == nil {
			p.step = sendReady
		}
		return err
	}
	user, rest, ok := cutCounted(payload)
	password, rest, more := cutCounted(rest)
	if !ok || !more || len(rest) > 0 {
		return badSize(name, len(payload), "a user name, a password, each behind its length, and no more")
	}
	p.user, p.password = bytes.Clone(user), bytes.Clone(password)
	p.step = asking
	return nil
}

// cutCounted splits b behind the octets that its first one counts.
func cutCounted(b []byte) (counted, rest []byte, ok bool) {
	if len(b) == 0 || int(b[0]) > len(b)-1 {
		return nil, nil, false
	}
	end := 1 + int(b[0])
	return b[1:end], b[end:], true
}

func (p *plainServer) Request() Request {
	return Request{Credentials: [][]byte{p.user, p.password}}
}

func (p *plainServer) Answer(v Verdict) {
	p.user, p.password = nil, nil // of no more use
	p.step, p.refused = sendWelcome, refusal(v)
	if p.refused != nil {
		p.step = refused
	}
}

func (p *plainServer) Output(dst []byte) ([]byte, error) {
	switch p.step {
	case refused:
		return appendRefusal(dst, p.refused), p.refused
	case sendWelcome:
		dst = appendCommand(dst, commandWelcome, 0)
		p.step = awaitInitiate
	case sendReady:
		dst = AppendReady(dst, p.local)
		p.step = serverDone
	}
	return dst, nil
}

func (p *plainServer) State() State { return p.step.state() }

func (p *plainServer) Metadata() Metadata { return p.peer }

func (*plainServer) Refuse(dst []byte, reason string) []byte { return AppendError(dst, reason) }
