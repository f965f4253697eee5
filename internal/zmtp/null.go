package zmtp

import "fmt"

// NullName is the name of the mechanism without security.
const NullName = "NULL"

// Null returns a new instance of the NULL mechanism (RFC 37): each side says
// READY with its metadata without waiting for the other (WT-54), and believes
// what the other says.
func Null() Mechanism { return new(null) }

// NullAsking is Null that has an authenticator asked, by the peer's address
// alone, before it says READY (RFC 27).
func NullAsking() Mechanism { return &null{asks: true} }

type null struct {
	local, peer Metadata
	asks        bool // an answer is waited for
	refused     *AuthError
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
	if n.refused != nil {
		return appendRefusal(dst, n.refused), n.refused
	}
	if n.sent || n.asks {
		return dst, nil
	}
	n.sent = true
	return AppendReady(dst, n.local), nil
}

func (n *null) State() State {
	switch {
	case n.asks:
		return Waiting
	case n.ready:
		return Ready
	}
	return Receiving
}

func (*null) Request() Request { return Request{} }

func (n *null) Answer(v Verdict) { n.asks, n.refused = false, refusal(v) }

func (n *null) Metadata() Metadata { return n.peer }

func (*null) Refuse(dst []byte, reason string) []byte { return AppendError(dst, reason) }
