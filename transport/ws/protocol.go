package ws

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/transport"
)

// unnamed is the subprotocol without a mechanism (WS-01).
const unnamed = "ZWS2.0"

// subprotocols returns those of a mechanism, the best first (WS-02).
func subprotocols(mechanism string) []string {
	p := []string{unnamed + "/" + mechanism}
	if mechanism == zmtp.NullName {
		p = append(p, unnamed)
	}
	return p
}

// choose returns which of the subprotocols of the mechanism a request asks for.
func choose(r *http.Request, mechanism string) (string, error) {
	var offered []string
	for _, v := range r.Header.Values("Sec-WebSocket-Protocol") {
		for p := range strings.SplitSeq(v, ",") {
			offered = append(offered, strings.TrimSpace(p))
		}
	}
	for _, p := range subprotocols(mechanism) {
		if slices.ContainsFunc(offered, func(o string) bool { return strings.EqualFold(o, p) }) {
			return p, nil
		}
	}
	return "", fmt.Errorf("%w: the client offers %q, want %q", transport.ErrProtocol, offered, subprotocols(mechanism))
}

// The flags of ZWS (WS-03).
const (
	flagMore    = 1
	flagCommand = 2
)

// flagsOut returns the flags of ZWS for a frame of ZMTP.
func flagsOut(h zmtp.Header) byte {
	switch {
	case h.Command():
		return flagCommand
	case h.More():
		return flagMore
	}
	return 0
}

// flagsIn is the reverse.
func flagsIn(b byte) (byte, error) {
	switch b {
	case 0:
		return 0, nil
	case flagMore:
		return zmtp.FlagMore, nil
	case flagCommand:
		return zmtp.FlagCommand, nil
	}
	return 0, fmt.Errorf("%w: flags 0x%02x, want 0, 1 or 2", transport.ErrProtocol, b)
}

// greeting is what a peer would say that speaks ZMTP 3.0, which has neither PING nor SUBSCRIBE (WS-05), and the mechanism.
func greeting(mechanism string) []byte {
	const minor = 11
	b := zmtp.AppendGreeting(nil, zmtp.Greeting{Mechanism: mechanism})
	b[minor] = 0
	return b
}
