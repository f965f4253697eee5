package mesh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// Want says how many replies an Ask is for.
type Want struct {
	least int // if above 0
	share int // if least is 0: of wantAll or wantQuorum
}

const (
	wantAll = iota + 1
	wantQuorum
)

// First wants one reply, whoever is the first.
func First() Want { return AtLeast(1) }

// AtLeast wants n replies. It panics if n is less than 1.
func AtLeast(n int) Want {
	if n < 1 {
		panic("mesh: AtLeast wants 1 or more")
	}
	return Want{least: n}
}

// Quorum wants replies of more than half of those asked.
func Quorum() Want { return Want{share: wantQuorum} }

// All wants a reply of everybody asked.
func All() Want { return Want{share: wantAll} }

// of returns how many replies that is when so many are asked.
func (w Want) of(asked int) int {
	switch {
	case w.least > 0:
		return w.least
	case w.share == wantQuorum:
		return asked/2 + 1
	}
	return asked
}

// Reply is what one peer has answered.
type Reply struct {
	Peer   discovery.ID
	Name   string // of the peer, for people
	Frames socket.Message
}

// Failure is a peer that has not answered, and why: a *CallError.
type Failure struct {
	Peer discovery.ID
	Name string
	Err  error
}

// Answers is what an Ask has brought, in the order in which it came.
type Answers struct {
	Replies []Reply
	Missing []Failure // those that have failed, or had not answered when ctx was done
}

// Ask puts a request to all peers in a group that are Up, and returns when as
// many have replied as are wanted, when that can no more be, or when ctx is done.
// The frames must not change until it returns. The node itself is not asked, and
// need not be a member; nor does a peer count that is about to leave. Those whose reply is not waited for any more are told so.
//
// The answers are returned with an error too. It matches ErrTooFew if fewer have
// replied than are wanted, and the error of ctx if that is why; ErrNoMembers if
// there is nobody to ask; ErrClosed if the node has left.
func (n *Node) Ask(ctx context.Context, group string, want Want, frames ...[]byte) (Answers, error) {
	if err := checkName(group); err != nil {
		return Answers{}, err
	}
	ctx, cancel := context.WithCancel(ctx) // ends the sending to those whose queue is full
	defer cancel()
	h := header{kind: kindAsk, name: group}
	if t, ok := ctx.Deadline(); ok {
		h.ttl = max(time.Until(t), time.Millisecond)
	}
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return Answers{}, ErrClosed
	}
	links := slices.DeleteFunc(n.members(group), func(l *link) bool { return n.roster.members[l.id].draining })
	if len(links) == 0 {
		n.mu.Unlock()
		return Answers{}, fmt.Errorf("%w: %q", ErrNoMembers, group)
	}
	q := &question{n: n, group: group, want: want, asked: len(links), done: make(chan outcome, len(links)), open: make(map[discovery.ID]inquiry, len(links))}
	for _, l := range links {
		q.open[l.id] = inquiry{l, n.expect(l, nil, q.done), l.state.Name}
	}
	n.mu.Unlock()
	defer q.close()
	for _, l := range links {
		q.put(ctx, l, h, frames)
	}
	return q.collect(ctx)
}

// inquiry is one peer whose answer is awaited.
type inquiry struct {
	link *link
	id   uint64
	name string
}

// question is an Ask under way.
type question struct {
	n       *Node
	group   string
	want    Want
	asked   int // of which none has declined because it leaves
	done    chan outcome
	open    map[discovery.ID]inquiry
	answers Answers
}

// put sends the request to one peer: at once, or, if its queue is full, in the
// background, so that it does not hold up the others.
func (q *question) put(ctx context.Context, l *link, h header, frames [][]byte) {
	n := q.n
	h.id = q.open[l.id].id
	all := append([][]byte{[]byte(l.id.String()), h.encode()}, frames...)
	err := n.router.TrySend(all...)
	if errors.Is(err, socket.ErrWouldBlock) {
		all = socket.Message(all).Clone() // Ask may return before it is sent
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.closed {
			n.settle(h.id, outcome{code: CodePeerLost})
			return
		}
		n.wg.Go(func() {
			if err := n.router.SendTo(ctx, socket.PeerID(all[0]), all[1:]...); err != nil {
				q.unsent(h.id, err)
			}
		})
		return
	}
	if err != nil {
		q.unsent(h.id, err)
	}
}

// unsent notes that a peer could not be asked.
func (q *question) unsent(id uint64, err error) {
	q.n.mu.Lock()
	defer q.n.mu.Unlock()
	if errors.Is(err, socket.ErrNoRoute) {
		q.n.settle(id, outcome{code: CodePeerLost})
		return
	}
	q.n.settle(id, outcome{code: CodeFailed, text: err.Error()})
}

// collect waits for the answers, and of all even when it is clear that one will
// be missing.
func (q *question) collect(ctx context.Context) (Answers, error) {
	for len(q.open) > 0 && q.lacking() > 0 && (q.want.share == wantAll || len(q.open) >= q.lacking()) {
		select {
		case o := <-q.done:
			q.note(o)
		case <-ctx.Done():
			return q.late(ctx)
		}
	}
	if q.asked == 0 {
		return q.answers, fmt.Errorf("%w: %q", ErrNoMembers, q.group)
	}
	if q.lacking() > 0 {
		return q.answers, q.tooFew(q.expired())
	}
	return q.answers, nil
}

// lacking returns how many replies are wanted beyond those that are there.
func (q *question) lacking() int { return q.want.of(q.asked) - len(q.answers.Replies) }

// note takes one answer.
func (q *question) note(o outcome) {
	i := q.open[o.peer]
	delete(q.open, o.peer)
	switch o.code {
	case CodeDraining: // it left before we knew
		q.asked--
		return
	case 0:
		q.answers.Replies = append(q.answers.Replies, Reply{o.peer, i.name, o.frames})
		return
	}
	q.answers.Missing = append(q.answers.Missing, Failure{o.peer, i.name, &CallError{
		Service: q.group, Peer: o.peer, Code: o.code, Text: o.text,
	}})
}

// late is the end when ctx is done: what has come meanwhile still counts.
func (q *question) late(ctx context.Context) (Answers, error) {
	for more := true; more; {
		select {
		case o := <-q.done:
			q.note(o)
		default:
			more = false
		}
	}
	for id, i := range q.open {
		q.answers.Missing = append(q.answers.Missing, Failure{id, i.name, expired(ctx, q.group, id)})
	}
	if q.lacking() <= 0 {
		return q.answers, nil
	}
	return q.answers, q.tooFew(context.Cause(ctx))
}

// expired returns the error of a deadline if a peer had it before we did.
func (q *question) expired() error {
	for _, f := range q.answers.Missing {
		if errors.Is(f.Err, context.DeadlineExceeded) {
			return context.DeadlineExceeded
		}
	}
	return nil
}

func (q *question) tooFew(cause error) error {
	if q.n.ctx.Err() != nil {
		return ErrClosed
	}
	err := fmt.Errorf("%w: group %q: %d of %d asked, %d wanted", ErrTooFew, q.group, len(q.answers.Replies), q.asked, q.want.of(q.asked))
	if cause != nil {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// close tells those whose answer is awaited no more.
func (q *question) close() {
	n := q.n
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, i := range q.open {
		if n.pending[i.id] != nil {
			n.settle(i.id, outcome{})
			n.control(i.link, header{kind: kindCancel, id: i.id})
		}
	}
}
