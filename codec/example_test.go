package codec_test

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/brokerless/brokerless/codec"
)

type Order struct {
	ID    int      `msgpack:"id" json:"id"`
	Item  string   `msgpack:"item" json:"item"`
	Notes []string `msgpack:"notes,omitempty" json:"notes,omitempty"`
}

func ExampleMsgPack() {
	orders := codec.MsgPack[Order]() // once, for all messages
	octets, err := orders.Append(nil, Order{ID: 1, Item: "tea"})
	if err != nil {
		fmt.Println(err)
		return
	}
	var order Order
	if err := orders.Decode(octets, &order); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q is %+v\n", octets, order)
	// Output: "\x82\xa2id\x01\xa4item\xa3tea" is {ID:1 Item:tea Notes:[]}
}

func ExampleMsgPack_errors() {
	orders := codec.MsgPack[[]Order](codec.WithMaxLength(2))
	var list []Order
	err := orders.Decode([]byte("\x91\x81\xa4item\x07"), &list)
	fmt.Println(err)
	fmt.Println(errors.Is(err, codec.ErrMismatch))
	fmt.Println(orders.Decode([]byte("\x93\x80\x80\x80"), &list))
	// Output:
	// brokerless: msgpack: decode []codec_test.Order, [0].item: wrong type: want a string, have an integer
	// true
	// brokerless: msgpack: decode []codec_test.Order: over the limit: an array of 3, want at most 2
}

func ExampleJSON() {
	octets, err := codec.JSON[Order]().Append(nil, Order{ID: 1, Item: "tea & milk"})
	fmt.Println(string(octets), err)
	err = codec.JSON[Order](codec.WithKnownFields()).Decode([]byte(`{"id":1,"price":2}`), new(Order))
	fmt.Println(err)
	// Output:
	// {"id":1,"item":"tea & milk"} <nil>
	// brokerless: json: decode codec_test.Order: wrong type: json: unknown field "price"
}

func ExampleText() {
	var s string
	err := codec.Text().Decode([]byte("caf\xe9"), &s)
	fmt.Println(err)
	// Output: brokerless: text: decode string: malformed: no UTF-8 at octet 3
}

func ExampleBytes() {
	octets, err := codec.Bytes().Append([]byte("head "), []byte("body"))
	fmt.Println(string(octets), err)
	// Output: head body <nil>
}

func ExampleBinary() {
	addresses := codec.Binary[netip.Addr]()
	octets, err := addresses.Append(nil, netip.MustParseAddr("192.0.2.1"))
	fmt.Printf("%v %v\n", octets, err)
	// Output: [192 0 2 1] <nil>
}
