package socket

import (
	"testing"
	"testing/synctest"
)

// TestClosedXPubHasNothing: what the end of its peers cancels while an XPUB
// closes is nobody's to receive any more, and does not stay queued.
func TestClosedXPubHasNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		xpub := must(NewXPub())
		r := piped(t, xpub)
		r.meet("SUB")
		r.drain()
		r.send(command("SUBSCRIBE", "topic"))
		if m, err := xpub.Recv(t.Context()); err != nil || string(m[0]) != "\x01topic" {
			t.Fatalf("received %v, %v", m, err)
		}
		if err := xpub.Close(); err != nil {
			t.Fatal(err)
		}
		in := xpub.Stats().In
		if in.Queued != 0 || in.Messages != 2 || in.Dropped[DropClosed] != 1 {
			t.Errorf("after Close: %+v", in)
		}
		balanced(t, "XPUB", xpub.Stats())
	})
}
