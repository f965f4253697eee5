package call

import (
	"context"
	"time"
)

// arm sets when an attempt that was just made is given up, and when another is
// made beside it.
func (r *round) arm() {
	if r.cfg.attempt == 0 && r.cfg.hedges == 0 {
		return
	}
	now := time.Now()
	r.hedge, r.expiry = time.Time{}, time.Time{}
	if r.cfg.attempt > 0 {
		r.expiry = now.Add(r.cfg.attempt)
	}
	if r.hedged < r.cfg.hedges && r.window == 0 {
		r.hedge = now.Add(r.cfg.hedgeAfter)
	}
}

// await waits for what comes of the attempts. When they took too long, and new
// ones may be made, it returns an empty outcome.
func (r *round) await(ctx context.Context) (outcome, error) {
	for {
		next := r.expiry
		if !r.hedge.IsZero() && (next.IsZero() || r.hedge.Before(next)) {
			next = r.hedge
		}
		var tick <-chan time.Time
		if !next.IsZero() {
			if r.timer == nil {
				r.timer = time.NewTimer(time.Until(next))
			} else {
				r.timer.Reset(time.Until(next))
			}
			tick = r.timer.C
		}
		select {
		case o := <-r.ends:
			return o, nil
		case <-ctx.Done():
			err := r.expired(ctx)
			r.cancel()
			return outcome{}, err
		case <-tick:
		}
		if next.Equal(r.hedge) {
			r.beside(ctx)
			continue
		}
		if err := r.late(); err != nil || len(r.live) == 0 {
			return outcome{}, err
		}
	}
}

// beside makes one more attempt, if there is another server that takes it now.
func (r *round) beside(ctx context.Context) {
	r.hedge = time.Time{}
	r.hedged++
	except := r.avoid
	for _, a := range r.live {
		except = append(except, a.link)
	}
	l := r.c.pick(except)
	if l == nil {
		return
	}
	now, cancel := context.WithCancel(ctx)
	cancel()
	a := new(attempt)
	if r.send(now, a, l) == nil { // if it is not sent, the others go on
		a.hedge = true
	}
}

// late gives up what is live. It returns the error of the call if it may not be
// made again.
func (r *round) late() error {
	e := &Error{
		Code: DeadlineExceeded, Text: "no answer within " + r.cfg.attempt.String(),
		Method: r.method, Server: r.live[0].link.name,
	}
	for _, a := range r.live {
		r.avoid = append(r.avoid, a.link)
	}
	r.cancel()
	if !r.mayRepeat() {
		return e
	}
	r.last = e
	return nil
}
