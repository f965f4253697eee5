package dnssrv

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/miekg/dns"
)

// What cannot be an instance is left out and told of, and the rest is taken.
func TestHostileRecords(t *testing.T) {
	const good = "tcp://192.0.2.1:1000"
	for name, test := range map[string]struct {
		lines []string
		want  string // in the warning; empty if there is nothing to tell
	}{
		"port 0":             {[]string{"_orders._tcp.example. 10 SRV 0 0 0 b.example.", hostB}, "port 0"},
		"no such service":    {[]string{"_orders._tcp.example. 10 SRV 0 0 1 ."}, "no such service"},
		"no address":         {[]string{"_orders._tcp.example. 10 SRV 0 0 1 nobody.example."}, `"nobody.example.": no address`},
		"any address":        {[]string{srvB, "b.example. 10 A 0.0.0.0"}, "0.0.0.0 is nobody's address"},
		"any address, v6":    {[]string{srvB, "b.example. 10 AAAA ::"}, "nobody's address"},
		"any address, 4in6":  {[]string{srvB, "b.example. 10 AAAA ::ffff:0.0.0.0"}, "nobody's address"},
		"multicast":          {[]string{srvB, "b.example. 10 A 224.0.0.251"}, "nobody's address"},
		"multicast, v6":      {[]string{srvB, "b.example. 10 AAAA ff02::fb"}, "nobody's address"},
		"broadcast":          {[]string{srvB, "b.example. 10 A 255.255.255.255"}, "nobody's address"},
		"link-local, v6":     {[]string{srvB, "b.example. 10 AAAA fe80::1"}, "link that is not told"},
		"loop of aliases":    {[]string{srvB, "b.example. 10 CNAME c.example.", "c.example. 10 CNAME b.example."}, "no address"},
		"the same again":     {[]string{"_orders._tcp.example. 10 SRV 7 7 1000 A.EXAMPLE."}, ""},
		"another name's":     {[]string{"_bills._tcp.example. 10 SRV 0 0 1 a.example."}, ""},
		"records of no kind": {[]string{"_orders._tcp.example. 10 TXT hello", "_orders._tcp.example. 10 A 192.0.2.7"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				z := new(zone)
				z.set(t, append(test.lines, srvA, hostA)...)
				f := follow(t, z, "_orders._tcp.example")
				if test.want != "" {
					e := f.expect(discovery.Warning, "")
					if !errors.Is(e.Err, discovery.ErrMalformed) || !strings.Contains(e.Err.Error(), test.want) {
						t.Errorf("warning %v, want ErrMalformed that says %q", e.Err, test.want)
					}
				}
				f.expect(discovery.Added, good)
				<-time.After(time.Hour) // the same is not told again
				z.set(t)
				f.expect(discovery.Removed, good)
			})
		})
	}
}

// A thousand wrong records are a few warnings, 5,000 instances are 4,096.
func TestHostileCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := new(zone)
		var lines []string
		for i := range 1000 {
			lines = append(lines, fmt.Sprintf("_orders._tcp.example. 10 SRV 0 0 0 h%d.example.", i))
		}
		z.set(t, append(lines, srvA, hostA)...)
		f := follow(t, z, "_orders._tcp.example")
		for range maxComplaints {
			f.expect(discovery.Warning, "")
		}
		f.expect(discovery.Added, "tcp://192.0.2.1:1000")

		// Targets without addresses are looked up, but not all of them.
		lines = []string{srvA, hostA}
		for i := range 1000 {
			lines = append(lines, fmt.Sprintf("_orders._tcp.example. 10 SRV 9 9 9 h%d.example.", i))
		}
		z.questions()
		z.set(t, lines...)
		<-time.After(11 * time.Second)
		if n := len(z.questions()); n < 100 || n > 2*(2*maxTargets+2) {
			t.Errorf("%d questions for 1,001 targets, want at most 2 for each of %d a round", n, maxTargets)
		}
	})
	t.Run("Full", func(t *testing.T) {
		s, err := newSettings("orders.example", []Option{WithPort(1)})
		if err != nil {
			t.Fatal(err)
		}
		b := &Backend{settings: s}
		w, _ := b.Watch(t.Context(), "")
		defer w.Close()
		all := newFound(time.Second)
		for range 5000 {
			in := s.instance(fmt.Sprint(rand.Uint64()))
			in.Endpoints = []string{"tcp://192.0.2.1:1"}
			all.add(in)
		}
		var ids [2][]discovery.Instance
		for i := range ids {
			b.take(all, nil)
			ids[i] = b.catalog.Instances("")
		}
		if len(ids[0]) != discovery.DefaultMaxInstances {
			t.Errorf("%d instances, want %d", len(ids[0]), discovery.DefaultMaxInstances)
		}
		for i := range ids[0] {
			if ids[0][i].ID != ids[1][i].ID {
				t.Fatal("another round of the same instances took others")
			}
		}
		full := 0
		for range 10 {
			if e, err := w.Next(t.Context()); err != nil {
				t.Fatal(err)
			} else if errors.Is(e.Err, discovery.ErrFull) {
				full++
			}
		}
		if full != 1 {
			t.Errorf("%d warnings that it is full, want 1", full)
		}
	})
}

// FuzzRound gives a round any octets for answers.
func FuzzRound(f *testing.F) {
	z := new(zone)
	z.set(f, srvA, srvB, hostA, hostB)
	question := new(dns.Msg).SetQuestion("_orders._tcp.example.", dns.TypeSRV)
	answer := z.reply(question)
	for _, line := range []string{hostA, hostB} {
		r, _ := dns.NewRR(line)
		answer.Extra = append(answer.Extra, r)
	}
	text, err := answer.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text[2:], false)
	f.Add(text[2:], true)
	f.Add([]byte{0x84, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0}, false)
	f.Fuzz(func(t *testing.T, text []byte, byAddress bool) {
		s, err := newSettings("_orders._tcp.example.", nil)
		if err != nil {
			t.Fatal(err)
		}
		if byAddress {
			s.port = 5555
		}
		r := &resolver{settings: s, client: client{timeout: time.Minute, servers: []string{"192.0.2.53:53"}}}
		r.settings.servers = r.client.servers
		r.client.dial = func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer theirs.Close()
				wire := &dns.Conn{Conn: theirs}
				if question, err := wire.ReadMsg(); err == nil {
					id := []byte{byte(question.Id >> 8), byte(question.Id)}
					_, _ = wire.Write(append(id, text[:min(len(text), 60000)]...))
				}
			}()
			return ours, nil
		}
		found, err := r.round(t.Context())
		if err != nil {
			return
		}
		for id, in := range found.instances {
			if err := in.Validate(); err != nil || id != in.ID || len(in.Endpoints) == 0 {
				t.Errorf("%+v: %v", in, err)
			}
		}
		if len(found.wrong) > maxComplaints {
			t.Errorf("%d complaints", len(found.wrong))
		}
	})
}
