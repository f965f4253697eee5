package call_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/brokerless/brokerless/call"
	"github.com/brokerless/brokerless/socket"
)

func TestErrorsRoundTrip(t *testing.T) {
	var next error
	s := newServer(t)
	check(t, s.Handle("fail", func(context.Context, *call.Request) ([]byte, error) { return []byte("ignored"), next }))
	endpoint := bind(t, s, "tcp")
	c := newClient(t)
	check(t, c.Connect(endpoint))
	type failure struct {
		err  error
		code call.Code
		text string
	}
	failures := []failure{
		{io.ErrUnexpectedEOF, call.Internal, "unexpected EOF"},
		{fmt.Errorf("reading: %w", call.Errorf(call.NotFound, "no %q", "x")), call.NotFound, `no "x"`},
		{call.Errorf(call.DataLoss, "reading: %w", io.EOF), call.DataLoss, "reading: EOF"},
		{fmt.Errorf("for %w", call.Aborted), call.Aborted, ""},
		{context.Canceled, call.Canceled, ""},
		{fmt.Errorf("database: %w", context.DeadlineExceeded), call.DeadlineExceeded, "database: context deadline exceeded"},
		{call.ServerLost, call.Unknown, "server_lost"},
	}
	for code := call.Unknown; code < call.ServerLost; code++ {
		failures = append(failures, failure{code, code, ""}, failure{call.Errorf(code, "why: %d", 7), code, "why: 7"})
	}
	for _, f := range failures {
		next = f.err
		body, err := c.Call(within(t), "fail", nil)
		var e *call.Error
		if !errors.As(err, &e) || body != nil {
			t.Fatalf("%v came as %v, with %q", f.err, err, body)
		}
		if e.Code != f.code || e.Text != f.text || e.Method != "fail" || e.Server != endpoint {
			t.Errorf("%v came as %+v", f.err, e)
		}
		if !errors.Is(err, f.code) || call.CodeOf(err) != f.code {
			t.Errorf("%v does not match %v", err, f.code)
		}
		for other := call.Unknown; other <= call.ServerLost; other++ {
			if other != f.code && errors.Is(err, other) {
				t.Errorf("%v matches %v", err, other)
			}
		}
		if got := errors.Is(err, context.Canceled); got != (f.code == call.Canceled) {
			t.Errorf("%v matches context.Canceled: %v", err, got)
		}
		if got := errors.Is(err, context.DeadlineExceeded); got != (f.code == call.DeadlineExceeded) {
			t.Errorf("%v matches context.DeadlineExceeded: %v", err, got)
		}
	}
}

func TestErrorfKeepsItsCause(t *testing.T) {
	err := call.Errorf(call.Internal, "reading: %w", io.EOF)
	if !errors.Is(err, io.EOF) || !errors.Is(err, call.Internal) || err.Error() != "internal: reading: EOF" {
		t.Errorf("%v", err)
	}
}

func TestCodeOf(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want call.Code
	}{
		{nil, 0},
		{io.EOF, call.Internal},
		{call.NotFound, call.NotFound},
		{fmt.Errorf("%w", call.Errorf(call.Aborted, "x")), call.Aborted},
		{fmt.Errorf("%w", context.Canceled), call.Canceled},
		{context.DeadlineExceeded, call.DeadlineExceeded},
	} {
		if got := call.CodeOf(tt.err); got != tt.want {
			t.Errorf("code of %v is %v, want %v", tt.err, got, tt.want)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for name, opt := range map[string]call.ServerOption{
		"concurrency": call.WithConcurrency(0),
		"backlog":     call.WithBacklog(-1, 0),
		"octets":      call.WithBacklog(0, -1),
		"peer":        call.WithPeerCalls(0),
		"socket":      call.WithSocket(socket.WithMaxFrames(-1)),
	} {
		if _, err := call.NewServer(opt); !errors.Is(err, socket.ErrOption) {
			t.Errorf("%s of a server: %v", name, err)
		}
	}
	for name, opt := range map[string]call.ClientOption{
		"pending": call.WithMaxPending(0),
		"socket":  call.WithSocket(socket.WithMaxFrames(-1)),
		"default": call.WithDefaults(call.WithWindow(0)),
	} {
		if _, err := call.NewClient(opt); !errors.Is(err, socket.ErrOption) {
			t.Errorf("%s of a client: %v", name, err)
		}
	}
	c := newClient(t)
	for name, opt := range map[string]call.CallOption{
		"tries":   call.WithRetry(call.Retry{Tries: -2}),
		"pauses":  call.WithRetry(call.Retry{Shortest: 2, Longest: 1}),
		"attempt": call.WithAttemptTimeout(-1),
		"hedges":  call.WithHedge(1, 9),
		"hedge":   call.WithHedge(1, 1), // not idempotent
		"window":  call.WithWindow(5000),
	} {
		if _, err := c.Call(within(t), "x", nil, opt); !errors.Is(err, socket.ErrOption) {
			t.Errorf("%s of a call: %v", name, err)
		}
		for _, err := range c.Stream(within(t), "x", nil, opt) {
			if !errors.Is(err, socket.ErrOption) {
				t.Errorf("%s of a stream: %v", name, err)
			}
		}
		if _, err := call.NewCaller(c, "x", text, text, opt).Call(within(t), ""); !errors.Is(err, socket.ErrOption) {
			t.Errorf("%s of a caller: %v", name, err)
		}
	}
}

func TestConnectAndDisconnect(t *testing.T) {
	c := newClient(t)
	if _, err := c.Call(within(t), "echo", nil, call.FailFast()); !errors.Is(err, call.Unavailable) {
		t.Errorf("without servers: %v", err)
	}
	for name, err := range map[string]error{
		"connect":    c.Connect("nonsense"),
		"redial":     c.Redial("tcp://127.0.0.1:1"),
		"disconnect": c.Disconnect("tcp://127.0.0.1:1"),
	} {
		if !errors.Is(err, socket.ErrEndpoint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	g := newGated()
	s := newServer(t)
	check(t, s.Handle("work", g.handle))
	endpoint := bind(t, s, "tcp")
	check(t, c.Connect(endpoint))
	check(t, c.Connect(endpoint))
	done := make(chan error, 1)
	go func() {
		_, err := c.Call(within(t), "work", nil)
		done <- err
	}()
	<-g.runs
	check(t, c.Disconnect(endpoint)) // what is in flight is answered
	if _, err := c.Call(within(t), "work", nil, call.FailFast()); !errors.Is(err, call.Unavailable) {
		t.Errorf("disconnected: %v", err)
	}
	close(g.gate)
	check(t, <-done)
	check(t, c.Connect(endpoint))
	if _, err := c.Call(within(t), "work", nil); err != nil {
		t.Error(err)
	}
	check(t, c.Close())
	check(t, c.Close())
	if _, err := c.Call(within(t), "work", nil); !errors.Is(err, socket.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if err := c.Connect(endpoint); !errors.Is(err, socket.ErrClosed) {
		t.Errorf("connect of a closed client: %v", err)
	}
}

// TestErrorfKeepsCauses: whatever is formatted with %w is found on this side.
func TestErrorfKeepsCauses(t *testing.T) {
	one, other := errors.New("one"), errors.New("other")
	for _, err := range []error{
		call.Errorf(call.Internal, "%w", one),
		call.Errorf(call.Internal, "%w and %w", one, other),
	} {
		if !errors.Is(err, call.Internal) || !errors.Is(err, one) {
			t.Errorf("%v does not match its code and its cause", err)
		}
	}
	if err := call.Errorf(call.Internal, "%w and %w", one, other); !errors.Is(err, other) {
		t.Errorf("%v does not match its second cause", err)
	}
}
