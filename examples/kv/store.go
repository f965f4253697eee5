package main

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/brokerless/brokerless/call"
)

// maxKey is how long a key may be, in octets: its file name has twice as many.
const maxKey = 100

// A store is a folder with one file for each key. Any number of processes may
// have it, and any of them may be killed: a value is there whole or not at all.
// That holds for processes; to outlive the machine it would have to be synced.
type store struct{ folder string }

// path returns the file of a key. Such names sort as the keys do.
func (s store) path(key string) (string, error) {
	if key == "" || len(key) > maxKey {
		return "", call.Errorf(call.InvalidArgument, "a key of %d octets, want 1 to %d", len(key), maxKey)
	}
	return filepath.Join(s.folder, hex.EncodeToString([]byte(key))), nil
}

func (s store) get(key string) ([]byte, error) {
	path, err := s.path(key)
	if err != nil {
		return nil, err
	}
	value, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, call.Errorf(call.NotFound, "no key %q", key)
	}
	return value, err
}

// put writes a file of its own first, and gives it the name of the key when it
// is complete.
func (s store) put(e Entry) error {
	path, err := s.path(e.Key)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(s.folder, "put-*")
	if err != nil {
		return err
	}
	_, err = f.Write(e.Value)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (s store) delete(key string) error {
	path, err := s.path(key)
	if err != nil {
		return err
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// list returns the entries of a range, in order. One that is deleted meanwhile
// may be there or not.
func (s store) list(r Range) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		files, err := os.ReadDir(s.folder) // sorted
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for _, f := range files {
			name, err := hex.DecodeString(f.Name())
			key := string(name)
			if err != nil || !strings.HasPrefix(key, r.Prefix) || key <= r.After {
				continue
			}
			value, err := s.get(key)
			if errors.Is(err, call.NotFound) {
				continue
			}
			if !yield(Entry{key, value}, err) || err != nil {
				return
			}
		}
	}
}
