package queue

// Step returns after how many messages, or octets, a consumer that takes them
// one by one should release them. The caller holds the lock.
func (q *Queue) Step() (msgs, size int) {
	msgs, size = 1<<10, 1<<20
	if m := q.marks.Messages; m > 0 {
		msgs = max(1, m/8)
	}
	if b := q.marks.Bytes; b > 0 {
		size = max(1, b/8)
	}
	return msgs, size
}

// Depth is what a queue holds and has seen.
type Depth struct {
	Messages  int    // not yet released by the consumer
	Bytes     int    // their octets on the wire
	Waiting   int    // of Messages, those the consumer has not even taken
	Total     uint64 // messages ever put into the queue
	Left      uint64 // messages ever released
	Conflated uint64 // of Total, those replaced by a newer one
}

// Depth returns the present figures. The caller holds the lock.
func (q *Queue) Depth() Depth {
	shelved, _ := q.onShelf()
	return Depth{q.msgs, q.size, q.waiting + shelved, q.total, q.left, q.conflated}
}
