package zmq4adapter_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/zmq4adapter"
)

// TestTopicsOfSub subscribes and cancels.
func TestTopicsOfSub(t *testing.T) {
	sub := newSocket(t, zmq4adapter.Sub)
	for _, step := range []struct {
		option, topic string
		want          []string
	}{
		{zmq4adapter.OptionSubscribe, "b", []string{"b"}},
		{zmq4adapter.OptionSubscribe, "", []string{"", "b"}},
		{zmq4adapter.OptionSubscribe, "b", []string{"", "b"}},
		{zmq4adapter.OptionUnsubscribe, "b", []string{"", "b"}}, // twice takes twice
		{zmq4adapter.OptionUnsubscribe, "b", []string{""}},
		{zmq4adapter.OptionUnsubscribe, "none", []string{""}},
		{zmq4adapter.OptionSubscribe, "none", []string{"", "none"}}, // what was not there is no debt
	} {
		must(t, sub.SetOption(step.option, step.topic))
		if got := topicsOf(sub); !slices.Equal(got, step.want) {
			t.Errorf("after %s %q: %q, want %q", step.option, step.topic, got, step.want)
		}
	}
}

// TestTopicsOfPublishers lets subscribers come, cancel and go, of a PUB and of
// an XPUB that is never received from.
func TestTopicsOfPublishers(t *testing.T) {
	for _, kind := range []zmq4adapter.SocketType{zmq4adapter.Pub, zmq4adapter.XPub} {
		t.Run(string(kind), func(t *testing.T) {
			pub := newSocket(t, kind)
			if got := topicsOf(pub); len(got) != 0 {
				t.Errorf("a new one has %q", got)
			}
			endpoint := listen(t, pub, address(t, "tcp"))
			await := func(want ...string) {
				t.Helper()
				eventually(t, fmt.Sprintf("%q", want), func() bool { return slices.Equal(topicsOf(pub), want) })
			}
			first, second := newSocket(t, zmq4adapter.Sub), newSocket(t, zmq4adapter.XSub)
			must(t, first.Dial(endpoint))
			must(t, second.Dial(endpoint))
			must(t, first.SetOption(zmq4adapter.OptionSubscribe, "z"))
			must(t, first.SetOption(zmq4adapter.OptionSubscribe, "a"))
			await("a", "z")
			send(t, second, "\x01z")
			send(t, second, "\x01m")
			await("a", "m", "z")
			must(t, first.SetOption(zmq4adapter.OptionUnsubscribe, "z")) // second still has it
			must(t, first.SetOption(zmq4adapter.OptionUnsubscribe, "a"))
			await("m", "z")
			send(t, second, "upstream", "\x01none")
			send(t, second, "\x00z")
			await("m")
			must(t, second.Close())
			await()
		})
	}
}

// TestTopicsTakeNothing asks an XPUB for its topics again and again while it
// receives: it gets all that it would get, in order.
func TestTopicsTakeNothing(t *testing.T) {
	const n = 3000 // more than Topics takes ahead of Recv
	xpub, xsub := newSocket(t, zmq4adapter.XPub), newSocket(t, zmq4adapter.XSub)
	link(t, "tcp", xpub, xsub)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		tick := time.NewTicker(100 * time.Microsecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				topicsOf(xpub)
			}
		}
	})
	defer wg.Wait()
	defer close(stop)
	wg.Go(func() {
		for i := range n {
			if err := xsub.Send(zmq4adapter.NewMsgString(fmt.Sprintf("\x01%d", i))); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for i := range n {
		expect(t, xpub, fmt.Sprintf("\x01%d", i))
	}
	if got := len(topicsOf(xpub)); got != n {
		t.Errorf("%d topics, want %d", got, n)
	}
}

// TestTopicsLeaveReceiver asks an XPUB for its topics while a Recv waits for the
// one message that comes: it is not taken from under it.
func TestTopicsLeaveReceiver(t *testing.T) {
	xpub, xsub := newSocket(t, zmq4adapter.XPub), newSocket(t, zmq4adapter.XSub)
	link(t, "inproc", xpub, xsub)
	send(t, xsub, "\x01first") // what is cancelled before the publisher is told is never told
	expect(t, xpub, "\x01first")
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				topicsOf(xpub)
				runtime.Gosched()
			}
		}
	})
	defer wg.Wait()
	defer close(stop)
	next := make(chan struct{}, 1)
	defer close(next)
	wg.Go(func() {
		for range next {
			if err := xsub.Send(zmq4adapter.NewMsgString("\x01a")); err != nil {
				t.Error(err)
			}
			if err := xsub.Send(zmq4adapter.NewMsgString("\x00a")); err != nil {
				t.Error(err)
			}
		}
	})
	for range 500 {
		next <- struct{}{}
		expect(t, xpub, "\x01a")
		expect(t, xpub, "\x00a")
	}
}

// TestTopicsAreBounded finds that what Topics takes ahead of an XPUB that is
// not received from has a limit.
func TestTopicsAreBounded(t *testing.T) {
	xpub, xsub := newSocket(t, zmq4adapter.XPub), newSocket(t, zmq4adapter.XSub)
	link(t, "tcp", xpub, xsub)
	for i := range 5000 {
		send(t, xsub, fmt.Sprintf("\x01%d", i))
	}
	eventually(t, "the first 1000", func() bool { return len(topicsOf(xpub)) >= 1000 })
	for range 10 {
		if got := len(topicsOf(xpub)); got != 1000 {
			t.Fatalf("%d topics, want 1000", got)
		}
	}
	for i := range 5000 {
		expect(t, xpub, fmt.Sprintf("\x01%d", i))
	}
}

// TestFilter finds that a SUB gets nothing of a topic that it has cancelled.
func TestFilter(t *testing.T) {
	pub, sub := newSocket(t, zmq4adapter.Pub), newSocket(t, zmq4adapter.Sub)
	link(t, "tcp", pub, sub)
	must(t, sub.SetOption(zmq4adapter.OptionSubscribe, "a"))
	must(t, sub.SetOption(zmq4adapter.OptionSubscribe, "b"))
	eventually(t, "the subscriptions", func() bool { return len(topicsOf(pub)) == 2 })
	send(t, pub, "a", "1")
	send(t, pub, "b", "2")
	must(t, sub.SetOption(zmq4adapter.OptionUnsubscribe, "a"))
	expect(t, sub, "b", "2") // the other was on its way
}
