package codec_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/codec"
	"github.com/brokerless/brokerless/socket"
)

// A wire is a sender and a receiver, joined, without a socket between.
type wire chan socket.Message

func (w wire) Send(ctx context.Context, frames ...[]byte) error {
	select {
	case w <- socket.Message(frames).Clone():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w wire) Recv(ctx context.Context) (socket.Message, error) {
	select {
	case m, ok := <-w:
		if !ok {
			return nil, socket.ErrClosed
		}
		return m, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

type order struct {
	ID   int
	Item string
}

// TestTypedOverSockets: values pass over sockets, in order, to those they are for.
func TestTypedOverSockets(t *testing.T) {
	t.Run("PUSH to PULL", func(t *testing.T) {
		push, pull := must(socket.NewPush()), must(socket.NewPull())
		defer push.Close()
		defer pull.Close()
		if err := push.Connect(must(pull.Bind("tcp://127.0.0.1:0"))); err != nil {
			t.Fatal(err)
		}
		out := codec.NewSender(push, codec.MsgPack[order]())
		in := codec.NewReceiver(pull, codec.MsgPack[order]())
		for i := range 100 {
			if err := out.Send(bounded(t), order{i, strings.Repeat("tea ", i)}); err != nil {
				t.Fatal(err)
			}
		}
		i := 0
		for v, err := range in.Values(bounded(t)) {
			if want := (order{i, strings.Repeat("tea ", i)}); err != nil || v != want {
				t.Fatalf("%+v, %v, want %+v", v, err, want)
			}
			if i++; i == 100 {
				break
			}
		}
	})
	t.Run("PUB to SUB", func(t *testing.T) {
		pub, sub := must(socket.NewPub()), must(socket.NewSub())
		defer pub.Close()
		defer sub.Close()
		if err := sub.Subscribe("even"); err != nil {
			t.Fatal(err)
		}
		if err := sub.Connect(must(pub.Bind("tcp://127.0.0.1:0"))); err != nil {
			t.Fatal(err)
		}
		if err := pub.WaitSubscribers(bounded(t), "even", 1); err != nil {
			t.Fatal(err)
		}
		out := codec.NewPublisher(pub, codec.JSON[int](), func(n int) string { return [...]string{"even", "odd"}[n%2] })
		in := codec.NewSubscriber(sub, codec.JSON[int]())
		for i := range 10 {
			if err := out.Send(bounded(t), i); err != nil {
				t.Fatal(err)
			}
		}
		for i := 0; i < 10; i += 2 {
			topic, v, err := in.Recv(bounded(t))
			if topic != "even" || v != i || err != nil {
				t.Fatalf("%q, %d, %v, want %d", topic, v, err, i)
			}
		}
	})
}

// TestDecodeError: a message that is no value is one error, which has the whole
// message, and what comes behind it is received.
func TestDecodeError(t *testing.T) {
	for what, bad := range map[string][]string{
		"no value":         {"\xc1"},
		"another value":    {"\x05"},
		"two frames":       {"\x80", "more"},
		"an empty message": {""},
	} {
		t.Run(what, func(t *testing.T) {
			w := make(wire, 10)
			m := make([][]byte, len(bad))
			for i, f := range bad {
				m[i] = []byte(f)
			}
			out := codec.NewSender(w, codec.MsgPack[order]())
			for _, err := range []error{out.Send(t.Context(), order{ID: 1}), w.Send(t.Context(), m...), out.Send(t.Context(), order{ID: 2})} {
				if err != nil {
					t.Fatal(err)
				}
			}
			close(w)
			var got []string
			for v, err := range codec.NewReceiver(w, codec.MsgPack[order]()).Values(t.Context()) {
				var de *codec.DecodeError
				switch {
				case err == nil:
					got = append(got, fmt.Sprint(v.ID))
				case errors.As(err, &de):
					got = append(got, "bad")
					if !slices.EqualFunc(de.Message, m, slices.Equal) {
						t.Errorf("the error has %v, want %v", de.Message, m)
					}
					if v != (order{}) {
						t.Errorf("a value beside an error: %v", v)
					}
				default:
					got = append(got, "end")
					if !errors.Is(err, socket.ErrClosed) {
						t.Error(err)
					}
				}
			}
			if want := []string{"1", "bad", "2", "end"}; !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// TestSchema: both ends agree, or the error names both.
func TestSchema(t *testing.T) {
	v3 := codec.Schema{Name: "orders.Order", Version: 3}
	for _, c := range []struct {
		what string
		send []codec.TypedOption
		recv []codec.TypedOption
		says []string // of the error; none if it arrives
	}{
		{"the same", []codec.TypedOption{codec.WithSchema(v3)}, []codec.TypedOption{codec.WithSchema(v3)}, nil},
		{
			"a version that is taken too",
			[]codec.TypedOption{codec.WithSchema(codec.Schema{Name: "orders.Order", Version: 2})},
			[]codec.TypedOption{codec.WithSchema(v3, 1, 2)},
			nil,
		},
		{
			"a version that is not",
			[]codec.TypedOption{codec.WithSchema(codec.Schema{Name: "orders.Order", Version: 4})},
			[]codec.TypedOption{codec.WithSchema(v3, 1, 2)},
			[]string{"orders.Order@4", "orders.Order@3", "[1 2]"},
		},
		{
			"another name",
			[]codec.TypedOption{codec.WithSchema(codec.Schema{Name: "orders.Item", Version: 3})},
			[]codec.TypedOption{codec.WithSchema(v3)},
			[]string{"orders.Item@3", "orders.Order@3"},
		},
		{"none", nil, []codec.TypedOption{codec.WithSchema(v3)}, []string{"schema none", "orders.Order@3"}},
		{"one too many", []codec.TypedOption{codec.WithSchema(v3)}, nil, []string{"2 frames, want 1"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := make(wire, 1)
			topic := func(int) string { return "a topic" }
			if err := codec.NewSender(w, codec.JSON[int](), c.send...).Send(t.Context(), 7); err != nil {
				t.Fatal(err)
			}
			v, err := codec.NewReceiver(w, codec.JSON[int](), c.recv...).Recv(t.Context())
			check(t, v, err, c.says)
			if err := codec.NewPublisher(w, codec.JSON[int](), topic, c.send...).Send(t.Context(), 7); err != nil {
				t.Fatal(err)
			}
			got, v, err := codec.NewSubscriber(w, codec.JSON[int](), c.recv...).Recv(t.Context())
			if len(c.says) > 0 && strings.Contains(c.says[0], "frames") {
				c.says = []string{"3 frames, want 2"}
			}
			check(t, v, err, c.says)
			if got != "a topic" {
				t.Errorf("topic %q", got)
			}
		})
	}
	for _, s := range []codec.Schema{{}, {Name: "x"}, {Name: "a@b", Version: 1}, {Version: 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v is a schema", s)
				}
			}()
			codec.WithSchema(s)
		}()
	}
}

func check(t *testing.T, v int, err error, says []string) {
	t.Helper()
	if says == nil {
		if v != 7 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
		return
	}
	if err == nil {
		t.Fatal("no error")
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%q does not say %q", err, s)
		}
	}
	var se *codec.SchemaError
	if strings.Contains(err.Error(), "brokerless: schema") && !errors.As(err, &se) {
		t.Errorf("%T is no *SchemaError", err)
	}
}

// TestDeadLetters: what cannot be decoded or handled is put aside whole, and
// nothing disappears.
func TestDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, aside := make(wire, 10), make(wire, 10)
		out := codec.NewSender(w, codec.JSON[int]())
		for i := range 3 {
			if err := out.Send(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Send(t.Context(), []byte("{")); err != nil {
			t.Fatal(err)
		}
		if err := out.Send(t.Context(), 3); err != nil {
			t.Fatal(err)
		}
		close(w)
		var letters []codec.DeadLetter
		to := codec.DeadLettersTo(aside, time.Minute)
		in := codec.NewReceiver(w, codec.JSON[int](), codec.WithDeadLetters(func(l codec.DeadLetter) error {
			letters = append(letters, l)
			return to(l)
		}))
		var tries []int
		begun := time.Now()
		err := in.Handle(t.Context(), codec.Tries{Most: 3, Shortest: time.Second, Longest: time.Minute}, func(_ context.Context, n int) error {
			tries = append(tries, n)
			if n == 1 || n == 2 && len(tries) < 6 {
				return fmt.Errorf("no %d today", n)
			}
			return nil
		})
		if !errors.Is(err, socket.ErrClosed) {
			t.Error(err)
		}
		if want := []int{0, 1, 1, 1, 2, 2, 3}; !slices.Equal(tries, want) {
			t.Errorf("handled %v, want %v", tries, want)
		}
		if len(letters) != 2 || letters[0].Tries != 3 || letters[0].Err.Error() != "no 1 today" || string(letters[0].Message[0]) != "1" ||
			letters[1].Tries != 0 || !errors.Is(letters[1].Err, codec.ErrMalformed) || string(letters[1].Message[0]) != "{" {
			t.Errorf("%v", letters)
		}
		if d := time.Since(begun); d < 2*time.Second || d > 5*time.Second {
			t.Errorf("the pauses took %v", d)
		}
		if m := <-aside; len(m) != 2 || string(m[0]) != "no 1 today (tries: 3)" || string(m[1]) != "1" {
			t.Errorf("put aside %v", m)
		}
	})
}

// TestDeadLetterIsNotLost: with nowhere to go, a letter is in the error.
func TestDeadLetterIsNotLost(t *testing.T) {
	for what, c := range map[string]struct {
		opts []codec.TypedOption
		bad  string
		why  []error
	}{
		"no hook":                  {nil, "1", []error{errSorry}},
		"a hook that fails":        {[]codec.TypedOption{codec.WithDeadLetters(func(codec.DeadLetter) error { return errFull })}, "1", []error{errSorry, errFull}},
		"undecodable, no hook":     {nil, "]", []error{codec.ErrMalformed}},
		"undecodable, hook failed": {[]codec.TypedOption{codec.WithDeadLetters(func(codec.DeadLetter) error { return errFull })}, "]", []error{codec.ErrMalformed, errFull}},
	} {
		t.Run(what, func(t *testing.T) {
			w := make(wire, 1)
			if err := w.Send(t.Context(), []byte(c.bad)); err != nil {
				t.Fatal(err)
			}
			err := codec.NewReceiver(w, codec.JSON[int](), c.opts...).Handle(t.Context(), codec.Tries{}, func(context.Context, int) error { return errSorry })
			var letter *codec.DeadLetterError
			if !errors.As(err, &letter) || string(letter.Letter.Message[0]) != c.bad {
				t.Fatalf("%v", err)
			}
			for _, why := range c.why {
				if !errors.Is(err, why) {
					t.Errorf("%v does not match %v", err, why)
				}
			}
		})
	}
	for what, hook := range map[string]func(codec.DeadLetter) error{
		"the context ends between two tries":                     nil,
		"the context ends between two tries, and the hook fails": func(codec.DeadLetter) error { return errFull },
	} {
		t.Run(what, func(t *testing.T) {
			err := cancelled(t, hook)
			var letter *codec.DeadLetterError
			if !errors.As(err, &letter) || !errors.Is(err, errSorry) || letter.Letter.Tries != 1 || hook != nil && !errors.Is(err, errFull) {
				t.Error(err)
			}
		})
	}
	t.Run("the context ends between two tries, and the hook takes it", func(t *testing.T) {
		var taken []codec.DeadLetter
		err := cancelled(t, func(l codec.DeadLetter) error {
			taken = append(taken, l)
			return nil
		})
		var letter *codec.DeadLetterError
		if !errors.Is(err, context.Canceled) || errors.As(err, &letter) {
			t.Error(err)
		}
		if len(taken) != 1 || taken[0].Tries != 1 || string(taken[0].Message[0]) != "1" || !errors.Is(taken[0].Err, errSorry) {
			t.Errorf("%v", taken)
		}
	})
	t.Run("no further try will help", func(t *testing.T) {
		w := make(wire, 1)
		if err := w.Send(t.Context(), []byte("1")); err != nil {
			t.Fatal(err)
		}
		err := codec.NewReceiver(w, codec.JSON[int]()).Handle(t.Context(), codec.Tries{Most: 9}, func(context.Context, int) error {
			return fmt.Errorf("it is %w", codec.Permanent(errSorry))
		})
		var letter *codec.DeadLetterError
		if !errors.As(err, &letter) || letter.Letter.Tries != 1 || !errors.Is(err, errSorry) || letter.Letter.Err.Error() != "it is sorry" {
			t.Error(err)
		}
		if codec.Permanent(nil) != nil {
			t.Error("no error is an error")
		}
	})
}

var errSorry, errFull = errors.New("sorry"), errors.New("full")

// cancelled returns what Handle does when its context ends between two tries.
func cancelled(t *testing.T, hook func(codec.DeadLetter) error) error {
	t.Helper()
	w := make(wire, 1)
	if err := w.Send(t.Context(), []byte("1")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var opts []codec.TypedOption
	if hook != nil {
		opts = append(opts, codec.WithDeadLetters(hook))
	}
	tries := codec.Tries{Most: 9, Shortest: time.Hour, Longest: time.Hour}
	return codec.NewReceiver(w, codec.JSON[int](), opts...).Handle(ctx, tries, func(context.Context, int) error {
		cancel()
		return errSorry
	})
}

// TestSendsNothingBad: a value that has no encoding is an error of its sender.
func TestSendsNothingBad(t *testing.T) {
	w := make(wire, 2)
	out := codec.NewSender(w, codec.Text())
	if err := out.Send(t.Context(), "\xff"); !errors.Is(err, codec.ErrValue) {
		t.Error(err)
	}
	if err := out.Send(t.Context(), "fine"); err != nil {
		t.Error(err)
	}
	if m := <-w; len(m) != 1 || string(m[0]) != "fine" {
		t.Error(m)
	}
}

// TestTypedConcurrently: typed ends are used from many goroutines.
func TestTypedConcurrently(t *testing.T) {
	push, pull := must(socket.NewPush()), must(socket.NewPull())
	defer push.Close()
	defer pull.Close()
	if err := push.Connect(must(pull.Bind("inproc://typed"))); err != nil {
		t.Fatal(err)
	}
	out, in := codec.NewSender(push, codec.MsgPack[order]()), codec.NewReceiver(pull, codec.MsgPack[order]())
	const senders, each = 8, 200
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				if err := out.Send(bounded(t), order{s*each + i, strings.Repeat("x", i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var mu sync.Mutex
	seen := make(map[int]bool)
	for range 4 {
		wg.Go(func() {
			for range senders * each / 4 {
				v, err := in.Recv(bounded(t))
				if err != nil || len(v.Item) != v.ID%each {
					t.Error(v, err)
					return
				}
				mu.Lock()
				seen[v.ID] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != senders*each {
		t.Errorf("%d values, want %d", len(seen), senders*each)
	}
}
