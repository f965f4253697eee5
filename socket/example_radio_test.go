package socket_test

import (
	"context"
	"fmt"

	"github.com/brokerless/brokerless/socket"
)

// A RADIO sends to the members of a group; a DISH joins those it wants.
func ExampleNewRadio() {
	ctx := context.Background()

	radio := must(socket.NewRadio())
	defer radio.Close()
	endpoint := must(radio.Bind("tcp://127.0.0.1:0"))

	dish := must(socket.NewDish())
	defer dish.Close()
	check(dish.Join("weather", "traffic"))
	check(dish.Connect(endpoint))
	check(radio.WaitMembers(ctx, "traffic", 1)) // what is sent before has nobody to go to

	check(radio.SendGroup(ctx, "sports", []byte("2:1")))
	check(radio.SendGroup(ctx, "weather", []byte("rain")))
	check(radio.Send(ctx, []byte("traffic"), []byte("all clear")))

	for range 2 {
		group, body, err := dish.RecvGroup(ctx)
		check(err)
		fmt.Printf("%s: %s\n", group, body)
	}
	// Output:
	// weather: rain
	// traffic: all clear
}
