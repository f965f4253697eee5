package zre

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

func number(n int) discovery.ID {
	id := discovery.ID{0xEE}
	binary.BigEndian.PutUint32(id[12:], uint32(n))
	return id
}

// TestLimitPending floods the ring with beacons of nodes that do not exist. They
// have no more than their places, in time those of each other, and whoever talks
// is let in.
func TestLimitPending(t *testing.T) {
	b := newBench(t)
	b.ready(ada, here)
	for n := range 10 * defaultLimits.pending {
		b.now = b.now.Add(time.Millisecond)
		b.beacon(there, number(n), uint16(1000+n))
	}
	if got := len(b.r.peers); got != 1+defaultLimits.pending {
		t.Errorf("%d peers, want 1 and %d pending", got, defaultLimits.pending)
	}
	if got, want := b.r.stats.Refused, uint64(9*defaultLimits.pending); got != want {
		t.Errorf("%d refused, want %d", got, want)
	}
	connects := 0
	for _, a := range b.r.acts {
		if a.do == connect {
			connects++
		}
	}
	if connects != defaultLimits.pending {
		t.Errorf("%d connects in less than a second", connects)
	}
	b.now = b.now.Add(pendingTime)
	b.beacon(there, number(-1), 999)
	if b.r.peers[number(-1)] == nil || b.r.peers[number(0)] != nil {
		t.Error("a newcomer does not take the place of the oldest")
	}
	b.hello(bob, there, 3, 50001)
	if p := b.r.peers[bob]; p == nil || !p.ready {
		t.Error("a good one is kept out")
	}
	if p := b.r.peers[ada]; p == nil || !p.ready {
		t.Error("one that was there is gone")
	}

	b = newBench(t)
	b.r.limits.pending = 2 * defaultLimits.pending
	for n := range 2 * defaultLimits.pending {
		b.beacon(there, number(n), uint16(1000+n))
	}
	if b.r.stats.Refused != 0 {
		t.Errorf("%d refused with the limit lifted", b.r.stats.Refused)
	}
}

// TestLimitPeers has as many peers as there may be, one more, and the limit
// lifted.
func TestLimitPeers(t *testing.T) {
	b := newBench(t)
	b.r.limits.peers = 3
	for n := range 3 {
		b.hello(number(n), there, n, 1000+n)
	}
	if b.r.stats.Entered != 3 || b.r.stats.Refused != 0 {
		t.Errorf("%+v at the limit", b.r.stats)
	}
	b.hello(number(3), there, 3, 1003)
	b.beacon(there, number(4), 1004)
	if b.r.stats.Entered != 3 || b.r.stats.Refused != 2 || len(b.r.peers) != 3 {
		t.Errorf("%+v beyond the limit", b.r.stats)
	}
	b.beacon(there, number(0), 0)
	b.hello(number(3), there, 3, 1003)
	if b.r.stats.Entered != 4 {
		t.Errorf("%+v once there is room", b.r.stats)
	}
	b.r.limits.peers = 4
	b.hello(number(4), there, 4, 1004)
	if b.r.stats.Entered != 5 {
		t.Errorf("%+v with the limit lifted", b.r.stats)
	}
}

// TestLimitGroups has a peer join as many groups as it may, one more, and the
// limit lifted.
func TestLimitGroups(t *testing.T) {
	for _, lifted := range []int{0, 1} {
		b := newBench(t)
		b.r.limits.groups = 3 + lifted
		b.ready(ada, here)
		for n := range 4 {
			b.say(ada, here, 1, message{kind: kindJoin, sequence: uint16(2 + n), group: fmt.Sprint(n), status: byte(1 + n)})
		}
		want := []string{"1 joined 0", "1 joined 1", "1 joined 2"}
		if lifted == 0 {
			want = append(want, "1 disconnect", "1 exited too much")
		} else {
			want = append(want, "1 joined 3")
		}
		b.did("four groups", want...)
	}
	b := newBench(t)
	b.r.limits.groups = 3
	b.ready(ada, here)
	b.hello(ada, here, 2, 50000, "1", "2", "3", "4")
	b.did("four groups in a HELLO", "1 disconnect", "1 exited too much")
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Option{
		"name":                WithName(string(make([]byte, 256))),
		"header":              WithHeader("", "v"),
		"interval":            WithInterval(0),
		"silence":             WithSilence(time.Second, time.Second),
		"evasive":             WithSilence(0, time.Second),
		"inbox":               WithInbox(0),
		"outbox":              WithOutbox(0),
		"bind":                WithBind("localhost:0"),
		"bind to IPv6":        WithBind("[::1]:0"),
		"beacons to a name":   WithBeaconTo("localhost:5670"),
		"beacons to IPv6":     WithBeaconTo("[::1]:5670"),
		"beacons to no port":  WithBeaconTo("127.0.0.1:0"),
		"port":                WithPort(0),
		"interfaces":          func(c *config) { WithInterfaces("lo")(c); WithBeaconTo()(c) },
		"peers":               WithMaxPeers(0),
		"pending":             WithMaxPending(0),
		"groups":              WithMaxGroups(-1),
		"headers":             WithMaxHeaders(-1),
		"hello":               WithMaxHello(minHello - 1),
		"message":             WithMaxMessage(100),
		"headers beyond them": func(c *config) { WithBeaconTo()(c); WithHeader("k", string(make([]byte, 64<<10)))(c) },
	} {
		if n, err := Join(t.Context(), o); !errors.Is(err, ErrOption) {
			t.Errorf("%s: %v", name, err)
			if err == nil {
				_ = n.Close()
			}
		}
	}
}
