package call

import (
	"context"
	"fmt"
	"maps"
)

// Call calls a method and returns its answer, which is the caller's. The body
// is not kept. It waits for a server that is connected, and for the answer, until
// ctx is done, which is also when the server's handler is told to stop. The
// error is an *[Error], of the server or of the way to it, or matches
// socket.ErrClosed.
func (c *Client) Call(ctx context.Context, method string, body []byte, opts ...CallOption) ([]byte, error) {
	cfg, err := c.options(opts)
	if err != nil {
		return nil, err
	}
	return c.call(ctx, method, body, cfg)
}

// options returns what the options of a call come to, on top of the client's.
func (c *Client) options(opts []CallOption) (*callConfig, error) {
	if len(opts) == 0 {
		return &c.cfg.call, nil
	}
	cfg := c.cfg.call.with(opts)
	return &cfg, cfg.validate()
}

func (c *Client) call(ctx context.Context, method string, body []byte, cfg *callConfig) ([]byte, error) {
	if len(c.cfg.interceptors) == 0 && cfg.reply == nil {
		o, err := c.unary(ctx, method, body, cfg.metadata, cfg, nil)
		return o.body, err
	}
	info := Info{Method: method, Metadata: maps.Clone(cfg.metadata)}
	var answer []byte
	err := intercept(ctx, c.cfg.interceptors, &info, func(ctx context.Context) error {
		o, err := c.unary(ctx, method, body, info.Metadata, cfg, &info)
		answer = o.body
		return err
	})
	if cfg.reply != nil {
		*cfg.reply = info.Reply
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// unary makes a call that is answered once. What is to be known of it is put
// in info, unless that is nil.
func (c *Client) unary(ctx context.Context, method string, body []byte, meta Metadata, cfg *callConfig, info *Info) (outcome, error) {
	if err := c.enter(method); err != nil {
		return outcome{}, err
	}
	defer c.pending.Add(-1)
	r := c.begin(method, body, meta, cfg)
	defer r.over()
	o, err := r.run(ctx)
	if info != nil {
		info.note(&o, r.sent)
	}
	o.from = nil // it goes with the round
	if err != nil {
		o.body = nil
	}
	return o, err
}

// enter counts a call, or refuses it.
func (c *Client) enter(method string) error {
	if method == "" || len(method) > maxMethod {
		return &Error{Code: InvalidArgument, Text: fmt.Sprintf("method %.64q of %d octets, want 1 to %d", method, len(method), maxMethod)}
	}
	if n := c.pending.Add(1); n > int64(c.cfg.maxPending) {
		c.pending.Add(-1)
		return &Error{Code: ResourceExhausted, Text: fmt.Sprintf("the client has %d calls under way", n-1), Method: method}
	}
	return nil
}

// note takes over what the end of a call told.
func (info *Info) note(o *outcome, sent int) {
	info.Attempts = sent
	if o.from != nil {
		info.Server = o.from.link.name
	}
	info.Reply, _ = parseMetadata(o.metadata) // a server that garbles it is one that sent none
}
