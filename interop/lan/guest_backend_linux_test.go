package lan

import (
	"fmt"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/mdns"
)

// Means says by what to find others.
type Means struct {
	Backend string   // mdns, unless it says gossip
	Seeds   []string // of gossip
}

// Open opens the backend that all else uses.
func (a *guest) Open(m Means, _ *none) error {
	b, err := m.open()
	if err != nil {
		return err
	}
	a.own(b)
	a.backend = b
	return nil
}

func (m *Means) open() (discovery.Backend, error) {
	switch m.Backend {
	case "", "mdns":
		return mdns.New()
	case "gossip":
		return newGossip(m)
	default:
		return nil, fmt.Errorf("no backend %q", m.Backend)
	}
}
