package faultnet

import (
	"math/rand/v2"
	"time"
)

// A Fault is what happens to the octets that one end of a connection writes. The
// zero Fault is none.
type Fault struct {
	Latency time.Duration // how much later octets arrive
	Jitter  time.Duration // and up to how much more; their order stays
	Rate    int           // octets a second; 0: no limit
	Slice   int           // octets that one Read gets at most; 0: no limit
	Buffer  int           // octets under way before a Write waits; 0: 64 KiB

	// After so many octets the Ending comes. 0 is before the first.
	After  int64
	Ending Ending
}

// An Ending is how a direction stops carrying octets.
type Ending uint8

// The endings. The octets before [Fault.After] have been taken by Write in all
// of them; whether they arrive is what tells the endings apart. A muted Write takes
// what the buffer holds, and after a quarter of an hour is told syscall.ETIMEDOUT,
// as by the operating system.
const (
	Never  Ending = iota
	Reset         // both directions fail at once, and what is under way is gone (RST)
	HangUp        // what is under way arrives, then both ends read their end and can write no more (FIN)
	Mute          // what follows vanishes, and so does the end: the peer is gone, and nobody says so
	Stall         // what follows is not taken: the peer reads no more
)

// A Plan draws the faults of a connection: of what the end that dialed writes,
// and of what it is sent. Connections are numbered from 0 in the order in which
// they are dialed; rnd is theirs alone, and depends on the number and the seed of
// the network.
type Plan func(number int, rnd *rand.Rand) (there, back Fault)

const defaultBuffer = 64 << 10

func (f Fault) buffer() int {
	if f.Buffer <= 0 {
		return defaultBuffer
	}
	return f.Buffer
}

// arrival returns when n octets that are written now arrive, given when those
// before them do.
func (f Fault) arrival(now, before time.Time, n int, rnd *rand.Rand) time.Time {
	at := now.Add(f.Latency)
	if f.Jitter > 0 {
		at = at.Add(time.Duration(rnd.Int64N(int64(f.Jitter))))
	}
	if at.Before(before) {
		at = before
	}
	if f.Rate > 0 {
		at = at.Add(time.Duration(n) * time.Second / time.Duration(f.Rate))
	}
	return at
}
