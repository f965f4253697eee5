package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// A room passes on what its members say. They send it
//
//	"join"
//	"say", text
//	"tell", name, text
//
// and get, each as two frames, who speaks and the text. The room itself speaks
// as "*". Their names are the identities of their sockets, so that no two can
// have the same: the ROUTER refuses the second.
type room struct {
	router *socket.Router
	events *socket.Monitor

	// The members, and since when each is connected. A message and an event of
	// one connection have no order between them, but that tells if they are of
	// the same one.
	mu      sync.Mutex
	members map[socket.PeerID]time.Time
}

func openRoom(bind string) (r *room, endpoint string, err error) {
	router, err := socket.NewRouter()
	if err != nil {
		return nil, "", err
	}
	r = &room{router: router, events: router.Monitor(), members: make(map[socket.PeerID]time.Time)}
	if endpoint, err = router.Bind(bind); err != nil {
		router.Close()
		return nil, "", err
	}
	return r, endpoint, nil
}

// serve runs the room until ctx is done, and closes it.
func (r *room) serve(ctx context.Context) error {
	var watching sync.WaitGroup
	watching.Go(func() {
		for e := range r.events.Events(ctx) {
			if e.Kind == socket.EventDisconnected {
				r.leave(ctx, e.Peer)
			}
		}
	})
	defer watching.Wait()
	defer r.router.Close()
	for {
		m, from, err := r.router.RecvFrom(ctx)
		if errors.Is(err, socket.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		r.hear(ctx, from, m[1:]) // the ROUTER has put the sender's identity in front
	}
}

// hear does what a member wants.
func (r *room) hear(ctx context.Context, peer socket.Peer, m socket.Message) {
	from := peer.ID
	switch {
	case len(m) == 1 && string(m[0]) == "join":
		r.join(ctx, peer)
	case len(m) == 2 && string(m[0]) == "say":
		r.mu.Lock()
		r.toOthers(ctx, from, from, m[1])
		r.mu.Unlock()
	case len(m) == 3 && string(m[0]) == "tell":
		to := socket.PeerID(m[1])
		if err := r.router.SendTo(ctx, to, []byte(from), m[2]); errors.Is(err, socket.ErrNoRoute) {
			r.to(ctx, from, "*", fmt.Appendf(nil, "%s is not here", to))
		}
	default:
		r.to(ctx, from, "*", fmt.Appendf(nil, "what does %v mean?", m))
	}
}

// join lets a peer in, unless it has gone meanwhile.
func (r *room) join(ctx context.Context, peer socket.Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.router.SendTo(ctx, peer.ID, []byte("*"), fmt.Appendf(nil, "welcome, %s", peer.ID)); err != nil {
		return
	}
	if _, ok := r.members[peer.ID]; !ok {
		r.toOthers(ctx, peer.ID, "*", fmt.Appendf(nil, "%s has come", peer.ID))
	}
	r.members[peer.ID] = peer.Since
}

// leave is told that the connection of a peer has ended.
func (r *room) leave(ctx context.Context, peer socket.Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if since, ok := r.members[peer.ID]; ok && since.Equal(peer.Since) {
		delete(r.members, peer.ID)
		r.toOthers(ctx, peer.ID, "*", fmt.Appendf(nil, "%s has left", peer.ID))
	}
}

// toOthers sends to all members but one. The caller holds mu.
func (r *room) toOthers(ctx context.Context, but, from socket.PeerID, text []byte) {
	for to := range r.members {
		if to != but {
			r.to(ctx, to, from, text)
		}
	}
}

// to sends to one member. That fails if the member has just left, of which an
// event tells, or if the room is closing; to somebody who does not read, the
// ROUTER drops and counts it. A chat can live with each of these.
func (r *room) to(ctx context.Context, to, from socket.PeerID, text []byte) {
	_ = r.router.SendTo(ctx, to, []byte(from), text)
}
