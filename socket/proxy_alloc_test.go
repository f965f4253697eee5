package socket

import "testing"

// TestProxyAllocations: forwarding allocates nothing, on average over many.
func TestProxyAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	overAll(t, func(t *testing.T, scheme string) {
		front, in := closing(t, must(NewPull())), closing(t, must(NewPush()))
		back, out := closing(t, must(NewPush())), closing(t, must(NewPull()))
		linked(t, scheme, front, in)
		linked(t, scheme, back, out)
		forwarding(t, front, back)
		const burst = 500
		ctx := t.Context()
		body := make([]byte, 100)
		var m Message
		pass := func() {
			for range burst {
				if err := in.Send(ctx, body, body); err != nil {
					t.Fatal(err)
				}
			}
			for range burst {
				if err := out.RecvInto(ctx, &m); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 4 {
			pass()
		}
		if n := testing.AllocsPerRun(20, pass) / burst; n > 0.01 {
			t.Errorf("%.4f allocations a message, want 0", n)
		}
	})
}
