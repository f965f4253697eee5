package call

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/brokerless/brokerless/internal/backoff"
	"github.com/brokerless/brokerless/socket"
)

// A round is one call of a client, with all attempts that are made of it. It
// belongs to one goroutine.
type round struct {
	c      *Client
	cfg    *callConfig
	method string
	body   []byte
	meta   Metadata
	window int // of a stream

	ends   chan outcome
	live   []*attempt // whose end is awaited
	first  attempt    // memory for the first
	header []byte     // memory for headers
	frames [4][]byte
	name   []byte // the method

	sent   int     // attempts
	tries  int     // of these, those that were neither refused nor made beside others
	hedged int     // hedges made, or given up for want of a server
	begun  bool    // an item of a stream has come
	avoid  []*link // who failed since the last pause
	pauses backoff.Backoff
	last   error // why the last attempt failed
	timer  *time.Timer
	hedge  time.Time // when to make one more attempt; zero for never
	expiry time.Time // when to give those up that are live; zero for never
}

var rounds = sync.Pool{New: func() any { return &round{ends: make(chan outcome, 1)} }}

// begin returns a round for a call.
func (c *Client) begin(method string, body []byte, meta Metadata, cfg *callConfig) *round {
	r := rounds.Get().(*round)
	r.c, r.cfg, r.method, r.body, r.meta = c, cfg, method, body, meta
	if cfg.hedges > 0 {
		r.ends = make(chan outcome, 1+cfg.hedges)
	}
	r.pauses.Min, r.pauses.Max = cfg.retry.Shortest, cfg.retry.Longest
	return r
}

// over gives up what is still live, and the round.
func (r *round) over() {
	r.cancel()
	if r.timer != nil {
		r.timer.Stop()
	}
	if cap(r.ends) != 1 {
		return
	}
	*r = round{ends: r.ends, live: r.live[:0], avoid: r.avoid[:0], header: r.header[:0], name: r.name[:0]}
	rounds.Put(r)
}

// cancel gives up what is live.
func (r *round) cancel() {
	for _, a := range r.live {
		r.abandon(a, true)
	}
	r.live = r.live[:0]
}

// abandon gives up an attempt. If its end has been delivered that is taken out,
// and what is there of the attempts beside it stays.
func (r *round) abandon(a *attempt, tell bool) {
	switch {
	case !a.link.remove(a.id):
		for o := range r.ends {
			switch {
			case o.from != a:
				r.ends <- o // its room is still there
			case o.kind != kindItem:
				return
			}
		}
	case tell:
		a.link.cancel(a.conn, a.id)
	}
}

// run makes attempts until one is answered, and returns the answer.
func (r *round) run(ctx context.Context) (outcome, error) {
	for {
		if len(r.live) == 0 {
			if err := r.launch(ctx); err != nil {
				return outcome{}, err
			}
		}
		o, err := r.await(ctx)
		if err != nil {
			return o, err
		}
		if o.from == nil {
			continue // an attempt ended otherwise
		}
		if o.kind == kindItem {
			r.expiry = time.Time{} // it was in time
			return o, nil
		}
		if again, err := r.settle(&o); !again {
			return o, err
		}
	}
}

// launch sends the call to a server, when there is one. What nobody wants any
// more is not sent.
func (r *round) launch(ctx context.Context) error {
	for {
		if ctx.Err() != nil {
			return r.expired(ctx)
		}
		l, err := r.next(ctx)
		if err != nil {
			return err
		}
		a := &r.first
		if cap(r.ends) != 1 {
			a = new(attempt)
		}
		if r.window > 0 {
			r.ends = make(chan outcome, r.window+1)
		}
		err = r.send(ctx, a, l)
		switch {
		case err == nil:
			r.tries++
			return nil
		case ctx.Err() != nil:
			return r.expired(ctx)
		case errors.Is(err, socket.ErrTooLarge), errors.Is(err, socket.ErrMessage), CodeOf(err) == InvalidArgument:
			return &Error{Code: InvalidArgument, Text: err.Error(), Method: r.method, cause: err}
		}
		r.avoid = append(r.avoid, l) // its connection is ending: it was not sent
	}
}

var errDown = errors.New("the server is not connected")

// send makes an attempt with a server. An error says that it was not sent.
func (r *round) send(ctx context.Context, a *attempt, l *link) error {
	*a = attempt{id: r.c.ids.Add(1), window: r.window, ends: r.ends}
	h := header{kind: kindCall, id: a.id, credit: uint32(r.window)}
	left := r.cfg.attempt
	if deadline, ok := ctx.Deadline(); ok && (left == 0 || time.Until(deadline) < left) {
		left = max(time.Until(deadline), 1)
	}
	if left > 0 {
		h.left = milliseconds(left)
	}
	var err error
	if r.header, err = h.append(r.header[:0], r.meta); err != nil {
		return err
	}
	if !l.add(a) {
		return errDown
	}
	r.name = append(r.name[:0], r.method...)
	r.frames = [4][]byte{nil, r.name, r.body, r.header}
	err = l.send(ctx, a.conn, r.frames[:]...)
	l.sent()
	if err != nil {
		r.abandon(a, false)
		return err
	}
	r.sent++
	r.live = append(r.live, a)
	r.arm()
	return nil
}

// next returns the server to try next, and waits until there is one.
func (r *round) next(ctx context.Context) (*link, error) {
	if l := r.c.pick(r.avoid); l != nil {
		return l, nil
	}
	if len(r.avoid) > 0 { // all who are there have failed
		r.avoid = r.avoid[:0]
		if err := r.sleep(ctx); err != nil {
			return nil, err
		}
	}
	for {
		wake, err := r.c.changed()
		if err != nil {
			return nil, err
		}
		if l := r.c.pick(nil); l != nil {
			return l, nil
		}
		if r.cfg.failFast {
			return nil, &Error{Code: Unavailable, Text: "no server is connected", Method: r.method, cause: r.last}
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return nil, r.expired(ctx)
		}
	}
}

// sleep pauses before servers are tried again.
func (r *round) sleep(ctx context.Context) error {
	timer := time.NewTimer(r.pauses.Next())
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.c.done:
		return errClosed
	case <-ctx.Done():
		return r.expired(ctx)
	}
}

// expired returns the error of a call whose context is done.
func (r *round) expired(ctx context.Context) error {
	e := &Error{Code: CodeOf(ctx.Err()), Method: r.method, cause: r.last}
	if r.last != nil {
		e.Text = "after " + r.last.Error()
	}
	if len(r.live) > 0 {
		e.Server = r.live[0].link.name
	}
	return e
}

// settle looks what the end of an attempt means. Again says that the call goes
// on; if not, err is its error.
func (r *round) settle(o *outcome) (again bool, err error) {
	a := o.from
	i := slices.Index(r.live, a)
	r.live = slices.Delete(r.live, i, i+1)
	if o.lost {
		o.err = &Error{Code: ServerLost, Text: "the connection ended before the answer"}
	}
	if o.err == nil {
		return false, nil
	}
	if e, ok := o.err.(*Error); ok { //nolint:errorlint // it was made here
		e.Method, e.Server = r.method, a.link.name
	} else {
		return false, o.err
	}
	code := CodeOf(o.err)
	refused := o.kind == kindRefusal
	failed := o.lost || code == Unavailable ||
		code == DeadlineExceeded && r.cfg.attempt > 0 // the server noticed first that the attempt took too long
	switch {
	case len(r.live) > 0: // there is more to hope for
		again = refused || failed
	case refused:
		again = !r.cfg.failFast && (code == Unavailable || code == ResourceExhausted)
	default:
		again = failed && r.mayRepeat()
	}
	if !again {
		return false, o.err
	}
	if refused && !a.hedge {
		r.tries--
	}
	r.last = o.err
	r.avoid = append(r.avoid, a.link)
	return true, nil
}

// mayRepeat reports whether the call may be made again though it may have been
// executed.
func (r *round) mayRepeat() bool {
	return r.cfg.idempotent && !r.begun && (r.cfg.retry.Tries == unlimitedTries || r.tries < r.cfg.retry.Tries)
}
