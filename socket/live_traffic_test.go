package socket_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// changing calls change with 0, 1, 2, … in a goroutine of its own, until stopped,
// with pauses in which the locks are free for others.
func changing(change func(n int)) (stop func()) {
	over, done := make(chan struct{}), make(chan struct{})
	tick := time.NewTicker(50 * time.Microsecond)
	go func() {
		defer close(done)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-over:
				return
			case <-tick.C:
				change(n)
			}
		}
	}()
	return func() {
		close(over)
		<-done
	}
}

// TestChangesUnderTraffic: whatever marks and flags change meanwhile, every
// message arrives, in order, and nobody waits for ever.
func TestChangesUnderTraffic(t *testing.T) {
	show(t, "PUSH and PULL", func(s *stage) {
		const messages = 30000
		pull, push := s.pull(), s.push()
		s.star(pull, push)
		defer changing(func(n int) {
			s.must(push.SetSendHWM(1 + n%7))
			s.must(pull.SetRecvHWM(1 + n%5))
			s.must(push.SetSendHWMBytes(n % 3 * 40))
			s.must(pull.SetRecvHWMBytes(n % 4 * 30))
			push.SetLinger(0)
		})()
		go func() {
			for i := range messages {
				if push.Send(s.ctx, binary.BigEndian.AppendUint32(nil, uint32(i))) != nil {
					return
				}
			}
		}()
		for i := range messages {
			m, err := pull.Recv(s.ctx)
			s.must(err)
			equal(s, "message", int(binary.BigEndian.Uint32(m[0])), i)
		}
	})

	show(t, "ROUTER and DEALER", func(s *stage) {
		const rounds = 3000
		router, dealer := s.router(socket.WithMandatory()), s.dealer(id("x"))
		s.star(router, dealer)
		defer changing(func(n int) {
			s.must(router.SetRecvHWM(1 + n%3))
			s.must(dealer.SetRecvHWM(n % 3))
			s.must(dealer.SetSendHWM(1 + n%3))
			router.SetHandover(n%2 == 0)
			router.SetSilentDrop(n%2 == 0)
			router.SetProbe(n%2 == 0)
		})()
		go func() {
			for {
				m, err := router.Recv(s.ctx)
				if err != nil || router.Send(s.ctx, m...) != nil {
					return
				}
			}
		}()
		for i := range rounds {
			b := binary.BigEndian.AppendUint32(nil, uint32(i))
			s.must(dealer.Send(s.ctx, b))
			m, err := dealer.Recv(s.ctx)
			s.must(err)
			equal(s, "message", string(m[0]), string(b))
		}
	})

	show(t, "REQ and REP", func(s *stage) {
		req, rep := s.req(), s.rep()
		s.star(rep, req)
		defer changing(func(n int) {
			req.SetCorrelate(n%2 == 0)
			req.SetRelaxed(n%3 == 0)
			s.must(req.SetSendHWM(1 + n%3))
			s.must(rep.SetSendHWM(1 + n%3))
		})()
		go func() {
			for {
				m, err := rep.Recv(s.ctx)
				if err != nil || rep.Send(s.ctx, m...) != nil {
					return
				}
			}
		}()
		for i := range 3000 {
			b := binary.BigEndian.AppendUint32(nil, uint32(i))
			m, err := req.Request(s.ctx, b)
			s.must(err)
			equal(s, "reply", string(m[0]), string(b))
		}
	})

	show(t, "XPUB and XSUB", func(s *stage) {
		const topics = 5000
		xpub, xsub := s.xpub(), s.xsub()
		s.star(xpub, xsub)
		defer changing(func(n int) {
			s.must(xpub.SetRecvHWM(1 + n%3))
			s.must(xsub.SetSendHWM(1 + n%3))
			xpub.SetVerbose(n%2 == 0)
			xpub.SetVerboser(n%3 == 0)
		})()
		go func() {
			for i := range topics {
				if xsub.Send(s.ctx, binary.BigEndian.AppendUint32([]byte{1}, uint32(i))) != nil {
					return
				}
			}
		}()
		for i := range topics {
			m, err := xpub.Recv(s.ctx)
			s.must(err)
			equal(s, "topic", int(binary.BigEndian.Uint32(m[0][1:])), i)
		}
	})
}
