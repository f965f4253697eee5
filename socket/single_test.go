package socket

import (
	"context"
	"errors"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// A tired filter drops everything, and is told of when it has dropped some.
type tired struct {
	single
	left int
	told func()
}

func (f *tired) accept(*inlet, *queue.Raw) (prefix []byte, skip int, drop DropReason, ok bool) {
	if f.left--; f.left == 0 {
		f.told()
	}
	return nil, 0, DropMalformed, false
}

// TestDroppingEnds: however many messages there are to drop, Recv gives up when
// its context is done.
func TestDroppingEnds(t *testing.T) {
	const all, some = 20 * dropsAtOnce, dropsAtOnce / 2
	scatter, gather := closing(t, must(NewScatter(WithSendHWM(0)))), closing(t, must(NewGather(WithRecvHWM(0))))
	linked(t, "inproc", gather, scatter)
	for range all {
		if err := scatter.Send(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(bounded(t))
	defer cancel()
	gather.recv.Lock()
	gather.recv.filter = &tired{left: some, told: cancel}
	gather.recv.Unlock()
	if _, err := gather.Recv(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want one that says that it was canceled", err)
	}
	if n := gather.Stats().In.Dropped[DropMalformed]; n != dropsAtOnce {
		t.Errorf("%d messages were dropped, want %d", n, dropsAtOnce)
	}
	balanced(t, "GATHER", gather.Stats())
}
