package call

import (
	"testing"
	"time"
)

// answered is a round with attempts that have all been answered, none of the
// answers taken yet, in the order given.
func answered(order ...int) *round {
	l := &link{pending: make(map[uint64]*attempt)}
	r := &round{ends: make(chan outcome, len(order))}
	for i := range order {
		a := &attempt{id: uint64(i), link: l, ends: r.ends}
		l.pending[a.id] = a
		r.live = append(r.live, a)
	}
	for _, i := range order {
		l.drop(r.live[i].id)
		r.live[i].end(outcome{kind: kindAnswer})
	}
	return r
}

// TestGiveUpAnsweredHedges gives up attempts of which all are answered, whichever
// was first.
func TestGiveUpAnsweredHedges(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		r := answered(order...)
		done := make(chan struct{})
		go func() {
			r.cancel()
			close(done)
		}()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			t.Fatalf("answers in the order %v: waits for one that was taken out", order)
		}
		if len(r.ends) > 0 || len(r.live) > 0 {
			t.Errorf("answers in the order %v: %d and %d are left", order, len(r.ends), len(r.live))
		}
	}
}

// TestGiveUpOneOfTwo gives up a hedge, as when it cannot be sent: the answer to the
// other attempt stays.
func TestGiveUpOneOfTwo(t *testing.T) {
	r := answered(0, 1)
	first, hedge := r.live[0], r.live[1]
	r.abandon(hedge, false)
	select {
	case o := <-r.ends:
		if o.from != first {
			t.Error("the answer is that of the hedge")
		}
	default:
		t.Error("the answer of the first is lost")
	}
}
