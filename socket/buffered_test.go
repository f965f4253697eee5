package socket

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestBufferedOfOnePeer: what is kept for a peer whose application does not
// receive is its queue, up to the mark, and what has been read beyond: a buffer,
// and one message on its way, which may be there twice while it grows.
func TestBufferedOfOnePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const peers, mark, size = 10, 1 << 20, 100 << 10
		pull := must(NewPull(WithRecvHWMBytes(mark), WithMaxMessageSize(size)))
		defer pull.Close()
		var octets []byte
		for range 5 * mark / size {
			octets = append(octets, frame(0, make([]byte, size))...)
		}
		before := heapInUse()
		for range peers {
			comeAndGo(t, pull, "PUSH", octets)
		}
		const most = mark + 2*size + 2*64<<10
		if each := (int64(heapInUse()) - int64(before)) / peers; each > most || each < mark/2 {
			t.Errorf("%d octets for each peer, want at most %d, and most of its mark", each, most)
		}
		if st := pull.Stats(); st.In.Bytes > peers*mark || st.Peers != peers {
			t.Errorf("%d octets are queued of %d peers, want at most %d each", st.In.Bytes, st.Peers, mark)
		}
		pull.Close()
		synctest.Wait()
	})
}

// TestHostileDrip: a message that comes octet by octet costs what has come of it,
// for as long as it takes, and holds up nobody.
func TestHostileDrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const drippers = 50
		pull := closing(t, must(NewPull()))
		before := heapInUse()
		for range drippers {
			r := piped(t, pull)
			r.meet("PUSH")
			r.drain()
			r.send(longHeader(0, 64<<20), make([]byte, 10<<10))
			go func() {
				for {
					if _, err := r.Write([]byte{0}); err != nil {
						return
					}
					<-time.After(expiry / 2)
				}
			}()
		}
		pass(time.Hour)
		if n := int64(heapInUse()) - int64(before); n > drippers*256<<10 {
			t.Errorf("%d peers that drip take %d KiB", drippers, n>>10)
		}
		if st := pull.Stats(); st.Peers != drippers {
			t.Errorf("%d peers are connected, want all %d", st.Peers, drippers)
		}
		friend := piped(t, pull)
		friend.meet("PUSH")
		friend.drain()
		friend.send(message("here"))
		if m, err := pull.Recv(t.Context()); err != nil || string(m[0]) != "here" {
			t.Errorf("received %v, %v", m, err)
		}
		pull.Close()
		pass(expiry) // until the drippers have noticed
	})
}
