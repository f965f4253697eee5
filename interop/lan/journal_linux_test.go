package lan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Record is something that happened in a guest.
type Record struct {
	Index int // in the journal, from 0
	At    time.Time
	Kind  string   // added, updated, removed, message, linked, unlinked, …
	ID    string   // of the instance or peer that it is about
	Text  string   // what was said, or the error
	Where []string // where an instance is reached
}

func (r Record) String() string {
	return fmt.Sprintf("%d %s %s %s %q %v", r.Index, r.At.Format("05.000"), r.Kind, r.ID, r.Text, r.Where)
}

// A Query asks for a record: the first from an index on that is of one of the
// kinds, about the ID unless that is empty, and has the text in it.
type Query struct {
	Kinds  []string
	ID     string
	Text   string
	From   int
	Within time.Duration // how long to wait; 0 means patience
}

func (q *Query) matches(r *Record) bool {
	if q.ID != "" && q.ID != r.ID || !strings.Contains(r.Text, q.Text) {
		return false
	}
	return slices.Contains(q.Kinds, r.Kind)
}

// A journal is what happened in a guest, in order.
type journal struct {
	mu      sync.Mutex
	records []Record
	grown   chan struct{} // closed when there is more, and then made anew
}

func (j *journal) add(r Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Index, r.At = len(j.records), time.Now()
	j.records = append(j.records, r)
	if j.grown != nil {
		close(j.grown)
		j.grown = nil
	}
}

// await returns the record that q asks for, when it is there.
func (j *journal) await(q Query) (Record, error) {
	if q.Within == 0 {
		q.Within = patience
	}
	ctx, cancel := context.WithTimeout(context.Background(), q.Within)
	defer cancel()
	next := q.From
	for {
		j.mu.Lock()
		for ; next < len(j.records); next++ {
			if q.matches(&j.records[next]) {
				r := j.records[next]
				j.mu.Unlock()
				return r, nil
			}
		}
		if j.grown == nil {
			j.grown = make(chan struct{})
		}
		grown := j.grown
		j.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return Record{}, fmt.Errorf("no %v of %q with %q from %d on in %v; there was:\n%s",
				q.Kinds, q.ID, q.Text, q.From, q.Within, j.tail(20))
		}
	}
}

// all returns the records that q asks for, without waiting.
func (j *journal) all(q Query) []Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	found := []Record{} // JSON has no nil result
	for i := q.From; i < len(j.records); i++ {
		if q.matches(&j.records[i]) {
			found = append(found, j.records[i])
		}
	}
	return found
}

// tail returns the last n records, one a line.
func (j *journal) tail(n int) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var lines []string
	for _, r := range j.records[max(0, len(j.records)-n):] {
		lines = append(lines, "\t"+r.String())
	}
	return strings.Join(lines, "\n")
}
