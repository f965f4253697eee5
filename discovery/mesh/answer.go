package mesh

import (
	"context"
	"fmt"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// Ask is a request that a peer has put to a group. It is the handler's to keep
// and change.
type Ask struct {
	Group  string
	From   discovery.ID
	Name   string // of the peer, for people
	Frames socket.Message
}

// asker answers what a group is asked.
type asker struct {
	handler func(context.Context, Ask) ([][]byte, error)
	pool    *pool
}

// HandleAsk joins a group, unless the node is in it, and has the handler answer
// what the group is asked: several requests at a time, 8 for each processor,
// while 1000 more wait. What is said of a Handler's context, reply and error
// holds for this one. It ends with LeaveGroup. A member that handles nothing
// tells who asks so. ErrTaken if there is a handler already.
func (n *Node) HandleAsk(group string, handler func(ctx context.Context, a Ask) ([][]byte, error)) error {
	if err := checkName(group); err != nil {
		return err
	}
	if handler == nil {
		return fmt.Errorf("%w: no handler", ErrOption)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.askers[group] != nil {
		return fmt.Errorf("%w: group %q", ErrTaken, group)
	}
	if err := n.joinGroup(group); err != nil {
		return err
	}
	n.askers[group] = &asker{handler, newPool(n, defaultConcurrency(), defaultQueue)}
	return nil
}

// asked has a request to a group answered. The caller holds mu.
func (n *Node) asked(l *link, h header, frames socket.Message) {
	a := n.askers[h.name]
	if a == nil {
		n.decline(l, h, nil, CodeNoService, "nobody answers here")
		return
	}
	q := Ask{Group: h.name, From: l.id, Name: l.state.Name, Frames: frames}
	code := n.offer(l, h, a.pool, func(ctx context.Context) (socket.Message, error) { return a.handler(ctx, q) })
	if code != 0 {
		n.decline(l, h, a.pool, code, "not executed")
	}
}
