package zre

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// TestSlowReader has a node that does not read its events. The sender is held up;
// when the reader goes on, it has everything, in order.
func TestSlowReader(t *testing.T) {
	slow := node(t, nil, WithInbox(10))
	fast := node(t, nil, WithOutbox(10), WithBeaconTo(fmt.Sprintf("127.0.0.1:%d", slow.BeaconPort())))
	must(t, fast.WaitPeers(within(t), 1))
	must(t, slow.WaitPeers(within(t), 1))
	next(t, slow, Entered, fast.ID())
	large := make([]byte, 256<<10)
	sent := 0
	for ; ; sent++ { // until queues and buffers are full, which takes some MiB
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		large[0] = byte(sent)
		err := fast.Whisper(ctx, slow.ID(), large)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			if slow.Stats().Waiting < 10 {
				sent-- // the machine is slow
				continue
			}
			break
		}
		must(t, err)
	}
	if got := slow.Stats().Waiting; got != 10 {
		t.Errorf("%d events wait", got)
	}
	for i := range sent {
		e := next(t, slow, Whispered, fast.ID())
		if len(e.Frames) != 1 || len(e.Frames[0]) != len(large) || e.Frames[0][0] != byte(i) {
			t.Fatalf("message %d of %d: %v", i, sent, e)
		}
	}
	must(t, fast.Whisper(within(t), slow.ID(), []byte("the last")))
	if e := next(t, slow, Whispered, fast.ID()); string(e.Frames[0]) != "the last" {
		t.Errorf("%v", e)
	}
	if len(fast.Peers()) != 1 || len(slow.Peers()) != 1 {
		t.Error("somebody was taken for dead")
	}
}

// TestUnresponsive has a peer that takes nothing. Others are served meanwhile,
// and in the end it is gone.
func TestUnresponsive(t *testing.T) {
	stuck, good := newStranger(t), newStranger(t)
	n := node(t, nil, WithOutbox(4), func(c *config) { c.stall = 500 * time.Millisecond })
	stuck.enter(n)
	good.enter(n)
	large := make([]byte, 1<<20)
	ctx := within(t)
	done := make(chan error, 1)
	go func() {
		for {
			if err := n.Whisper(ctx, stuck.id, large); err != nil {
				done <- err
				return
			}
		}
	}()
	for sequence := uint16(2); ; sequence++ {
		good.say(message{kind: kindPing, sequence: sequence})
		good.expect(kindPingOK, sequence)
		select {
		case err := <-done:
			if !errors.Is(err, ErrUnknownPeer) {
				t.Errorf("Whisper ends with %v", err)
			}
			if e := next(t, n, Exited, stuck.id); e.Reason != Unresponsive {
				t.Errorf("%v", e)
			}
			good.alive(n, sequence+1)
			return
		default:
		}
	}
}

// TestComesBack has a node end and come back with its id, on another port.
func TestComesBack(t *testing.T) {
	stays := node(t, nil)
	to := WithBeaconTo(fmt.Sprintf("127.0.0.1:%d", stays.BeaconPort()))
	first := node(t, nil, to)
	id := first.ID()
	next(t, stays, Entered, id)
	must(t, first.Close())
	if e := next(t, stays, Exited, id); e.Reason != Goodbye {
		t.Errorf("%v", e)
	}
	second := node(t, nil, to, WithID(id))
	next(t, stays, Entered, id)
	must(t, second.WaitPeers(within(t), 1))
	must(t, stays.Whisper(within(t), id, []byte("welcome")))
	next(t, second, Entered, stays.ID())
	if e := next(t, second, Whispered, stays.ID()); string(e.Frames[0]) != "welcome" {
		t.Errorf("%v", e)
	}
	if p := stays.Peers(); len(p) != 1 || p[0].Endpoint != fmt.Sprintf("tcp://127.0.0.1:%d", second.InboxPort()) {
		t.Errorf("%+v", p)
	}
}

// TestGroups has three nodes, of which two are in a group.
func TestGroups(t *testing.T) {
	a := node(t, nil)
	to := WithBeaconTo(fmt.Sprintf("127.0.0.1:%d", a.BeaconPort()))
	b, c := node(t, nil, to, WithHeader("X-N", "b")), node(t, nil, to)
	must(t, b.JoinGroup("G"))
	must(t, c.JoinGroup("G"))
	must(t, c.JoinGroup("H"))
	must(t, a.WaitMembers(within(t), "G", 2))
	sent, err := a.Shout(within(t), "G", []byte("hey"))
	if sent != 2 || err != nil {
		t.Fatalf("shouted to %d, %v", sent, err)
	}
	for _, n := range []*Node{b, c} {
		next(t, n, Entered, a.ID())
		if e := next(t, n, Shouted, a.ID()); e.Group != "G" || string(e.Frames[0]) != "hey" {
			t.Errorf("%v", e)
		}
	}
	if got := c.Groups(); !slices.Equal(got, []string{"G", "H"}) {
		t.Errorf("groups %v", got)
	}
	p, ok := a.Peer(b.ID())
	if !ok || p.Name != "node" || p.Headers["X-N"] != "b" || !slices.Equal(p.Groups, []string{"G"}) {
		t.Errorf("%+v, %t", p, ok)
	}
	if sent, err := a.Shout(within(t), "nobody"); sent != 0 || err != nil {
		t.Errorf("shouted to %d, %v", sent, err)
	}
	if err := a.JoinGroup(""); !errors.Is(err, ErrName) {
		t.Errorf("a group without a name: %v", err)
	}
}

// TestLeave leaves with all said, and with something that a peer does not take.
func TestLeave(t *testing.T) {
	s := newStranger(t)
	n := node(t, []*stranger{s})
	s.enter(n)
	for range 100 {
		must(t, n.Whisper(within(t), s.id, []byte("x")))
	}
	must(t, n.Close())
	must(t, n.Close())
	for i := range 100 {
		s.expect(kindWhisper, uint16(2+i))
	}
	for name, err := range map[string]error{
		"Whisper": n.Whisper(within(t), s.id), "JoinGroup": n.JoinGroup("A"), "LeaveGroup": n.LeaveGroup("A"),
		"WaitPeers": n.WaitPeers(within(t), 1), "Next": lastOf(t, n),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}

	stuck := newStranger(t, socket.WithRecvHWM(1))
	n = node(t, nil)
	stuck.enter(n)
	for range 24 { // more than the buffers of the system hold, and as many as the queues do
		must(t, n.Whisper(within(t), stuck.id, make([]byte, 1<<20)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var unsent *socket.UnsentError
	if err := n.Leave(ctx); !errors.As(err, &unsent) || unsent.Messages == 0 {
		t.Errorf("left with %v", err)
	}
}

// lastOf returns the error after the last event.
func lastOf(t testing.TB, n *Node) error {
	t.Helper()
	for {
		if _, err := n.Next(within(t)); err != nil {
			return err
		}
	}
}

// TestWhisperErrors has calls that cannot do what they are asked for.
func TestWhisperErrors(t *testing.T) {
	s := newStranger(t)
	n := node(t, []*stranger{s}, WithMaxMessage(100_000))
	if err := n.Whisper(within(t), s.id); !errors.Is(err, ErrUnknownPeer) {
		t.Errorf("to nobody: %v", err)
	}
	s.beacon(n, beacon{id: s.id, port: s.port}.encode())
	s.expect(kindHello, 1)
	if err := n.Whisper(within(t), s.id); !errors.Is(err, ErrUnknownPeer) {
		t.Errorf("to one that has not said HELLO: %v", err)
	}
	s.dial(n)
	s.say(s.greeting())
	next(t, n, Entered, s.id)
	if err := n.Whisper(within(t), s.id, make([]byte, 100_000)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.Whisper(ctx, s.id); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is done: %v", err)
	}
	if _, err := n.Shout(ctx, "A"); !errors.Is(err, context.Canceled) {
		t.Errorf("Shout with a context that is done: %v", err)
	}
	must(t, n.Whisper(within(t), s.id, []byte("right")))
	s.expect(kindWhisper, 2) // nothing that failed has a place in the sequence
}
