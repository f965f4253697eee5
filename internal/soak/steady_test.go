package soak

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// The sockets of this file meet over transports that lose nothing, and one of
// the two sides stays. So nothing may be missing either.

// few is how many sockets of a kind there are at once.
const few = 2

// pipeline: PUSH sockets come, send, and go in good order. Everything arrives.
func (r *run) pipeline(name string, serving, served socket.Option) (end func()) {
	pull, err := socket.NewPull(serving, socket.WithRecvHWM(100))
	pull = open(r, "PULL", pull, err)
	endpoints, b := r.bindAll(pull, "pipeline "+name), newBook("PULL")
	done := r.background(func() { r.receive(b, pull) })
	for range few {
		r.repeat(func(rnd *rand.Rand) {
			push, err := socket.NewPush(served, socket.WithSendHWM(1+rnd.IntN(50)), hurry)
			push = open(r, "PUSH", push, err)
			r.check(push.Connect(pick(rnd, endpoints)))
			me, n := r.name(), rnd.IntN(200)
			r.sendAll(rnd, push, me, n)
			if !r.close(push, patience) {
				r.Errorf("PUSH %d could not send everything", me)
			}
			r.await(b, me, n)
			b.tear(me)
		})
	}
	return func() { r.close(pull, patience); <-done }
}

// background runs f, which ends when its socket is closed.
func (r *run) background(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	return done
}

// sendAll sends n letters.
func (r *run) sendAll(rnd *rand.Rand, s socket.Sender, me, n int, before ...[]byte) {
	for number := range n {
		ctx, cancel := r.bounded()
		err := s.Send(ctx, append(before, letter(me, number, size(rnd)))...)
		cancel()
		if err != nil {
			r.Errorf("message %d of %d of %d: %v", number, n, me, err)
			return
		}
		r.sent.Add(1)
	}
}

// publishing: subscribers come and go under a PUB that drops nothing. Each
// receives everything from its first message to its last.
func (r *run) publishing() (end func()) {
	pub, err := socket.NewPub(socket.WithNoDrop(), socket.WithSendHWM(100), socket.WithLinger(0))
	pub = open(r, "PUB", pub, err)
	endpoints, me := r.bindAll(pub, "publishing"), r.name()
	r.wg.Go(func() {
		rnd := rand.New(rand.NewPCG(uint64(me), 0))
		for number := 0; r.on(); number++ {
			if err := pub.Send(r.ctx, []byte("topic"), letter(me, number, size(rnd))); err == nil {
				r.sent.Add(1)
			}
			if number%10 == 0 {
				r.rest(time.Millisecond)
			}
		}
	})
	for range few {
		r.repeat(func(rnd *rand.Rand) {
			sub, err := socket.NewSub(hurry)
			sub = open(r, "SUB", sub, err)
			r.check(errors.Join(sub.Subscribe("topic"[:rnd.IntN(6)], "nothing"), sub.Connect(pick(rnd, endpoints))))
			r.subscribe(sub, 1+rnd.IntN(100))
			r.close(sub, patience)
		})
	}
	return func() { r.close(pub, patience) }
}

// subscribe receives n messages, or as many as come, and finds no gaps.
func (r *run) subscribe(sub *socket.Sub, n int) {
	b := newBook("SUB")
	for range n {
		m, from, err := sub.RecvFrom(r.ctx)
		if err != nil {
			break // the run is over
		}
		r.received.Add(1)
		r.check(b.enter(from.ID, m[len(m)-1]))
	}
	for sender := range b.pages {
		if gaps := b.gaps(sender); gaps != 0 {
			r.Errorf("SUB: %d messages of %d are missing", gaps, sender)
		}
	}
}

// forwarding: publishers come and go before an XSUB, whose messages an XPUB
// sends on to subscribers that come and go. One subscriber stays, and misses
// nothing of anybody.
func (r *run) forwarding() (end func()) {
	xsub, err := socket.NewXSub()
	xsub = open(r, "XSUB", xsub, err)
	xpub, err := socket.NewXPub(socket.WithNoDrop())
	xpub = open(r, "XPUB", xpub, err)
	in, out := r.bindAll(xsub, "forwarding in"), r.bindAll(xpub, "forwarding out")
	forward := func(from socket.Receiver, to socket.Sender) func() {
		return func() {
			for {
				m, err := from.Recv(context.Background())
				if err != nil || to.Send(context.Background(), m...) != nil {
					return
				}
			}
		}
	}
	down, up := r.background(forward(xsub, xpub)), r.background(forward(xpub, xsub))
	all, err := socket.NewSub(hurry)
	all = open(r, "SUB of everything", all, err)
	r.check(errors.Join(all.Subscribe(""), all.Connect(out[0])))
	ctx, cancel := r.bounded()
	r.check(xpub.WaitSubscribers(ctx, "", 1)) // or the first publishers would find others only
	cancel()
	b := newBook("SUB of everything")
	done := r.background(func() { r.receive(b, all) })
	for range few {
		r.repeat(func(rnd *rand.Rand) {
			pub, err := socket.NewPub(socket.WithNoDrop())
			pub = open(r, "PUB before XSUB", pub, err)
			r.check(pub.Connect(pick(rnd, in)))
			ctx, cancel := r.bounded()
			r.check(pub.WaitSubscribers(ctx, "topic", 1))
			cancel()
			me, n := r.name(), 1+rnd.IntN(50)
			r.sendAll(rnd, pub, me, n, []byte("topic"))
			r.close(pub, patience)
			r.await(b, me, n)
			b.tear(me)
		})
		r.repeat(func(rnd *rand.Rand) {
			sub, err := socket.NewSub(hurry)
			sub = open(r, "SUB behind XPUB", sub, err)
			r.check(errors.Join(sub.Subscribe("top"), sub.Connect(pick(rnd, out))))
			r.subscribe(sub, 1+rnd.IntN(50))
			r.close(sub, patience)
		})
	}
	return func() {
		for _, n := range []node{all, xsub, xpub} {
			r.close(n, patience)
		}
		<-done
		<-down
		<-up
	}
}

// requests: requesters come, ask and go, some without waiting for the answer.
// Each answer is to the question that was asked last.
func (r *run) requests() (end func()) {
	rep, err := socket.NewRep(socket.WithLinger(0))
	rep = open(r, "REP", rep, err)
	endpoints := r.bindAll(rep, "requests")
	done := r.background(func() { r.check(rep.Serve(context.Background(), answer)) })
	for range few {
		r.repeat(func(rnd *rand.Rand) {
			req, err := socket.NewReq(hurry, socket.WithLinger(0))
			req = open(r, "REQ", req, err)
			r.check(req.Connect(pick(rnd, endpoints)))
			me := r.name()
			for number := range 1 + rnd.IntN(20) {
				ctx, cancel := r.bounded()
				impatient := rnd.IntN(10) == 0
				if impatient {
					go cancel()
				}
				err := r.ask(ctx, req, me, number, size(rnd))
				cancel()
				if err != nil && (!impatient || !errors.Is(err, context.Canceled)) {
					r.Error(err)
				}
			}
			r.close(req, patience)
		})
	}
	return func() { r.close(rep, patience); <-done }
}

func answer(_ context.Context, question socket.Message) (socket.Message, error) {
	return append(socket.Message{[]byte("answer")}, question...), nil
}

// ask sends a question and holds the answer against it.
func (r *run) ask(ctx context.Context, req *socket.Req, me, number, size int) error {
	m, err := req.Request(ctx, letter(me, number, size))
	if err != nil {
		return err
	}
	r.sent.Add(1)
	r.received.Add(1)
	if len(m) != 2 || string(m[0]) != "answer" {
		return errors.New("an answer of another form: " + m.String())
	}
	if who, what, err := read(m[1]); err != nil || who != me || what != number {
		r.Errorf("REQ %d asked question %d, the answer is to question %d of %d (%v)", me, number, what, who, err)
	}
	return nil
}

// dealers: dealers come, send letters to a ROUTER that sends each back, wait
// for all echoes, and go.
func (r *run) dealers() (end func()) {
	router, err := socket.NewRouter(socket.WithMandatory(), socket.WithLinger(0), socket.WithSendHWM(50))
	router = open(r, "ROUTER", router, err)
	endpoints := r.bindAll(router, "dealers")
	done := r.background(func() { r.echo(router) })
	for range few {
		r.repeat(func(rnd *rand.Rand) {
			dealer, err := socket.NewDealer(hurry)
			dealer = open(r, "DEALER", dealer, err)
			r.check(dealer.Connect(pick(rnd, endpoints)))
			r.converse(rnd, dealer, dealer, r.name(), rnd.IntN(100))
			r.close(dealer, patience)
		})
	}
	return func() { r.close(router, patience); <-done }
}

// echo sends everything back to where it came from.
func (r *run) echo(router *socket.Router) {
	for {
		m, err := router.Recv(context.Background())
		if errors.Is(err, socket.ErrClosed) {
			return
		}
		r.check(err)
		err = router.Send(context.Background(), m...)
		if !errors.Is(err, socket.ErrNoRoute) && !errors.Is(err, socket.ErrClosed) {
			r.check(err)
		}
	}
}

// A receiverFrom receives and tells from whom.
type receiverFrom interface {
	RecvFrom(ctx context.Context) (socket.Message, socket.Peer, error)
}

// converse sends n letters and meanwhile receives them, in order.
func (r *run) converse(rnd *rand.Rand, to socket.Sender, from receiverFrom, me, n int) {
	var sending sync.WaitGroup
	sending.Go(func() { r.sendAll(rnd, to, me, n) })
	for i := range n {
		ctx, cancel := r.bounded()
		m, _, err := from.RecvFrom(ctx)
		cancel()
		if err != nil {
			r.Errorf("letter %d of %d of %d does not come: %v", i, n, me, err)
			break
		}
		r.received.Add(1)
		if who, number, err := read(m[0]); err != nil || who != me || number != i {
			r.Errorf("letter %d of %d came, and %d of %d was due (%v)", number, who, i, me, err)
		}
	}
	sending.Wait()
}

// pairs: two PAIR sockets meet, talk both ways, and go.
func (r *run) pairs() (end func()) {
	r.repeat(func(rnd *rand.Rand) {
		one, err := socket.NewPair(socket.WithSendHWM(1 + rnd.IntN(50)))
		one = open(r, "PAIR", one, err)
		other, err := socket.NewPair(hurry)
		other = open(r, "PAIR", other, err)
		r.check(other.Connect(pick(rnd, r.bindAll(one, "pairs"))))
		var both sync.WaitGroup
		for i, way := range []struct{ from, to *socket.Pair }{{one, other}, {other, one}} {
			own := rand.New(rand.NewPCG(rnd.Uint64(), uint64(i)))
			both.Go(func() { r.converse(own, way.from, way.to, r.name(), own.IntN(100)) })
		}
		both.Wait()
		r.close(one, patience)
		r.close(other, patience)
	})
	return func() {}
}
