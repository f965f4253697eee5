package dnssrv

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func newClient(servers ...string) *client {
	return &client{servers: servers, timeout: 10 * time.Second, dial: (&net.Dialer{}).DialContext}
}

// An answer that does not fit into a datagram is fetched by TCP.
func TestTruncated(t *testing.T) {
	z := new(zone)
	var lines []string
	for i := range 300 {
		lines = append(lines, fmt.Sprintf("_orders._tcp.example. 10 SRV 0 0 1 host-number-%d.example.", i))
	}
	z.set(t, lines...)
	got, err := newClient(z.serve(t)).lookup(t.Context(), "_orders._tcp.example.", dns.TypeSRV)
	if err != nil || len(got.all) != 300 {
		t.Errorf("%d records, error %v, want 300", len(got.all), err)
	}
	if n := len(z.questions()); n != 2 {
		t.Errorf("%d questions, want one by UDP and one by TCP", n)
	}
}

// A server that does not know EDNS0 is asked without.
func TestWithoutEDNS(t *testing.T) {
	z := new(zone)
	z.set(t, hostA)
	z.answers(func(q, a *dns.Msg) *dns.Msg {
		if q.IsEdns0() != nil {
			a = new(dns.Msg).SetRcodeFormatError(q)
			a.Question = nil
		}
		return a
	})
	got, err := newClient(z.serve(t)).lookup(t.Context(), "a.example.", dns.TypeA)
	if err != nil || len(got.all) != 1 {
		t.Errorf("%d records, error %v, want 1", len(got.all), err)
	}
}

// A server that is not there, or says nothing of use, is followed by the next.
func TestServersInTurn(t *testing.T) {
	gone, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	broken, good := new(zone), new(zone)
	broken.answers(rcode(dns.RcodeServerFailure))
	good.set(t, hostA)
	c := newClient(gone.LocalAddr().String(), broken.serve(t), good.serve(t))
	got, err := c.lookup(t.Context(), "a.example.", dns.TypeA)
	if err != nil || len(got.all) != 1 {
		t.Errorf("%d records, error %v, want 1", len(got.all), err)
	}
	if len(broken.questions()) != 1 || len(good.questions()) != 1 {
		t.Error("not each server was asked once")
	}
	good.answers(rcode(dns.RcodeRefused))
	if _, err := c.lookup(t.Context(), "a.example.", dns.TypeA); err == nil || !strings.Contains(err.Error(), "REFUSED") {
		t.Errorf("error %v, want the last server's answer in it", err)
	}
}

// Datagrams that answer no question of ours do not end the wait for the one
// that does.
func TestForgedDatagrams(t *testing.T) {
	p, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	z := new(zone)
	z.set(t, hostA)
	go func() {
		buffer := make([]byte, 2048)
		n, from, err := p.ReadFrom(buffer)
		if err != nil {
			return
		}
		question := new(dns.Msg)
		if question.Unpack(buffer[:n]) != nil {
			return
		}
		send := func(m *dns.Msg) {
			if text, err := m.Pack(); err == nil {
				_, _ = p.WriteTo(text, from)
			}
		}
		evil := z.reply(question)
		evil.Answer[0].(*dns.A).A = net.IPv4(203, 0, 113, 66)
		_, _ = p.WriteTo([]byte("x"), from)
		_, _ = p.WriteTo(slices.Concat(buffer[:2], []byte("\x84\x00\xff\xff\xff\xff\xff\xff\xff\xff\xc0\x0c\xc0\x0c")), from)
		for _, forge := range []func(*dns.Msg){
			func(m *dns.Msg) { m.Id++ },
			func(m *dns.Msg) { m.Response = false },
			func(m *dns.Msg) { m.Question[0].Name = "b.example." },
			func(m *dns.Msg) { m.Question = nil },
			func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeAAAA },
			func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify },
		} {
			m := evil.Copy()
			forge(m)
			send(m)
		}
		good := evil.Copy()
		good.Answer[0].(*dns.A).A = net.IPv4(192, 0, 2, 1)
		send(good)
	}()
	got, err := newClient(p.LocalAddr().String()).lookup(t.Context(), "a.example.", dns.TypeA)
	if err != nil || len(got.all) != 1 || got.all[0].(*dns.A).A.String() != "192.0.2.1" {
		t.Errorf("%v, error %v, want 192.0.2.1", got.all, err)
	}
}

// Close does not wait for a server that does not answer.
func TestCloseWhileAsking(t *testing.T) {
	asked := make(chan struct{}, 1)
	z := new(zone)
	z.answers(func(*dns.Msg, *dns.Msg) *dns.Msg {
		select {
		case asked <- struct{}{}:
		default:
		}
		return nil
	})
	b, err := New("orders.example", WithPort(1), WithServer(z.serve(t)), WithTimeout(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	<-asked
	b.Close() // or the test takes an hour
}

// Aliases are followed within an answer, and what nobody asked for is left.
func TestAliases(t *testing.T) {
	parse := func(lines ...string) (all []dns.RR) {
		for _, line := range lines {
			r, err := dns.NewRR(line)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, r)
		}
		return all
	}
	got, age := chain(parse(
		"evil.example. 1 A 203.0.113.66",
		"C.example. 20 A 192.0.2.1",
		"c.example. 30 A 192.0.2.2",
		"a.example. 10 CNAME b.example.",
		"b.example. 40 CNAME c.Example.",
		"c.example. 5 TXT hello",
		"c.example. 5 CH A 192.0.2.3",
	), "A.example.", dns.TypeA)
	if len(got) != 2 || age != 10*time.Second {
		t.Errorf("%v for %v, want 192.0.2.1 and 192.0.2.2 for 10 s", got, age)
	}
}

// The search list is used as resolv.conf(5) says, and what was found once is
// not looked for elsewhere.
func TestSearch(t *testing.T) {
	config, err := dns.ClientConfigFromReader(strings.NewReader("nameserver 192.0.2.53\nsearch a.test b.test broken.test\noptions ndots:3\n"))
	if err != nil {
		t.Fatal(err)
	}
	z := new(zone)
	newResolver := func(name string) *resolver {
		s, err := newSettings(name, []Option{WithPort(1)})
		if err != nil {
			t.Fatal(err)
		}
		r := &resolver{settings: s, client: client{timeout: 10 * time.Second, dial: z.dial}}
		r.use(config)
		return r
	}
	names := func() string {
		var list []string
		for _, q := range z.questions() {
			if name, ok := strings.CutSuffix(q, " A"); ok {
				list = append(list, name)
			}
		}
		return strings.Join(slices.Compact(list), " ")
	}
	for name, want := range map[string]string{
		"orders":         "orders.a.test. orders.b.test. orders.broken.test. orders.",
		"orders.ns.x":    "orders.ns.x.a.test. orders.ns.x.b.test. orders.ns.x.broken.test. orders.ns.x.",
		"orders.ns.x.y":  "orders.ns.x.y. orders.ns.x.y.a.test. orders.ns.x.y.b.test. orders.ns.x.y.broken.test.",
		"orders.ns.x.y.": "orders.ns.x.y.",
	} {
		r := newResolver(name)
		if got := strings.Join(r.names, " "); got != want {
			t.Errorf("%q is looked for as %s, want %s", name, got, want)
		}
	}

	r := newResolver("orders")
	look := func() (int, error) {
		found, err := r.search(t.Context())
		return len(found.instances), err
	}
	z.answers(func(q, a *dns.Msg) *dns.Msg {
		if strings.Contains(q.Question[0].Name, "broken") {
			return new(dns.Msg).SetRcode(q, dns.RcodeServerFailure)
		}
		return a
	})
	if n, err := look(); n != 0 || err == nil {
		t.Errorf("%d instances, error %v, want an error: not every place could be asked", n, err)
	}
	z.set(t, "orders.b.test. 1 A 192.0.2.1")
	z.questions()
	if n, err := look(); n != 1 || err != nil || names() != "orders.a.test. orders.b.test." {
		t.Errorf("%d instances, error %v, want 1", n, err)
	}
	z.set(t, "orders.b.test. 1 A 192.0.2.1", "orders.a.test. 1 A 192.0.2.2")
	if n, err := look(); n != 1 || err != nil || names() != "orders.b.test." {
		t.Errorf("%d instances, error %v, want the one where it was", n, err)
	}
	z.set(t)
	if n, err := look(); n != 0 || err != nil {
		t.Errorf("%d instances, error %v, want none: where it was there is nobody", n, err)
	}
	z.set(t, "orders. 1 A 192.0.2.2")
	if n, err := look(); n != 1 || err != nil {
		t.Errorf("%d instances, error %v, want 1, elsewhere", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.search(ctx); err == nil {
		t.Error("no error from a round that was cut off")
	}
}
