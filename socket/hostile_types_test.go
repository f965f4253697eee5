package socket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/internal/faultnet"
)

// An assault is one class of attack that any type of socket may meet, from its
// first octet on. TestHostile… show each in detail on one type; here all types
// meet all.
type assault struct {
	attack
	greeted bool // it greets in good order first
	met     bool // it goes through the whole handshake first
	reset   bool // then it resets the connection
	stays   bool // it broke no rule, and may stay
}

// assaults is what stands for each class.
func assaults() []assault {
	broken := func(name string, is error, octets []byte) attack {
		return attack{name: name, octets: octets, is: is}
	}
	early := func(a attack) assault { return assault{attack: a} }
	ready := func(a attack) assault { return assault{attack: a, greeted: true} }
	later := func(a attack) assault { return assault{attack: a, met: true} }
	leaves := func(name string, octets []byte) attack { return attack{name: name, octets: octets, finish: true} }
	var bomb []byte
	for i := range 65 {
		bomb = append(bomb, metadata(fmt.Sprintf("X-%d", i), "")...)
	}
	return []assault{
		early(broken("HTTP", ErrProtocol, []byte("GET / HTTP/1.1\r\n\r\n"))),
		early(broken("TLS", ErrProtocol, []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"))),
		early(broken("ZMTP 1.0", ErrProtocol, []byte("\x01\x00"))),
		early(broken("ZMTP 2.0", ErrProtocol, []byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x08\x00\x00"))),
		early(broken("another mechanism", ErrProtocol, greeting(3, 1, "CURVE"))),
		early(broken("almost the mechanism", ErrProtocol, greeting(3, 1, "NULLX"))),
		early(leaves("nothing", nil)),
		early(leaves("half a greeting", greeting(3, 1, "NULL")[:40])),
		{attack: attack{name: "mute", says: "handshake not done within"}},
		ready(attack{name: "mute after the greeting", says: "handshake not done within"}),
		ready(attack{name: "half of READY", octets: command("READY", "")[:4], says: "handshake not done within"}),
		ready(broken("message first", ErrProtocol, message("early"))),
		ready(broken("READY of 2^63", ErrProtocol, longHeader(control, 1<<63))),
		ready(broken("READY of 2^40", ErrTooLarge, longHeader(control, 1<<40))),
		ready(broken("many properties", ErrTooLarge, command("READY", string(bomb)))),
		ready(broken("lengths that lie", ErrProtocol, command("READY", "\x0bSocket-Type\xff\xff\xff\xffPUSH"))),
		ready(broken("unknown type", ErrProtocol, command("READY", metadata("Socket-Type", "PUSHY")))),
		ready(broken("identity of 256 octets", ErrProtocol, command("READY", metadata("Socket-Type", "PUSH", "Identity", strings.Repeat("i", 256))))),
		ready(broken("ERROR", ErrProtocol, command("ERROR", "\x04away"))),
		ready(broken("command of another mechanism", ErrProtocol, command("HELLO", strings.Repeat("h", 194)))),
		later(broken("size 2^63", ErrProtocol, longHeader(0, 1<<63))),
		later(broken("size 2^62", ErrTooLarge, longHeader(0, 1<<62))),
		later(broken("MORE without end", ErrTooLarge, bytes.Repeat(frame(more, nil), 4097))),
		later(broken("more octets than a message may have", ErrTooLarge, append(frame(more, make([]byte, 1000)), longHeader(0, 64<<20-999)...))),
		later(broken("reserved flag", ErrProtocol, frame(8, []byte("x")))),
		later(broken("command with MORE", ErrProtocol, frame(control|more, []byte("\x04PING\x00\x00")))),
		later(broken("broken command", ErrProtocol, frame(control, []byte("\x09PING")))),
		later(broken("command of 1 MiB", ErrTooLarge, longHeader(control, 1<<20))),
		later(broken("PING cut off", ErrProtocol, command("PING", "\x00"))),
		later(broken("second READY", ErrProtocol, command("READY", metadata("Socket-Type", "PUSH")))),
		later(broken("ERROR after READY", ErrProtocol, command("ERROR", "\x04away"))),
		later(broken("second greeting", ErrProtocol, greeting(3, 1, "NULL"))),
		later(leaves("leaves", nil)),
		later(leaves("leaves in a message", frame(more, []byte("half")))),
		later(leaves("leaves in a frame", frame(0, make([]byte, 100<<10))[:70<<10])),
		{attack: attack{name: "reset"}, met: true, reset: true},
		{attack: attack{name: "reset in a frame", octets: frame(0, []byte("hello"))[:4]}, met: true, reset: true},
		{attack: attack{name: "reset in a greeting", octets: greeting(3, 1, "NULL")[:9]}, reset: true},
		{attack: attack{name: "LONG on a small frame", octets: append(longHeader(control, 7), "\x04PING\x00\x00"...)}, met: true, stays: true},
		{attack: attack{name: "unknown command", octets: command("NONSENSE", "x")}, met: true, stays: true},
		{attack: attack{name: "cancel of what was never there", octets: command("CANCEL", "x")}, met: true, stays: true},
		{attack: attack{name: "flood of PING", octets: bytes.Repeat(command("PING", "\x00\x00context"), 1000)}, met: true, stays: true},
		{attack: attack{name: "flood of PONG", octets: bytes.Repeat(command("PONG", "context"), 1000)}, met: true, stays: true},
		{attack: attack{name: "half-open"}, met: true, stays: true},
	}
}

// A kindOfSocket is a type of socket, with what has to meet it to see whether it
// serves.
type kindOfSocket struct {
	name, peer string
	victim     func(o Option) node
	friend     func(o Option) node
	// serve has the two exchange something.
	serve func(ctx context.Context, victim, friend node) error
}

// passed sends a word and receives it.
func passed(ctx context.Context, from Sender, to Receiver, frames ...string) error {
	m := make([][]byte, len(frames))
	for i, f := range frames {
		m[i] = []byte(f)
	}
	if err := from.Send(ctx, m...); err != nil {
		return err
	}
	got, err := to.Recv(ctx)
	if err == nil && !bytes.Equal(bytes.Join(got, nil), bytes.Join(m, nil)) {
		err = fmt.Errorf("received %v, want %q", got, frames)
	}
	return err
}

var kindsOfSocket = []kindOfSocket{
	{
		"PULL", "PUSH", func(o Option) node { return must(NewPull(o)) }, func(o Option) node { return must(NewPush(o)) },
		func(ctx context.Context, v, f node) error { return passed(ctx, f.(*Push), v.(*Pull), "word") },
	},
	{
		"PUSH", "PULL", func(o Option) node { return must(NewPush(o)) }, func(o Option) node { return must(NewPull(o)) },
		func(ctx context.Context, v, f node) error { return passed(ctx, v.(*Push), f.(*Pull), "word") },
	},
	{
		"PUB", "SUB", func(o Option) node { return must(NewPub(o)) }, func(o Option) node { return must(NewSub(o)) },
		func(ctx context.Context, v, f node) error {
			err := errors.Join(f.(*Sub).Subscribe("word"), v.(*Pub).WaitSubscribers(ctx, "word", 1))
			return errors.Join(err, passed(ctx, v.(*Pub), f.(*Sub), "word"))
		},
	},
	{
		"XPUB", "XSUB", func(o Option) node { return must(NewXPub(o)) }, func(o Option) node { return must(NewXSub(o)) },
		func(ctx context.Context, v, f node) error {
			err := errors.Join(f.(*XSub).Send(ctx, []byte("\x01word")), v.(*XPub).WaitSubscribers(ctx, "word", 1))
			return errors.Join(err, passed(ctx, v.(*XPub), f.(*XSub), "word"))
		},
	},
	{
		"SUB", "PUB", func(o Option) node {
			s := must(NewSub(o))
			return must(s, s.Subscribe("word"))
		}, func(o Option) node { return must(NewPub(o)) },
		func(ctx context.Context, v, f node) error {
			return errors.Join(f.(*Pub).WaitSubscribers(ctx, "word", 1), passed(ctx, f.(*Pub), v.(*Sub), "word"))
		},
	},
	{
		"XSUB", "XPUB", func(o Option) node {
			s := must(NewXSub(o))
			return must(s, s.TrySend([]byte("\x01word")))
		}, func(o Option) node { return must(NewXPub(o)) },
		func(ctx context.Context, v, f node) error {
			return errors.Join(f.(*XPub).WaitSubscribers(ctx, "word", 1), passed(ctx, f.(*XPub), v.(*XSub), "word"))
		},
	},
	{
		"RADIO", "DISH", func(o Option) node { return must(NewRadio(o)) }, func(o Option) node {
			d := must(NewDish(o))
			return must(d, d.Join("group"))
		},
		func(ctx context.Context, v, f node) error {
			return errors.Join(v.(*Radio).WaitMembers(ctx, "group", 1), passed(ctx, v.(*Radio), f.(*Dish), "group", "word"))
		},
	},
	{
		"DISH", "RADIO", func(o Option) node {
			d := must(NewDish(o))
			return must(d, d.Join("group"))
		}, func(o Option) node { return must(NewRadio(o)) },
		func(ctx context.Context, v, f node) error {
			return errors.Join(f.(*Radio).WaitMembers(ctx, "group", 1), passed(ctx, f.(*Radio), v.(*Dish), "group", "word"))
		},
	},
	{
		"REP", "REQ", func(o Option) node { return must(NewRep(o)) }, func(o Option) node { return must(NewReq(o)) },
		func(ctx context.Context, v, f node) error { return asked(ctx, f.(*Req), v.(*Rep)) },
	},
	{
		"REQ", "REP", func(o Option) node { return must(NewReq(o)) }, func(o Option) node { return must(NewRep(o)) },
		func(ctx context.Context, v, f node) error { return asked(ctx, v.(*Req), f.(*Rep)) },
	},
	{
		"DEALER", "DEALER", func(o Option) node { return must(NewDealer(o)) }, func(o Option) node { return must(NewDealer(o)) },
		func(ctx context.Context, v, f node) error {
			return errors.Join(passed(ctx, f.(*Dealer), v.(*Dealer), "word"), passed(ctx, v.(*Dealer), f.(*Dealer), "back"))
		},
	},
	{
		"ROUTER", "DEALER", func(o Option) node { return must(NewRouter(o)) }, func(o Option) node { return must(NewDealer(o)) },
		func(ctx context.Context, v, f node) error {
			if err := f.(*Dealer).Send(ctx, []byte("word")); err != nil {
				return err
			}
			m, err := v.(*Router).Recv(ctx)
			if err == nil {
				err = v.(*Router).Send(ctx, m...)
			}
			if err == nil {
				m, err = f.(*Dealer).Recv(ctx)
			}
			if err == nil && string(m[0]) != "word" {
				err = fmt.Errorf("received %v", m)
			}
			return err
		},
	},
	{
		"PAIR", "PAIR", func(o Option) node { return must(NewPair(o)) }, func(o Option) node { return must(NewPair(o)) },
		func(ctx context.Context, v, f node) error {
			return errors.Join(passed(ctx, f.(*Pair), v.(*Pair), "word"), passed(ctx, v.(*Pair), f.(*Pair), "back"))
		},
	},
}

func asked(ctx context.Context, req *Req, rep *Rep) error {
	if err := passed(ctx, req, rep, "question"); err != nil {
		return err
	}
	return passed(ctx, rep, req, "answer")
}

// carryOut lets a raw peer do what the assault is.
func (a assault) carryOut(t *testing.T, c net.Conn, peer string) *raw {
	t.Helper()
	r := &raw{Conn: c, t: t} // nothing that the test would keep
	if err := r.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	switch {
	case a.met:
		r.meet(peer)
	case a.greeted:
		r.send(greeting(3, 1, "NULL"))
	}
	sent := make(chan struct{})
	go func() { // it need not be read to the end
		defer close(sent)
		_, _ = r.Write(a.octets)
	}()
	switch {
	case a.reset:
		<-sent
		c.(*faultnet.Conn).Reset()
	case a.finish:
		<-sent
		r.finish()
	}
	if !a.stays {
		r.ended()
		c.Close()
	} else {
		r.drain()
	}
	<-sent
	return r
}

// come returns a friend that has connected to the endpoint.
func (k kindOfSocket) come(t *testing.T, o Option, endpoint string) node {
	t.Helper()
	friend := k.friend(o)
	if err := friend.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	return friend
}

// TestHostileToAll: every type of socket survives every class of attack, on a
// bound endpoint and on one that it connected to. The attacker is gone, with the
// reason; the peer that was there is, and whoever comes is served within a
// second, of time that passes only while everybody waits.
func TestHostileToAll(t *testing.T) {
	for _, k := range slices.Concat(kindsOfSocket, singleKinds) {
		for _, a := range assaults() {
			t.Run(k.name+"/"+a.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { k.assaulted(t, a, Clear()) })
			})
			t.Run(k.name+"/dials/"+a.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { k.dialing(t, a) })
			})
		}
	}
}

// settings are those of all sockets here.
func settings(network *faultnet.Network) Option {
	return WithOptions(WithTransport(network), WithRedial(time.Millisecond, 10*time.Millisecond),
		WithHandshakeTimeout(3*time.Second), WithHeartbeat(5*time.Second, 15*time.Second))
}

// withinSecond does something within a second of virtual time.
func withinSecond(t *testing.T, what string, f func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := f(ctx); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func (k kindOfSocket) assaulted(t *testing.T, a assault, how Option) {
	t.Helper()
	network := faultnet.New(1, nil)
	o := WithOptions(settings(network), how)
	victim := closing(t, k.victim(o))
	events := watch(t, victim)
	endpoint := must(victim.Bind("fault://here"))
	var friend node
	if !k.exclusive() || a.stays { // which has one peer, and then the attacker is none
		friend = closing(t, k.come(t, o, endpoint))
		withinSecond(t, "the friend, before", func(ctx context.Context) error { return k.serve(ctx, victim, friend) })
	}
	if !k.exclusive() || !a.stays {
		r := a.carryOut(t, must(network.Dial(t.Context(), "here")), k.peer)
		k.parted(t, a, events, r.address(), victim)
	}
	if friend != nil {
		withinSecond(t, "the friend, after", func(ctx context.Context) error { return k.serve(ctx, victim, friend) })
		if st := friend.Stats(); st.Lost != 0 || st.Redials != 0 {
			t.Errorf("the friend lost %d connections and dialed again %d times", st.Lost, st.Redials)
		}
		friend.Close()
		synctest.Wait()
	}
	newcomer := closing(t, k.come(t, o, endpoint))
	withinSecond(t, "a newcomer", func(ctx context.Context) error { return k.serve(ctx, victim, newcomer) })
	newcomer.Close()
	synctest.Wait()
	if st := victim.Stats(); st.Peers != 0 || st.Pending != 0 {
		t.Errorf("%d peers and %d handshakes are left", st.Peers, st.Pending)
	}
	balanced(t, k.name, victim.Stats())
}

// parted waits until the victim is rid of the attacker. One that may stay goes
// by itself, when it has been met.
func (k kindOfSocket) parted(t *testing.T, a assault, events *watcher, address string, victim node) {
	t.Helper()
	what := EventHandshakeFailed
	if a.met {
		what = EventDisconnected
	}
	if !a.stays {
		e := events.await("refusal", about(what, address))
		a.refused(t, e)
		synctest.Wait()
		return
	}
	synctest.Wait()
	if n := victim.Stats().Peers; n != 2 {
		t.Errorf("%d peers, want the friend and one that has broken no rule", n)
	}
	pass(time.Minute) // it is silent from now on, and answers no PING
	e := events.await("given up", about(EventDisconnected, address))
	if !errors.Is(e.Err, errSilent) {
		t.Errorf("it was given up because of %v", e.Err)
	}
}

// dialing is assaulted where the victim dials.
func (k kindOfSocket) dialing(t *testing.T, a assault) {
	t.Helper()
	network := faultnet.New(1, nil)
	o := settings(network)
	victim := closing(t, k.victim(o))
	events := watch(t, victim)
	l := must(network.Listen(t.Context(), "there"))
	defer l.Close()
	if err := victim.Connect("fault://there"); err != nil {
		t.Fatal(err)
	}
	const rounds = 3
	for range rounds {
		c := must(l.Accept())
		r := a.carryOut(t, c, k.peer)
		if a.stays {
			synctest.Wait()
			if n := victim.Stats().Peers; n != 1 {
				t.Errorf("%d peers, want one that has broken no rule", n)
			}
			r.Close()
		}
		events.await("the end", func(e Event) bool { return e.Kind == EventHandshakeFailed || e.Kind == EventDisconnected })
		redial := events.await("redial", kind(EventRedial))
		if redial.Delay <= 0 || redial.Delay > 10*time.Millisecond {
			t.Errorf("again in %v", redial.Delay)
		}
		events.seen = nil
	}
	l.Close()
	friend := k.friend(o)
	defer friend.Close()
	if _, err := friend.Bind("fault://there"); err != nil {
		t.Fatal(err)
	}
	withinSecond(t, "the server, once it is good", func(ctx context.Context) error {
		return errors.Join(victim.WaitPeers(ctx, 1), k.serve(ctx, victim, friend))
	})
	balanced(t, k.name, victim.Stats())
}

// TestHostileMemory: many rounds of all attacks leave no memory behind.
func TestHostileMemory(t *testing.T) {
	rounds := 20
	if testing.Short() || raceEnabled {
		rounds = 3
	}
	inUse := func() int64 {
		var m runtime.MemStats
		for range 2 {
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for _, k := range slices.Concat(kindsOfSocket, singleKinds) {
		t.Run(k.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := faultnet.New(1, nil)
				victim := closing(t, k.victim(settings(network)))
				must(victim.Bind("fault://here"))
				all := func() {
					for _, a := range assaults() {
						a.carryOut(t, must(network.Dial(t.Context(), "here")), k.peer).Close()
					}
					pass(time.Minute)
				}
				all()
				before := inUse()
				for range rounds {
					all()
				}
				after := inUse()
				if left := after - before; left > 64<<10 {
					t.Errorf("%d attacks left %d KiB behind", rounds*len(assaults()), left>>10)
				}
				if st := victim.Stats(); st.Peers != 0 || st.Pending != 0 || st.In.Queued != 0 {
					t.Errorf("%+v", st)
				}
			})
		})
	}
}
