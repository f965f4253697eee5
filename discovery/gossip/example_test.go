package gossip_test

import (
	"context"
	"fmt"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/gossip"
)

// Two nodes of a cluster. The second finds the first, and needs to know no more
// than its address and the key.
func Example() {
	ctx := context.Background()
	key := gossip.WithKey([]byte("only for example"))
	first, err := gossip.New(gossip.WithBind("127.0.0.1:0"), key)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer first.Close()
	second, err := gossip.New(gossip.WithBind("127.0.0.1:0"), gossip.WithSeeds(first.Addr()), key)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer second.Close()

	if _, err := second.Announce(ctx, discovery.Instance{
		ID: discovery.NewID(), Service: "orders", SocketType: "PULL",
		Endpoints: []string{"tcp://0.0.0.0:5555"}, // stands for each address of the host
	}); err != nil {
		fmt.Println(err)
		return
	}
	w, err := first.Watch(ctx, "orders")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Close()
	for e, err := range w.Events(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if e.Kind == discovery.Added {
			fmt.Println(e.Instance.Service, e.Instance.SocketType, e.Instance.Endpoints)
			break
		}
	}
	// Output: orders PULL [tcp://127.0.0.1:5555]
}
