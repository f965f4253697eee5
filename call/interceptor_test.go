package call_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/call"
)

// journal notes what happens, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) around(name string) call.Interceptor {
	return func(ctx context.Context, info *call.Info, next func(context.Context) error) error {
		j.note(name + " before " + info.Method)
		info.Metadata.Set("by", info.Metadata["by"]+name)
		err := next(ctx)
		j.note(name + " after")
		return err
	}
}

func TestInterceptorsOrder(t *testing.T) {
	var j journal
	s := newServer(t, call.WithInterceptors(j.around("s1"), j.around("s2")))
	check(t, s.Handle("once", func(ctx context.Context, _ *call.Request) ([]byte, error) {
		info := call.InfoFrom(ctx)
		j.note("handler, by " + info.Metadata["by"])
		info.Reply.Set("answer", "42")
		return nil, nil
	}))
	check(t, s.HandleStream("many", func(ctx context.Context, _ *call.Request) iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			info := call.InfoFrom(ctx)
			j.note("handler, by " + info.Metadata["by"])
			yield([]byte("item"), nil)
			info.Reply.Set("answer", "43")
		}
	}))
	c := joinWith(t, []call.ClientOption{call.WithInterceptors(j.around("c1")), call.WithInterceptors(j.around("c2"))}, s)
	want := func(method string, between ...string) []string {
		return slices.Concat([]string{"c1 before " + method, "c2 before " + method, "s1 before " + method, "s2 before " + method, "handler, by mec1c2s1s2"},
			between, []string{"c2 after", "c1 after"})
	}
	var reply call.Metadata
	_, err := c.Call(within(t), "once", nil, call.WithMetadata(call.Metadata{"by": "me"}), call.WithReply(&reply))
	check(t, err)
	if w := want("once", "s2 after", "s1 after"); !slices.Equal(j.lines, w) {
		t.Errorf("got  %q\nwant %q", j.lines, w)
	}
	if reply["answer"] != "42" {
		t.Errorf("metadata of the answer: %v", reply)
	}
	j.lines = nil
	for item, err := range c.Stream(within(t), "many", nil, call.WithMetadata(call.Metadata{"by": "me"}), call.WithReply(&reply)) {
		check(t, err)
		j.note(string(item))
	}
	// The item may be taken before or after the interceptors of the server end.
	if i := slices.Index(j.lines, "item"); i < 0 {
		t.Errorf("no item in %q", j.lines)
	} else if lines := slices.Delete(j.lines, i, i+1); !slices.Equal(lines, want("many", "s2 after", "s1 after")) {
		t.Errorf("got  %q\nwant %q", lines, want("many", "s2 after", "s1 after"))
	}
	if reply["answer"] != "43" {
		t.Errorf("metadata of the stream's end: %v", reply)
	}
}

func TestInterceptorsErrorCounts(t *testing.T) {
	s := newServer(t, call.WithInterceptors(func(ctx context.Context, info *call.Info, next func(context.Context) error) error {
		if info.Method == "secret" {
			return call.PermissionDenied
		}
		if err := next(ctx); err != nil {
			return call.Errorf(call.Aborted, "hidden")
		}
		return nil
	}))
	for _, name := range []string{"secret", "open"} {
		check(t, s.Handle(name, func(context.Context, *call.Request) ([]byte, error) {
			if name == "secret" {
				t.Error("the handler was called")
			}
			return nil, call.NotFound
		}))
	}
	c := join(t, s)
	if _, err := c.Call(within(t), "secret", nil); !errors.Is(err, call.PermissionDenied) {
		t.Error(err)
	}
	if _, err := c.Call(within(t), "open", nil); !errors.Is(err, call.Aborted) {
		t.Error(err)
	}
}

func TestTooMuchMetadata(t *testing.T) {
	s := newServer(t)
	check(t, s.Handle("answer", func(ctx context.Context, _ *call.Request) ([]byte, error) {
		call.InfoFrom(ctx).Reply.Set("k", strings.Repeat("v", 10000))
		return nil, nil
	}))
	c := join(t, s)
	if _, err := c.Call(within(t), "answer", nil); !errors.Is(err, call.Internal) {
		t.Errorf("an answer with too much: %v", err)
	}
	if _, err := c.Call(within(t), "answer", nil, call.WithMetadata(call.Metadata{"k": strings.Repeat("v", 10000)})); !errors.Is(err, call.InvalidArgument) {
		t.Errorf("a call with too much: %v", err)
	}
}

func TestLog(t *testing.T) {
	var out bytes.Buffer
	to := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := newServer(t)
	check(t, s.Handle("echo", echo))
	c := joinWith(t, []call.ClientOption{call.WithInterceptors(call.Log(to))}, s)
	_, err := c.Call(within(t), "echo", nil)
	check(t, err)
	_, err = c.Call(within(t), "none", nil)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(out.String(), "\n")
	if !strings.Contains(lines[0], "level=DEBUG msg=call method=echo") || !strings.Contains(lines[0], "server=tcp://") ||
		!strings.Contains(lines[1], "level=WARN") || !strings.Contains(lines[1], "code=unimplemented") {
		t.Errorf("logged:\n%s", out.String())
	}
}
