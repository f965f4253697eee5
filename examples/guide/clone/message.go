package main

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// The keys that mean something else (RFC 12, the Clustered Hashmap Protocol).
const (
	hugz    = "HUGZ"     // the server is alive; to a client, proof that it is subscribed
	icanhaz = "ICANHAZ?" // a client wants all there is
	kthxbai = "KTHXBAI"  // that was all
)

// An update is one value of a key, or its end if the value is empty. The frames
// are the key, its number, an id of who sets it, properties, and the value.
type update struct {
	key    string
	number uint64        // updates are numbered from 1, by the server
	ttl    time.Duration // how long the value lives; 0 is for ever
	value  []byte
}

func (u update) frames() socket.Message {
	var properties []byte
	if u.ttl > 0 {
		properties = fmt.Appendf(nil, "ttl=%d\n", u.ttl.Milliseconds())
	}
	return socket.Message{
		[]byte(u.key),
		binary.BigEndian.AppendUint64(nil, u.number),
		nil, // nobody needs to know who
		properties,
		u.value,
	}
}

func parse(m socket.Message) (update, error) {
	if len(m) != 5 || len(m[1]) != 8 {
		return update{}, fmt.Errorf("not an update: %v", m)
	}
	u := update{key: string(m[0]), number: binary.BigEndian.Uint64(m[1]), value: m[4]}
	if len(m[3]) > 0 {
		var text string
		if _, err := fmt.Sscanf(string(m[3]), "ttl=%s\n", &text); err != nil {
			return update{}, fmt.Errorf("properties %q: %w", m[3], err)
		}
		ms, err := strconv.ParseUint(text, 10, 40)
		if err != nil {
			return update{}, err
		}
		u.ttl = time.Duration(ms) * time.Millisecond
	}
	return u, nil
}
