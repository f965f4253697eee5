package socket

import (
	"context"
	"errors"
	"sync"
)

// numbering is routing with CLIENT and SERVER: a SERVER answers over the
// connection on which it was asked, or not at all; and the end of each connection
// is received, behind all that came over it.
func (tr *trial) numbering() {
	client := must(NewClient(tr.options(), WithSendHWM(20), WithRecvHWM(20)))
	server := must(NewServer(tr.options(), WithSendHWM(20), WithRecvHWM(20), WithDisconnectMessage([]byte("bye"))))
	tr.meet(server, client)
	there, back := newRecord(tr, "SERVER"), newRecord(tr, "CLIENT")
	unroutable := 0
	gone := make(map[PeerID]bool)
	var receiving sync.WaitGroup
	receiving.Go(func() { tr.receive(back, client) })
	receiving.Go(func() {
		for {
			m, peer, err := server.RecvFrom(context.Background())
			if errors.Is(err, ErrClosed) {
				return
			}
			if err != nil || len(m) != 1 || gone[peer.ID] {
				tr.Errorf("SERVER received %v of %d, which has left: %v; %v", m, peer.ID.RoutingID(), gone[peer.ID], err)
				return
			}
			if string(m[0]) == "bye" {
				gone[peer.ID] = true
				continue
			}
			there.enter(peer.ID, m[0])
			switch err := server.SendTo(context.Background(), peer.ID, m...); {
			case errors.Is(err, ErrNoRoute):
				unroutable++
			case errors.Is(err, ErrClosed):
				return
			case err != nil:
				tr.Error(err)
			}
		}
	})
	tr.send(client, always)
	calm()
	to, from := client.Stats(), server.Stats()
	if to.Out.Queued != 0 || to.Out.Dropped.Total() != 0 || to.Out.Messages != uint64(tr.sent.Load()) {
		tr.Errorf("CLIENT sent %d: %+v", tr.sent.Load(), to.Out)
	}
	if from.Out.Messages+uint64(unroutable) != uint64(there.total()) || from.Out.Dropped.Total() != from.Out.Dropped[DropPeerGone] {
		tr.Errorf("SERVER received %d, %d could not be answered: %+v", there.total(), unroutable, from.Out)
	}
	if uint64(len(gone)) != from.Lost {
		tr.Errorf("%d ends were received of %d connections that ended", len(gone), from.Lost)
	}
	from.In.Messages -= from.Lost // those are no messages of the peer
	from.In.Delivered -= from.Lost
	tr.settle(there, to.Out, from.In)
	tr.settle(back, from.Out, to.In)
	tr.finish("CLIENT", client)
	tr.finish("SERVER", server)
	receiving.Wait()
}
