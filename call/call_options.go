package call

import (
	"fmt"
	"maps"
	"time"

	"github.com/brokerless/brokerless/socket"
)

const (
	defaultTries        = 4
	defaultShortest     = 10 * time.Millisecond
	defaultLongest      = time.Second
	defaultWindow       = 32
	maxWindow           = 4096
	maxHedges           = 8
	unlimitedTries  int = -1
)

// A CallOption is an option of one call, of a [Caller] or, by [WithDefaults], of
// a client.
type CallOption func(*callConfig)

// callConfig is what the options of a call come to.
type callConfig struct {
	idempotent bool
	retry      Retry
	attempt    time.Duration // 0: as long as the call
	hedgeAfter time.Duration // 0: never
	hedges     int
	failFast   bool
	window     int
	metadata   Metadata
	reply      *Metadata
}

func newCallConfig() callConfig {
	return callConfig{
		retry:  Retry{Tries: defaultTries, Shortest: defaultShortest, Longest: defaultLongest},
		window: defaultWindow,
	}
}

// with returns a copy with options applied.
func (c *callConfig) with(opts []CallOption) callConfig {
	changed := *c
	for _, o := range opts {
		o(&changed)
	}
	return changed
}

func (c *callConfig) validate() error {
	switch {
	case c.retry.Tries < unlimitedTries || c.retry.Tries == 0 || c.retry.Shortest <= 0 || c.retry.Longest < c.retry.Shortest:
		return fmt.Errorf("call: %w: WithRetry(%+v), want a number of tries, or -1, and 0 < shortest <= longest", socket.ErrOption, c.retry)
	case c.attempt < 0:
		return fmt.Errorf("call: %w: WithAttemptTimeout(%v), want more than 0", socket.ErrOption, c.attempt)
	case c.hedgeAfter < 0 || c.hedges < 0 || c.hedges > maxHedges:
		return fmt.Errorf("call: %w: WithHedge(%v, %d), want a time and at most %d", socket.ErrOption, c.hedgeAfter, c.hedges, maxHedges)
	case c.hedges > 0 && !c.idempotent:
		return fmt.Errorf("call: %w: WithHedge without Idempotent", socket.ErrOption)
	case c.window < 1 || c.window > maxWindow:
		return fmt.Errorf("call: %w: WithWindow(%d), want 1 to %d", socket.ErrOption, c.window, maxWindow)
	}
	return nil
}

// Retry says how often and when an idempotent call is sent again.
type Retry struct {
	Tries    int           // in all; 0 means 4, -1 as many as the context allows
	Shortest time.Duration // the first pause, doubled after each try, with jitter; 0 means 10 ms
	Longest  time.Duration // 0 means 1 s
}

// Idempotent says that executing the call twice is as good as once. It is then
// sent again when its server is lost, when an attempt takes too long, or when
// the answer is Unavailable.
func Idempotent() CallOption {
	return func(c *callConfig) { c.idempotent = true }
}

// WithRetry sets how often and when an idempotent call is sent again. The first
// time is at once, for another server is likely to be there. What a server
// refused without executing it does not count, and is sent again whether
// idempotent or not, with the same pauses, until the context is done.
func WithRetry(r Retry) CallOption {
	if r.Tries == 0 {
		r.Tries = defaultTries
	}
	if r.Shortest == 0 {
		r.Shortest = defaultShortest
	}
	if r.Longest == 0 {
		r.Longest = max(defaultLongest, r.Shortest)
	}
	return func(c *callConfig) { c.retry = r }
}

// WithAttemptTimeout sets how long a server may take, from when it is sent the
// call to its answer, or to the first item of a stream. After that the attempt is
// cancelled, and an idempotent call is sent again, to another server if there is
// one; others fail with DeadlineExceeded. The default is the time that the call
// has.
func WithAttemptTimeout(d time.Duration) CallOption {
	return func(c *callConfig) { c.attempt = d }
}

// WithHedge sends an idempotent call to a second server if the first has not
// answered after some time, and so on to at most so many more, of those that
// are connected. The first answer counts, and the others are cancelled. Streams
// are not hedged. The default is none.
func WithHedge(after time.Duration, more int) CallOption {
	return func(c *callConfig) { c.hedgeAfter, c.hedges = after, more }
}

// FailFast makes a call fail with Unavailable when no server is connected, and
// with the refusal when a server refuses it, in place of waiting and trying
// again.
func FailFast() CallOption {
	return func(c *callConfig) { c.failFast = true }
}

// WithWindow sets how many items of a stream may be on their way, or wait to be
// taken. The default is 32.
func WithWindow(items int) CallOption {
	return func(c *callConfig) { c.window = items }
}

// WithMetadata sends metadata with the call, beside what other options and
// interceptors add.
func WithMetadata(m Metadata) CallOption {
	m = maps.Clone(m)
	return func(c *callConfig) {
		all := maps.Clone(c.metadata)
		if all == nil {
			all = make(Metadata, len(m))
		}
		maps.Copy(all, m)
		c.metadata = all
	}
}

// WithReply sets *m to the metadata that comes with the answer, or with the end
// of a stream, when the call is over.
func WithReply(m *Metadata) CallOption {
	return func(c *callConfig) { c.reply = m }
}
