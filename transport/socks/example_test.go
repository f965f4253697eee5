package socks_test

import (
	"fmt"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/transport/socks"
)

func Example() {
	proxy := socks.New("proxy.example:1080", socks.WithAuth("ann", "secret"))
	push, err := socket.NewPush(socket.WithTransport(proxy))
	if err != nil {
		panic(err)
	}
	defer push.Close()
	fmt.Println("by way of", proxy)
	// Then: push.Connect("tcp://behind.the.proxy.example:5557")

	// Output:
	// by way of SOCKS5 proxy.example:1080
}
