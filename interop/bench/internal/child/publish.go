package child

import (
	"bytes"
	"fmt"
	"sync/atomic"
)

// pub binds a PUB and sends, as fast as it can, the topics in turn.
func (c *child) pub() (string, error) {
	return bind(c, "pub", Pub, func(s Sender) error {
		m := c.message()
		topic := m[0][:topicSize]
		copy(topic, topicName(0))
		<-c.begun
		if c.Subscriptions == 1 {
			return flood(s, m)
		}
		for k := 0; ; {
			if err := s.Send(m); err != nil {
				return err
			}
			if k++; k < c.Subscriptions {
				countUp(topic)
			} else {
				k = 0
				copy(topic, topicName(0))
			}
		}
	})
}

// sub connects SUB sockets, with the topics spread over them in turn, and counts
// what comes. It is warm when each has received its last topic, for then all
// subscriptions are in force.
func (c *child) sub() error {
	var cold atomic.Int64
	cold.Store(int64(c.Subscribers))
	for i := range c.Subscribers {
		topics := c.topicsOf(i)
		s, err := connect[Receiver](c, Sub, topics...)
		if err != nil {
			return err
		}
		last := []byte(topics[len(topics)-1])
		c.run("sub", func() error {
			count, want, warm := c.meter.counter(), c.octets(), false
			for {
				first, octets, err := s.Recv()
				if err != nil {
					return err
				}
				if octets != want {
					return fmt.Errorf("a message of %d octets, want %d", octets, want)
				}
				count.add()
				if !warm && bytes.HasPrefix(first, last) {
					if warm = true; cold.Add(-1) == 0 {
						c.warm()
					}
				}
			}
		})
	}
	return nil
}

// topicsOf returns the topics of subscriber i, in the order in which they are
// published: the only one there is, or each -subscribers'th.
func (c *child) topicsOf(i int) []string {
	if c.Subscriptions == 1 {
		return []string{topicName(0)}
	}
	var topics []string
	for k := i; k < c.Subscriptions; k += c.Subscribers {
		topics = append(topics, topicName(k))
	}
	return topics
}

// topicName returns topic k.
func topicName(k int) string { return fmt.Sprintf("%0*d", topicSize, k) }

// countUp makes topic k topic k+1, where it stands.
func countUp(topic []byte) {
	for i := len(topic) - 1; i >= 0; i-- {
		if topic[i] < '9' {
			topic[i]++
			return
		}
		topic[i] = '0'
	}
}
