package socket

import (
	"testing"
	"testing/synctest"

	"github.com/brokerless/brokerless/internal/queue"
)

// TestNotifyOfPeersThatComeAndGo: what an application has not been shown yet
// counts as what peers have left, so that above the limit a newcomer is not read
// from, stays, and leaves nothing more behind.
func TestNotifyOfPeersThatComeAndGo(t *testing.T) {
	for _, of := range []Notify{NotifyConnect, NotifyDisconnect, NotifyConnect | NotifyDisconnect} {
		synctest.Test(t, func(t *testing.T) {
			const most, rounds = 3, 10
			router := closing(t, must(NewRouter(WithNotify(of), WithMaxBuffered(most*queue.Keep), WithHeartbeat(0, 0))))
			for range rounds {
				peer := piped(t, router)
				peer.meet("DEALER")
				synctest.Wait()
				peer.Close()
				synctest.Wait()
			}
			if n := router.Stats().Peers; n < rounds-most || n == rounds {
				t.Errorf("%d peers are still there, want at least %d that nobody reads from, and not all", n, rounds-most)
			}
			want := rounds
			if of == NotifyConnect|NotifyDisconnect {
				want *= 2
			}
			for range want {
				m, err := router.TryRecv()
				if err != nil || len(m) != 2 || len(m[1]) > 0 {
					t.Fatalf("received %v, %v", m, err)
				}
				synctest.Wait()
			}
			if m, err := router.TryRecv(); err == nil {
				t.Errorf("received %v, want no more", m)
			}
			if n := router.Stats().Peers; n != 0 {
				t.Errorf("%d peers are still there", n)
			}
			if left := router.recv.budget.Left(); left != most*queue.Keep {
				t.Errorf("%d octets are left of the limit, want all", left)
			}
			balanced(t, "ROUTER", router.Stats())
		})
	}
}
