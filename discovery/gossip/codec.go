package gossip

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/brokerless/brokerless/discovery"
)

// What nodes tell each other, with numbers as unsigned varints and texts and
// blocks behind their length:
//
//	list     = format owner version flags count *(block of instance)
//	instance = id version service realm name type host
//	           count *endpoint  count *(key value)  *OCTET
//	state    = format count *(block of list)
//	message  = kind (list | part | want)
//	part     = owner version count index *OCTET    ; piece of a list
//	want     = who                                 ; asks the receiver for its list
//
// The octets at the end of an instance are what later versions add.
const (
	format = 1 // first octet of a list and of a state

	kindList = 1
	kindPart = 2
	kindWant = 3

	flagLeft = 1 // the owner says goodbye

	maxPacket   = 1200     // octets of a message that is gossiped
	maxParts    = 32       // packets that a gossiped list fills; a longer one is asked for
	maxList     = 1 << 20  // octets of a list
	maxState    = 16 << 20 // octets of all lists; memberlist takes 20 MiB
	maxEncoded  = 2 << 10  // octets of an instance: twice what any valid one needs, the rest for later versions
	minInstance = 16 + 8   // octets of an instance, at the least
	partHeader  = 1 + 16 + 10 + 2 + 2
)

// A list is what one node says of its instances. The octets are all of it, and
// are what is passed on: so nothing is lost of what a later version says.
type list struct {
	owner   discovery.ID
	version uint64 // grows with each change
	left    bool
	octets  []byte // never change
}

// encodeList makes a list. The instances are valid.
func encodeList(owner discovery.ID, version uint64, left bool, instances []discovery.Instance) list {
	b := append([]byte{format}, owner[:]...)
	b = binary.AppendUvarint(b, version)
	var flags byte
	if left {
		flags = flagLeft
	}
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(len(instances)))
	var one []byte
	for i := range instances {
		one = appendInstance(one[:0], &instances[i])
		b = appendBlock(b, one)
	}
	return list{owner: owner, version: version, left: left, octets: b}
}

// decodeList reads the head of a list, and with entries the count as well. It
// keeps b.
func decodeList(b []byte) (l list, entries cursor, err error) {
	if len(b) > maxList {
		return list{}, cursor{}, fmt.Errorf("list of %d octets: want at most %d", len(b), maxList)
	}
	c := cursor{rest: b}
	if f := c.octet(); c.err == nil && f != format {
		return list{}, cursor{}, fmt.Errorf("format %d: want %d", f, format)
	}
	l = list{owner: c.id(), version: c.uint(), left: c.octet()&flagLeft != 0, octets: b}
	if c.err != nil {
		return list{}, cursor{}, fmt.Errorf("list: %w", c.err)
	}
	if l.version == 0 || l.owner == (discovery.ID{}) {
		return list{}, cursor{}, fmt.Errorf("list of %s, version %d: want both above 0", l.owner, l.version)
	}
	return l, c, nil
}

// instances calls each with every instance of the list, or with the error of
// one that makes no sense. An error of its own is that the list itself makes
// none; each may have been called before.
func (l *list) instances(each func(*discovery.Instance, error)) error {
	_, c, err := decodeList(l.octets)
	if err != nil {
		return err
	}
	for range c.count(1 + minInstance) {
		b := c.block()
		if c.err != nil {
			break
		}
		in, err := decodeInstance(b)
		each(&in, err)
	}
	if c.err != nil {
		return fmt.Errorf("list: %w", c.err)
	}
	return nil
}

func appendInstance(dst []byte, in *discovery.Instance) []byte {
	dst = append(dst, in.ID[:]...)
	dst = binary.AppendUvarint(dst, uint64(in.Version))
	for _, text := range [...]string{in.Service, in.Realm, in.Name, in.SocketType, in.Host} {
		dst = appendBlock(dst, text)
	}
	dst = binary.AppendUvarint(dst, uint64(len(in.Endpoints)))
	for _, e := range in.Endpoints {
		dst = appendBlock(dst, e)
	}
	dst = binary.AppendUvarint(dst, uint64(len(in.Metadata)))
	for _, k := range slices.Sorted(maps.Keys(in.Metadata)) {
		dst = appendBlock(appendBlock(dst, k), in.Metadata[k])
	}
	return dst
}

// decodeInstance returns an instance that is valid and has no wildcards, which
// only its host could expand.
func decodeInstance(b []byte) (discovery.Instance, error) {
	if len(b) > maxEncoded {
		return discovery.Instance{}, fmt.Errorf("instance of %d octets: want at most %d", len(b), maxEncoded)
	}
	c := cursor{rest: b}
	in := discovery.Instance{ID: c.id()}
	version := c.uint()
	for _, field := range [...]*string{&in.Service, &in.Realm, &in.Name, &in.SocketType, &in.Host} {
		*field = c.text()
	}
	for range c.count(1) {
		in.Endpoints = append(in.Endpoints, c.text())
	}
	if n := c.count(2); n > 0 {
		in.Metadata = make(map[string]string, min(n, discovery.MaxMetadata))
		for range n {
			k := c.text()
			in.Metadata[k] = c.text()
		}
	}
	if c.err != nil {
		return discovery.Instance{}, fmt.Errorf("instance: %w", c.err)
	}
	in.Version = int(min(version, 1<<20)) // too high is for Validate to say
	if err := in.Validate(); err != nil {
		return discovery.Instance{}, err
	}
	for _, e := range in.Endpoints {
		if isWildcard(e) {
			return discovery.Instance{}, fmt.Errorf("endpoint %q: want no wildcard", e)
		}
	}
	return in, nil
}
