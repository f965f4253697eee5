package dnssrv

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// A zone is a fake server: it answers from its records, or as told.
type zone struct {
	mu      sync.Mutex
	records []dns.RR
	answer  func(question, answer *dns.Msg) *dns.Msg // changes the answer; nil for none at all
	asked   []string                                 // name and type of each question
}

// set makes these the records of the zone, each in the form of a master file.
func (z *zone) set(t testing.TB, lines ...string) {
	t.Helper()
	var all []dns.RR
	for _, line := range lines {
		r, err := dns.NewRR(line)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, r)
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.records = all
}

// answers sets what changes the answers.
func (z *zone) answers(change func(question, answer *dns.Msg) *dns.Msg) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.answer = change
}

// rcode is an answer without records.
func rcode(code int) func(question, answer *dns.Msg) *dns.Msg {
	return func(question, _ *dns.Msg) *dns.Msg { return new(dns.Msg).SetRcode(question, code) }
}

// questions returns what was asked since the last call.
func (z *zone) questions() []string {
	z.mu.Lock()
	defer z.mu.Unlock()
	asked := z.asked
	z.asked = nil
	return asked
}

// reply answers one question.
func (z *zone) reply(question *dns.Msg) *dns.Msg {
	z.mu.Lock()
	defer z.mu.Unlock()
	q := question.Question[0]
	z.asked = append(z.asked, q.Name+" "+dns.TypeToString[q.Qtype])
	answer := new(dns.Msg)
	answer.SetReply(question)
	answer.Authoritative = true
	exists := false
	for _, r := range z.records {
		h := r.Header()
		if dns.CanonicalName(h.Name) != dns.CanonicalName(q.Name) {
			continue
		}
		exists = true
		if h.Rrtype == q.Qtype || h.Rrtype == dns.TypeCNAME {
			answer.Answer = append(answer.Answer, r)
		}
	}
	if !exists {
		answer.Rcode = dns.RcodeNameError
	}
	if z.answer != nil {
		return z.answer(question, answer)
	}
	return answer
}

// ServeDNS answers a question that came by a network.
func (z *zone) ServeDNS(w dns.ResponseWriter, question *dns.Msg) {
	answer := z.reply(question)
	if answer == nil {
		return
	}
	if _, udp := w.RemoteAddr().(*net.UDPAddr); udp {
		size := dns.MinMsgSize
		if o := question.IsEdns0(); o != nil {
			size = int(o.UDPSize())
		}
		answer.Truncate(size)
	}
	_ = w.WriteMsg(answer)
}

// serve returns the address of a server for the zone, by UDP and TCP.
func (z *zone) serve(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := net.ListenPacket("udp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range []*dns.Server{{Listener: l, Handler: z}, {PacketConn: p, Handler: z}} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		ended := make(chan error, 1)
		go func() { ended <- server.ActivateAndServe() }()
		<-started
		t.Cleanup(func() {
			_ = server.Shutdown()
			<-ended
		})
	}
	return l.Addr().String()
}

// dial answers on a connection in memory, for tests in a bubble.
func (z *zone) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		wire := &dns.Conn{Conn: theirs}
		question, err := wire.ReadMsg()
		if err != nil {
			return
		}
		if answer := z.reply(question); answer != nil {
			_ = wire.WriteMsg(answer)
		}
		_, _ = wire.ReadMsg() // until the other end is closed
	}()
	return ours, nil
}
