package soak

import (
	"context"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/brokerless/brokerless/internal/faultnet"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/curve"
)

// patience bounds what never takes that long.
const patience = time.Minute

// A node is what all sockets have.
type node interface {
	io.Closer
	Bind(endpoint string) (string, error)
	Connect(endpoint string) error
	Stats() socket.Stats
	Shutdown(ctx context.Context) error
}

// A run is one soak.
type run struct {
	*testing.T
	ctx     context.Context // done when the time is over
	network *faultnet.Network
	keys    curve.KeyPair // of all that are encrypted
	wg      sync.WaitGroup
	senders atomic.Int64

	sent, received, lives, restarts, relayed, given atomic.Int64

	mu    sync.Mutex
	nodes map[node]string
}

// hurry are options of all sockets that redial.
var hurry = socket.WithRedial(time.Millisecond, 20*time.Millisecond)

// served and serving are how the two sides of what is encrypted speak.
func (r *run) served() socket.Option {
	return socket.WithSecurity(curve.Client(r.keys.Public, r.keys))
}

func (r *run) serving() socket.Option {
	key := r.keys.Public.String()
	return socket.WithOptions(socket.WithSecurity(curve.Server(r.keys)), socket.WithAuthenticator(socket.AuthenticatorFunc(
		func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
			if got := curve.Key(c.Key).String(); got != key {
				r.Errorf("a client with the key %s asks", got)
			}
			return socket.Admission{UserID: "soak"}, nil
		})))
}

// plainly is how all others speak.
func plainly() socket.Option { return socket.WithOptions() }

// check reports an error, if there is one.
func (r *run) check(err error) {
	if err != nil {
		r.Error(err)
	}
}

// on reports whether the run goes on.
func (r *run) on() bool { return r.ctx.Err() == nil && !r.Failed() }

// bounded is a context for one step, which outlasts the run.
func (r *run) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

// open makes a socket part of the audit.
func open[N node](r *run, who string, n N, err error) N {
	if err != nil {
		panic(err) // no option is wrong
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nodes[n] = who
	return n
}

// close ends a socket in good order if it can be, and looks at its figures for
// the last time. It returns whether everything it had was sent.
func (r *run) close(n node, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := n.Shutdown(ctx)
	var unsent *socket.UnsentError
	if err != nil && !errors.As(err, &unsent) && !errors.Is(err, context.DeadlineExceeded) {
		r.Error(err)
	}
	r.mu.Lock()
	who := r.nodes[n]
	delete(r.nodes, n)
	r.mu.Unlock()
	st := n.Stats()
	r.balanced(who, st)
	if st.Out.Queued != 0 || st.In.Queued != 0 || st.Peers != 0 || st.Pending != 0 {
		r.Errorf("%s is closed and has %d to send, %d to receive, %d peers, %d in the handshake", who, st.Out.Queued, st.In.Queued, st.Peers, st.Pending)
	}
	return err == nil
}

// balanced holds the figures of a socket to what they promise.
func (r *run) balanced(who string, st socket.Stats) {
	for name, f := range map[string]socket.Flow{"out": st.Out, "in": st.In} {
		if f.Messages != f.Delivered+f.Dropped.Total()+uint64(f.Queued) || f.Queued < 0 || f.Bytes < 0 {
			r.Errorf("%s, %s: %+v", who, name, f)
		}
	}
}

// audit looks at all sockets until the run is over.
func (r *run) audit() {
	for tick := time.NewTicker(10 * time.Millisecond); r.on(); <-tick.C {
		r.mu.Lock()
		nodes := maps.Clone(r.nodes)
		r.mu.Unlock()
		for n, who := range nodes {
			r.balanced(who, n.Stats())
		}
	}
}

// repeat lives one life after another in a goroutine of its own.
func (r *run) repeat(life func(rnd *rand.Rand)) {
	seed := uint64(r.senders.Add(1))
	r.wg.Go(func() {
		for rnd := rand.New(rand.NewPCG(seed, 1)); r.on(); {
			life(rnd)
			r.lives.Add(1)
			r.rest(time.Duration(rnd.IntN(5)) * time.Millisecond)
		}
	})
}

// rest leaves the machine to others for a moment.
func (r *run) rest(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.ctx.Done():
	}
}

// name returns a number that no other sender has.
func (r *run) name() int { return int(r.senders.Add(1)) }

// size draws the size of a body: most are small.
func size(rnd *rand.Rand) int {
	if rnd.IntN(100) == 0 {
		return rnd.IntN(100_000)
	}
	return rnd.IntN(200)
}

// bindAll binds a socket to every transport that loses nothing.
func (r *run) bindAll(n node, name string) (endpoints []string) {
	for _, e := range []string{"tcp://127.0.0.1:0", "ipc://*", "inproc://" + name} {
		resolved, err := n.Bind(e)
		r.check(err)
		endpoints = append(endpoints, resolved)
	}
	return endpoints
}

func pick(rnd *rand.Rand, of []string) string { return of[rnd.IntN(len(of))] }

// await waits until so many messages of a sender are in the book.
func (r *run) await(b *book, sender, n int) {
	ctx, cancel := r.bounded()
	defer cancel()
	for {
		have, changed := b.count(sender)
		if have == n {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			r.Errorf("%s has %d messages of %d, want %d", b.who, have, sender, n)
			return
		}
	}
}

// receive receives until the socket is closed, and enters everything.
func (r *run) receive(b *book, s interface {
	RecvFrom(ctx context.Context) (socket.Message, socket.Peer, error)
},
) {
	for {
		m, from, err := s.RecvFrom(context.Background())
		if errors.Is(err, socket.ErrClosed) {
			return
		}
		if err == nil {
			r.received.Add(1)
			err = b.enter(from.ID, m[len(m)-1])
		}
		r.check(err)
	}
}
