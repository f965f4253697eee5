package gossip

import (
	"time"

	"github.com/hashicorp/memberlist"
)

// A delegate is what memberlist calls. It does so with its locks held, in the
// goroutine that reads the network: nothing here waits or calls back.
type delegate struct{ *state }

var (
	_ memberlist.Delegate      = delegate{}
	_ memberlist.EventDelegate = delegate{}
	_ memberlist.AliveDelegate = delegate{}
	_ memberlist.PingDelegate  = delegate{}
)

func (d delegate) NodeMeta(int) []byte { return nil }

func (d delegate) NotifyMsg(b []byte) { d.receive(b, time.Now()) }

func (d delegate) GetBroadcasts(overhead, limit int) [][]byte {
	return d.queue.GetBroadcasts(overhead, limit)
}

func (d delegate) LocalState(bool) []byte { return d.exchange(time.Now()) }

func (d delegate) MergeRemoteState(b []byte, _ bool) { d.merge(b, time.Now()) }

func (d delegate) NotifyJoin(n *memberlist.Node) { d.join(n, time.Now()) }

func (d delegate) NotifyLeave(n *memberlist.Node) { d.leave(n.Name, time.Now()) }

func (d delegate) NotifyUpdate(*memberlist.Node) {} // of what NodeMeta returns

func (d delegate) NotifyAlive(n *memberlist.Node) error { return d.admit(n) }

// AckPayload and NotifyPingComplete let whoever probes a node learn which is
// its newest list: so even news that gossip lost is soon asked for.
func (d delegate) AckPayload() []byte { return d.latest(time.Now()) }

func (d delegate) NotifyPingComplete(n *memberlist.Node, _ time.Duration, b []byte) {
	d.probed(n.Name, b, time.Now())
}
