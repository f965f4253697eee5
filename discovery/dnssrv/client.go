package dnssrv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/miekg/dns"
)

const (
	// udpSize is the size of answers by UDP that we ask for. Larger ones are
	// fragmented on common networks, and fragments are lost and forged.
	udpSize = 1232

	// attempts is how often all servers are asked before a question has failed.
	attempts = 2
)

// A client asks one question at a time of several servers.
type client struct {
	servers []string // address:port
	timeout time.Duration
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
}

// ask returns the first answer that says whether there are such records. The
// error tells why there is none, of the server that was asked last.
func (c *client) ask(ctx context.Context, name string, kind uint16) (*dns.Msg, error) {
	err := errors.New("no servers")
	for range attempts {
		for _, server := range c.servers {
			var answer *dns.Msg
			if answer, err = c.askServer(ctx, server, name, kind); err == nil {
				return answer, nil
			}
			err = fmt.Errorf("%s %s, asking %s: %w", name, dns.TypeToString[kind], server, err)
			if ctx.Err() != nil {
				return nil, err
			}
		}
	}
	return nil, err
}

// askServer asks one server: by UDP, by TCP if the answer does not fit, and
// once more in the words of 1987 if it does not know EDNS0 (RFC 6891 section 7).
func (c *client) askServer(ctx context.Context, server, name string, kind uint16) (*dns.Msg, error) {
	question := new(dns.Msg)
	question.SetQuestion(name, kind)
	question.SetEdns0(udpSize, false)
	answer, err := c.exchange(ctx, "udp", server, question)
	if err == nil && answer.Rcode == dns.RcodeFormatError {
		question.Extra = nil
		answer, err = c.exchange(ctx, "udp", server, question)
	}
	if err == nil && answer.Truncated {
		answer, err = c.exchange(ctx, "tcp", server, question)
	}
	switch {
	case err != nil:
		return nil, err
	case answer.Truncated:
		return nil, errors.New("truncated, and by TCP too")
	case answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("the server answers %s", dns.RcodeToString[answer.Rcode])
	case refers(answer):
		return nil, errors.New("the server only refers to others")
	}
	return answer, nil
}

// refers reports whether the answer is a referral. To take it for "there are no
// such records" would remove all instances when a delegation is lame.
func refers(answer *dns.Msg) bool {
	if answer.Rcode != dns.RcodeSuccess || len(answer.Answer) > 0 || answer.Authoritative || answer.RecursionAvailable {
		return false
	}
	for _, r := range answer.Ns {
		if _, ok := r.(*dns.SOA); ok {
			return false
		}
	}
	return len(answer.Ns) > 0
}

// exchange sends the question and waits for its answer. What else arrives is
// passed over: anybody can send datagrams.
func (c *client) exchange(ctx context.Context, network, server string, question *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	conn, err := c.dial(ctx, network, server)
	if err != nil {
		return nil, plain(err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	wire := &dns.Conn{Conn: conn, UDPSize: udpSize}
	if err := wire.WriteMsg(question); err != nil {
		return nil, plain(err)
	}
	for {
		text, err := wire.ReadMsgHeader(nil)
		switch {
		case ctx.Err() != nil:
			return nil, fmt.Errorf("no answer: %w", context.Cause(ctx))
		case errors.Is(err, dns.ErrShortRead) && network == "udp":
			continue
		case err != nil:
			return nil, plain(err)
		}
		answer := new(dns.Msg)
		if err := answer.Unpack(text); err == nil && answers(answer, question) {
			return answer, nil
		}
		if network == "tcp" {
			return nil, errors.New("not an answer to the question")
		}
	}
}

// plain returns the error without the port of ours, so that what fails for the
// same reason reads the same.
func plain(err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op.Err
	}
	return err
}

// answers reports whether the one is an answer to the other (RFC 5452 section
// 9.1). A server that does not understand us may leave the question out.
func answers(answer, question *dns.Msg) bool {
	if answer.Id != question.Id || !answer.Response || answer.Opcode != dns.OpcodeQuery {
		return false
	}
	if len(answer.Question) == 0 {
		return answer.Rcode == dns.RcodeFormatError
	}
	asked, told := question.Question[0], answer.Question[0]
	return len(answer.Question) == 1 && told.Qtype == asked.Qtype && told.Qclass == asked.Qclass &&
		dns.CanonicalName(told.Name) == dns.CanonicalName(asked.Name)
}
