package mdns

import (
	"net/netip"

	"github.com/miekg/dns"
)

const (
	mdnsPort  = 5353
	maxPacket = 9000 // octets of a message, RFC 6762 section 17
	mtu       = 1400 // octets that fit a packet on any link, headers not counted
)

// A packet is what came from a link.
type packet struct {
	data    []byte // the receiver's only during the call
	link    int    // index of the interface, 0 if the system does not say
	from    netip.AddrPort
	unicast bool // it was sent to us alone
}

// A datagram is what goes to a link.
type datagram struct {
	data []byte
	link int
	to   netip.AddrPort // the zero AddrPort stands for the multicast group
}

// A bundle is what belongs into one packet together.
type bundle struct{ answers, extras []dns.RR }

// pack writes bundles into messages of at most mtu octets. A bundle larger than
// that has a message of its own, which IP takes apart.
func pack(bundles []bundle) [][]byte {
	var all [][]byte
	m := response()
	write := func() {
		if len(m.Answer) > 0 {
			if b, err := m.Pack(); err == nil { // of our own records: it cannot fail
				all = append(all, b)
			}
		}
	}
	for _, b := range bundles {
		answers, extras := len(m.Answer), len(m.Extra)
		m.Answer = append(m.Answer, b.answers...)
		m.Extra = append(m.Extra, b.extras...)
		if answers > 0 && m.Len() > mtu {
			m.Answer, m.Extra = m.Answer[:answers], m.Extra[:extras]
			write()
			m = response()
			m.Answer = append(m.Answer, b.answers...)
			m.Extra = append(m.Extra, b.extras...)
		}
	}
	write()
	return all
}

func response() *dns.Msg {
	m := new(dns.Msg)
	m.Response, m.Authoritative, m.Compress = true, true, true
	return m
}

// packQuestions writes questions, as many to a packet as fit.
func packQuestions(all []dns.Question) [][]byte {
	const most = 12 // of names that share little but the type
	var packets [][]byte
	for len(all) > 0 {
		n := min(len(all), most)
		m := new(dns.Msg)
		m.Compress = true
		m.Question = all[:n]
		all = all[n:]
		if b, err := m.Pack(); err == nil {
			packets = append(packets, b)
		}
	}
	return packets
}
