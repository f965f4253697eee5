package hist

import "sync/atomic"

// Recorder counts values that one goroutine records while others look. It is
// never reset: what happened between two moments is the difference of two
// snapshots. The zero Recorder is ready for use.
type Recorder struct {
	counts [Buckets]atomic.Uint64
}

// Record counts one value. Only one goroutine may call it: it stores what it
// has added up, which costs less than adding in place.
func (r *Recorder) Record(v uint64) {
	c := &r.counts[Bucket(v)]
	c.Store(c.Load() + 1)
}

// Snapshot returns what was counted so far. Safe for concurrent use.
func (r *Recorder) Snapshot() *Snapshot {
	s := new(Snapshot)
	for b := range r.counts {
		s[b] = r.counts[b].Load()
	}
	return s
}

// Snapshot is the counts of a Recorder at one moment.
type Snapshot [Buckets]uint64

// Since returns what was counted between an earlier snapshot of the same
// Recorder and s.
func (s *Snapshot) Since(earlier *Snapshot) *Histogram {
	h := new(Histogram)
	for b := range s {
		h.add(b, s[b]-earlier[b])
	}
	return h
}
