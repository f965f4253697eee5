package child

import (
	"fmt"
	"sync/atomic"
)

// pull binds a PULL and counts what comes.
func (c *child) pull() (string, error) {
	var arrived atomic.Int64
	return bind(c, "pull", Pull, func(s Receiver) error {
		count, want, expect := c.meter.counter(), c.octets(), int64(c.Expect)
		for first := true; ; first = false {
			_, octets, err := s.Recv()
			if err != nil {
				return err
			}
			if octets != want {
				return fmt.Errorf("a message of %d octets, want %d", octets, want)
			}
			count.add()
			if first {
				c.warm()
			}
			if expect > 0 && arrived.Add(1) == expect {
				c.say("done")
			}
		}
	})
}

// push connects PUSH sockets and sends, as fast as it can.
func (c *child) push() error {
	if c.Once {
		c.run("push", c.pushOnce)
		return nil
	}
	sockets := make([]Sender, c.Sockets)
	for i := range sockets {
		s, err := connect[Sender](c, Push)
		if err != nil {
			return err
		}
		sockets[i] = s
	}
	for range c.Senders {
		c.run("push", func() error {
			m := c.message()
			<-c.begun
			if len(sockets) == 1 {
				return flood(sockets[0], m)
			}
			return floodAll(sockets, m)
		})
	}
	return nil
}

// flood sends m on one socket for ever.
func flood(s Sender, m [][]byte) error {
	for {
		if err := s.Send(m); err != nil {
			return err
		}
	}
}

// floodAll sends m on each socket in turn, for ever.
func floodAll(sockets []Sender, m [][]byte) error {
	for {
		for _, s := range sockets {
			if err := s.Send(m); err != nil {
				return err
			}
		}
	}
}

// pushOnce makes the sockets and sends one message on each. They stay connected
// as long as the process lives.
func (c *child) pushOnce() error {
	m := c.message()
	<-c.begun
	for range c.Sockets {
		s, err := connect[Sender](c, Push)
		if err != nil {
			return err
		}
		if err := s.Send(m); err != nil {
			return err
		}
		if f, ok := s.(Flusher); ok {
			if err := f.Flush(); err != nil {
				return err
			}
		}
		c.keep(s)
	}
	return nil
}
