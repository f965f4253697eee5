package pattern

import "encoding/binary"

// requestIDSize is the length in octets of a request id.
const requestIDSize = 4

// Requester is the lockstep of a REQ socket, whose peers the socket represents by P. To send: CanSend, choose a peer,
// send it Envelope and the body, Sent. To receive: CanRecv, then Accept of each message that comes, until one is the
// reply.
//
// The zero Requester is strict and without request ids. The exported fields may change at any time: Relaxed holds at
// once, Correlate from the next request on. It is not safe for concurrent use.
type Requester[P comparable] struct {
	// Relaxed allows a request to be sent while an earlier one still awaits its reply, which then is no longer
	// accepted (RR-12). From the peer that also gets the new request it can be told apart only with Correlate.
	Relaxed bool

	// Correlate puts a request id before the delimiter of each request and accepts only a reply that repeats it
	// (RR-11).
	Correlate bool

	// NextID is the id of the next request. It should begin with a random number, so that replies to a former socket
	// do not match, and then counts up.
	NextID uint32

	waiting bool
	peer    P      // that got the last request
	sent    uint32 // id of the last request
	tagged  bool   // the last request bore it
	id      [requestIDSize]byte
	frames  [2][]byte
}

// CanSend returns nil if a request may be sent now, and otherwise an error that matches [ErrState].
func (r *Requester[P]) CanSend() error {
	if r.waiting && !r.Relaxed {
		return errReplyAwaited
	}
	return nil
}

// CanRecv returns nil if a request has been sent whose reply has not been received, and otherwise an error that
// matches [ErrState].
func (r *Requester[P]) CanRecv() error {
	if !r.waiting {
		return errNoRequestOut
	}
	return nil
}

// Envelope returns the frames that go before the body of the next request: the request id, if there is to be one, in
// four octets (RR-11), and the empty delimiter (RR-03). They belong to the Requester and are valid until its next
// method is called.
func (r *Requester[P]) Envelope() [][]byte {
	r.frames[1] = r.id[:0]
	if !r.Correlate {
		return r.frames[1:]
	}
	binary.BigEndian.PutUint32(r.id[:], r.NextID)
	r.frames[0] = r.id[:]
	return r.frames[:]
}

// Sent says that the request was queued for peer, whose reply is now awaited. It is called only after CanSend
// returned nil; a send that failed leaves the Requester as it was.
func (r *Requester[P]) Sent(peer P) {
	r.waiting, r.peer, r.sent, r.tagged = true, peer, r.NextID, r.Correlate
	r.NextID++
}

// Accept looks at a message received from peer. If it is the awaited reply, Accept returns its body, which is a part
// of frames, and a new request may be sent. Otherwise it reports false and goes on waiting, and the message is to be
// discarded: it comes from another peer (RR-06, RR-07), lacks the delimiter (RR-08) or anything after that (RR-09),
// or has another request id or none (RR-11).
func (r *Requester[P]) Accept(peer P, frames [][]byte) (body [][]byte, ok bool) {
	if !r.waiting || peer != r.peer {
		return nil, false
	}
	if r.tagged {
		if len(frames) == 0 || len(frames[0]) != requestIDSize || binary.BigEndian.Uint32(frames[0]) != r.sent {
			return nil, false
		}
		frames = frames[1:]
	}
	if len(frames) < 2 || len(frames[0]) > 0 {
		return nil, false
	}
	r.Abandon()
	return frames[1:], true
}

// Peer returns the peer whose reply is awaited, or false if none is. That the peer goes away does not end the wait
// (RR-14).
func (r *Requester[P]) Peer() (peer P, ok bool) {
	return r.peer, r.waiting
}

// Tagged reports whether the last request bore an id, by which its reply is told from others.
func (r *Requester[P]) Tagged() bool { return r.tagged }

// Abandon gives up waiting, so that a new request may be sent, as after a round trip that took too long. The late
// reply is not accepted; what the field Relaxed says about telling it apart goes here too. If no reply is awaited,
// nothing changes.
func (r *Requester[P]) Abandon() {
	var none P
	r.waiting, r.peer = false, none
}
