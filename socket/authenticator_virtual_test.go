package socket

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// refusal reads what a raw peer is sent after a greeting of its own, and returns
// the frame after the greeting, and when it came.
func refusal(r *raw) (body string, at time.Duration) {
	r.t.Helper()
	began := time.Now()
	go func() { _, _ = r.Write(greeting(3, 1, "NULL")) }()
	if _, err := r.Read(make([]byte, 64)); err != nil {
		r.t.Fatal(err)
	}
	_, b := r.frame()
	return string(b), time.Since(began)
}

// An authenticator that does not answer in time, whatever it does, is taken to
// have failed: when nine tenths of the handshake's time are over, so that the
// peer hears of it.
func TestVerdictIsBoundToTheDeadline(t *testing.T) {
	for name, heeds := range map[string]bool{"heeds its context": true, "does not": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				leave := make(chan struct{})
				deadline := make(chan time.Duration, 1)
				pull := must(NewPull(WithAuthenticator(AuthenticatorFunc(func(ctx context.Context, _ Credentials) (Admission, error) {
					end, _ := ctx.Deadline()
					deadline <- time.Until(end)
					if heeds {
						<-ctx.Done()
						return Admission{UserID: "too late"}, nil
					}
					<-leave
					return Admission{}, nil
				}))))
				defer pull.Close()
				defer close(leave)
				w := watch(t, pull)
				body, at := refusal(piped(t, pull))
				if due := <-deadline; body != "\x05ERROR\x03500" || at != 9*time.Second || due != at {
					t.Errorf("%q after %v, deadline of the call after %v, want ERROR 500 after 9 s", body, at, due)
				}
				e := w.await("refused", kind(EventHandshakeFailed))
				if !strings.Contains(e.Err.Error(), "the authenticator has not answered") {
					t.Errorf("event %v", e)
				}
				if n := pull.Stats().Peers; n != 0 {
					t.Errorf("%d peers", n)
				}
			})
		})
	}
}

// Calls that never return take places, and no more than there are: later peers
// wait for one, as long as their handshakes last.
func TestCallsThatNeverReturnAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leave := make(chan struct{})
		calls := make(chan struct{}, 2*maxAsking)
		pull := must(NewPull(WithAuthenticator(AuthenticatorFunc(func(context.Context, Credentials) (Admission, error) {
			calls <- struct{}{}
			<-leave
			return Admission{}, nil
		}))))
		defer pull.Close()
		for range maxAsking + 10 {
			r := piped(t, pull)
			go func() { _, _ = r.Write(greeting(3, 1, "NULL")) }()
		}
		synctest.Wait()
		if n := len(calls); n != maxAsking {
			t.Errorf("%d calls, want %d", n, maxAsking)
		}
		w := watch(t, pull)
		body, at := refusal(piped(t, pull))
		if body != "\x05ERROR\x03500" || at != 9*time.Second {
			t.Errorf("%q after %v, want ERROR 500 after 9 s", body, at)
		}
		w.await("not asked", func(e Event) bool {
			return e.Kind == EventHandshakeFailed && strings.Contains(e.Err.Error(), "1024 calls of it have not returned")
		})
		if n := len(calls); n != maxAsking {
			t.Errorf("%d calls after that, want %d", n, maxAsking)
		}
		close(leave) // from here on there is a place
		r := piped(t, pull)
		r.meet("PUSH")
		synctest.Wait()
		if n := pull.Stats().Peers; n != 1 {
			t.Errorf("%d peers, want 1", n)
		}
	})
}
