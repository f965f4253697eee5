package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/brokerless/brokerless/socket"
)

// A store keeps requests and replies in a folder, a file each, so that they
// outlive the process and the machine. A file is there whole or not at all.
type store struct{ folder string }

const (
	requestSuffix = ".request"
	replySuffix   = ".reply"
)

// add keeps a request, and returns the id by which to ask for the reply.
func (s store) add(m socket.Message) (id string, err error) {
	var octets [16]byte
	_, _ = rand.Read(octets[:]) // never fails
	id = hex.EncodeToString(octets[:])
	return id, s.write(id+requestSuffix, m)
}

// answer keeps the reply to a request.
func (s store) answer(id string, m socket.Message) error {
	return s.write(id+replySuffix, m)
}

// request and reply return what is kept. The error matches fs.ErrNotExist if
// there is none.
func (s store) request(id string) (socket.Message, error) { return s.read(id, requestSuffix) }
func (s store) reply(id string) (socket.Message, error)   { return s.read(id, replySuffix) }

// forget removes a request and its reply. The request goes last: a store that
// has only the reply would keep it for ever.
func (s store) forget(id string) error {
	if !valid(id) {
		return nil
	}
	for _, suffix := range []string{replySuffix, requestSuffix} {
		err := os.Remove(filepath.Join(s.folder, id+suffix))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// pending returns the ids of requests that have no reply.
func (s store) pending() ([]string, error) {
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		id, is := strings.CutSuffix(e.Name(), requestSuffix)
		if !is {
			continue
		}
		if _, err := os.Stat(filepath.Join(s.folder, id+replySuffix)); errors.Is(err, fs.ErrNotExist) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// valid reports whether id may be one of ours. It becomes the name of a file,
// and comes from anybody.
func valid(id string) bool {
	octets, err := hex.DecodeString(id)
	return err == nil && len(octets) == 16
}

func (s store) read(id, suffix string) (socket.Message, error) {
	if !valid(id) {
		return nil, fs.ErrNotExist
	}
	data, err := os.ReadFile(filepath.Join(s.folder, id+suffix))
	if err != nil {
		return nil, err
	}
	var m socket.Message
	err = json.Unmarshal(data, &m)
	return m, err
}

// write makes a file under another name, has the disk take it, and renames it.
func (s store) write(name string, m socket.Message) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(s.folder, "new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // there is none once it is renamed
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(s.folder, name))
}
