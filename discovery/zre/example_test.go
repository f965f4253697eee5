package zre_test

import (
	"context"
	"fmt"
	"log"

	"github.com/brokerless/brokerless/discovery/zre"
)

// Two nodes, of which one knows the address of the other. On a local network
// they need no addresses: without WithBeaconTo they find each other, and nodes of
// Zyre, by broadcast.
func Example() {
	ctx := context.Background()
	shop, err := zre.Join(ctx, zre.WithName("shop"), zre.WithHeader("X-CITY", "Paris"),
		zre.WithBind("127.0.0.1:0"), zre.WithPort(0), zre.WithBeaconTo())
	check(err)
	defer shop.Close()
	check(shop.JoinGroup("orders"))

	till, err := zre.Join(ctx, zre.WithName("till"), zre.WithBind("127.0.0.1:0"), zre.WithPort(0),
		zre.WithBeaconTo(fmt.Sprintf("127.0.0.1:%d", shop.BeaconPort())))
	check(err)
	defer till.Close()
	check(till.WaitMembers(ctx, "orders", 1))
	_, err = till.Shout(ctx, "orders", []byte("one tea"))
	check(err)

	for e := range shop.Events(ctx) {
		switch e.Kind {
		case zre.Entered:
			fmt.Println(e.Name, "is there")
		case zre.Shouted:
			fmt.Printf("%s to %s: %s\n", e.Name, e.Group, e.Frames[0])
			check(till.Close())
		case zre.Exited:
			fmt.Println(e.Name, "is gone:", e.Reason)
			return
		}
	}
	// Output:
	// till is there
	// till to orders: one tea
	// till is gone: goodbye
}

func check(err error) {
	if err != nil {
		log.Panic(err)
	}
}
