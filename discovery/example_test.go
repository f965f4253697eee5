package discovery_test

import (
	"context"
	"fmt"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/discoverytest"
)

func ExampleMerge() {
	ctx := context.Background()
	var lan, cluster discoverytest.Network // any backends
	m := discovery.Merge(lan.Backend(), cluster.Backend())
	defer m.Close()
	w, err := m.Watch(ctx, "orders")
	if err != nil {
		fmt.Println(err)
		return
	}
	elsewhere := cluster.Backend()
	defer elsewhere.Close()
	worker := discovery.Instance{ID: discovery.NewID(), Service: "orders", Name: "worker", Endpoints: []string{"tcp://a.example:5555"}}
	a, err := elsewhere.Announce(ctx, worker)
	if err != nil {
		fmt.Println(err)
		return
	}
	for e, err := range w.Events(ctx) {
		fmt.Println(e.Kind, e.Instance.Name, err)
		if e.Kind == discovery.Added {
			a.Close()
		}
		if e.Kind == discovery.Removed {
			break
		}
	}
	// Output:
	// synced  <nil>
	// added worker <nil>
	// removed worker <nil>
}
