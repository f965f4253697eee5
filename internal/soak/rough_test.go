package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/brokerless/brokerless/internal/faultnet"
	"github.com/brokerless/brokerless/socket"
)

// The sockets of this file meet over connections that fail, and servers
// restart. What was under way then may be lost, and is counted; nothing may be
// changed, come twice, or out of order on a connection.

// rough is what the network in process does to a connection.
func rough(_ int, rnd *rand.Rand) (there, back faultnet.Fault) {
	draw := func() faultnet.Fault {
		f := faultnet.Fault{
			Jitter: time.Duration(rnd.IntN(1000)) * time.Microsecond,
			After:  rnd.Int64N(20_000),
			Ending: []faultnet.Ending{faultnet.Never, faultnet.Reset, faultnet.Reset, faultnet.HangUp, faultnet.Mute}[rnd.IntN(5)],
		}
		if rnd.IntN(4) == 0 {
			f.Slice = 1 + rnd.IntN(20)
		}
		if rnd.IntN(4) == 0 {
			f.Rate = 1_000_000
		}
		return f
	}
	return draw(), draw()
}

// beat finds those that have fallen silent soon.
var beat = socket.WithHeartbeat(20*time.Millisecond, 200*time.Millisecond)

// A server is a bound socket that restarts: over and over it is made, bound to
// the same endpoints, used for a while, and closed.
func (r *run) server(name string, create func() node, use func(n node)) (endpoints []string, relay *faultnet.Relay) {
	n := create()
	tcp, err := n.Bind("tcp://127.0.0.1:0")
	r.check(err)
	fault := "fault://" + name
	relay, err = faultnet.NewRelay(uint64(r.name()), tcp[len("tcp://"):], 100, 50_000)
	if err != nil {
		r.Fatal(err)
	}
	r.wg.Go(func() {
		rnd := rand.New(rand.NewPCG(uint64(len(name)), 2))
		for first := true; ; first = false {
			if !first {
				n = create()
				_, err := n.Bind(tcp)
				r.check(err)
				r.restarts.Add(1)
			}
			_, err := n.Bind(fault)
			r.check(err)
			done := r.background(func() { use(n) })
			r.rest(time.Duration(50+rnd.IntN(500)) * time.Millisecond)
			r.close(n, time.Duration(rnd.IntN(20))*time.Millisecond)
			<-done
			if !r.on() {
				r.relayed.Add(int64(relay.Struck()))
				return
			}
		}
	})
	return []string{fault, "tcp://" + relay.Addr()}, relay
}

// guest connects a socket that is not to wait for good.
func (r *run) guest(rnd *rand.Rand, who string, n node, err error, endpoints []string) {
	n = open(r, who, n, err)
	r.check(n.Connect(pick(rnd, endpoints)))
}

// tries is a context for what may fail.
func tries() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 300*time.Millisecond)
}

// gave notes that something was given up, which it may be here.
func (r *run) gave(err error) {
	if err == nil {
		return
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		r.Error(err)
	}
	r.given.Add(1)
}

func (r *run) closeRelay(relay *faultnet.Relay) func() {
	return func() { r.check(relay.Close()) }
}

func (r *run) roughPipeline(name string, serving, served socket.Option) (end func()) {
	b := newBook("PULL of the rough")
	endpoints, relay := r.server("pipeline "+name, func() node {
		pull, err := socket.NewPull(serving, socket.WithTransport(r.network), socket.WithRecvHWM(50), beat)
		return open(r, "PULL of the rough", pull, err)
	}, func(n node) { r.receive(b, n.(*socket.Pull)) })
	for range few {
		var before []int // whose last messages may be on their way yet
		r.repeat(func(rnd *rand.Rand) {
			push, err := socket.NewPush(served, socket.WithTransport(r.network), hurry, beat, socket.WithSendHWM(1+rnd.IntN(50)))
			r.guest(rnd, "PUSH of the rough", push, err, endpoints)
			me := r.name()
			for number := range rnd.IntN(500) {
				if !r.on() {
					break
				}
				ctx, cancel := tries()
				err := push.Send(ctx, letter(me, number, size(rnd)))
				cancel()
				r.gave(err)
				if err == nil {
					r.sent.Add(1)
				}
			}
			r.close(push, time.Duration(rnd.IntN(500))*time.Millisecond)
			if before = append(before, me); len(before) > 10 {
				b.tear(before[0])
				before = before[1:]
			}
		})
	}
	return r.closeRelay(relay)
}

func (r *run) roughPublishing() (end func()) {
	me := r.name()
	number := 0 // of the publishers one after the other
	endpoints, relay := r.server("publishing", func() node {
		pub, err := socket.NewPub(socket.WithTransport(r.network), socket.WithSendHWM(20), socket.WithLinger(0), beat)
		return open(r, "PUB of the rough", pub, err)
	}, func(n node) {
		rnd := rand.New(rand.NewPCG(uint64(number), 3))
		for pub := n.(*socket.Pub); ; number++ {
			err := pub.Send(context.Background(), []byte("topic"), letter(me, number, size(rnd)))
			if errors.Is(err, socket.ErrClosed) {
				return
			}
			r.check(err)
			r.sent.Add(1)
			if number%10 == 0 {
				r.rest(time.Millisecond)
			}
		}
	})
	for range few {
		r.repeat(func(rnd *rand.Rand) {
			sub, err := socket.NewSub(socket.WithTransport(r.network), hurry, beat)
			r.check(sub.Subscribe("topic"[:rnd.IntN(6)]))
			r.guest(rnd, "SUB of the rough", sub, err, endpoints)
			b := newBook("SUB of the rough")
			for range rnd.IntN(300) {
				if !r.on() {
					break
				}
				ctx, cancel := tries()
				m, from, err := sub.RecvFrom(ctx)
				cancel()
				r.gave(err)
				if err == nil {
					r.received.Add(1)
					r.check(b.enter(from.ID, m[len(m)-1]))
				}
			}
			r.close(sub, patience)
		})
	}
	return r.closeRelay(relay)
}

func (r *run) roughRequests() (end func()) {
	endpoints, relay := r.server("requests", func() node {
		rep, err := socket.NewRep(socket.WithTransport(r.network), beat)
		return open(r, "REP of the rough", rep, err)
	}, func(n node) { r.check(n.(*socket.Rep).Serve(context.Background(), answer)) })
	for range few {
		r.repeat(func(rnd *rand.Rand) {
			req, err := socket.NewReq(socket.WithTransport(r.network), hurry, beat, socket.WithLinger(0))
			r.guest(rnd, "REQ of the rough", req, err, endpoints)
			me := r.name()
			for number := range rnd.IntN(100) {
				if !r.on() {
					break
				}
				ctx, cancel := tries()
				r.gave(r.ask(ctx, req, me, number, size(rnd)))
				cancel()
			}
			r.close(req, patience)
		})
	}
	return r.closeRelay(relay)
}

func (r *run) roughDealers() (end func()) {
	endpoints, relay := r.server("dealers", func() node {
		router, err := socket.NewRouter(socket.WithTransport(r.network), socket.WithLinger(0), beat)
		return open(r, "ROUTER of the rough", router, err)
	}, func(n node) { r.echo(n.(*socket.Router)) })
	for range few {
		r.repeat(func(rnd *rand.Rand) {
			var opts []socket.DealerOption
			if rnd.IntN(2) == 0 {
				opts = append(opts, socket.WithIdentity(fmt.Append(nil, r.name())))
			}
			dealer, err := socket.NewDealer(append(opts, socket.WithTransport(r.network), hurry, beat)...)
			r.guest(rnd, "DEALER of the rough", dealer, err, endpoints)
			b, me := newBook("DEALER of the rough"), r.name()
			n := rnd.IntN(200)
			own := rand.New(rand.NewPCG(rnd.Uint64(), 0))
			var sending sync.WaitGroup
			sending.Go(func() {
				for number := 0; number < n && r.on(); number++ {
					ctx, cancel := tries()
					err := dealer.Send(ctx, letter(me, number, size(own)))
					cancel()
					if r.gave(err); err == nil {
						r.sent.Add(1)
					}
				}
			})
			for range n {
				ctx, cancel := tries()
				m, from, err := dealer.RecvFrom(ctx)
				cancel()
				r.gave(err)
				if err != nil {
					break
				}
				r.received.Add(1)
				r.check(b.enter(from.ID, m[0]))
			}
			sending.Wait()
			r.close(dealer, time.Duration(rnd.IntN(100))*time.Millisecond)
		})
	}
	return r.closeRelay(relay)
}

// figures tells what has been done so far.
func (r *run) figures() string {
	return fmt.Sprintf("%d messages sent, %d received, %d lives, %d restarts, %d connections struck, %d calls given up",
		r.sent.Load(), r.received.Load(), r.lives.Load(), r.restarts.Load(), int64(r.network.Struck())+r.relayed.Load(), r.given.Load())
}
