package socket

import (
	"context"
	"errors"
	"fmt"
)

// served sends a word to a SERVER or PEER, which sends it back.
func served(ctx context.Context, ask Sender, answer Receiver, server interface {
	RecvFrom(ctx context.Context) (Message, Peer, error)
	SendTo(ctx context.Context, id PeerID, frames ...[]byte) error
},
) error {
	if err := ask.Send(ctx, []byte("word")); err != nil {
		return err
	}
	m, p, err := server.RecvFrom(ctx)
	if err == nil {
		err = server.SendTo(ctx, p.ID, m...)
	}
	if err == nil {
		m, err = answer.Recv(ctx)
	}
	if err == nil && (len(m) != 1 || string(m[0]) != "word") {
		err = fmt.Errorf("received %v", m)
	}
	return err
}

// A toOnly is a PEER that sends to the one peer it has.
type toOnly struct{ *PeerSocket }

// Send sends to the only peer, which it waits for.
func (x toOnly) Send(ctx context.Context, frames ...[]byte) error {
	if err := x.WaitPeers(ctx, 1); err != nil {
		return err
	}
	return x.SendTo(ctx, x.Stats().Each[0].Peer.ID, frames...)
}

// exclusive reports whether such a socket has one peer.
func (k kindOfSocket) exclusive() bool { return k.name == "PAIR" || k.name == "CHANNEL" }

// singleKinds are the sockets whose messages have one frame.
var singleKinds = []kindOfSocket{
	{
		"GATHER", "SCATTER", func(o Option) node { return must(NewGather(o)) }, func(o Option) node { return must(NewScatter(o)) },
		func(ctx context.Context, v, f node) error { return passed(ctx, f.(*Scatter), v.(*Gather), "word") },
	},
	{
		"SCATTER", "GATHER", func(o Option) node { return must(NewScatter(o)) }, func(o Option) node { return must(NewGather(o)) },
		func(ctx context.Context, v, f node) error { return passed(ctx, v.(*Scatter), f.(*Gather), "word") },
	},
	{
		"SERVER", "CLIENT", func(o Option) node { return must(NewServer(o)) }, func(o Option) node { return must(NewClient(o)) },
		func(ctx context.Context, v, f node) error {
			return served(ctx, f.(*Client), f.(*Client), v.(*Server))
		},
	},
	{
		"CLIENT", "SERVER", func(o Option) node { return must(NewClient(o)) }, func(o Option) node { return must(NewServer(o)) },
		func(ctx context.Context, v, f node) error {
			return served(ctx, v.(*Client), v.(*Client), f.(*Server))
		},
	},
	{
		"PEER", "PEER", func(o Option) node { return must(NewPeerSocket(o)) }, func(o Option) node { return must(NewPeerSocket(o)) },
		func(ctx context.Context, v, f node) error {
			return served(ctx, toOnly{f.(*PeerSocket)}, f.(*PeerSocket), v.(*PeerSocket))
		},
	},
	{
		"CHANNEL", "CHANNEL", func(o Option) node { return must(NewChannel(o)) }, func(o Option) node { return must(NewChannel(o)) },
		func(ctx context.Context, v, f node) error {
			return errors.Join(passed(ctx, f.(*Channel), v.(*Channel), "word"), passed(ctx, v.(*Channel), f.(*Channel), "back"))
		},
	},
}
