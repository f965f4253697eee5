package socket_test

import (
	"context"
	"fmt"
	"net"
	"strings"

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

// Over udp a RADIO sends to an address or a multicast group, whoever listens. It
// neither waits for dishes nor hears of them.
func ExampleNewDish() {
	ctx := context.Background()

	dish := must(socket.NewDish())
	defer dish.Close()
	check(dish.Join("weather"))
	endpoint := must(dish.Bind("udp://127.0.0.1:0")) // or "udp://eth0;239.1.2.3:5556", a group of many dishes

	radio := must(socket.NewRadio())
	defer radio.Close()
	check(radio.Connect(endpoint))
	check(radio.SendGroup(ctx, "traffic", []byte("all clear")))
	check(radio.SendGroup(ctx, "weather", []byte("rain")))

	fmt.Println(must(dish.Recv(ctx)))
	// Output:
	// ["weather" "rain"]
}

// A DGRAM talks to any program that speaks UDP, here to one of the standard
// library, and answers to where a datagram came from.
func ExampleNewDatagram() {
	ctx := context.Background()

	echo := must(socket.NewDatagram())
	defer echo.Close()
	endpoint := must(echo.Bind("udp://127.0.0.1:0"))

	client := must(net.Dial("udp", strings.TrimPrefix(endpoint, "udp://")))
	defer client.Close()
	must(client.Write([]byte("ping")))

	m := must(echo.Recv(ctx)) // the address of the sender, and what it sent
	check(echo.Send(ctx, m[0], append(m[1], " yourself"...)))

	b := make([]byte, 100)
	fmt.Printf("%s\n", b[:must(client.Read(b))])
	// Output:
	// ping yourself
}
