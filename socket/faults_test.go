package socket

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/internal/faultnet"
)

// The tests of this file run over a network that fails as it is told, in
// virtual time. Senders number their messages, and a record says what became of
// them: what the socket's rule does not let drop must be there, and what it does
// must be counted.

// A weather is what happens to connections until so many of them have met their
// end; from then on all goes well, so that what is left can arrive.
type weather struct {
	name    string
	draw    func(rnd *rand.Rand) faultnet.Fault
	strikes int    // after which all is well
	lossy   bool   // what was under way when a connection ended is lost
	secure  Option // how the sockets speak
}

// a network in this weather.
func (w weather) network() *faultnet.Network {
	var n *faultnet.Network
	n = faultnet.New(uint64(len(w.name)), func(_ int, rnd *rand.Rand) (there, back faultnet.Fault) {
		if there, back = w.draw(rnd), w.draw(rnd); n.Struck() >= w.strikes {
			there.Ending, back.Ending = faultnet.Never, faultnet.Never
		}
		return there, back
	})
	return n
}

// ends returns a fault that ends a connection anywhere: in the greeting, in the
// handshake, in a message or between two.
func ends(how faultnet.Ending) func(rnd *rand.Rand) faultnet.Fault {
	return func(rnd *rand.Rand) faultnet.Fault {
		return faultnet.Fault{Ending: how, After: rnd.Int64N(1500), Buffer: 100 + rnd.IntN(1000)}
	}
}

// mechanisms are how sockets may speak.
var mechanisms = []struct {
	name   string
	option Option
}{{"NULL", Clear()}, {"CURVE", Encrypted()}}

// weathers are all kinds of it.
func weathers() []weather {
	always := func(f faultnet.Fault) func(*rand.Rand) faultnet.Fault {
		return func(*rand.Rand) faultnet.Fault { return f }
	}
	return []weather{
		{name: "fair", draw: always(faultnet.Fault{})},
		{name: "delay", draw: always(faultnet.Fault{Latency: 50 * time.Millisecond})},
		{name: "jitter", draw: always(faultnet.Fault{Jitter: 100 * time.Millisecond})},
		{name: "single octets", draw: always(faultnet.Fault{Slice: 1, Buffer: 1})},
		{name: "300 octets a second", draw: always(faultnet.Fault{Rate: 300, Buffer: 100})},
		{name: "hanging up", draw: ends(faultnet.HangUp), strikes: 50},
		{name: "resets", draw: ends(faultnet.Reset), strikes: 50, lossy: true},
		{name: "half-open", draw: ends(faultnet.Mute), strikes: 50, lossy: true},
		{name: "all of it", draw: func(rnd *rand.Rand) faultnet.Fault {
			return faultnet.Fault{
				Ending: []faultnet.Ending{faultnet.HangUp, faultnet.Reset, faultnet.Mute}[rnd.IntN(3)], After: rnd.Int64N(3000),
				Jitter: 20 * time.Millisecond, Slice: rnd.IntN(30), Rate: rnd.IntN(2) * 100_000, Buffer: 1 + rnd.IntN(2000),
			}
		}, strikes: 100, lossy: true},
	}
}

// A record is what became of the messages of one sender.
type record struct {
	t    testing.TB
	who  string
	mu   sync.Mutex
	seen map[int]PeerID // by number, over which connection
	last map[PeerID]int
	gaps int // numbers passed over within a connection
}

func newRecord(t testing.TB, who string) *record {
	t.Helper()
	return &record{t: t, who: who, seen: make(map[int]PeerID), last: make(map[PeerID]int)}
}

// enter notes a message: it must be new, unchanged, and in order on its
// connection. What came over a connection that ended is received in turn with
// what comes over the next.
func (r *record) enter(from PeerID, body []byte) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(body) < 8 || string(body[8:]) != string(filled(serial(body), len(body)-8)) {
		r.t.Errorf("%s: a message changed on its way: %q", r.who, body)
		return
	}
	n := serial(body)
	if other, ok := r.seen[n]; ok {
		r.t.Errorf("%s received message %d twice, of %q and %q", r.who, n, other, from)
	}
	if last, ok := r.last[from]; ok {
		if n <= last {
			r.t.Errorf("%s received message %d after %d", r.who, n, last)
		}
		r.gaps += n - last - 1
	}
	r.seen[n], r.last[from] = from, n
}

func (r *record) total() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}

// A letter is the body of message n, of some size, filled with what tells
// whether it has changed.
func letter(n int) []byte { return append(stamp(0, n), filled(n, n%97)...) }

func serial(body []byte) int {
	return int(body[4])<<24 | int(body[5])<<16 | int(body[6])<<8 | int(body[7])
}

// A trial is one pattern in one weather.
type trial struct {
	*testing.T
	weather
	net  *faultnet.Network
	sent atomic.Int64
}

// messages is how many messages there are at least.
const messages = 200

// more reports whether another message is to be sent.
func (tr *trial) more() bool {
	return !tr.Failed() && (tr.sent.Load() < messages || tr.net.Struck() < tr.strikes)
}

// options are those of all sockets of a trial.
func (tr *trial) options() Option {
	return WithOptions(tr.secure, WithTransport(tr.net), WithRedial(time.Millisecond, 10*time.Millisecond),
		WithHeartbeat(10*time.Second, 30*time.Second), WithHandshakeTimeout(5*time.Second))
}

// limit is longer than any weather holds up one step, in virtual time.
const limit = 1000 * time.Hour

// send sends messages for as long as more are wanted.
func (tr *trial) send(s Sender, ready func(ctx context.Context) error, before ...[]byte) {
	ctx, cancel := context.WithTimeout(tr.Context(), limit)
	defer cancel()
	for n := 0; tr.more(); n++ {
		if err := ready(ctx); err != nil {
			tr.Fatal(err)
		}
		if err := s.Send(ctx, append(before, letter(n))...); err != nil {
			tr.Fatal(err)
		}
		tr.sent.Add(1)
	}
}

func always(context.Context) error { return nil }

// finish closes a socket in good order, and looks at its figures.
func (tr *trial) finish(who string, s node) Stats {
	ctx, cancel := context.WithTimeout(tr.Context(), limit)
	defer cancel()
	unsent(tr, s.Shutdown(ctx), 0)
	st := s.Stats()
	balanced(tr, who, st)
	if st.Out.Queued != 0 || st.In.Queued != 0 || st.Peers != 0 || st.Pending != 0 {
		tr.Errorf("%s is closed: %+v", who, st)
	}
	return st
}

// receive enters into a record what comes, until the socket is closed.
func (tr *trial) receive(r *record, from interface {
	RecvFrom(ctx context.Context) (Message, Peer, error)
},
) {
	for {
		m, peer, err := from.RecvFrom(context.Background())
		if errors.Is(err, ErrClosed) {
			return
		}
		if err != nil {
			tr.Error(err)
			return
		}
		r.enter(peer.ID, m[len(m)-1])
	}
}

// settle holds a record against the figures. Everything that left one socket
// has come to the other, or was under way when a connection failed.
func (tr *trial) settle(r *record, out, in Flow) {
	tr.Helper()
	got := uint64(r.total())
	if in.Messages != got || in.Delivered != got {
		tr.Errorf("%s received %d messages, and counted %+v", r.who, got, in)
	}
	if out.Delivered < got || !tr.lossy && out.Delivered != got {
		tr.Errorf("%d messages left, %d came", out.Delivered, got)
	}
	if r.gaps != 0 {
		tr.Errorf("%s misses %d messages in the midst of connections", r.who, r.gaps)
	}
	if got == 0 {
		tr.Error("nothing came at all")
	}
}

// faultTrials are the patterns, each in a form in which it drops nothing by
// itself.
var faultTrials = []struct {
	name string
	run  func(tr *trial)
}{
	{"PUSH and PULL", (*trial).pipeline},
	{"PULL dials", (*trial).pipelineBack},
	{"PUB and SUB", (*trial).publishing},
	{"XSUB and XPUB", (*trial).subscribing},
	{"DEALER and ROUTER", (*trial).routing},
	{"REQ and REP", (*trial).requests},
	{"PAIR", (*trial).pairs},
	{"CLIENT and SERVER", (*trial).numbering},
}

// TestFaults: whatever happens to connections, no pattern loses, repeats,
// changes or mixes up what its rule does not let it, and counts the rest.
func TestFaults(t *testing.T) {
	for _, m := range mechanisms {
		for _, pattern := range faultTrials {
			for _, w := range weathers() {
				if w.secure = m.option; raceEnabled && m.name == "CURVE" {
					w.strikes /= 5 // a handshake takes its time there
				}
				t.Run(m.name+"/"+pattern.name+"/"+w.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						tr := &trial{T: t, weather: w, net: w.network()}
						pattern.run(tr)
						if tr.net.Struck() < w.strikes {
							t.Errorf("%d connections ended, want %d", tr.net.Struck(), w.strikes)
						}
					})
				})
			}
		}
	}
}

// TestTenThousandResets: connections are reset at every place in which one can
// be, ten thousand times; one in ten of them is encrypted.
func TestTenThousandResets(t *testing.T) {
	resets := 10_000
	if testing.Short() {
		resets = 1000
	}
	for i, m := range mechanisms {
		for _, pattern := range faultTrials {
			t.Run(m.name+"/"+pattern.name, func(t *testing.T) {
				share := []int{resets * 9 / 10, resets / 10}[i]
				w := weather{
					name: "resets", draw: ends(faultnet.Reset), strikes: share/len(faultTrials) + 1, lossy: true, secure: m.option,
				}
				synctest.Test(t, func(t *testing.T) {
					pattern.run(&trial{T: t, weather: w, net: w.network()})
				})
			})
		}
	}
}

// TestResetsOfTCP: the same on real connections, whose octets go ways of their
// own: written and read by the application's goroutines.
func TestResetsOfTCP(t *testing.T) {
	resets := 100
	if testing.Short() {
		resets = 20
	}
	pull := must(NewPull())
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
	relay := must(faultnet.NewRelay(1, endpoint[len("tcp://"):], 1, 5000))
	defer relay.Close()
	push := must(NewPush(WithRedial(time.Millisecond, 2*time.Millisecond), WithSendHWM(100)))
	if err := push.Connect("tcp://" + relay.Addr()); err != nil {
		t.Fatal(err)
	}
	tr, r := &trial{T: t, weather: weather{lossy: true}}, newRecord(t, "PULL")
	var receiving sync.WaitGroup
	receiving.Go(func() { tr.receive(r, pull) })
	for n := 0; relay.Struck() < resets; n++ {
		if err := push.Send(bounded(t), letter(n)); err != nil {
			t.Fatal(err)
		}
	}
	var u *UnsentError
	if err := push.Close(); err != nil && !errors.As(err, &u) {
		t.Error(err)
	}
	if err := pull.Close(); err != nil {
		t.Error(err)
	}
	receiving.Wait()
	out, in := push.Stats().Out, pull.Stats().In
	in.Messages -= in.Dropped[DropClosed] // what nobody received in time
	tr.settle(r, out, in)
	balanced(t, "PUSH", push.Stats())
	balanced(t, "PULL", pull.Stats())
}
