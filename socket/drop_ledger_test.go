package socket

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

// TestDropPolicyAddsUp: under each policy, with subscribers that are slow now and
// then, what was sent is what was delivered, dropped and is queued, at any moment
// and for whoever looks; and at the end it is what the subscribers have received
// and what the drops say, to the message.
func TestDropPolicyAddsUp(t *testing.T) {
	for p := range dropPolicies {
		t.Run(p.String(), func(t *testing.T) {
			overAll(t, func(t *testing.T, scheme string) { addsUp(t, scheme, p, nil) })
		})
		t.Run(p.String()+", conflating topics", func(t *testing.T) {
			overAll(t, func(t *testing.T, scheme string) { addsUp(t, scheme, p, WithConflateTopics()) })
		})
	}
}

func addsUp(t *testing.T, scheme string, policy DropPolicy, conflate PubOption) {
	const publishers, subscribers, sends = 3, 4, 400
	a := newAudit(t)
	opts := []PubOption{WithDropPolicy(policy), WithSendHWM(4), WithLinger(0)}
	topics := 1
	if conflate != nil {
		opts, topics = append(opts, conflate), 12
	}
	pub := must(NewPub(opts...))
	a.open("PUB", pub)
	endpoint := must(pub.Bind(anywhere(t, scheme)))
	var received atomic.Uint64
	var reading, sending sync.WaitGroup
	ctx := bounded(t)
	tickets := make(chan int, publishers*sends) // for a slow subscriber to read so many
	subs := make([]*Sub, subscribers)
	for i := range subs {
		sub := must(NewSub(WithRecvHWM(4), quickRedial))
		subs[i] = sub
		a.open(fmt.Sprint("SUB ", i), sub)
		if err := sub.Subscribe("topic"); err != nil {
			t.Fatal(err)
		}
		if err := sub.Connect(endpoint); err != nil {
			t.Fatal(err)
		}
		book := newLedger(t, fmt.Sprint("SUB ", i))
		reading.Go(func() {
			slow, n := i > 0 && policy != PolicyBlock, 0
			for {
				for slow && n == 0 {
					n, slow = <-tickets
				}
				n--
				m, err := sub.Recv(ctx)
				if err != nil {
					return
				}
				received.Add(1)
				book.enter(unstamp(t, m[1]))
			}
		})
	}
	if err := pub.WaitSubscribers(ctx, "topic", subscribers); err != nil {
		t.Fatal(err)
	}
	for p := range publishers {
		sending.Go(func() {
			r := rand.New(rand.NewPCG(uint64(p), 5))
			body := make([]byte, 40_000)
			for number := range sends {
				if number%50 == 0 && policy == PolicyDisconnectSlow {
					if err := pub.WaitSubscribers(ctx, "topic", subscribers); err != nil {
						t.Error(err)
					}
				}
				topic := r.IntN(topics)
				if err := pub.Send(ctx, fmt.Append(nil, "topic ", topic), stamp(p*topics+topic, number), body[:r.IntN(len(body))]); err != nil {
					t.Error(err)
					return
				}
				if r.IntN(20) == 0 {
					tickets <- r.IntN(8)
				}
			}
		})
	}
	sending.Wait()
	close(tickets)
	within(t, func() bool {
		st := pub.Stats()
		all := received.Load() >= st.Out.Delivered
		if policy == PolicyDisconnectSlow { // what the system has of a connection goes with it
			all = st.Peers == subscribers && st.Lost == st.Out.Dropped[DropFull]
		}
		return all && st.Out.Queued == 0
	})
	out := pub.Stats().Out
	if all := uint64(publishers * sends * subscribers); out.Messages > all || policy != PolicyDisconnectSlow && out.Messages != all {
		t.Errorf("%d messages, want %d", out.Messages, all)
	}
	if got := received.Load(); got != out.Delivered && (policy != PolicyDisconnectSlow || got > out.Delivered) {
		t.Errorf("%d received, %d delivered", got, out.Delivered)
	}
	reasons := map[DropPolicy]DropReason{
		PolicyDropNewest: DropFull, PolicyDropOldest: DropEvicted, PolicyBlock: DropConflated, PolicyDisconnectSlow: DropSlow,
	}
	var want Drops
	if conflate != nil {
		want[DropConflated] = out.Dropped[DropConflated]
	}
	want[reasons[policy]] = out.Dropped[reasons[policy]]
	if policy == PolicyDisconnectSlow {
		want[DropFull] = out.Dropped[DropFull] // one for each that was given up
	}
	if out.Dropped != want || (want.Total() == 0) != (policy == PolicyBlock && conflate == nil) {
		t.Errorf("dropped %v, want %v", out.Dropped, want)
	}
	pub.Close()
	for _, sub := range subs {
		sub.Close()
	}
	reading.Wait()
	for _, sub := range subs {
		a.finish(sub)
	}
	a.finish(pub)
}
