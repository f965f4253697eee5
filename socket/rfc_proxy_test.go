package socket_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// A running proxy of a rule.
type running struct {
	*stage
	cancel context.CancelFunc
	ended  chan error
	err    error
}

// proxy runs a proxy, which ends with the rule if not before.
func (s *stage) proxy(front, back socket.ProxySocket, opts ...socket.ProxyOption) *running {
	ctx, cancel := context.WithCancel(s.ctx)
	p := &running{s, cancel, make(chan error, 1), nil}
	go func() {
		p.ended <- socket.Proxy(ctx, front, back, opts...)
		close(p.ended)
	}()
	s.Cleanup(func() {
		cancel()
		for range p.ended { // until it has ended
		}
	})
	return p
}

// result waits for the proxy to end.
func (p *running) result() error {
	p.Helper()
	select {
	case err := <-p.ended:
		return err
	case <-p.ctx.Done():
		p.Fatal("the proxy does not end")
		return nil
	}
}

// stop ends the proxy by its context.
func (p *running) stop() {
	p.Helper()
	p.cancel()
	p.matches(p.result(), context.Canceled)
}

func TestRFCProxy(t *testing.T) {
	show(t, "PR-01 whole messages go both ways, each to its own client", func(s *stage) {
		front, back := s.router(), s.dealer()
		clients, workers := s.bind(front), s.bind(back)
		p := s.proxy(front, back)
		for range 3 {
			rep := s.rep()
			s.connect(rep, workers)
			go rep.Serve(s.ctx, func(_ context.Context, m socket.Message) (socket.Message, error) {
				return append(m, []byte("done")), nil
			})
		}
		const rounds = 50
		results := make(chan error)
		for c := range 4 {
			req := s.req()
			s.connect(req, clients)
			go func() {
				for i := range rounds {
					want := fmt.Sprintf(`["%d" "" "%d" "done"]`, c, i)
					m, err := req.Request(s.ctx, octets([]string{fmt.Sprint(c), "", fmt.Sprint(i)})...)
					if err == nil && m.String() != want {
						err = fmt.Errorf("received %v, want %s", m, want)
					}
					if err != nil {
						results <- err
						return
					}
				}
				results <- nil
			}()
		}
		for range 4 {
			if err := <-results; err != nil {
				s.Fatal(err)
			}
		}
		p.stop()
	})

	show(t, "PR-01 neither way waits for the other", func(s *stage) {
		front, back := s.pair(), s.pair()
		left, right := s.pair(), s.pair()
		s.star(front, left)
		s.star(back, right)
		s.proxy(front, back)
		const many = 5000 // of each: more than the high-water marks hold
		sent := make(chan error, 2)
		for _, from := range []*socket.Pair{left, right} {
			go func() {
				for i := range many {
					if err := from.Send(s.ctx, []byte("part"), []byte(fmt.Sprint(i))); err != nil {
						sent <- err
						return
					}
				}
				sent <- nil
			}()
		}
		for i := range many {
			s.want(right, "part", fmt.Sprint(i))
		}
		for i := range many {
			s.want(left, "part", fmt.Sprint(i))
		}
		for range 2 {
			if err := <-sent; err != nil {
				s.Fatal(err)
			}
		}
	})

	show(t, "PR-02 what the other end cannot take is not taken", func(s *stage) {
		front, back := s.pull(), s.push()
		in := s.push()
		s.star(front, in)
		p := s.proxy(front, back)
		for i := range 10 {
			s.send(in, fmt.Sprint(i))
		}
		s.arrived(front, 10)
		equal(s, "received by the front", front.Stats().In.Delivered, 0)
		out := s.pull()
		s.star(back, out)
		for i := range 10 {
			s.want(out, fmt.Sprint(i))
		}
		p.stop()
	})

	showInproc(t, "PR-02 back-pressure goes through, even that of subscribers", func(s *stage) {
		const mark = 100
		pub := s.xpub(socket.WithNoDrop(), socket.WithSendHWM(mark))
		front := s.xsub(socket.WithRecvHWM(mark))
		back := s.xpub(socket.WithNoDrop(), socket.WithSendHWM(mark))
		sub := s.sub(socket.WithRecvHWM(mark))
		s.star(pub, front)
		s.star(back, sub)
		p := s.proxy(front, back)
		if err := sub.Subscribe(""); err != nil {
			s.Fatal(err)
		}
		if err := pub.WaitSubscribers(s.ctx, "", 1); err != nil {
			s.Fatal(err)
		}
		n := 0
		send := func() bool {
			err := pub.TrySend([]byte(fmt.Sprint(n)))
			if err == nil {
				n++
			}
			return errors.Is(err, socket.ErrWouldBlock)
		}
		// The whole row is full when the publisher blocks with the proxy standing
		// still: the last queue is full then, and one message is in its hand.
		s.until("all is full", func() bool {
			return send() && back.Stats().Out.Queued == 2*mark && front.Stats().In.Queued == 2*mark
		})
		equal(s, "messages on their way", n, 4*mark+1)
		for i := range n {
			s.want(sub, fmt.Sprint(i))
		}
		p.stop()
	})

	show(t, "PR-03 a capture socket gets copies of both ways, and holds the proxy up when it is full", func(s *stage) {
		front, back := s.pair(), s.pair()
		left, right := s.pair(), s.pair()
		s.star(front, left)
		s.star(back, right)
		capture, copies := s.push(), s.pull()
		p := s.proxy(front, back, socket.WithCapture(capture))
		s.send(left, "to the right", "1")
		s.want(right, "to the right", "1")
		s.send(left, "to the right", "2")
		s.arrived(front, 1) // the capture socket has no peer yet: the proxy waits
		equal(s, "received by the front", front.Stats().In.Delivered, 1)
		s.star(capture, copies)
		s.want(right, "to the right", "2")
		s.want(copies, "to the right", "1")
		s.want(copies, "to the right", "2")
		s.send(right, "to the left")
		s.want(left, "to the left")
		s.want(copies, "to the left")
		p.stop()
	})

	show(t, "PR-03 a lossy capture holds nobody up, and what it misses is counted", func(s *stage) {
		front, back, capture := s.pull(), s.push(), s.push()
		in, out := s.push(), s.pull()
		s.star(front, in)
		s.star(back, out)
		var c socket.ProxyControl
		s.proxy(front, back, socket.WithLossyCapture(capture), socket.WithSteering(&c))
		for i := range 10 {
			s.send(in, fmt.Sprint(i))
			s.want(out, fmt.Sprint(i))
		}
		s.until("all is counted", func() bool { return c.Statistics().Uncaptured == 10 })
		copies := s.pull()
		s.star(capture, copies)
		s.send(in, "seen")
		s.want(out, "seen")
		s.want(copies, "seen")
	})

	show(t, "PR-04 both ends may be one socket", func(s *stage) {
		echo, rep := s.dealer(), s.rep()
		dealer, req := s.dealer(), s.req()
		s.star(echo, dealer)
		s.star(rep, req)
		var c socket.ProxyControl
		s.proxy(echo, echo, socket.WithSteering(&c))
		p := s.proxy(rep, rep)
		for i := range 10 {
			s.send(dealer, "back", fmt.Sprint(i))
			s.want(dealer, "back", fmt.Sprint(i))
			s.send(req, "round", fmt.Sprint(i))
			s.want(req, "round", fmt.Sprint(i))
		}
		s.until("all is counted", func() bool { return c.Statistics().Back.Sent == 10 })
		equal(s, "received", c.Statistics().Front, socket.ProxyFlow{Received: 10, ReceivedBytes: 50})
		p.stop()
	})
}

func TestRFCProxyEnd(t *testing.T) {
	show(t, "PR-05 it ends with its context, even when nobody takes what comes", func(s *stage) {
		front, back := s.sub(), s.push()
		pub := s.pub()
		s.star(pub, front)
		if err := front.Subscribe(""); err != nil {
			s.Fatal(err)
		}
		if err := pub.WaitSubscribers(s.ctx, "", 1); err != nil {
			s.Fatal(err)
		}
		p := s.proxy(front, back)
		s.send(pub, "for nobody")
		s.arrived(front, 1)
		p.stop()
		s.want(front, "for nobody")
	})

	show(t, "PR-05 it ends when an end is closed, though it waits for the other or is paused", func(s *stage) {
		for _, paused := range []bool{false, true} {
			for _, closed := range []int{0, 1} {
				front, back := s.pull(), s.push()
				s.star(front, s.push())
				s.star(back, s.pull())
				var c socket.ProxyControl
				if paused {
					c.Pause()
				}
				p := s.proxy(front, back, socket.WithSteering(&c))
				drop([]anySocket{front, back}[closed])
				s.matches(p.result(), socket.ErrClosed)
			}
		}
	})

	show(t, "PR-05 subscriptions go upstream, and what they ask for comes down", func(s *stage) {
		front, back := s.xsub(), s.xpub()
		pub, xpub, sub := s.pub(), s.xpub(), s.sub()
		s.star(front, pub, xpub)
		s.star(back, sub)
		s.proxy(front, back)
		if err := sub.Subscribe("a", "b"); err != nil {
			s.Fatal(err)
		}
		s.want(xpub, "\x01a")
		s.want(xpub, "\x01b")
		if err := pub.WaitSubscribers(s.ctx, "b", 1); err != nil {
			s.Fatal(err)
		}
		s.send(pub, "c none")
		s.send(pub, "b one", "tail")
		s.want(sub, "b one", "tail")
		if err := sub.Unsubscribe("b"); err != nil {
			s.Fatal(err)
		}
		s.want(xpub, "\x00b")
		drop(sub)
		s.want(xpub, "\x00a")
	})
}

func TestRFCProxySteering(t *testing.T) {
	stats := func(m socket.Message) (f [8]uint64) {
		for i, b := range m {
			f[i] = binary.NativeEndian.Uint64(b)
		}
		return f
	}

	show(t, "PR-06 PAUSE, RESUME, STATISTICS and TERMINATE by a REP, which answers all of them", func(s *stage) {
		front, back, control := s.router(), s.dealer(), s.rep()
		req, rep, boss := s.req(), s.rep(), s.req()
		s.star(front, req)
		s.star(back, rep)
		s.star(control, boss)
		p := s.proxy(front, back, socket.WithControl(control))
		round := func() {
			s.send(req, "request", "1")
			s.want(rep, "request", "1")
			s.send(rep, "reply")
			s.want(req, "reply")
		}
		round()
		ask := func() socket.Message {
			m, err := boss.Request(s.ctx, []byte("STATISTICS"))
			if err != nil {
				s.Fatal(err)
			}
			return m
		}
		const in, out = 5 + 0 + 7 + 1, 5 + 0 + 5 // identity, delimiter, body
		want := [8]uint64{1, in, 1, out, 1, out, 1, in}
		s.until("all is counted", func() bool { return stats(ask()) == want })
		if m := ask(); len(m) != 8 || len(m[0]) != 8 {
			s.Fatalf("STATISTICS: %v, want 8 frames of 8 octets", m)
		}
		order := func(command string) {
			s.send(boss, command)
			s.want(boss, "")
		}
		order("PAUSE")
		s.send(req, "request", "2")
		s.arrived(front, 1)
		equal(s, "counted in the pause", stats(ask()), want)
		order("RESUME")
		s.want(rep, "request", "2")
		order("TERMINATE")
		if err := p.result(); err != nil {
			s.Fatalf("terminated, but %v", err)
		}
	})

	show(t, "PR-06 a PAIR, a SUB and a ROUTER control, too", func(s *stage) {
		front, back := s.pull(), s.push()
		s.star(front, s.push())
		s.star(back, s.pull())
		pair, boss := s.pair(), s.pair()
		s.star(pair, boss)
		p := s.proxy(front, back, socket.WithControl(pair))
		s.send(boss, "PAUSE")
		s.send(boss, "STATISTICS") // the first that is answered
		if m := s.recv(boss); len(m) != 8 {
			s.Fatalf("received %q, want 8 frames", m)
		}
		s.send(boss, "TERMINATE")
		if err := p.result(); err != nil {
			s.Fatal(err)
		}

		sub, pub := s.sub(), s.pub()
		s.star(pub, sub)
		if err := sub.Subscribe(""); err != nil {
			s.Fatal(err)
		}
		if err := pub.WaitSubscribers(s.ctx, "", 1); err != nil {
			s.Fatal(err)
		}
		p = s.proxy(front, back, socket.WithControl(sub))
		s.send(pub, "STATISTICS")
		s.send(pub, "TERMINATE")
		if err := p.result(); err != nil {
			s.Fatal(err)
		}

		router, req := s.router(), s.req()
		s.star(router, req)
		p = s.proxy(front, back, socket.WithControl(router))
		s.send(req, "STATISTICS")
		if m := s.recv(req); len(m) != 8 {
			s.Fatalf("received %q, want 8 frames", m)
		}
		s.send(req, "TERMINATE")
		if err := p.result(); err != nil {
			s.Fatal(err)
		}
	})

	show(t, "PR-07 a command that it does not know is ignored, and a message of many frames is one", func(s *stage) {
		front, back, control := s.pull(), s.push(), s.rep()
		in, out, boss := s.push(), s.pull(), s.req()
		s.star(front, in)
		s.star(back, out)
		s.star(control, boss)
		var c socket.ProxyControl
		s.proxy(front, back, socket.WithControl(control), socket.WithSteering(&c))
		s.send(boss, "DANCE")
		s.want(boss, "")
		s.send(in, "a", "bc", "def")
		s.want(out, "a", "bc", "def")
		s.until("it is counted", func() bool { return c.Statistics().Back.Sent == 1 })
		equal(s, "statistics", c.Statistics(), socket.ProxyStats{
			Front: socket.ProxyFlow{Received: 1, ReceivedBytes: 6}, Back: socket.ProxyFlow{Sent: 1, SentBytes: 6},
		})
	})

	show(t, "PR-08 in a pause all stays queued, and the marks hold", func(s *stage) {
		const mark = 10
		front, back := s.pull(socket.WithRecvHWM(mark)), s.push()
		in, out := s.push(socket.WithSendHWM(mark)), s.pull()
		s.star(front, in)
		s.star(back, out)
		var c socket.ProxyControl
		c.Pause()
		c.Pause()
		p := s.proxy(front, back, socket.WithSteering(&c))
		for i := range mark {
			s.send(in, fmt.Sprint(i))
		}
		s.arrived(front, mark)
		equal(s, "received in the pause", front.Stats().In.Delivered, 0)
		c.Resume()
		for i := range mark {
			s.want(out, fmt.Sprint(i))
		}
		c.Pause()
		c.Terminate()
		if err := p.result(); err != nil {
			s.Fatal(err)
		}
		c.Resume()
		c.Terminate()
	})
}
