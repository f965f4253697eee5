package static

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

const (
	// maxFile is how many octets of a file are read.
	maxFile = 4 << 20

	// settled is how old a change must be before the times of a file tell it
	// from the next one: some file systems count in steps of two seconds.
	settled = 2500 * time.Millisecond
)

// An Option changes how File reads.
type Option func(*file)

// WithPoll sets how often the file is looked at. Default: each second; at least
// 10 ms.
func WithPoll(every time.Duration) Option {
	return func(f *file) { f.poll = max(every, 10*time.Millisecond) }
}

// File returns a backend that knows the instances of a file, now and as it
// changes. That there is none, or that it makes no sense, is an error at the
// start; later it is a Warning, and what was known before stays. The package
// documentation has the format.
func File(path string, opts ...Option) (*Backend, error) {
	f := &file{path: path, poll: time.Second}
	for _, o := range opts {
		o(f)
	}
	set, err := f.read()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	b := &Backend{stop: stop}
	if err := b.become(set); err != nil {
		stop()
		return nil, err
	}
	b.reading.Go(func() { b.follow(ctx, f) })
	return b, nil
}

// follow reads the file whenever it has changed, until ctx is done.
func (b *Backend) follow(ctx context.Context, f *file) {
	ticker := time.NewTicker(f.poll)
	defer ticker.Stop()
	warned := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		set, err := f.read()
		switch {
		case errors.Is(err, errUnchanged):
			continue
		case err == nil:
			err = b.become(set)
		}
		if err == nil {
			warned = ""
		} else if text := err.Error(); text != warned {
			warned = text // once, not each second
			b.catalog.Warn(discovery.Instance{}, err)
		}
	}
}

// errUnchanged says that a file is as it was when it was last read.
var errUnchanged = errors.New("unchanged")

// A file is the one that is read, and how it was last time.
type file struct {
	path string
	poll time.Duration

	info os.FileInfo // nil if it is to be read again whatever its times
	text []byte      // nil if it could not be read
}

// read returns what the file holds, or errUnchanged if that was returned
// before, be it a set or an error.
func (f *file) read() (map[discovery.ID]discovery.Instance, error) {
	info, err := os.Stat(f.path)
	if err == nil && !info.Mode().IsRegular() { // opening a pipe would wait for who writes to it
		err = &os.PathError{Op: "open", Path: f.path, Err: errors.New("not a regular file")}
	}
	if err != nil {
		f.info, f.text = nil, nil
		return nil, fmt.Errorf("brokerless: file of instances: %w", err)
	}
	if f.info != nil && os.SameFile(f.info, info) && f.info.Size() == info.Size() && f.info.ModTime().Equal(info.ModTime()) {
		return nil, errUnchanged
	}
	text, err := load(f.path)
	if err != nil {
		f.info, f.text = nil, nil
		return nil, fmt.Errorf("brokerless: file of instances: %w", err)
	}
	if f.info = info; time.Since(info.ModTime()) < settled {
		f.info = nil
	}
	if f.text != nil && bytes.Equal(f.text, text) {
		return nil, errUnchanged
	}
	f.text = text
	set, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("brokerless: file of instances %q: %w", f.path, err)
	}
	return set, nil
}

// load returns the octets of the file, never nil, and an error if they are too
// many.
func load(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%q has more than %d octets", path, maxFile)
	}
	return text, nil
}
