package zre

import (
	"encoding/binary"

	"github.com/brokerless/brokerless/discovery"
)

// beaconSize is the size of a beacon in octets: "ZRE", the version of the
// beacon, a UUID and a port (ZR-01).
const beaconSize = 22

// beaconHeader begins each beacon.
const beaconHeader = "ZRE\x01"

// A beacon says by broadcast that a node is there, and at which port.
type beacon struct {
	id   discovery.ID
	port uint16 // of the inbox; 0: the node is leaving
}

// encode returns the beacon in wire form.
func (b beacon) encode() []byte {
	dst := make([]byte, 0, beaconSize)
	dst = append(dst, beaconHeader...)
	dst = append(dst, b.id[:]...)
	return binary.BigEndian.AppendUint16(dst, b.port)
}

// parseBeacon reads a beacon, or returns false.
func parseBeacon(p []byte) (b beacon, ok bool) {
	if len(p) != beaconSize || string(p[:len(beaconHeader)]) != beaconHeader {
		return beacon{}, false
	}
	copy(b.id[:], p[4:20])
	b.port = binary.BigEndian.Uint16(p[20:])
	return b, true
}
