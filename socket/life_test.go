package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/brokerless/brokerless/internal/leakcheck"
)

// A couple is two sockets that go together; front sends what unread leaves
// unread at back.
type couple struct {
	name  string
	front func() node
	back  func() node
}

// couples are all types of sockets, each at least once.
func couples() []couple {
	return []couple{
		{"PUSH PULL", func() node { return must(NewPush()) }, func() node { return must(NewPull()) }},
		{"PUB SUB", func() node { return must(NewPub()) }, func() node {
			s := must(NewSub())
			must(0, s.Subscribe(""))
			return s
		}},
		{"XSUB XPUB", func() node { return must(NewXSub()) }, func() node { return must(NewXPub()) }},
		{"REQ REP", func() node { return must(NewReq()) }, func() node { return must(NewRep()) }},
		{"DEALER ROUTER", func() node { return must(NewDealer()) }, func() node { return must(NewRouter()) }},
		{"PAIR", func() node { return must(NewPair()) }, func() node { return must(NewPair()) }},
		{"CLIENT SERVER", func() node { return must(NewClient()) }, func() node {
			return must(NewServer(WithHelloMessage([]byte("hello")), WithDisconnectMessage([]byte("bye"))))
		}},
		{"SCATTER GATHER", func() node { return must(NewScatter()) }, func() node { return must(NewGather()) }},
		{"CHANNEL", func() node { return must(NewChannel()) }, func() node { return must(NewChannel()) }},
		{"PEER", func() node { return toOnly{must(NewPeerSocket(WithHiccupMessage([]byte("hiccup"))))} }, func() node {
			return must(NewPeerSocket(WithDisconnectMessage([]byte("bye"))))
		}},
	}
}

// lifeRound opens a couple, leaves messages unread and a peer half-open, and
// closes both, in one order or the other.
func lifeRound(ctx context.Context, c couple, scheme string, round int) error {
	front, back := c.front(), c.back()
	bound, other := back, front
	if round%2 == 1 {
		bound, other = front, back
	}
	endpoint, err := bound.Bind(endpointFor(scheme, c.name, round))
	if err == nil {
		err = other.Connect(endpoint)
	}
	if err == nil && round%4 < 3 {
		err = front.WaitPeers(ctx, 1)
	}
	if err == nil {
		for i := 0; err == nil && i < 3; i++ {
			err = front.(Sender).Send(ctx, []byte("unread"))
		}
		if errors.Is(err, ErrState) { // REQ has its one request out
			err = nil
		}
	}
	if network, address, ok := dialable(endpoint); ok && err == nil && round%3 == 0 {
		halfOpen, dialed := net.Dial(network, address)
		if err = dialed; err == nil {
			defer halfOpen.Close()
			_, err = halfOpen.Write(greeting(3, 1, "NULL")[:round%64])
		}
	}
	first, last := front, back
	if round%8 >= 4 {
		first, last = back, front
	}
	for _, s := range []node{first, last} {
		// Whoever is left alone may have messages for nobody.
		gone, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		var unsent *UnsentError
		if e := s.Shutdown(gone); e != nil && !errors.As(e, &unsent) {
			err = errors.Join(err, e)
		}
		cancel()
	}
	return err
}

func endpointFor(scheme, name string, round int) string {
	switch scheme {
	case "tcp":
		return "tcp://127.0.0.1:0"
	case "ipc":
		return "ipc://*"
	}
	return fmt.Sprintf("inproc://life of %s %d", name, round)
}

// dialable returns how to reach an endpoint without a socket, if one can.
func dialable(endpoint string) (network, address string, ok bool) {
	scheme, address, _ := strings.Cut(endpoint, "://")
	switch scheme {
	case "tcp":
		return "tcp", address, true
	case "ipc":
		return "unix", address, true
	}
	return "", "", false
}

// TestLife opens and closes sockets of all types over all transports: nothing
// of them is left, neither goroutine nor descriptor nor memory.
func TestLife(t *testing.T) {
	rounds := 10_000
	if testing.Short() || raceEnabled {
		rounds = 1_000
	}
	leakcheck.Check(t)
	schemes := []string{"tcp", "ipc", "inproc"}
	each := rounds/(len(schemes)*len(couples())) + 1
	lives := func(each int) {
		var wg sync.WaitGroup
		for _, c := range couples() {
			for _, scheme := range schemes {
				wg.Go(func() {
					for round := range each {
						ctx, cancel := context.WithTimeout(t.Context(), patience)
						if err := lifeRound(ctx, c, scheme, round); err != nil {
							t.Errorf("%s over %s, round %d: %v", c.name, scheme, round, err)
						}
						cancel()
						if t.Failed() {
							return
						}
					}
				})
			}
		}
		wg.Wait()
	}
	lives(16) // what is allocated once and stays
	descriptors, heap := leakcheck.Descriptors(t), heapInUse()
	lives(each)
	if n := leakcheck.Descriptors(t); n > descriptors {
		t.Errorf("%d descriptors after %d rounds, %d before", n, rounds, descriptors)
	}
	if n := heapInUse(); n > heap+2<<20 {
		t.Errorf("heap of %d KiB after %d rounds, %d KiB before", n>>10, rounds, heap>>10)
	}
}

// heapInUse returns the octets that are still reachable. Pools give up what
// they hold at the second collection.
func heapInUse() uint64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
