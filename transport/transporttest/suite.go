// Package transporttest is the suite that every transport passes, those of this module and those of others. A transport
// runs it from its own tests:
//
//	func TestTransport(t *testing.T) {
//		transporttest.Run(t, tcp.New(), transporttest.Options{
//			Address: func(*testing.T) string { return "127.0.0.1:0" },
//		})
//	}
package transporttest

import (
	"runtime"
	"testing"
	"time"

	"github.com/brokerless/brokerless/transport"
)

// Options says what the suite cannot know of a transport.
type Options struct {
	// Address returns an address to listen on that no other test uses. It is called at least once a subtest. Required.
	Address func(t *testing.T) string

	// BadDial and BadListen are addresses whose very text is wrong. Dial and Listen must refuse them with a
	// *transport.EndpointError, and so must CheckDial and CheckListen where the transport is a transport.Checker.
	BadDial, BadListen []string

	// NoHalfClose is for a transport whose connections have no CloseWrite by design. Every other one must have it.
	NoHalfClose bool

	// Patience is how long the suite waits for what should happen at once, before it calls it a failure. Default 10 s.
	Patience time.Duration
}

// suite is one run over one transport.
type suite struct {
	Options
	transport transport.Transport
}

// Run runs the suite over tr, one subtest a promise. Only one run at a time makes sense in a process, and no parallel
// tests beside it: the last subtest counts goroutines.
func Run(t *testing.T, tr transport.Transport, o Options) {
	if o.Address == nil {
		t.Fatal("transporttest: Options.Address is missing")
	}
	if o.Patience <= 0 {
		o.Patience = 10 * time.Second
	}
	s := &suite{Options: o, transport: tr}
	before := runtime.NumGoroutine()
	for _, test := range []struct {
		name string
		run  func(*suite, *testing.T)
	}{
		{"Scheme", (*suite).testScheme},
		{"ResolvedAddress", (*suite).testResolvedAddress},
		{"AddressInUse", (*suite).testAddressInUse},
		{"ListenAgain", (*suite).testListenAgain},
		{"ListenCancelled", (*suite).testListenCancelled},
		{"CloseEndsAccept", (*suite).testCloseEndsAccept},
		{"CloseListenerKeepsConns", (*suite).testCloseListenerKeepsConns},
		{"BadAddresses", (*suite).testBadAddresses},
		{"DialNobody", (*suite).testDialNobody},
		{"DialCancelled", (*suite).testDialCancelled},
		{"ContextEndsWithCall", (*suite).testContextEndsWithCall},
		{"ConcurrentDials", (*suite).testConcurrentDials},
		{"Echo", (*suite).testEcho},
		{"BothWaysAtOnce", (*suite).testBothWaysAtOnce},
		{"Addrs", (*suite).testAddrs},
		{"CloseEndsPeer", (*suite).testCloseEndsPeer},
		{"CloseEndsRead", (*suite).testCloseEndsRead},
		{"CloseEndsWrite", (*suite).testCloseEndsWrite},
		{"HalfClose", (*suite).testHalfClose},
		{"ReadDeadline", (*suite).testReadDeadline},
		{"WriteDeadline", (*suite).testWriteDeadline},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(s, t) })
	}
	t.Run("NoGoroutineLeft", func(t *testing.T) { s.testNoGoroutineLeft(t, before) })
}
