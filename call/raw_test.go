package call_test

import (
	"encoding/binary"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// raw is a peer of a server that says what the test wants.
type raw struct {
	t *testing.T
	*socket.Dealer
}

func newRaw(t *testing.T, endpoint string) *raw {
	t.Helper()
	d, err := socket.NewDealer()
	check(t, err)
	t.Cleanup(func() { d.Close() })
	check(t, d.Connect(endpoint))
	check(t, d.WaitPeers(within(t), 1))
	return &raw{t, d}
}

// The kinds of messages, written down anew.
const (
	callKind    = 1
	cancelKind  = 2
	creditKind  = 3
	answerKind  = 4
	refusalKind = 5
	itemKind    = 6
	leavingKind = 7
	leftKind    = 8
)

// rawHeader returns a header as docs/wire.md has it.
func rawHeader(kind byte, id uint64, left, credit uint32) []byte {
	b := []byte{1, kind}
	b = binary.BigEndian.AppendUint64(b, id)
	b = binary.BigEndian.AppendUint32(b, left)
	return binary.BigEndian.AppendUint32(b, credit)
}

func (p *raw) send(frames ...[]byte) {
	p.t.Helper()
	check(p.t, p.Send(within(p.t), frames...))
}

// call sends a call with an empty body.
func (p *raw) call(id uint64, method string, left, credit uint32) {
	p.t.Helper()
	p.send(nil, []byte(method), nil, rawHeader(callKind, id, left, credit))
}

func (p *raw) recv() socket.Message {
	p.t.Helper()
	m, err := p.Recv(within(p.t))
	check(p.t, err)
	return m
}

// expect receives a message of a kind for a call.
func (p *raw) expect(kind byte, id uint64) socket.Message {
	p.t.Helper()
	m := p.recv()
	if len(m) != 4 || len(m[3]) < 18 || m[3][1] != kind || binary.BigEndian.Uint64(m[3][2:]) != id {
		p.t.Fatalf("got %v, want kind %d for call %d", m, kind, id)
	}
	return m
}
