package soak

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"

	"github.com/brokerless/brokerless/socket"
)

// letter returns the body of a message: who sent it, its number among those of
// the sender, and a filler that tells whether it has changed on its way.
func letter(sender, number, size int) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(sender))
	b = binary.BigEndian.AppendUint32(b, uint32(number))
	for i := range size {
		b = append(b, byte(sender+number*7+i+i>>8))
	}
	return b
}

// read returns what letter put into a body.
func read(body []byte) (sender, number int, err error) {
	if len(body) < 8 {
		return 0, 0, fmt.Errorf("a message has changed: %d octets", len(body))
	}
	sender, number = int(binary.BigEndian.Uint32(body)), int(binary.BigEndian.Uint32(body[4:]))
	for i, got := range body[8:] {
		if got != byte(sender+number*7+i+i>>8) {
			return 0, 0, fmt.Errorf("message %d of %d has changed: octet %d of %d", number, sender, i, len(body)-8)
		}
	}
	return sender, number, nil
}

// A book is what receivers got of each sender: nothing twice, nothing changed,
// and in order on each connection. What came over a connection that was lost is
// received in turn with what comes over the next one, and so is not held
// against it.
type book struct {
	who string

	mu      sync.Mutex
	changed chan struct{} // closed and replaced with each message
	pages   map[int]*page
	total   int
}

// A page is what has come of one sender.
type page struct {
	seen map[int]bool
	last map[socket.PeerID]int
}

func newBook(who string) *book {
	return &book{who: who, changed: make(chan struct{}), pages: make(map[int]*page)}
}

// enter notes a message that came from a peer, and returns what is wrong.
func (b *book) enter(from socket.PeerID, body []byte) error {
	sender, number, err := read(body)
	if err != nil {
		return fmt.Errorf("%s: %w", b.who, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.pages[sender]
	if p == nil {
		p = &page{make(map[int]bool), make(map[socket.PeerID]int)}
		b.pages[sender] = p
	}
	if p.seen[number] {
		return fmt.Errorf("%s received message %d of %d twice", b.who, number, sender)
	}
	if last, ok := p.last[from]; ok && number < last {
		return fmt.Errorf("%s received message %d of %d after %d", b.who, number, sender, last)
	}
	p.seen[number], p.last[from] = true, number
	b.total++
	close(b.changed)
	b.changed = make(chan struct{})
	return nil
}

// count returns how many messages have come of a sender, and a channel that is
// closed when that may have changed.
func (b *book) count(sender int) (int, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.pages[sender]; p != nil {
		return len(p.seen), b.changed
	}
	return 0, b.changed
}

// gaps returns how many numbers of a sender are missing between the first and
// the last that came.
func (b *book) gaps(sender int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.pages[sender]
	if p == nil || len(p.seen) == 0 {
		return 0
	}
	first, last := math.MaxInt, 0
	for number := range p.seen {
		first, last = min(first, number), max(last, number)
	}
	return last - first + 1 - len(p.seen)
}

// tear takes out the page of a sender that sends nothing more.
func (b *book) tear(sender int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.pages, sender)
}
