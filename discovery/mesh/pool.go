package mesh

import (
	"context"
	"runtime"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// How many requests are executed at a time, and how many wait, for each service
// and each group, unless told otherwise.
const defaultQueue = 1000

func defaultConcurrency() int { return 8 * runtime.GOMAXPROCS(0) }

// jobKey names a request of a peer.
type jobKey struct {
	from discovery.ID
	id   uint64
}

// job is a request that is executed here, or waits for it.
type job struct {
	key    jobKey // of a peer's
	link   *link  // to the peer that asks; nil for a call of our own
	ctx    context.Context
	cancel context.CancelCauseFunc
	stop   context.CancelFunc // of its deadline
	run    func(context.Context) (socket.Message, error)
	done   chan outcome // of our own
}

// pool executes the requests for one service or group, so many at a time. Who
// asks takes turns, so that a peer that asks for much holds up itself. It is
// guarded by the node's lock.
type pool struct {
	n        *Node
	limit    int // executed at a time
	max      int // that wait
	running  int
	waiting  int
	lanes    map[discovery.ID]*lane // of those who have requests here
	turn     []*lane                // of those that wait, the next first
	draining bool
}

// lane has the requests of one peer to a pool.
type lane struct {
	total   int // running and waiting
	waiting []*job
}

func newPool(n *Node, limit, most int) *pool {
	return &pool{n: n, limit: limit, max: most, lanes: make(map[discovery.ID]*lane)}
}

// load returns how many requests there are.
func (p *pool) load() int { return p.running + p.waiting }

// loadFor is load without the requests of the peer that is told.
func (p *pool) loadFor(peer discovery.ID) uint64 {
	if l := p.lanes[peer]; l != nil {
		return uint64(p.load() - l.total)
	}
	return uint64(p.load())
}

// offer takes a job, or returns why not. One peer may fill three quarters of the
// room, so that there is some for others. The caller holds mu.
func (p *pool) offer(j *job) Code {
	l := p.lanes[j.key.from]
	idle := p.running < p.limit
	switch {
	case p.draining || p.n.leaving:
		return CodeDraining
	case !idle && p.waiting >= p.max, !idle && l != nil && len(l.waiting) >= max(1, p.max-p.max/4):
		return CodeBusy
	}
	if l == nil {
		l = &lane{}
		p.lanes[j.key.from] = l
	}
	l.total++
	if j.link != nil {
		p.n.jobs[j.key] = j
	}
	if idle {
		p.running++
		p.n.wg.Go(func() { p.work(j) })
		return 0
	}
	p.waiting++
	if l.waiting = append(l.waiting, j); len(l.waiting) == 1 {
		p.turn = append(p.turn, l)
	}
	return 0
}

// work executes jobs until there are none.
func (p *pool) work(j *job) {
	for j != nil {
		var m socket.Message
		err := context.Cause(j.ctx)
		if err == nil {
			m, err = j.run(j.ctx)
		}
		p.finish(j, m, err)
		j = p.next(j)
	}
}

// finish answers a job.
func (p *pool) finish(j *job, m socket.Message, err error) {
	o := outcome{frames: m}
	if err != nil {
		o.code, o.text = failure(j.ctx, err)
		o.frames = nil
	}
	j.stop()
	j.cancel(nil)
	if j.link == nil {
		o.frames = o.frames.Clone()
		j.done <- o
		return
	}
	p.n.mu.Lock()
	h := header{kind: kindReply, id: j.key.id, load: p.loadFor(j.key.from)}
	p.n.mu.Unlock()
	if err != nil {
		h.kind, h.code, h.text = kindFail, uint64(o.code), o.text
	}
	p.n.answer(j.link, h, o.frames...)
}

// next takes a finished job out, and returns the next one.
func (p *pool) next(j *job) *job {
	n := p.n
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.jobs[j.key] == j {
		delete(n.jobs, j.key)
	}
	if l := p.lanes[j.key.from]; l.total == 1 {
		delete(p.lanes, j.key.from)
	} else {
		l.total--
	}
	following := p.pop()
	if following == nil {
		p.running--
	}
	if p.load() == 0 && (p.draining || n.leaving) {
		n.somethingChanged()
	}
	return following
}

// pop takes the next job that waits, or nil. The caller holds mu.
func (p *pool) pop() *job {
	if len(p.turn) == 0 {
		return nil
	}
	l := p.turn[0]
	p.turn = p.turn[1:]
	j := l.waiting[0]
	l.waiting[0] = nil
	if l.waiting = l.waiting[1:]; len(l.waiting) > 0 {
		p.turn = append(p.turn, l)
	}
	p.waiting--
	return j
}

// offer asks a pool to execute a request of a peer. The caller holds mu.
func (n *Node) offer(l *link, h header, p *pool, run func(context.Context) (socket.Message, error)) Code {
	key := jobKey{l.id, h.id}
	if n.jobs[key] != nil {
		return CodeFailed // the peer uses one id for two requests
	}
	j := &job{key: key, link: l, run: run}
	j.ctx, j.cancel = context.WithCancelCause(n.ctx)
	j.stop = func() {}
	if h.ttl > 0 {
		j.ctx, j.stop = context.WithTimeout(j.ctx, h.ttl)
	}
	code := p.offer(j)
	if code != 0 {
		j.stop()
		j.cancel(nil)
	}
	return code
}

// decline answers a request that is not executed. The caller holds mu.
func (n *Node) decline(l *link, h header, p *pool, code Code, text string) {
	f := header{kind: kindFail, id: h.id, code: uint64(code), text: text}
	if p != nil {
		f.load = p.loadFor(l.id)
	}
	n.control(l, f)
}
