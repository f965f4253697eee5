package call

import "context"

// An attempt is a call as it was sent to one server.
type attempt struct {
	id     uint64
	hedge  bool // it was made beside others
	window int  // items that may be in ends; 0 for a call that is answered once
	link   *link
	conn   context.Context // done when the connection it went over ends
	ends   chan outcome    // has room for the end of every attempt that shares it, and for the items
}

// An outcome is what comes of an attempt: its end, or an item of a stream
// before.
type outcome struct {
	from     *attempt
	kind     kind   // of the message, if there was one
	lost     bool   // the connection ended
	err      error  // nil, or an *Error that nobody else has, or errClosed
	body     []byte // the answer or the item
	metadata []byte // encoded
}

// end delivers the end of the attempt, once.
func (a *attempt) end(o outcome) {
	o.from = a
	a.ends <- o
}

// item delivers an item, unless there are more than were asked for. It is
// called by one goroutine at a time.
func (a *attempt) item(body []byte) bool {
	if len(a.ends) >= a.window {
		return false
	}
	a.ends <- outcome{from: a, kind: kindItem, body: body}
	return true
}
