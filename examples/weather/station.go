package main

import (
	"context"
	"fmt"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// A station publishes under its name, which is the first frame of each report.
type station struct {
	name     string
	pub      *socket.Pub
	endpoint string
}

func newStation(name, bind string) (*station, error) {
	pub, err := socket.NewPub()
	if err != nil {
		return nil, err
	}
	endpoint, err := pub.Bind(bind)
	if err != nil {
		pub.Close()
		return nil, err
	}
	return &station{name: name, pub: pub, endpoint: endpoint}, nil
}

// report waits until so many readers have subscribed, because what is
// published before is for nobody, sends its reports, and signs off with a
// message that is its name alone. It closes the station.
func (s *station) report(ctx context.Context, readers, reports int, every time.Duration) error {
	defer s.pub.Close()
	if err := s.pub.WaitSubscribers(ctx, s.name, readers); err != nil {
		return err
	}
	clock := time.NewTicker(every)
	defer clock.Stop()
	for i := range reports {
		select {
		case <-clock.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		degrees := 10 + (i*7+len(s.name))%15
		if err := s.pub.Send(ctx, []byte(s.name), fmt.Appendf(nil, "%d °C", degrees)); err != nil {
			return err
		}
	}
	if err := s.pub.Send(ctx, []byte(s.name)); err != nil {
		return err
	}
	return s.pub.Close() // once everything is on its way
}
