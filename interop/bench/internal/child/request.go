package child

import (
	"fmt"
	"time"
)

// echo binds a REP or a ROUTER and sends back what comes.
func (c *child) echo() (string, error) {
	kind := Rep
	if c.Pattern == "dealerrouter" {
		kind = Router
	}
	return bind(c, "echo", kind, func(s Echoer) error {
		for {
			if err := s.Echo(); err != nil {
				return err
			}
		}
	})
}

// ask connects a REQ or a DEALER and keeps requests under way.
func (c *child) ask() error {
	kind := Req
	if c.Pattern == "dealerrouter" {
		kind = Dealer
	}
	s, err := connect[requester](c, kind)
	if err != nil {
		return err
	}
	a := &asker{child: c, socket: s, request: c.message()}
	trips := c.meter.recorder()
	count := c.meter.exact()
	a.record = func(trip time.Duration) {
		trips.Record(uint64(trip))
		count.add()
		c.warm()
	}
	c.run("ask", func() error {
		<-c.begun
		if c.Rate > 0 {
			return a.paced()
		}
		return a.closed()
	})
	return nil
}

// requester is a REQ or a DEALER.
type requester interface {
	Sender
	Receiver
}

// asker is the goroutine that sends requests and receives the replies.
type asker struct {
	*child
	socket  requester
	request [][]byte
	record  func(trip time.Duration)
}

// closed keeps -inflight requests under way: each reply makes room for the next
// request. Replies come in the order of the requests.
func (a *asker) closed() error {
	start := time.Now()
	sent := make([]time.Duration, a.InFlight) // when each was, since start
	for i := range sent {
		sent[i] = time.Since(start)
		if err := a.socket.Send(a.request); err != nil {
			return err
		}
	}
	for {
		for i := range sent {
			if err := a.reply(); err != nil {
				return err
			}
			now := time.Since(start)
			a.record(now - sent[i])
			sent[i] = now
			if err := a.socket.Send(a.request); err != nil {
				return err
			}
		}
	}
}

// paced sends request k when it is due, k/rate after the start, or as soon as
// the reply before it is there. What a late reply does to the requests after it
// counts: a round trip starts when the request was due, not when it could at
// last be sent.
func (a *asker) paced() error {
	start := time.Now()
	for k := 0; ; k++ {
		due := time.Duration(k) * time.Second / time.Duration(a.Rate)
		wait(start, due)
		if err := a.socket.Send(a.request); err != nil {
			return err
		}
		if err := a.reply(); err != nil {
			return err
		}
		a.record(time.Since(start) - due)
	}
}

// reply receives one reply.
func (a *asker) reply() error {
	_, octets, err := a.socket.Recv()
	if err == nil && octets != a.octets() {
		err = fmt.Errorf("a reply of %d octets, want %d", octets, a.octets())
	}
	return err
}
