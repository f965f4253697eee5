package dnssrv_test

import (
	"fmt"

	"github.com/brokerless/brokerless/discovery/dnssrv"
)

func ExampleNew() {
	b, err := dnssrv.New("orders.default.svc", dnssrv.WithPort(5555), dnssrv.WithServer("ns.example"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Close()
	// Output: brokerless: server "ns.example": want an IP address, and perhaps a port
}
