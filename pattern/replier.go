package pattern

// A Replier keeps the memory for an envelope from one request to the next, unless it had to grow beyond these.
const (
	keptOctets = 4096
	keptFrames = 64
)

// Replier is the lockstep of a REP socket, whose peers the socket represents by P. To receive: CanRecv, then Accept
// of each message that comes, until one is a request. To send: CanSend, send Envelope and the body to Peer, Sent.
//
// The zero Replier waits for its first request. It is not safe for concurrent use.
type Replier[P comparable] struct {
	owing  bool
	peer   P        // that awaits the reply
	frames [][]byte // the envelope of the reply, in octets
	octets []byte
}

// CanRecv returns nil if a request may be received now, and otherwise an error that matches [ErrState].
func (r *Replier[P]) CanRecv() error {
	if r.owing {
		return errReplyOwed
	}
	return nil
}

// CanSend returns nil if a request has been received that was not replied to, and otherwise an error that matches
// [ErrState].
func (r *Replier[P]) CanSend() error {
	if !r.owing {
		return errNoRequestIn
	}
	return nil
}

// Accept looks at a message received from peer. If it is a request, Accept copies its address envelope for the reply
// and returns its body, which is a part of frames. If not, because [SplitEnvelope] finds no delimiter or no body, it
// reports false and the message is to be discarded (RR-24). It is called only after CanRecv returned nil.
func (r *Replier[P]) Accept(peer P, frames [][]byte) (body [][]byte, ok bool) {
	envelope, body, ok := SplitEnvelope(frames)
	if !ok {
		return nil, false
	}
	r.owing, r.peer = true, peer
	r.keep(envelope)
	return body, true
}

// keep copies envelope: what the application does to its message, or to the memory it lent, must not change where the
// reply goes.
func (r *Replier[P]) keep(envelope [][]byte) {
	r.frames, r.octets = r.frames[:0], r.octets[:0]
	for _, frame := range envelope {
		r.octets = append(r.octets, frame...)
	}
	rest := r.octets
	for _, frame := range envelope {
		r.frames = append(r.frames, rest[:len(frame):len(frame)])
		rest = rest[len(frame):]
	}
}

// Peer returns the peer that awaits the reply, or false if none does.
func (r *Replier[P]) Peer() (peer P, ok bool) {
	return r.peer, r.owing
}

// Envelope returns the frames that go before the body of the reply: those that came before the body of the request
// (RR-23). They belong to the Replier and are valid until Sent. If no reply is owed, there are none.
func (r *Replier[P]) Envelope() [][]byte {
	if !r.owing {
		return nil
	}
	return r.frames
}

// Sent says that the reply is done with, so that the next request may be received: queued for the peer, or dropped
// because the peer has gone or its queue is full (RR-25), or not given at all. It comes after the whole message, not
// after each frame (RR-26). If no reply is owed, nothing changes.
func (r *Replier[P]) Sent() {
	var none P
	r.owing, r.peer = false, none
	if cap(r.octets) > keptOctets || cap(r.frames) > keptFrames {
		r.frames, r.octets = nil, nil
	}
}
