package inproc

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// dialing starts a Dial and returns once it waits.
func dialing(ctx context.Context, tr *Transport, name string) <-chan error {
	done := make(chan error, 1)
	go func() {
		conn, err := tr.Dial(ctx, name)
		if err == nil {
			err = conn.Close()
		}
		done <- err
	}()
	synctest.Wait()
	return done
}

func TestEP32ConnectBeforeBind(t *testing.T) {
	t.Run("many wait, served in order", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tr := New()
			const dials = 30
			order := make(chan int, dials)
			for i := range dials {
				go func() {
					conn, err := tr.Dial(t.Context(), "name")
					if err != nil {
						t.Error(err)
						return
					}
					remote, err := conn.(*Conn).Exchange(t.Context(), i)
					if err != nil || remote != "taken" {
						t.Errorf("Exchange = %v, %v", remote, err)
					}
				}()
				synctest.Wait()
			}
			l := listen(t, tr, "name")
			for range dials {
				conn, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				i, err := conn.(*Conn).Exchange(t.Context(), "taken")
				if err != nil {
					t.Fatal(err)
				}
				order <- i.(int)
			}
			for want := range dials {
				if got := <-order; got != want {
					t.Fatalf("dial %d was served in place %d", got, want)
				}
			}
			l.Close()
			forgotten(t, tr)
		})
	})
	t.Run("ctx done while waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tr := New()
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			begun := time.Now()
			err := <-dialing(ctx, tr, "name")
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Hour {
				t.Errorf("Dial ended after %v: %v; want context.DeadlineExceeded after 1h", time.Since(begun), err)
			}
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("Dial: %v is no timeout", err)
			}
			forgotten(t, tr)
		})
	})
	t.Run("bound but not accepted", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tr := New()
			l := listen(t, tr, "name")
			ctx, cancel := context.WithCancel(t.Context())
			gone := dialing(ctx, tr, "name")
			stays := dialing(t.Context(), tr, "name")
			cancel()
			if err := <-gone; !errors.Is(err, context.Canceled) {
				t.Errorf("Dial: %v, want context.Canceled", err)
			}
			if _, err := l.Accept(); err != nil { // the cancelled one left the queue
				t.Fatal(err)
			}
			if err := <-stays; err != nil {
				t.Errorf("Dial: %v", err)
			}
			l.Close()
			forgotten(t, tr)
		})
	})
	t.Run("waits on for the next listener", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tr := New()
			first := listen(t, tr, "name")
			dial := dialing(t.Context(), tr, "name")
			first.Close()
			second := listen(t, tr, "name")
			if _, err := second.Accept(); err != nil {
				t.Fatal(err)
			}
			if err := <-dial; err != nil {
				t.Errorf("Dial: %v", err)
			}
			second.Close()
			forgotten(t, tr)
		})
	})
}

// lateContext is done the moment somebody waits for it, and just before that it accepts.
type lateContext struct {
	context.Context
	listener net.Listener
	waited   bool
	accepted error
}

func (c *lateContext) Done() <-chan struct{} {
	c.waited = true
	_, c.accepted = c.listener.Accept()
	done := make(chan struct{})
	close(done)
	return done
}

func (c *lateContext) Err() error {
	if c.waited {
		return context.Canceled
	}
	return nil
}

// A Dial that was accepted succeeds, though ctx is done in the same moment: the listener has its end already. The
// rounds meet each order of select.
func TestDialAcceptedInTheSameMoment(t *testing.T) {
	tr := New()
	l := listen(t, tr, "name")
	for range 64 {
		ctx := &lateContext{Context: t.Context(), listener: l}
		conn, err := tr.Dial(ctx, "name")
		if err := errors.Join(err, ctx.accepted); err != nil {
			t.Fatalf("Dial: %v, want a connection", err)
		}
		conn.Close()
	}
}
