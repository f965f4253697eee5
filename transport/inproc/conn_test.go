package inproc

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := newPair("name")
		type answer struct {
			remote any
			err    error
		}
		waiting := make(chan answer, 1)
		go func() {
			remote, err := near.Exchange(t.Context(), "near")
			waiting <- answer{remote, err}
		}()
		synctest.Wait()
		if remote, err := far.Exchange(t.Context(), "far"); remote != "near" || err != nil {
			t.Errorf("Exchange at the far end = %v, %v", remote, err)
		}
		if a := <-waiting; a.remote != "far" || a.err != nil {
			t.Errorf("Exchange at the near end = %v, %v", a.remote, a.err)
		}
	})
}

func TestExchangeEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(near, far *Conn, cancel context.CancelFunc)
		want error
	}{
		{"ctx done", func(_, _ *Conn, cancel context.CancelFunc) { cancel() }, context.Canceled},
		{"this end closed", func(near, _ *Conn, _ context.CancelFunc) { near.Close() }, net.ErrClosed},
		{"other end closed", func(_, far *Conn, _ context.CancelFunc) { far.Close() }, net.ErrClosed},
	}
	for _, tt := range tests {
		t.Run(tt.name+" while waiting", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := newPair("name")
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended := make(chan error, 1)
				go func() {
					_, err := near.Exchange(ctx, "near")
					ended <- err
				}()
				synctest.Wait()
				tt.end(near, far, cancel)
				if err := <-ended; !errors.Is(err, tt.want) {
					t.Errorf("Exchange: %v, want %v", err, tt.want)
				}
				if n := len(near.link.offers); n != 0 {
					t.Errorf("%d offers are still there", n)
				}
			})
		})
		t.Run(tt.name+" before", func(t *testing.T) {
			near, far := newPair("name")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			tt.end(near, far, cancel)
			if _, err := near.Exchange(ctx, "near"); !errors.Is(err, tt.want) {
				t.Errorf("Exchange: %v, want %v", err, tt.want)
			}
		})
	}
}

// An Exchange that gave up is not met by a later one, and the next two meet.
func TestExchangeAfterGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := newPair("name")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := near.Exchange(ctx, "stale"); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Exchange: %v, want context.DeadlineExceeded", err)
		}
		go near.Exchange(t.Context(), "fresh")
		synctest.Wait()
		if remote, err := far.Exchange(t.Context(), "far"); remote != "fresh" || err != nil {
			t.Errorf("Exchange = %v, %v; want fresh", remote, err)
		}
	})
}

// Either both ends of an Exchange succeed or neither, also when ctx is done in the same moment.
func TestExchangeBothOrNeither(t *testing.T) {
	for range 2000 {
		near, far := newPair("name")
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		var nearErr, farErr error
		done.Go(func() { _, nearErr = near.Exchange(ctx, 1) })
		done.Go(func() {
			_, farErr = far.Exchange(ctx, 2)
		})
		done.Go(cancel)
		done.Wait()
		if (nearErr == nil) != (farErr == nil) {
			t.Fatalf("one end: %v, the other: %v", nearErr, farErr)
		}
	}
}

// Concurrent Exchanges of one end each meet one of the other.
func TestExchangeManyAtOnce(t *testing.T) {
	const n = 50
	near, far := newPair("name")
	got := make([][n]int, 2)
	var mu sync.Mutex
	var done sync.WaitGroup
	for side, c := range []*Conn{near, far} {
		for i := range n {
			done.Go(func() {
				remote, err := c.Exchange(t.Context(), i)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				got[side][remote.(int)]++
			})
		}
	}
	done.Wait()
	for side := range got {
		for i, times := range got[side] {
			if times != 1 {
				t.Errorf("end %d got value %d %d times", side, i, times)
			}
		}
	}
}

func TestConnDone(t *testing.T) {
	for _, first := range []string{"near", "far"} {
		near, far := newPair("name")
		closing := near
		if first == "far" {
			closing = far
		}
		select {
		case <-near.Done():
			t.Error("done before Close")
		default:
		}
		for range 2 {
			if err := closing.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		<-near.Done()
		<-far.Done()
		if err := near.Close(); err != nil {
			t.Errorf("Close of the near end: %v", err)
		}
		if err := far.Close(); err != nil {
			t.Errorf("Close of the far end: %v", err)
		}
	}
}

func TestConnErrors(t *testing.T) {
	t.Run("own end closed", func(t *testing.T) {
		near, _ := newPair("name")
		near.Close()
		_, err := near.Read(make([]byte, 1))
		if want := "read inproc name->name: use of closed network connection"; err == nil || err.Error() != want {
			t.Errorf("Read: %v, want %s", err, want)
		}
		if _, err := near.Write([]byte{1}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: %v, want net.ErrClosed", err)
		}
		if err := near.SetDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("SetDeadline: %v, want net.ErrClosed", err)
		}
	})
	t.Run("other end closed", func(t *testing.T) {
		near, far := newPair("name")
		far.Close()
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("Read: %v, want io.EOF", err)
		}
		if _, err := near.Write([]byte{1}); !errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: %v, want io.ErrClosedPipe and not net.ErrClosed", err)
		}
	})
	t.Run("deadline", func(t *testing.T) {
		near, _ := newPair("name")
		if err := near.SetDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		_, err := near.Read(make([]byte, 1))
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read: %v, want os.ErrDeadlineExceeded", err)
		}
		if want := "read inproc name->name: i/o timeout"; err.Error() != want {
			t.Errorf("Read: %v, want %s", err, want)
		}
	})
}

// A done ctx ends Exchange although the other end waits, and takes nothing from it.
func TestExchangeDoneContextTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := newPair("name")
		go near.Exchange(t.Context(), "near")
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := far.Exchange(ctx, "far"); !errors.Is(err, context.Canceled) {
			t.Errorf("Exchange: %v, want context.Canceled", err)
		}
		if remote, err := far.Exchange(t.Context(), "far"); remote != "near" || err != nil {
			t.Errorf("Exchange = %v, %v; want near", remote, err)
		}
	})
}

// An offer that was met counts as met, whatever else came in the same moment; the rounds meet each order of select.
func TestExchangeMetInTheSameMoment(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 64 {
		near, far := newPair("name")
		far.Close()
		met := &offer{dialed: true, remote: "far", met: make(chan struct{})}
		close(met.met)
		if remote, err := near.await(ctx, met); remote != "far" || err != nil {
			t.Fatalf("await = %v, %v; want far", remote, err)
		}
	}
}
