package lan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/zre"
)

// A Ring says how a guest joins a ring of ZRE nodes.
type Ring struct {
	ID               discovery.ID // zero: a new one
	Name             string
	Evasive, Expired time.Duration
	Interfaces       []string // none: all that lead to others
}

// A Talk is what a ZRE node says, to a peer or a group.
type Talk struct {
	ID    discovery.ID
	Group string
	Text  []string // a frame each
}

// JoinRing makes a ZRE node, whose events are recorded under their names.
func (a *guest) JoinRing(r Ring, id *discovery.ID) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n, err := zre.Join(ctx, zre.WithID(r.ID), zre.WithName(r.Name), zre.WithHeader("X-FROM", "brokerless"), zre.WithSilence(r.Evasive, r.Expired), zre.WithInterfaces(r.Interfaces...))
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.zre = n
	a.mu.Unlock()
	a.own(n)
	*id = n.ID()
	go func() {
		for e := range n.Events(context.Background()) {
			a.journal.add(zreRecord(&e))
		}
	}()
	return nil
}

func zreRecord(e *zre.Event) Record {
	r := Record{Kind: e.Kind.String(), ID: e.ID.String(), Text: e.Group}
	switch e.Kind {
	case zre.Entered:
		headers, _ := json.Marshal(e.Headers) // of strings: cannot fail
		r.Text = e.Name + " " + string(headers)
	case zre.Exited:
		r.Text = e.Reason.String()
	case zre.Whispered:
		r.Text = frames(e)
	case zre.Shouted:
		r.Text = e.Group + ": " + frames(e)
	case zre.Joined, zre.Left:
	}
	return r
}

func frames(e *zre.Event) string {
	var text string
	for _, f := range e.Frames {
		text += string(f)
	}
	return text
}

func (a *guest) ring() (*zre.Node, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.zre == nil {
		return nil, errors.New("no ZRE node")
	}
	return a.zre, nil
}

// RingGroup joins a group.
func (a *guest) RingGroup(group string, _ *none) error {
	n, err := a.ring()
	if err != nil {
		return err
	}
	return n.JoinGroup(group)
}

// RingLeave leaves a group.
func (a *guest) RingLeave(group string, _ *none) error {
	n, err := a.ring()
	if err != nil {
		return err
	}
	return n.LeaveGroup(group)
}

// RingSay whispers, or shouts if there is a group.
func (a *guest) RingSay(k Talk, sent *int) error {
	n, err := a.ring()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	frames := make([][]byte, len(k.Text))
	for i, f := range k.Text {
		frames[i] = []byte(f)
	}
	if k.Group != "" {
		*sent, err = n.Shout(ctx, k.Group, frames...)
		return err
	}
	*sent = 1
	return n.Whisper(ctx, k.ID, frames...)
}

// RingMany makes so many nodes, waits until each has all others as peers and has
// been told so, and returns how many have exited in the time after that.
func (a *guest) RingMany(nodes int, exited *uint64) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	all := make([]*zre.Node, nodes)
	for i := range all {
		n, err := zre.Join(ctx)
		if err != nil {
			return err
		}
		a.own(n)
		go func() {
			for range n.Events(context.Background()) { // read, so that nobody is held up
			}
		}()
		all[i] = n
	}
	for _, n := range all {
		if err := n.WaitPeers(ctx, nodes-1); err != nil {
			return err
		}
	}
	<-time.After(8 * time.Second) // longer than anybody may be silent without being asked
	for _, n := range all {
		*exited += n.Stats().Exited
		if got := len(n.Peers()); got != nodes-1 {
			return fmt.Errorf("%d peers, want %d", got, nodes-1)
		}
	}
	return nil
}
