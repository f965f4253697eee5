package soak

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"github.com/brokerless/brokerless/socket"
)

// clients: clients come, send letters to a SERVER that sends each back by its
// number, wait for all echoes, and go; the server hears of that.
func (r *run) clients() (end func()) {
	server, err := socket.NewServer(socket.WithLinger(0), socket.WithSendHWM(50), socket.WithDisconnectMessage([]byte("left")))
	server = open(r, "SERVER", server, err)
	endpoints := r.bindAll(server, "clients")
	done := r.background(func() { r.echoByNumber(server) })
	for range few {
		r.repeat(func(rnd *rand.Rand) {
			client, err := socket.NewClient(hurry)
			client = open(r, "CLIENT", client, err)
			r.check(client.Connect(pick(rnd, endpoints)))
			r.converse(rnd, client, client, r.name(), rnd.IntN(100))
			r.close(client, patience)
		})
	}
	return func() { r.close(server, patience); <-done }
}

// echoByNumber sends everything back to where it came from, until that has left.
func (r *run) echoByNumber(server *socket.Server) {
	for {
		m, peer, err := server.RecvFrom(context.Background())
		if errors.Is(err, socket.ErrClosed) {
			return
		}
		r.check(err)
		if string(m[0]) == "left" {
			if err := server.SendTo(context.Background(), peer.ID, m...); !errors.Is(err, socket.ErrNoRoute) && !errors.Is(err, socket.ErrClosed) {
				r.Errorf("a peer that has left was sent to: %v", err)
			}
			continue
		}
		err = server.SendTo(context.Background(), peer.ID, m...)
		if !errors.Is(err, socket.ErrNoRoute) && !errors.Is(err, socket.ErrClosed) {
			r.check(err)
		}
	}
}

// A toPeer sends to one peer.
type toPeer struct {
	*socket.PeerSocket
	id socket.PeerID
}

// Send implements socket.Sender.
func (p toPeer) Send(ctx context.Context, frames ...[]byte) error {
	return p.SendTo(ctx, p.id, frames...)
}

// peers: two PEER sockets meet, two CHANNELs too; they talk both ways, and go.
func (r *run) peers() (end func()) {
	r.repeat(func(rnd *rand.Rand) {
		one, err := socket.NewPeerSocket(socket.WithSendHWM(1 + rnd.IntN(50)))
		one = open(r, "PEER", one, err)
		other, err := socket.NewPeerSocket(hurry)
		other = open(r, "PEER", other, err)
		id, err := other.ConnectPeer(pick(rnd, r.bindAll(one, "peers")))
		r.check(err)
		r.converse(rnd, toPeer{other, id}, one, r.name(), rnd.IntN(100))
		r.close(one, patience)
		r.close(other, patience)
	})
	r.repeat(func(rnd *rand.Rand) {
		one, err := socket.NewChannel(socket.WithSendHWM(1 + rnd.IntN(50)))
		one = open(r, "CHANNEL", one, err)
		other, err := socket.NewChannel(hurry)
		other = open(r, "CHANNEL", other, err)
		r.check(other.Connect(pick(rnd, r.bindAll(one, "channels"))))
		var both sync.WaitGroup
		for i, way := range []struct{ from, to *socket.Channel }{{one, other}, {other, one}} {
			own := rand.New(rand.NewPCG(rnd.Uint64(), uint64(i)))
			both.Go(func() { r.converse(own, way.from, way.to, r.name(), own.IntN(100)) })
		}
		both.Wait()
		r.close(one, patience)
		r.close(other, patience)
	})
	return func() {}
}
