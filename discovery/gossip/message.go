package gossip

import (
	"encoding/binary"
	"fmt"

	"github.com/brokerless/brokerless/discovery"
)

// A part is a piece of a list that does not fit into one packet.
type part struct {
	owner   discovery.ID
	version uint64
	count   int // of parts, 2 at the least
	index   int
	octets  []byte
}

// packets returns the messages by which a list is gossiped. Of a list that
// needs more than maxParts there is only the first part: it tells that there is
// something to be asked for.
func (l *list) packets() [][]byte {
	if 1+len(l.octets) <= maxPacket {
		return [][]byte{append([]byte{kindList}, l.octets...)}
	}
	const room = maxPacket - partHeader
	count := (len(l.octets) + room - 1) / room
	var all [][]byte
	for i := range count {
		if i > 0 && count > maxParts {
			break
		}
		b := append([]byte{kindPart}, l.owner[:]...)
		b = binary.AppendUvarint(b, l.version)
		b = binary.AppendUvarint(b, uint64(count))
		b = binary.AppendUvarint(b, uint64(i))
		all = append(all, append(b, l.octets[i*room:min((i+1)*room, len(l.octets))]...))
	}
	return all
}

// decodePart reads a part. It keeps b.
func decodePart(b []byte) (part, error) {
	c := cursor{rest: b}
	p := part{owner: c.id(), version: c.uint()}
	count, index := c.uint(), c.uint()
	if c.err != nil {
		return part{}, fmt.Errorf("part: %w", c.err)
	}
	if p.version == 0 || p.owner == (discovery.ID{}) || count < 2 || count > maxList || index >= count || len(c.rest) == 0 || len(c.rest) > maxPacket {
		return part{}, fmt.Errorf("part %d of %d of version %d, %d octets: makes no sense", index, count, p.version, len(c.rest))
	}
	p.count, p.index, p.octets = int(count), int(index), c.rest
	return p, nil
}

// encodeWant asks for the list of whom it is sent to.
func encodeWant(who discovery.ID) []byte { return append([]byte{kindWant}, who[:]...) }

// encodeState puts lists together.
func encodeState(lists []list) []byte {
	b := binary.AppendUvarint([]byte{format}, uint64(len(lists)))
	for i := range lists {
		b = appendBlock(b, lists[i].octets)
	}
	return b
}

// decodeState calls each with every list of a state, or with the error of one
// that makes no sense.
func decodeState(b []byte, each func(list, error)) error {
	c := cursor{rest: b}
	if f := c.octet(); c.err == nil && f != format {
		return fmt.Errorf("format %d: want %d", f, format)
	}
	for range c.count(2) {
		b := c.block()
		if c.err != nil {
			break
		}
		l, _, err := decodeList(b)
		each(l, err)
	}
	if c.err != nil {
		return fmt.Errorf("state: %w", c.err)
	}
	return nil
}

// An assembly is a list that comes in parts.
type assembly struct {
	version uint64
	parts   [][]byte
	missing int
}

// add keeps a copy of the part, and returns the octets of the list when it is
// complete. A part of another version than the one before starts anew.
func (a *assembly) add(p *part) []byte {
	if p.count > maxParts {
		return nil
	}
	if a.version != p.version || len(a.parts) != p.count {
		*a = assembly{version: p.version, parts: make([][]byte, p.count), missing: p.count}
	}
	if a.parts[p.index] == nil {
		a.parts[p.index] = append([]byte(nil), p.octets...)
		a.missing--
	}
	if a.missing > 0 {
		return nil
	}
	var all []byte
	for _, b := range a.parts {
		all = append(all, b...)
	}
	*a = assembly{}
	return all
}
