package socket

import (
	"context"
	"errors"
	"sync"
	"time"
)

// meet binds one socket and connects the other, over the network of the trial.
func (tr *trial) meet(bound, dialing node) {
	tr.Helper()
	if err := errors.Join(second(bound.Bind("fault://here")), dialing.Connect("fault://here")); err != nil {
		tr.Fatal(err)
	}
}

// calm lets everything that is under way arrive, and be received.
func calm() { pass(20 * time.Minute) }

// arrive lets what has left a socket that is closed arrive.
func arrive() { pass(5 * time.Second) }

// pipeline: a PUSH that dials keeps what its connection has not taken, and sends
// it over the next.
func (tr *trial) pipeline() {
	push, pull := must(NewPush(tr.options(), WithSendHWM(20))), must(NewPull(tr.options(), WithRecvHWM(20)))
	tr.meet(pull, push)
	r := newRecord(tr, "PULL")
	var receiving sync.WaitGroup
	receiving.Go(func() { tr.receive(r, pull) })
	tr.send(push, always)
	out := tr.finish("PUSH", push).Out
	arrive()
	in := tr.finish("PULL", pull).In
	receiving.Wait()
	if out.Dropped.Total() != 0 || out.Messages != uint64(tr.sent.Load()) {
		tr.Errorf("PUSH sent %d: %+v", tr.sent.Load(), out)
	}
	tr.settle(r, out, in)
}

// pipelineBack: what is queued for a PULL that dialed ends with its connection,
// and is counted; only a peer that is there is sent anything.
func (tr *trial) pipelineBack() {
	push, pull := must(NewPush(tr.options(), WithSendHWM(20))), must(NewPull(tr.options(), WithRecvHWM(20)))
	tr.meet(push, pull)
	r := newRecord(tr, "PULL")
	var receiving sync.WaitGroup
	receiving.Go(func() { tr.receive(r, pull) })
	tr.send(push, always)
	calm()
	out := tr.finish("PUSH", push).Out
	arrive()
	in := tr.finish("PULL", pull).In
	receiving.Wait()
	if out.Dropped.Total() != out.Dropped[DropPeerGone] || out.Messages != uint64(tr.sent.Load()) || tr.strikes == 0 && out.Dropped.Total() != 0 {
		tr.Errorf("PUSH sent %d: %+v", tr.sent.Load(), out)
	}
	tr.settle(r, out, in)
}

// publishing: a SUB whose connections come and go subscribes again each time,
// and of what is published meanwhile misses nothing of one connection.
func (tr *trial) publishing() {
	pub, sub := must(NewPub(tr.options(), WithNoDrop(), WithSendHWM(20))), must(NewSub(tr.options(), WithRecvHWM(20)))
	if err := sub.Subscribe("topic", "other"); err != nil {
		tr.Fatal(err)
	}
	tr.meet(pub, sub)
	r := newRecord(tr, "SUB")
	var receiving sync.WaitGroup
	receiving.Go(func() { tr.receive(r, sub) })
	there := func(ctx context.Context) error { return pub.WaitSubscribers(ctx, "topic", 1) }
	tr.send(pub, there, []byte("topic"))
	calm()
	out := tr.finish("PUB", pub).Out
	arrive()
	in := tr.finish("SUB", sub).In
	receiving.Wait()
	// Between the look and the sending the subscriber may have gone.
	if out.Dropped.Total() != out.Dropped[DropPeerGone] || out.Messages > uint64(tr.sent.Load()) || tr.strikes == 0 && out.Messages != uint64(tr.sent.Load()) {
		tr.Errorf("PUB sent %d: %+v", tr.sent.Load(), out)
	}
	tr.settle(r, out, in)
}

// subscribing: the same where the publisher dials, and sees the subscriptions.
func (tr *trial) subscribing() {
	xpub, xsub := must(NewXPub(tr.options(), WithNoDrop(), WithSendHWM(20), WithVerboser())), must(NewXSub(tr.options(), WithRecvHWM(20)))
	tr.meet(xsub, xpub)
	if err := xsub.Send(tr.Context(), []byte("\x01topic")); err != nil {
		tr.Fatal(err)
	}
	r := newRecord(tr, "XSUB")
	var receiving sync.WaitGroup
	receiving.Go(func() { tr.receive(r, xsub) })
	notices, on := 0, 0
	receiving.Go(func() {
		for m, err := range xpub.Messages(context.Background()) {
			if err != nil || len(m) != 1 || string(m[0][1:]) != "topic" {
				tr.Errorf("XPUB received %v, %v", m, err)
				return
			}
			notices++
			on += 2*int(m[0][0]) - 1
			if on < 0 || on > 1 {
				tr.Errorf("after %d notices the only subscriber has subscribed %d times", notices, on)
			}
		}
	})
	there := func(ctx context.Context) error { return xpub.WaitSubscribers(ctx, "topic", 1) }
	tr.send(xpub, there, []byte("topic"))
	calm()
	out := tr.finish("XPUB", xpub).Out
	arrive()
	in := tr.finish("XSUB", xsub).In
	receiving.Wait()
	if out.Dropped.Total() != out.Dropped[DropPeerGone] || out.Messages > uint64(tr.sent.Load()) || notices == 0 {
		tr.Errorf("XPUB sent %d and received %d notices: %+v", tr.sent.Load(), notices, out)
	}
	tr.settle(r, out, in)
}

// routing: a DEALER sends like a PUSH; a ROUTER answers over the connection on
// which it was asked, or not at all.
func (tr *trial) routing() {
	dealer := must(NewDealer(tr.options(), WithSendHWM(20), WithRecvHWM(20)))
	router := must(NewRouter(tr.options(), WithMandatory(), WithSendHWM(20), WithRecvHWM(20)))
	tr.meet(router, dealer)
	there, back := newRecord(tr, "ROUTER"), newRecord(tr, "DEALER")
	unroutable := 0
	var receiving sync.WaitGroup
	receiving.Go(func() { tr.receive(back, dealer) })
	receiving.Go(func() {
		for {
			m, peer, err := router.RecvFrom(context.Background())
			if errors.Is(err, ErrClosed) {
				return
			}
			if err != nil || string(m[0]) != string(peer.ID) {
				tr.Errorf("ROUTER received %v of %q: %v", m, peer.ID, err)
				return
			}
			there.enter(peer.ID, m[1])
			switch err := router.Send(context.Background(), m...); {
			case errors.Is(err, ErrNoRoute):
				unroutable++
			case errors.Is(err, ErrClosed):
				return
			case err != nil:
				tr.Error(err)
			}
		}
	})
	tr.send(dealer, always)
	calm()
	to, from := dealer.Stats(), router.Stats()
	if to.Out.Queued != 0 || to.Out.Dropped.Total() != 0 || to.Out.Messages != uint64(tr.sent.Load()) {
		tr.Errorf("DEALER sent %d: %+v", tr.sent.Load(), to.Out)
	}
	if from.Out.Messages+uint64(unroutable) != uint64(there.total()) || from.Out.Dropped.Total() != from.Out.Dropped[DropPeerGone] {
		tr.Errorf("ROUTER received %d, %d could not be answered: %+v", there.total(), unroutable, from.Out)
	}
	tr.settle(there, to.Out, from.In)
	tr.settle(back, from.Out, to.In)
	tr.finish("DEALER", dealer)
	tr.finish("ROUTER", router)
	receiving.Wait()
}

// requests: a question is answered by its own answer, or its connection has
// ended since.
func (tr *trial) requests() {
	req, rep := must(NewReq(tr.options())), must(NewRep(tr.options()))
	tr.meet(rep, req)
	r := newRecord(tr, "REP")
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := rep.Serve(tr.Context(), func(_ context.Context, m Message) (Message, error) {
			r.enter("", m[0])
			return m, nil
		}); err != nil {
			tr.Error(err)
		}
	})
	lost := 0
	for n := 0; tr.more(); n++ {
		ctx, cancel := context.WithTimeout(tr.Context(), time.Minute)
		m, err := req.Request(ctx, letter(n))
		cancel()
		tr.sent.Add(1)
		if errors.Is(err, context.DeadlineExceeded) {
			lost++
			continue
		}
		if err != nil || len(m) != 1 || string(m[0]) != string(letter(n)) {
			tr.Fatalf("question %d was answered with %v, %v", n, m, err)
		}
	}
	calm()
	to, from := tr.finish("REQ", req), tr.finish("REP", rep)
	serving.Wait()
	answers := uint64(tr.sent.Load()) - uint64(lost)
	if to.In.Delivered != answers || from.In.Delivered != uint64(r.total()) || from.In.Delivered < answers {
		tr.Errorf("%d answers of %d questions; REQ: %+v, REP: %+v", answers, r.total(), to, from)
	}
	if lost > tr.net.Struck() {
		tr.Errorf("%d questions have no answer, and %d connections ended", lost, tr.net.Struck())
	}
}

// pairs: both ways at once. The side that dials keeps what it has, the other
// one's ends with the connection.
func (tr *trial) pairs() {
	dialing := must(NewPair(tr.options(), WithSendHWM(20), WithRecvHWM(20)))
	bound := must(NewPair(tr.options(), WithSendHWM(20), WithRecvHWM(20)))
	tr.meet(bound, dialing)
	there, back := newRecord(tr, "the bound PAIR"), newRecord(tr, "the PAIR that dialed")
	var receiving, sending sync.WaitGroup
	receiving.Go(func() { tr.receive(there, bound) })
	receiving.Go(func() { tr.receive(back, dialing) })
	sending.Go(func() { tr.send(dialing, always) })
	n := 0
	for ; tr.more(); n++ {
		ctx, cancel := context.WithTimeout(tr.Context(), limit)
		if err := bound.Send(ctx, letter(n)); err != nil {
			tr.Fatal(err)
		}
		cancel()
	}
	sending.Wait()
	calm()
	one, other := dialing.Stats(), bound.Stats()
	if one.Out.Queued != 0 || one.Out.Dropped.Total() != 0 || one.Out.Messages != uint64(tr.sent.Load()) {
		tr.Errorf("the PAIR that dials sent %d: %+v", tr.sent.Load(), one.Out)
	}
	if other.Out.Messages != uint64(n) || other.Out.Dropped.Total() != other.Out.Dropped[DropPeerGone] {
		tr.Errorf("the bound PAIR sent %d: %+v", n, other.Out)
	}
	tr.settle(there, one.Out, other.In)
	tr.settle(back, other.Out, one.In)
	tr.finish("the PAIR that dials", dialing)
	tr.finish("the bound PAIR", bound)
	receiving.Wait()
}
