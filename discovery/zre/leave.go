package zre

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// Leave says goodbye and ends the node, after what was sent has gone to the
// system, for which it waits until ctx is done. It returns an error that has a
// *socket.UnsentError if messages to peers that were there had to be abandoned.
// Events that wait can still be had by Next. Again: nil, once the node has left.
func (n *Node) Leave(ctx context.Context) error {
	n.mu.Lock()
	if n.leaving {
		n.mu.Unlock()
		<-n.done
		return nil
	}
	n.leaving = true
	for id, l := range n.links {
		l.finish()
		if p := n.ring.peers[id]; p == nil || !p.ready {
			l.cancel() // who has never been there is not waited for
		}
	}
	n.mu.Unlock()
	stop := context.AfterFunc(ctx, n.giveUp)
	n.writers.Wait()
	stop()
	n.broadcast(0) // only now: whoever hears it drops what comes later
	n.cancel()
	n.air.close()
	err := n.router.Close()
	n.wg.Wait()
	n.mu.Lock()
	n.inbox.close()
	close(n.changed)
	unsent := n.unsent
	n.mu.Unlock()
	close(n.done)
	if unsent > 0 {
		err = errors.Join(err, fmt.Errorf("brokerless: left the ring: %w", &socket.UnsentError{Messages: unsent}))
	}
	return err
}

// giveUp ends all links.
func (n *Node) giveUp() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.links {
		l.cancel()
	}
}

// linger is how long Close goes on sending.
const linger = time.Second

// Close is Leave that waits for a second at most.
func (n *Node) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), linger)
	defer cancel()
	return n.Leave(ctx)
}
