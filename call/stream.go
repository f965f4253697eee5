package call

import (
	"context"
	"iter"
	"maps"
)

// Stream calls a method that answers with any number of items, each the
// caller's. The call is made when the loop begins, and anew by each loop; body
// has to stay as it is until then. A loop that ends early cancels the call. A
// reader that is slow holds up its own stream alone. The last pair carries the
// error, if any, as Call has it; it comes after all items that came before it.
//
// An idempotent stream is begun again only as long as no item of it has come.
func (c *Client) Stream(ctx context.Context, method string, body []byte, opts ...CallOption) iter.Seq2[[]byte, error] {
	cfg, err := c.options(opts)
	return func(yield func([]byte, error) bool) {
		if err != nil {
			yield(nil, err)
			return
		}
		c.stream(ctx, method, body, cfg, yield)
	}
}

func (c *Client) stream(ctx context.Context, method string, body []byte, cfg *callConfig, yield func([]byte, error) bool) {
	info := Info{Method: method, Stream: true, Metadata: maps.Clone(cfg.metadata)}
	broken := false
	err := intercept(ctx, c.cfg.interceptors, &info, func(ctx context.Context) error {
		if err := c.enter(method); err != nil {
			return err
		}
		defer c.pending.Add(-1)
		r := c.begin(method, body, info.Metadata, cfg)
		defer r.over()
		r.window = cfg.window
		o, err := r.items(ctx, func(item []byte) bool {
			broken = !yield(item, nil)
			return !broken
		})
		info.note(&o, r.sent)
		return err
	})
	if cfg.reply != nil {
		*cfg.reply = info.Reply
	}
	if err != nil && !broken {
		yield(nil, err)
	}
}

// items makes attempts until one is answered, hands over its items, and
// returns its end, or none if take wants no more.
func (r *round) items(ctx context.Context, take func([]byte) bool) (outcome, error) {
	taken := 0
	for {
		o, err := r.run(ctx)
		if err != nil || o.kind != kindItem {
			return o, err
		}
		r.begun = true
		if !take(o.body) {
			return outcome{from: o.from}, nil
		}
		if taken++; 2*taken >= r.window {
			r.grant(ctx, o.from, taken)
			taken = 0
		}
	}
}

// grant tells the server that there is room for more items. If that fails the
// stream has ended.
func (r *round) grant(ctx context.Context, a *attempt, items int) {
	h := header{kind: kindCredit, id: a.id, credit: uint32(items)}
	frame, err := h.append(r.header[:0], nil)
	if err == nil {
		_ = a.link.send(ctx, a.conn, nil, nil, nil, frame)
	}
}
