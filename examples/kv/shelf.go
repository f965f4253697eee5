package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/brokerless/brokerless/call"
)

// A shelf is entries that are read slowly: the list of them is being read while
// servers go and come back.
type shelf struct {
	next func() (Entry, error, bool)
	stop func()
}

const (
	shelfPrefix = "shelf/"
	shelfSize   = 100
)

// fill puts the entries, and reads the first one. Few more can be on their way
// by then.
func fill(ctx context.Context, k *client) (*shelf, error) {
	for n := range shelfSize {
		if _, err := k.put.Call(ctx, Entry{Key: fmt.Sprintf("%s%03d", shelfPrefix, n)}); err != nil {
			return nil, err
		}
	}
	s := new(shelf)
	s.next, s.stop = iter.Pull2(k.all(ctx, shelfPrefix, call.WithWindow(4)))
	if err := s.check(0); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// check reads one more entry, which ought to be the nth.
func (s *shelf) check(n int) error {
	e, err, _ := s.next() // at the end the key is empty
	if want := fmt.Sprintf("%s%03d", shelfPrefix, n); err == nil && e.Key != want {
		return fmt.Errorf("entry %d of the shelf is %q, want %q", n, e.Key, want)
	}
	return err
}

// rest reads the other entries.
func (s *shelf) rest() error {
	for n := 1; n < shelfSize; n++ {
		if err := s.check(n); err != nil {
			return err
		}
	}
	e, err, ok := s.next()
	if ok && err == nil {
		return fmt.Errorf("the shelf goes on with %q", e.Key)
	}
	return err
}
