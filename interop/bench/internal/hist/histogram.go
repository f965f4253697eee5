package hist

import (
	"encoding/json"
	"fmt"
	"math"
)

// Histogram counts values by bucket. The zero Histogram is empty and ready for
// use; it is not safe for concurrent use.
//
// In JSON it is the list of its buckets that are not empty, in order, each with
// its count: [[bucket,count],…].
type Histogram struct {
	counts []uint64 // up to the highest bucket in use
	total  uint64
}

// Add counts one value.
func (h *Histogram) Add(v uint64) { h.add(Bucket(v), 1) }

// Merge counts all that other has counted.
func (h *Histogram) Merge(other *Histogram) {
	for b, n := range other.counts {
		h.add(b, n)
	}
}

// Count returns how many values were counted.
func (h *Histogram) Count() uint64 { return h.total }

// Quantile returns a value that the fraction q of all values does not exceed,
// to within the width of a bucket, of which it is the middle: of 0.5 the median,
// of 0 the bucket of the least value and of 1 that of the greatest. Of an empty
// histogram it is 0.
func (h *Histogram) Quantile(q float64) uint64 {
	rank := max(1, uint64(math.Ceil(min(q, 1)*float64(h.total))))
	var seen uint64
	for b, n := range h.counts {
		seen += n
		if seen >= rank {
			return middle(b)
		}
	}
	return 0
}

// MarshalJSON implements json.Marshaler.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	pairs := [][2]uint64{}
	for b, n := range h.counts {
		if n > 0 {
			pairs = append(pairs, [2]uint64{uint64(b), n})
		}
	}
	return json.Marshal(pairs)
}

// UnmarshalJSON implements json.Unmarshaler. It refuses buckets that do not
// exist.
func (h *Histogram) UnmarshalJSON(text []byte) error {
	var pairs [][2]uint64
	if err := json.Unmarshal(text, &pairs); err != nil {
		return err
	}
	*h = Histogram{}
	for _, p := range pairs {
		if p[0] >= Buckets {
			return fmt.Errorf("bucket %d of a histogram of %d", p[0], Buckets)
		}
		h.add(int(p[0]), p[1])
	}
	return nil
}

// add counts n values of bucket b.
func (h *Histogram) add(b int, n uint64) {
	if n == 0 {
		return
	}
	if b >= len(h.counts) {
		h.counts = append(h.counts, make([]uint64, b+1-len(h.counts))...)
	}
	h.counts[b] += n
	h.total += n
}

// middle returns the value in the middle of bucket b.
func middle(b int) uint64 {
	if b == Buckets-1 {
		return Lower(b)
	}
	return Lower(b) + (Lower(b+1)-Lower(b))/2
}
