package zre

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

var (
	errSignature = errors.New("no signature of ZRE")
	errVersion   = errors.New("another version of ZRE")
	errLimit     = errors.New("beyond a limit")
)

// parseHead reads what each message begins with. What it does not accept is to
// be discarded (ZR-07).
func parseHead(frame []byte) (kind, uint16, error) {
	switch {
	case len(frame) < 2:
		return 0, 0, fmt.Errorf("%w: %w", errSignature, io.ErrUnexpectedEOF)
	case frame[0] != signature1 || frame[1] != signature2:
		return 0, 0, errSignature
	case len(frame) < headSize:
		return 0, 0, io.ErrUnexpectedEOF
	case frame[3] != wireVersion:
		return 0, 0, errVersion
	}
	return kind(frame[2]), binary.BigEndian.Uint16(frame[4:]), nil
}

// parse reads a whole message, whose octets are copied. Nothing is allocated for
// what is only announced. What comes behind the last field is not looked at. A
// kind that RFC 36 does not have is no error: its sequence counts.
func parse(frame []byte, l limits) (message, error) {
	k, sequence, err := parseHead(frame)
	if err != nil {
		return message{}, err
	}
	m := message{kind: k, sequence: sequence}
	f := fields{rest: frame[headSize:]}
	switch k {
	case kindHello:
		f.hello(&m, l, len(frame))
	case kindShout:
		m.group = f.string()
	case kindJoin, kindLeave:
		m.group = f.string()
		m.status = f.octet()
	case kindWhisper, kindPing, kindPingOK:
	}
	if f.err != nil {
		return message{}, fmt.Errorf("%v: %w", k, f.err)
	}
	return m, nil
}

// fields reads one field after the other. After an error all are empty.
type fields struct {
	rest []byte
	err  error
}

func (f *fields) hello(m *message, l limits, size int) {
	if size > l.hello {
		f.err = fmt.Errorf("%w: %d octets, at most %d", errLimit, size, l.hello)
		return
	}
	m.endpoint = f.string()
	for range f.count(l.groups, "groups") {
		g := f.long()
		if f.err == nil && len(g) > maxString {
			f.err = fmt.Errorf("%w: a group of %d octets", errLimit, len(g))
		}
		if f.err != nil {
			return
		}
		m.groups = append(m.groups, g)
	}
	m.status = f.octet()
	m.name = f.string()
	n := f.count(l.headers, "headers")
	if n > 0 {
		m.headers = make(map[string]string)
	}
	for range n {
		key := f.string()
		value := f.long()
		if f.err != nil {
			return
		}
		m.headers[key] = value
	}
}

// take returns the next n octets.
func (f *fields) take(n uint64) []byte {
	if f.err != nil {
		return nil
	}
	if n > uint64(len(f.rest)) {
		f.err = io.ErrUnexpectedEOF
		return nil
	}
	p := f.rest[:n]
	f.rest = f.rest[n:]
	return p
}

func (f *fields) octet() byte {
	if p := f.take(1); len(p) == 1 {
		return p[0]
	}
	return 0
}

func (f *fields) uint32() uint32 {
	if p := f.take(4); len(p) == 4 {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (f *fields) string() string { return string(f.take(uint64(f.octet()))) }

func (f *fields) long() string { return string(f.take(uint64(f.uint32()))) }

// count returns how many entries follow.
func (f *fields) count(most int, of string) int {
	n := f.uint32()
	if f.err == nil && uint64(n) > uint64(most) {
		f.err = fmt.Errorf("%w: %d %s, at most %d", errLimit, n, of, most)
	}
	if f.err != nil {
		return 0
	}
	return int(n)
}
