package zmtp

import "fmt"

// NullName is the name of the mechanism without security.
const NullName = "NULL"

// Null returns a new instance of the NULL mechanism (RFC 37): each side says
// READY with its metadata without waiting for the other (WT-54), and believes
// what the other says.
func Null() Mechanism { return new(null) }

type null struct {
	local, peer Metadata
	sent        bool // our READY is out
	ready       bool // the peer's has come
}

func (*null) Name() string { return NullName }

func (*null) AsServer() bool { return false }

func (n *null) Start(local Metadata) { n.local = local }

func (n *null) Receive(name string, payload []byte) (err error) {
	if name != CommandReady {
		return &ProtocolError{UnexpectedCommand, fmt.Sprintf("%q", name), CommandReady}
	}
	n.peer, err = ParseMetadata(payload)
	n.ready = err == nil
	return err
}

func (n *null) Output(dst []byte) ([]byte, error) {
	if n.sent {
		return dst, nil
	}
	n.sent = true
	return AppendReady(dst, n.local), nil
}

func (n *null) State() State {
	if n.ready {
		return Ready
	}
	return Receiving
}

func (n *null) Metadata() Metadata { return n.peer }

func (*null) Refuse(dst []byte, reason string) []byte { return AppendError(dst, reason) }
