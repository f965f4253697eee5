//go:build unix

package interop

import (
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
)

// TestHeartbeatStopped stops their process: its connections stay open and
// fall silent. Ours must notice by itself, and recover when the process goes
// on, whether the silence is measured by our own heartbeats or by the time to
// live that theirs ask for.
func TestHeartbeatStopped(t *testing.T) { eachPeer(t, rowStopped, bothLibzmqs, stopped) }

func stopped(t *testing.T, p *process) {
	for _, c := range []struct {
		name string
		we   socket.Option
		they []peer.Option
	}{
		{"our timeout", socket.WithHeartbeat(100*time.Millisecond, time.Second), nil},
		{"their TTL", socket.WithHeartbeat(0, 0), heartbeats()},
	} {
		t.Run(c.name, func(t *testing.T) {
			we := newOurs(t, "DEALER", "we", c.we, socket.WithHandshakeTimeout(time.Second))
			m := we.Monitor()
			// When it goes on it may see the new connection before the end of the
			// old one, and would ignore it for having a name that is taken (RR-44).
			they := theirs(t, p, "ROUTER", append(c.they, peer.Int("ROUTER_HANDOVER", 1))...)
			link(t, "tcp", they, we)
			awaitEvent(t, m, socket.EventReady)
			send(t, we, text("before")...)
			expect(t, they, text("we", "before")...)
			if c.they != nil {
				awaitPing(t, we)
			}

			must(t, p.Pause())
			defer p.Resume()
			e := awaitEvent(t, m, socket.EventDisconnected)
			if e.Err == nil || !strings.Contains(e.Err.Error(), "no sign of life") {
				t.Errorf("disconnected because of %v, want the silence", e.Err)
			}
			send(t, we, text("meanwhile")...)
			must(t, p.Resume())
			awaitEvent(t, m, socket.EventReady)
			expect(t, they, text("we", "meanwhile")...)
			send(t, they, text("we", "after")...)
			expect(t, we, text("after")...)
		})
	}
}

// awaitPing waits until a PING of theirs has come: octets that are no message.
func awaitPing(t *testing.T, we ours) {
	t.Helper()
	first := we.Stats().Each[0].LastHeard
	eventually(t, "their PING", func() bool { return we.Stats().Each[0].LastHeard.After(first) })
}
