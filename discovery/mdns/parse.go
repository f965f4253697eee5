package mdns

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/miekg/dns"
)

const headerSize = 12 // octets, RFC 1035 section 4.1.1

// parse reads a message: its questions, and the answers and additional records
// of the types that matter here. The contents of others are skipped unread, for
// much is sent on a link that is not quite right and none of our business. The
// error says what is wrong with the message.
func parse(p packet) (*dns.Msg, error) {
	b := p.data
	switch {
	case len(b) > maxPacket:
		return nil, fmt.Errorf("more than %d octets", maxPacket)
	case len(b) < headerSize:
		return nil, fmt.Errorf("%d octets: want a header of %d", len(b), headerSize)
	}
	flags := binary.BigEndian.Uint16(b[2:])
	m := &dns.Msg{MsgHdr: dns.MsgHdr{
		Id:        binary.BigEndian.Uint16(b),
		Response:  flags&(1<<15) != 0,
		Opcode:    int(flags >> 11 & 0xf),
		Truncated: flags&(1<<9) != 0,
		Rcode:     int(flags & 0xf),
	}}
	off := headerSize
	for i := range binary.BigEndian.Uint16(b[4:]) {
		name, n, err := dns.UnpackDomainName(b, off)
		if err == nil && n+4 > len(b) {
			err = errShort
		}
		if err != nil {
			return nil, fmt.Errorf("question %d: %w", i+1, err)
		}
		m.Question = append(m.Question, dns.Question{Name: name, Qtype: binary.BigEndian.Uint16(b[n:]), Qclass: binary.BigEndian.Uint16(b[n+2:])})
		off = n + 4
	}
	var authority []dns.RR
	for i, section := range [...]*[]dns.RR{&m.Answer, &authority, &m.Extra} {
		for k := range binary.BigEndian.Uint16(b[6+2*i:]) {
			rr, n, err := parseRecord(b, off)
			if err != nil {
				return nil, fmt.Errorf("record %d of section %d: %w", k+1, i+1, err)
			}
			if rr != nil {
				*section = append(*section, rr)
			}
			off = n
		}
	}
	return m, nil
}

var errShort = errors.New("the message ends before it")

// parseRecord reads the record at off and returns where the next one begins; nil
// for a record of a type that does not matter.
func parseRecord(b []byte, off int) (dns.RR, int, error) {
	name, off, err := dns.UnpackDomainName(b, off)
	if err != nil {
		return nil, 0, err
	}
	if off+10 > len(b) {
		return nil, 0, errShort
	}
	h := dns.RR_Header{
		Name:     name,
		Rrtype:   binary.BigEndian.Uint16(b[off:]),
		Class:    binary.BigEndian.Uint16(b[off+2:]),
		Ttl:      binary.BigEndian.Uint32(b[off+4:]),
		Rdlength: binary.BigEndian.Uint16(b[off+8:]),
	}
	off += 10
	end := off + int(h.Rdlength)
	if end > len(b) {
		return nil, 0, errShort
	}
	switch h.Rrtype {
	case dns.TypePTR, dns.TypeSRV, dns.TypeTXT, dns.TypeA, dns.TypeAAAA:
		rr, _, err := dns.UnpackRRWithHeader(h, b[:end], off) // names point back, never on
		return rr, end, err
	}
	return nil, end, nil
}
